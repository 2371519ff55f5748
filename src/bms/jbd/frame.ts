import { FrameError, RefusedError } from '../../errors.ts';
import type { Accept } from '../../protocol/accept.ts';
import { bytesOf, readNumber, sameBytes } from '../../protocol/bytes.ts';
import { negatedSum16 } from '../../protocol/checksums.ts';
import { REGISTER } from './fields.ts';

const START = 0xdd;
const END = 0x77;
export const READ = 0xa5;
export const WRITE = 0x5a;
/** Start, register, status, length before the data; checksum and end after it. */
const OVERHEAD = 7;
const DATA_AT = 4;

/** Data bytes that a register can have, least and most; a length outside is a damaged or foreign frame. */
const LENGTHS: Readonly<Record<number, readonly [number, number]>> = {
  [REGISTER.basicInfo]: [23, 64],
  [REGISTER.cellVoltages]: [2, 64],
  [REGISTER.counters]: [22, 24],
  [REGISTER.parameters]: [5, 193],
};
const ANY_LENGTH = [0, 64] as const;

const STATUS: Readonly<Record<number, string>> = {
  128: 'register or command unknown',
  129: 'not in factory mode, or password mismatch',
  130: 'checksum of the request wrong',
  131: 'password rejected',
};

/** `DD dir register length data checksum 77`; the checksum covers register, length and data. */
export function request(direction: number, register: number, data: readonly number[] = []): Uint8Array {
  const body = bytesOf(register, data.length, data);
  return seal(bytesOf(START, direction, body), body);
}

/** The reply of a BMS: `DD register status length data checksum 77`; the checksum covers status, length and data. */
export function reply(register: number, data: Uint8Array, status = 0): Uint8Array {
  const body = bytesOf(status, data.length, data);
  return seal(bytesOf(START, register, body), body);
}

function seal(head: Uint8Array, summed: Uint8Array): Uint8Array {
  const sum = negatedSum16(summed);
  return bytesOf(head, sum >>> 8, sum & 0xff, END);
}

/** Accepts the answer to a classic request; an echo of the request shows A5 or 5A where the register belongs. */
export function acceptReply(asked: Uint8Array): Accept {
  const register = asked[0] === START ? asked[2] : undefined;
  if (register === undefined) return () => ({ refused: 'command', why: 'this request has no known answer' });
  return (received) => {
    const [start, second, status, length] = received;
    if (start === undefined) return 'more';
    if (start !== START) return { refused: 'start' };
    if (second === undefined) return 'more';
    if (second !== register) {
      const echo = sameBytes(received.subarray(0, asked.length), asked);
      return {
        refused: 'command',
        why: echo ? 'echo of the request' : `register ${second} instead of ${register}`,
      };
    }
    if (status === undefined || length === undefined) return 'more';
    const [least, most] = status === 0 ? (LENGTHS[register] ?? ANY_LENGTH) : ANY_LENGTH;
    const expected = asked[1] === WRITE ? length === 0 : length >= least && length <= most;
    if (!expected) return { refused: 'length', why: `${length} data bytes for register ${register}` };
    return sealed(received, length + OVERHEAD, 2);
  };
}

/** Recognises one whole request, for the simulated BMS. */
export const acceptRequest: Accept = (received) => {
  const [start, direction, register, length] = received;
  if (start === undefined) return 'more';
  if (start !== START) return { refused: 'start' };
  if (direction === undefined) return 'more';
  if (direction !== READ && direction !== WRITE) return { refused: 'command' };
  if (register === undefined || length === undefined) return 'more';
  return length > ANY_LENGTH[1] ? { refused: 'length' } : sealed(received, length + OVERHEAD, 2);
};

function sealed(received: Uint8Array, total: number, summedFrom: number): ReturnType<Accept> {
  if (received.length < total) return 'more';
  if (received[total - 1] !== END) return { refused: 'end', why: `${received[total - 1]} instead of 0x77` };
  const sum = negatedSum16(received.subarray(summedFrom, total - 3));
  return sum === readNumber(received, total - 3, 'u16be')
    ? total
    : { refused: 'checksum', why: 'sum does not match' };
}

/** The data of an accepted frame (request or reply). Throws RefusedError when the status of a reply is not 0. */
export function dataOf(frame: Uint8Array): Uint8Array {
  const [, register, status = 0] = frame;
  if (frame.length < OVERHEAD) throw new FrameError('length', `${frame.length} bytes are no frame`, frame);
  if (status !== 0) {
    throw new RefusedError(
      `register 0x${register?.toString(16)} refused: ${STATUS[status] ?? `status ${status}`}`,
    );
  }
  return frame.subarray(DATA_AT, -3);
}
