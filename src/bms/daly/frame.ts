import type { Accept, Refusal } from '../../protocol/accept.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { sum8 } from '../../protocol/checksums.ts';
import { MOST_FRAMES } from './fields.ts';

const START = 0xa5;
const DATA_LENGTH = 8;
export const FRAME_LENGTH = 13;
const DATA_AT = 4;
/** The host's address when it speaks to board 1; board n is asked from 0x3F + n. */
const HOST = 0x40;
/** Of the Bluetooth app, in an older document of any computer; it asks board 1. */
const BLUETOOTH_HOST = 0x80;
export const BOARDS = Array.from({ length: 16 }, (_, index) => index + 1);

/** How a request is written: who asks, and what stands in the data bytes that say nothing. */
export interface Form {
  readonly host: number;
  readonly fill: number;
}

/** Of the documents and the captures. */
const ZERO = 0x00;
/** Keeps UARTs that lose their place in a long run of zeros in step: some boards answer to hardly anything else. */
const ALTERNATING = 0xaa;

/** The name of a form. */
export const idOf = ({ host, fill }: Form): string => `${host} ${fill}`;

/**
 * The forms in which a board may want to be asked, the one that most boards answer first. `usual` names the form that it
 * answered last: another host it need not be asked as.
 */
export function formsOf(board: number, usual?: string): readonly Form[] {
  const hosts = board === 1 ? [HOST, BLUETOOTH_HOST] : [HOST + board - 1];
  const all = hosts.flatMap((host) => [ALTERNATING, ZERO].map((fill) => ({ host, fill })));
  const host = all.find((form) => idOf(form) === usual)?.host;
  return host === undefined ? all : all.filter((form) => form.host === host);
}

/** The form of the captures, in which switches were proven. */
export const capturedForm = (board: number): Form => ({ host: HOST + board - 1, fill: ZERO });

/** `A5 host command 08`, eight data bytes, sum. */
export function request(
  board: number,
  command: number,
  data: readonly number[] = [],
  { host, fill }: Form = capturedForm(board),
): Uint8Array {
  return frame(host, command, Uint8Array.from(data), fill);
}

/** A frame of a board: its own number stands where the host has its address. */
export function frame(address: number, command: number, data: Uint8Array, fill = ZERO): Uint8Array {
  const padded = new Uint8Array(DATA_LENGTH).fill(fill);
  padded.set(data.subarray(0, DATA_LENGTH));
  const body = bytesOf(START, address, command, DATA_LENGTH, padded);
  return bytesOf(body, sum8(body));
}

/** The board that a request asks; absent when it is no request. The app's Bluetooth address asks board 1. */
export function boardOf(asked: Uint8Array): number | undefined {
  const host = asked[1] ?? 0;
  if (host === BLUETOOTH_HOST) return 1;
  return host >= HOST && host < HOST + BOARDS.length ? host - HOST + 1 : undefined;
}

/**
 * Accepts the answer to a request: one frame, or for commands with numbered frames all of them from number 1, strictly
 * rising. `count` is how many there will be; without it the answer ends with the silence after a whole frame. A stale
 * frame of an earlier answer in front is dropped because its number is not 1.
 */
export function acceptFrames(asked: Uint8Array, count?: number): Accept {
  const most = MOST_FRAMES[asked[2] ?? 0];
  return (received, ended = false) => {
    if (most === undefined) return judge(asked, received);
    for (let number = 1; number <= (count ?? most); number += 1) {
      const before = (number - 1) * FRAME_LENGTH;
      const rest = received.subarray(before);
      const verdict = judge(asked, rest, number);
      if (typeof verdict === 'number') continue;
      if (number === 1 || (verdict === 'more' && !ended)) return verdict;
      if (count === undefined && ended && (rest.length === 0 || isNoise(rest))) return before;
      if (rest.length < FRAME_LENGTH && !ended) return 'more';
      return { refused: 'incomplete', why: `frame ${number} is missing` };
    }
    return (count ?? most) * FRAME_LENGTH;
  };
}

/** Less than a frame, and not the beginning of one. */
function isNoise(rest: Uint8Array): boolean {
  return rest.length < FRAME_LENGTH && rest[0] !== START;
}

/** Recognises one whole request, for the simulated BMS. */
export const acceptRequest: Accept = (received) => {
  const [start, , , length] = received;
  if (start === undefined) return 'more';
  if (start !== START) return { refused: 'start' };
  if (length !== undefined && length !== DATA_LENGTH) return { refused: 'length' };
  return summed(received);
};

function judge(asked: Uint8Array, received: Uint8Array, number?: number): ReturnType<Accept> {
  const [start, address, command, length, first] = received;
  if (start === undefined) return 'more';
  if (start !== START) return { refused: 'start' };
  if (address === undefined) return 'more';
  if (address !== boardOf(asked)) return { refused: 'address', why: `address ${address}` };
  if (command === undefined) return 'more';
  if (command !== asked[2])
    return { refused: 'command', why: `command ${command} instead of ${asked[2] ?? 'one that was asked'}` };
  if (length === undefined) return 'more';
  if (length !== DATA_LENGTH) return { refused: 'length', why: `${length} data bytes` };
  const verdict = summed(received);
  if (typeof verdict !== 'number' || number === undefined || first === number) return verdict;
  return { refused: 'incomplete', why: `frame ${first} instead of ${number}` };
}

function summed(received: Uint8Array): number | 'more' | Refusal {
  if (received.length < FRAME_LENGTH) return 'more';
  return sum8(received.subarray(0, FRAME_LENGTH - 1)) === received[FRAME_LENGTH - 1]
    ? FRAME_LENGTH
    : { refused: 'checksum', why: 'sum does not match' };
}

/** The data bytes of the only frame of a reply, or of a request. */
export function dataOf(reply: Uint8Array): Uint8Array {
  return reply.subarray(DATA_AT, FRAME_LENGTH - 1);
}

/** What stands behind the frame number in each frame of a reply, one after the other. */
export function numberedData(reply: Uint8Array, perFrame: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at + FRAME_LENGTH <= reply.length; at += FRAME_LENGTH) {
    parts.push(reply.subarray(at + DATA_AT + 1, at + DATA_AT + 1 + perFrame));
  }
  return bytesOf(...parts);
}
