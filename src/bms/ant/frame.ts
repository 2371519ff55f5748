import type { FrameFault } from '../../errors.ts';
import type { Accept, Refusal } from '../../protocol/accept.ts';
import { bytesOf, readNumber } from '../../protocol/bytes.ts';
import { crc16Modbus } from '../../protocol/checksums.ts';
import { STATUS, STATUS_EXTRA, STATUS_LENGTH } from './fields.ts';

/** `7E A1 function address(LE) length data CRC [trailer] AA 55`; a reply has the function of its request + 0x10. */
export const FUNCTION = { status: 0x01, read: 0x02, command: 0x51 } as const;
export const REPLY = 0x10;
export const HEADER = 6;
const ENVELOPE = 10;
/** `FF 0B 00 00` and its own CRC, sent between CRC and end by replies to reads (and writes). */
const TRAILER = 6;

function crc(bytes: Uint8Array): Uint8Array {
  const value = crc16Modbus(bytes);
  return Uint8Array.of(value & 0xff, value >>> 8);
}

/** `length` is the wanted length in a request, and the length of `data` in a reply. */
export function frameOf(
  code: number,
  address: number,
  length: number,
  data: Uint8Array = new Uint8Array(),
  trailer: Uint8Array = new Uint8Array(),
): Uint8Array {
  const body = bytesOf(0xa1, code, address & 0xff, address >>> 8, length, data);
  return bytesOf(0x7e, body, crc(body), trailer, 0xaa, 0x55);
}

export const TRAILER_OF_READ = bytesOf(0xff, 0x0b, 0, 0, crc(Uint8Array.of(0xff, 0x0b, 0, 0)));

export const STATUS_REQUEST = frameOf(FUNCTION.status, 0, 0xbe);
export const DEVICE_REQUEST = frameOf(FUNCTION.read, 0x026c, 0x20);
export const readSettings = (address: number, length: number): Uint8Array =>
  frameOf(FUNCTION.read, address, length);
export const command = (address: number): Uint8Array => frameOf(FUNCTION.command, address, 0);

export const functionOf = (frame: Uint8Array): number => frame[2] ?? 0;
export const addressOf = (frame: Uint8Array): number => readNumber(frame, 3, 'u16le') ?? 0;
export const dataOf = (frame: Uint8Array): Uint8Array =>
  frame.subarray(HEADER, HEADER + (frame[HEADER - 1] ?? 0));

const refuse = (refused: FrameFault, why: string): Refusal => ({ refused, why });

/** Accepts the reply to `request`: function, echoed address, length, CRC, trailer and end. */
export function acceptReply(request: Uint8Array): Accept {
  const code = functionOf(request) + REPLY;
  const head: readonly (readonly [number | undefined, FrameFault])[] = [
    [0x7e, 'start'],
    [0xa1, 'start'],
    [code, 'command'],
    [request[3], 'address'],
    [request[4], 'address'],
  ];
  return (received) => {
    for (const [index, [expected, fault]] of head.entries()) {
      if (index >= received.length) return 'more';
      if (received[index] !== expected) return refuse(fault, `byte ${index} is ${received[index]}`);
    }
    const length = received[HEADER - 1];
    if (length === undefined) return 'more';
    if (code === FUNCTION.status + REPLY) {
      const probes = received[STATUS.probes];
      const cells = received[STATUS.cells];
      if (probes === undefined || cells === undefined) return 'more';
      const extra = length - STATUS_LENGTH - 2 * (cells + probes);
      const fits = STATUS_EXTRA.some((known) => known === extra);
      if (!fits || probes > STATUS.mostProbes || cells > STATUS.mostCells)
        return refuse('length', `${length} bytes do not fit ${cells} cells and ${probes} probes`);
    } else if (code === FUNCTION.read + REPLY && length !== request[HEADER - 1]) {
      return refuse(
        'length',
        `${length} bytes instead of ${request[HEADER - 1] ?? 'a number that was asked for'}`,
      );
    }
    return acceptEnd(received, length);
  };
}

/** The end may stand right behind the CRC or behind a trailer; AA 55 also occurs inside of data, so only here. */
function acceptEnd(received: Uint8Array, length: number): ReturnType<Accept> {
  const end = HEADER + length + 2;
  if (received.length < end) return 'more';
  if (crc16Modbus(received.subarray(1, end - 2)) !== readNumber(received, end - 2, 'u16le'))
    return refuse('checksum', 'CRC does not match');
  const [first, second] = received.subarray(end);
  if (first === undefined) return 'more';
  if (first === 0xaa) {
    if (second === undefined) return 'more';
    return second === 0x55 ? length + ENVELOPE : refuse('end', `ends with AA ${second}`);
  }
  if (first !== 0xff) return refuse('end', `${first} behind the CRC`);
  const whole = end + TRAILER + 2;
  if (received.length < whole) return 'more';
  if (crc16Modbus(received.subarray(end, end + 4)) !== readNumber(received, end + 4, 'u16le'))
    return refuse('checksum', 'CRC of the trailer does not match');
  return received[whole - 2] === 0xaa && received[whole - 1] === 0x55
    ? whole
    : refuse('end', 'no AA 55 behind the trailer');
}

/** One whole request at byte 0, for the simulated side. A write (function 22) would carry data; none is simulated. */
export const acceptRequest: Accept = (received) => {
  if (received.length === 0) return 'more';
  if (received[0] !== 0x7e || (received.length > 1 && received[1] !== 0xa1))
    return refuse('start', 'no 7E A1');
  if (received.length < ENVELOPE) return 'more';
  if (crc16Modbus(received.subarray(1, HEADER)) !== readNumber(received, HEADER, 'u16le'))
    return refuse('checksum', 'CRC does not match');
  return received[8] === 0xaa && received[9] === 0x55 ? ENVELOPE : refuse('end', 'no AA 55');
};
