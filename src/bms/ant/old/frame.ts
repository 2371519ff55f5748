import type { Accept } from '../../../protocol/accept.ts';
import { bytesOf, readNumber } from '../../../protocol/bytes.ts';
import { sum16 } from '../../../protocol/checksums.ts';

/** `AA 55 AA FF`, 134 bytes of data, u16 sum of bytes 4..137. */
export const HEADER = Uint8Array.of(0xaa, 0x55, 0xaa, 0xff);
export const LENGTH = 140;
const SUM_AT = 138;

/**
 * Reads that are answered with the status. Which first byte a unit listens to depends on its interface board; the last two
 * are how other programs ask.
 */
export const STATUS_REQUESTS = [
  Uint8Array.of(0xdb, 0xdb, 0, 0, 0, 0),
  Uint8Array.of(0x5a, 0x5a, 0, 0, 0, 0),
  Uint8Array.of(0x5a, 0x5a, 0, 0, 1, 1),
  Uint8Array.of(0x5a, 0x5a, 0xff, 0, 0, 0xff),
] as const;

/** Request: twice the same start byte, register, two data bytes, sum of those three. 5A and DB read, A5 writes. */
export const acceptRequest: Accept = (received) => {
  const [first, second, register = 0, high = 0, low = 0, sum] = received;
  if (first === undefined) return 'more';
  if (first !== 0x5a && first !== 0xdb) return { refused: 'start', why: `start byte ${first}` };
  if (second === undefined) return 'more';
  if (second !== first) return { refused: 'start', why: `start bytes ${first} ${second}` };
  if (sum === undefined) return 'more';
  return sum === ((register + high + low) & 0xff) ? 6 : { refused: 'checksum', why: 'sum does not match' };
};

/** Accepts a whole status with the right sum; every read is answered with it. */
export function acceptReply(request: Uint8Array): Accept {
  const asked = acceptRequest(request) === 6;
  return (received) => {
    if (!asked) return { refused: 'command', why: 'this request has no known answer' };
    for (const [index, expected] of HEADER.entries()) {
      if (index >= received.length) return 'more';
      if (received[index] !== expected)
        return { refused: 'start', why: `byte ${index} is ${received[index]} instead of ${expected}` };
    }
    if (received.length < LENGTH) return 'more';
    return sum16(received.subarray(HEADER.length, SUM_AT)) === readNumber(received, SUM_AT, 'u16be')
      ? LENGTH
      : { refused: 'checksum', why: 'sum does not match' };
  };
}

/** Header and sum around the 134 data bytes of `image`, for the simulated side. */
export function sealed(image: Uint8Array): Uint8Array {
  const data = image.subarray(HEADER.length, SUM_AT);
  const sum = sum16(data);
  return bytesOf(HEADER, data, sum >>> 8, sum & 0xff);
}
