import type { Accept } from './accept.ts';
import { bytesOf, readNumber } from './bytes.ts';
import { crc16Modbus } from './checksums.ts';

/** Appends the CRC, low byte first. */
export function withCrc(body: Uint8Array): Uint8Array {
  const crc = crc16Modbus(body);
  return bytesOf(body, crc & 0xff, crc >>> 8);
}

/** Whether the last two bytes are the CRC of what stands before them. */
export function crcMatches(frame: Uint8Array): boolean {
  return (
    frame.length >= 4 && crc16Modbus(frame.subarray(0, -2)) === readNumber(frame, frame.length - 2, 'u16le')
  );
}

/** The functions that read: coils (bits), holding registers, input registers. */
export const READS = { coils: 1, holding: 3, input: 4 } as const;
export type ReadFunction = (typeof READS)[keyof typeof READS];

export const isRead = (code: number | undefined): code is ReadFunction =>
  code === READS.coils || code === READS.holding || code === READS.input;

/** Read `count` registers, or coils, from `start`. */
export function readRegisters(
  address: number,
  start: number,
  count: number,
  code: ReadFunction = READS.holding,
): Uint8Array {
  return withCrc(bytesOf(address, code, start >>> 8, start & 0xff, count >>> 8, count & 0xff));
}

/** The bytes that hold `count` registers or coils. */
export function bytesRead(code: ReadFunction, count: number): number {
  return code === READS.coils ? Math.ceil(count / 8) : 2 * count;
}

/** Function 06: write one register. The acknowledgement is the same frame. */
export function writeRegister(address: number, register: number, value: number): Uint8Array {
  return withCrc(bytesOf(address, 0x06, register >>> 8, register & 0xff, (value >>> 8) & 0xff, value & 0xff));
}

/** Function 06. */
const WRITE = 0x06;

/** The byte count of an answer has eight bits. */
const MOST_BYTES = 255;
export const EXCEPTION_FLAG = 0x80;
export const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'function not supported',
  2: 'address not supported',
  3: 'value not supported',
  4: 'device failure',
  6: 'device busy',
};

/**
 * Accepts the answer to a `readRegisters` request: address, function, the byte count that was asked for, and CRC;
 * or an exception frame of the same address. `replyAddress` for devices that answer under another address.
 */
export function acceptRegisters(request: Uint8Array, replyAddress = request[0]): Accept {
  const code = request[1];
  const asked = readNumber(request, 4, 'u16be');
  const bytes = isRead(code) && asked !== undefined ? bytesRead(code, asked) : undefined;
  if (code === undefined || bytes === undefined || bytes > MOST_BYTES) {
    return () => ({ refused: 'command', why: 'the request is no Modbus request for registers' });
  }
  return (received) => {
    const [address, command, count] = received;
    if (address === undefined) return 'more';
    if (address !== replyAddress)
      return { refused: 'start', why: `address ${address} instead of ${replyAddress}` };
    if (command === undefined) return 'more';
    const exception = command === (code | EXCEPTION_FLAG);
    if (command !== code && !exception)
      return { refused: 'command', why: `function ${command} instead of ${code}` };
    if (count === undefined) return 'more';
    if (!exception && count !== bytes)
      return { refused: 'length', why: `${count} bytes instead of ${bytes}` };
    const length = exception ? 5 : bytes + 5;
    if (received.length < length) return 'more';
    return crcMatches(received.subarray(0, length))
      ? length
      : { refused: 'checksum', why: 'CRC does not match' };
  };
}

/**
 * Accepts the acknowledgement of a `writeRegister` request: the same frame, from `replyAddress`; or an exception frame of
 * that address. Ask with `replyEqualsRequest` when the address is the same.
 */
export function acceptWritten(request: Uint8Array, replyAddress = request[0]): Accept {
  return (received) => {
    const [address, command] = received;
    if (address === undefined) return 'more';
    if (address !== replyAddress)
      return { refused: 'start', why: `address ${address} instead of ${replyAddress}` };
    if (command === undefined) return 'more';
    const exception = command === (0x06 | EXCEPTION_FLAG);
    if (command !== 0x06 && !exception)
      return { refused: 'command', why: `function ${command} instead of 6` };
    const length = exception ? 5 : 8;
    if (received.length < length) return 'more';
    if (!crcMatches(received.subarray(0, length))) return { refused: 'checksum', why: 'CRC does not match' };
    const same = exception || [2, 3, 4, 5].every((at) => received[at] === request[at]);
    return same ? length : { refused: 'address', why: 'another register or value than was written' };
  };
}

/** Accepts the answer to a `readRegisters` or `writeRegister` request. */
export function acceptAnswer(request: Uint8Array, replyAddress = request[0]): Accept {
  return request[1] === WRITE ? acceptWritten(request, replyAddress) : acceptRegisters(request, replyAddress);
}

/** The register bytes of an accepted frame, or the exception code that came instead. */
export function registersOf(
  frame: Uint8Array,
): { readonly data: Uint8Array } | { readonly exception: number } {
  if (((frame[1] ?? 0) & EXCEPTION_FLAG) !== 0) return { exception: frame[2] ?? 0 };
  return { data: frame.subarray(3, -2) };
}
