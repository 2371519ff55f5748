import type { PackReading } from '../model/reading.ts';
import { readNumber } from '../protocol/bytes.ts';
import { acceptRegisters, isRead, READS, type ReadFunction, readRegisters } from '../protocol/modbus.ts';
import { decodeMap, type RegisterMap } from '../protocol/register-map.ts';
import { blockOf } from '../protocol/registers.ts';
import type { DriverPlan } from './driver.ts';
import type { Form } from './query-plan.ts';

/** The maps of a device, by the function that reads them. */
export type Maps = { readonly [code in ReadFunction]?: RegisterMap };

/** Registers (or coils) that are read in one request. */
export interface Block {
  readonly start: number;
  readonly count: number;
  /** Default: holding registers. */
  readonly code?: ReadFunction;
}

/** Asks a device at its address for one block. */
export function asksFor({ start, count, code }: Block): (address: number) => Uint8Array {
  return (address) => readRegisters(address, start, count, code);
}

/** Asks for the first of `blocks` that a device does not refuse: a whole, or what of it is known to be read by others. */
export function asksForOneOf(blocks: readonly Block[]): (address: number) => readonly Form[] {
  return (address) =>
    blocks.map((block) => ({ id: `${block.start} ${block.count}`, request: asksFor(block)(address) }));
}

/** What a driver of a device with maps of registers needs beside its queries. */
export function readsMaps(maps: Maps): Required<Pick<DriverPlan, 'accept' | 'decode' | 'addressOf'>> {
  return {
    accept: (request) => acceptRegisters(request),
    decode: (request, reply) => decodeBlock(maps, request, reply),
    addressOf: ([address]) => address,
  };
}

/** What a block says, whichever registers it spans. Throws RefusedError for an exception. */
export function decodeBlock(maps: Maps, request: Uint8Array, reply: Uint8Array): PackReading {
  const data = blockOf(reply);
  const { map, begin } = placeOf(maps, request);
  return map === undefined ? {} : decodeMap(map, data, begin);
}

/** The map that a request reads, and the byte at which its block begins. */
export function placeOf(
  maps: Maps,
  request: Uint8Array,
): { readonly map?: RegisterMap; readonly begin: number } {
  const code = request[1];
  const start = readNumber(request, 2, 'u16be') ?? 0;
  const begin = code === READS.coils ? start / 8 : 2 * start;
  const map = isRead(code) && Number.isInteger(begin) ? maps[code] : undefined;
  return { begin, ...(map !== undefined && { map }) };
}

/** Cells that are measured count: what is told of places behind them is of no cell. */
export function cutToCells(merged: PackReading): PackReading {
  const { cellBalancing, cellVoltages } = merged;
  if (cellBalancing === undefined || cellVoltages === undefined) return merged;
  return { ...merged, cellBalancing: cellBalancing.slice(0, cellVoltages.length) };
}
