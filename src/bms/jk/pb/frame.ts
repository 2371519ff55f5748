import type { Accept } from '../../../protocol/accept.ts';
import { bytesOf, readNumber, sameBytes, writeNumber } from '../../../protocol/bytes.ts';
import { sum8 } from '../../../protocol/checksums.ts';
import { crcMatches, withCrc } from '../../../protocol/modbus.ts';
import { SWITCHES, type Switch } from './fields.ts';

/**
 * A record is asked for by "writing" 0 to one of these registers; `type` is byte 4 of the record that comes. The
 * neighbours of these registers load factory presets, shut down or calibrate: no other register is ever triggered.
 */
export const TRIGGERS = {
  about: { register: 0x161c, type: 3 },
  settings: { register: 0x161e, type: 1 },
  status: { register: 0x1620, type: 2 },
} as const;
export type RecordName = keyof typeof TRIGGERS;

const WRITE = 0x10;
const START = [0x55, 0xaa, 0xeb, 0x90];
export const TYPE_AT = 4;
export const RECORD_LENGTH = 300;
const SUM_AT = 299;
const ACK_LENGTH = 8;

export const triggerOf = (address: number, name: RecordName): Uint8Array =>
  withCrc(bytesOf(address, WRITE, writeNumber(TRIGGERS[name].register, 'u16be'), 0, 1, 2, 0, 0));

export const switchOf = (address: number, name: Switch, on: boolean): Uint8Array =>
  withCrc(
    bytesOf(
      address,
      WRITE,
      writeNumber(SWITCHES[name].register, 'u16be'),
      [0, 2, 4],
      writeNumber(on ? 1 : 0, 'u32be'),
    ),
  );

/** The Modbus acknowledgement repeats address, function, register and count of the request. */
export const acknowledgementOf = (request: Uint8Array): Uint8Array => withCrc(request.subarray(0, 6));

export const addressOf = (request: Uint8Array): number => request[0] ?? 0;

/** Which record `request` triggers, if it is one of the three. */
export function recordAskedBy(request: Uint8Array): RecordName | undefined {
  const names: readonly RecordName[] = ['status', 'settings', 'about'];
  return names.find((name) => sameBytes(request, triggerOf(addressOf(request), name)));
}

/** Which switch `request` writes, and to what. */
export function switchSetBy(
  request: Uint8Array,
): { readonly name: Switch; readonly on: boolean } | undefined {
  const names: readonly Switch[] = ['charge', 'discharge', 'balancer'];
  for (const name of names) {
    for (const on of [true, false]) {
      if (sameBytes(request, switchOf(addressOf(request), name, on))) return { name, on };
    }
  }
  return undefined;
}

/** Accepts the record that `request` triggers with its acknowledgement, or the acknowledgement of a switch. */
export function acceptReply(request: Uint8Array): Accept {
  const name = recordAskedBy(request);
  if (name !== undefined) return acceptRecord(TRIGGERS[name].type, acknowledgementOf(request));
  if (switchSetBy(request) !== undefined)
    return (received) => acceptAck(received, acknowledgementOf(request));
  return () => ({ refused: 'command', why: 'this request has no known answer' });
}

/** The record does not carry an address: only the acknowledgement behind it proves whose it is. */
function acceptRecord(type: number, acknowledgement: Uint8Array): Accept {
  return (received) => {
    for (const [index, expected] of START.entries()) {
      if (index >= received.length) return 'more';
      if (received[index] !== expected)
        return { refused: 'start', why: `byte ${index} is ${received[index]} instead of ${expected}` };
    }
    if (received.length > TYPE_AT && received[TYPE_AT] !== type)
      return { refused: 'command', why: `record type ${received[TYPE_AT]} instead of ${type}` };
    if (received.length < RECORD_LENGTH) return 'more';
    if (sum8(received.subarray(0, SUM_AT)) !== received[SUM_AT])
      return { refused: 'checksum', why: 'sum of the record does not match' };
    return acceptFilled(received.subarray(RECORD_LENGTH), acknowledgement);
  };
}

/** Some firmware sends one 00 first; an acknowledgement of address 0 begins with 00 too, so whichever fits counts. */
function acceptFilled(behind: Uint8Array, acknowledgement: Uint8Array): ReturnType<Accept> {
  const direct = acceptAck(behind, acknowledgement);
  if (typeof direct === 'number') return RECORD_LENGTH + direct;
  if (behind[0] !== 0) return direct;
  const filled = acceptAck(behind.subarray(1), acknowledgement);
  if (typeof filled === 'number') return RECORD_LENGTH + 1 + filled;
  return direct === 'more' ? direct : filled;
}

function acceptAck(received: Uint8Array, acknowledgement: Uint8Array): ReturnType<Accept> {
  const wrong = received.subarray(0, ACK_LENGTH).findIndex((byte, index) => byte !== acknowledgement[index]);
  if (wrong === 0)
    return { refused: 'address', why: `acknowledged by ${received[0]} instead of ${acknowledgement[0]}` };
  if (wrong > 0 && wrong < 6) return { refused: 'command', why: 'acknowledges another request' };
  if (wrong > 0) return { refused: 'checksum', why: 'CRC of the acknowledgement does not match' };
  return received.length < ACK_LENGTH ? 'more' : ACK_LENGTH;
}

/** A "write registers" request of any register, for the simulated side. */
export const acceptRequest: Accept = (received) => {
  const [address, command] = received;
  if (address === undefined) return 'more';
  if (address > 15) return { refused: 'start', why: `address ${address}` };
  if (command === undefined) return 'more';
  if (command !== WRITE) return { refused: 'command', why: `function ${command}` };
  const count = received[6];
  if (count === undefined) return 'more';
  if (count !== 2 * (readNumber(received, 4, 'u16be') ?? 0))
    return { refused: 'length', why: `${count} bytes do not fit the number of registers` };
  const length = 9 + count;
  if (received.length < length) return 'more';
  return crcMatches(received.subarray(0, length))
    ? length
    : { refused: 'checksum', why: 'CRC does not match' };
};

/** Header, type and sum put into a record whose data stands already. */
export function sealed(record: Uint8Array, name: RecordName): Uint8Array {
  record.set(START);
  record[TYPE_AT] = TRIGGERS[name].type;
  record[SUM_AT] = sum8(record.subarray(0, SUM_AT));
  return record;
}
