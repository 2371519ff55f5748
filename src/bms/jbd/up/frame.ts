import type { Accept } from '../../../protocol/accept.ts';
import { bytesOf, readNumber } from '../../../protocol/bytes.ts';
import { crcMatches, EXCEPTION_FLAG, withCrc } from '../../../protocol/modbus.ts';

export const READ = 0x78;
/** Address, function, first block, last block, length; then data and CRC. */
const HEAD = 8;
const OVERHEAD = HEAD + 2;
const EXCEPTION_LENGTH = 5;
/** The longest reply known has 208 bytes of data. */
const MOST_DATA = 512;

/** `address 78 first last 0000 crc`; block numbers, not byte counts. */
export function readBlocks(address: number, [first, last]: readonly [number, number]): Uint8Array {
  return frame(bytesOf(address, READ, first >>> 8, first & 0xff, last >>> 8, last & 0xff), new Uint8Array());
}

/** The reply to `request`: its first six bytes, length, data, CRC. */
export function replyTo(request: Uint8Array, data: Uint8Array): Uint8Array {
  return frame(request.subarray(0, 6), data);
}

function frame(head: Uint8Array, data: Uint8Array): Uint8Array {
  return withCrc(bytesOf(head, data.length >>> 8, data.length & 0xff, data));
}

/**
 * Accepts the answer to a request: address, function and block numbers repeated, data, CRC; or a Modbus exception of that
 * address. A read reply without data is the echo of the request, which is a valid frame otherwise.
 */
export function acceptReply(request: Uint8Array): Accept {
  if (request[1] === undefined)
    return () => ({ refused: 'command', why: 'this request has no known answer' });
  return (received) => {
    const [address, command] = received;
    if (address === undefined) return 'more';
    if (address !== request[0]) return { refused: 'start' };
    if (command === undefined) return 'more';
    if (command === ((request[1] ?? 0) | EXCEPTION_FLAG)) return checked(received, EXCEPTION_LENGTH);
    if (command !== request[1])
      return { refused: 'command', why: `function ${command} instead of ${request[1]}` };
    for (let at = 2; at < 6; at += 1) {
      const byte = received[at];
      if (byte === undefined) return 'more';
      if (byte !== request[at]) return { refused: 'address', why: 'other blocks than asked for' };
    }
    const length = readNumber(received, 6, 'u16be');
    if (length === undefined) return 'more';
    if (length > MOST_DATA) return { refused: 'length', why: `${length} data bytes` };
    if (length === 0 && command === READ)
      return { refused: 'length', why: 'no data: an echo of the request' };
    return checked(received, length + OVERHEAD);
  };
}

/** Recognises one whole read request, for the simulated BMS. */
export const acceptRequest: Accept = (received) => {
  const [address, command] = received;
  if (address === undefined) return 'more';
  if (address < 1 || address > 15) return { refused: 'start' };
  if (command === undefined) return 'more';
  return command === READ ? checked(received, OVERHEAD) : { refused: 'command' };
};

function checked(received: Uint8Array, length: number): ReturnType<Accept> {
  if (received.length < length) return 'more';
  return crcMatches(received.subarray(0, length))
    ? length
    : { refused: 'checksum', why: 'CRC does not match' };
}

/** The data of an accepted frame, or the exception code that came instead. */
export function dataOf(reply: Uint8Array): Uint8Array | number {
  return ((reply[1] ?? 0) & EXCEPTION_FLAG) !== 0 ? (reply[2] ?? 0) : reply.subarray(HEAD, -2);
}
