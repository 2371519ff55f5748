import { RefusedError } from '../errors.ts';
import type { Accept } from './accept.ts';
import { bytesOf, readNumber } from './bytes.ts';
import { type Field, type Scaling, scaled } from './fields.ts';
import { crcMatches, EXCEPTIONS, registersOf, withCrc } from './modbus.ts';

/** The register bytes of an accepted frame. Throws RefusedError for an exception. */
export function blockOf(reply: Uint8Array): Uint8Array {
  const registers = registersOf(reply);
  if ('data' in registers) return registers.data;
  const { exception } = registers;
  throw new RefusedError(`exception ${exception}: ${EXCEPTIONS[exception] ?? 'unknown'}`);
}

/** Where a register stands in a table whose offsets count from register 0; a block may end before it. */
export function at(register: number): { readonly at: number; readonly optional: true } {
  return { at: 2 * register, optional: true };
}

/** A table of registers as it stands in a block that begins at register `start`; what lies outside is absent. */
export function inBlock(fields: readonly Field[], start: number): Field[] {
  return fields.map((field) => ({ ...field, at: field.at - 2 * start, optional: true }));
}

/** One register of a block that begins at `start`; absent outside of the block and for 0xFFFF, "no such register". */
export function register(block: Uint8Array, start: number, number: number): number | undefined {
  const raw = readNumber(block, 2 * (number - start), 'u16be');
  return raw === 0xffff ? undefined : raw;
}

/** `count` registers of one scaling from register `first`; sentinels and what lies outside of the block are undefined. */
export function registerRow(
  block: Uint8Array,
  start: number,
  first: number,
  count: number,
  scaling: Omit<Scaling, 'type'>,
): (number | undefined)[] {
  return Array.from({ length: count }, (_, index) => {
    const raw = register(block, start, first + index);
    return raw === undefined ? undefined : scaled(raw, scaling);
  });
}

/** Recognises one whole Modbus request of eight bytes, for a simulated device that listens to `addresses` and knows `codes`. */
export function acceptRegisterRequest(
  addresses: readonly number[],
  codes: readonly number[] = [3, 6],
): Accept {
  return (received) => {
    const [address, command] = received;
    if (address === undefined) return 'more';
    if (!addresses.includes(address)) return { refused: 'start' };
    if (command === undefined) return 'more';
    if (!codes.includes(command)) return { refused: 'command' };
    if (received.length < 8) return 'more';
    return crcMatches(received.subarray(0, 8)) ? 8 : { refused: 'checksum' };
  };
}

/** The answer to a read of registers that all exist in `space` or read as 0xFFFF. */
export function answerRead(request: Uint8Array, space: Uint8Array, replyAddress: number): Uint8Array {
  const start = readNumber(request, 2, 'u16be') ?? 0;
  const bytes = 2 * Math.min(readNumber(request, 4, 'u16be') ?? 0, 125);
  const data = new Uint8Array(bytes).fill(0xff);
  data.set(space.subarray(2 * start, 2 * start + bytes));
  return withCrc(bytesOf(replyAddress, 3, bytes, data));
}
