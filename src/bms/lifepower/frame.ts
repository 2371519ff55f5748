import { FrameError } from '../../errors.ts';
import type { Accept } from '../../protocol/accept.ts';
import { bytesOf, sameBytes } from '../../protocol/bytes.ts';
import { sumXor8 } from '../../protocol/checksums.ts';
import { COMMAND, COUNTS, LARGE_FROM, USUAL_COUNT } from './fields.ts';

const END = 0x0d;
/** Start, address, command and length before the data; checksum and end after it. */
const DATA_AT = 4;
const OVERHEAD = 6;

/** A request without data, or an answer with it: both directions have one form. */
export function frameOf(
  start: number,
  address: number,
  command: number,
  data: Uint8Array = new Uint8Array(),
): Uint8Array {
  const body = bytesOf(start, address, command, data.length, data);
  return bytesOf(body, sumXor8(body), END);
}

/** One group of a values answer. */
export interface Group {
  readonly id: number;
  readonly data: Uint8Array;
}

/** The groups of a values answer; undefined when they do not fill it, or one is there twice or with an impossible count. */
export function groupsOf(data: Uint8Array): readonly Group[] | undefined {
  const groups: Group[] = [];
  for (let at = 0; at < data.length; ) {
    const [id = 0, count = 0] = data.subarray(at);
    const [least, most] = COUNTS[id] ?? USUAL_COUNT;
    const end = at + 2 + count * (id < LARGE_FROM ? 2 : 4);
    const isOdd = id === 0 || groups.some((group) => group.id === id) || count < least || count > most;
    if (isOdd || end > data.length) return undefined;
    groups.push({ id, data: data.subarray(at + 2, end) });
    at = end;
  }
  return groups;
}

/** Accepts the answer to `request`: start, address and command echoed, length, sum, end, and groups that fill it. */
export function acceptReply(start: number, request: Uint8Array): Accept {
  const [, address, command] = request;
  if (acceptWhole(start)(request) !== request.length)
    return () => ({ refused: 'command', why: 'the request is none of this protocol' });
  return (received) => {
    const [, from, what] = received;
    if (from !== undefined && received[0] === start && from !== address)
      return { refused: 'address', why: `address ${from} instead of ${address}` };
    if (what !== undefined && received[0] === start && what !== command)
      return { refused: 'command', why: `command ${what} instead of ${command}` };
    const length = acceptWhole(start)(received);
    if (typeof length !== 'number') return length;
    const frame = received.subarray(0, length);
    if (sameBytes(frame, request)) return { refused: 'command', why: 'only the echo of the request' };
    const isWhole = what !== COMMAND.values || groupsOf(dataOf(frame)) !== undefined;
    return isWhole ? length : { refused: 'length', why: 'the groups of values do not fill the answer' };
  };
}

/** Accepts any whole frame behind this start byte. */
export function acceptWhole(start: number): Accept {
  return (received) => {
    if (received.length === 0) return 'more';
    if (received[0] !== start) return { refused: 'start' };
    const size = received[DATA_AT - 1];
    if (size === undefined || received.length < size + OVERHEAD) return 'more';
    const length = size + OVERHEAD;
    if (received[length - 1] !== END) return { refused: 'end', why: 'no 0D at the end' };
    return sumXor8(received.subarray(0, length - 2)) === received[length - 2]
      ? length
      : { refused: 'checksum', why: 'the checksum does not match' };
  };
}

/** The data of an accepted frame. */
export function dataOf(frame: Uint8Array): Uint8Array {
  return frame.subarray(DATA_AT, -2);
}

/** The groups of an accepted values answer. */
export function expectGroups(frame: Uint8Array): readonly Group[] {
  const groups = groupsOf(dataOf(frame));
  if (groups === undefined)
    throw new FrameError('length', 'the groups of values do not fill the answer', frame);
  return groups;
}
