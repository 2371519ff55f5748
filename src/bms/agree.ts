import type { PackReading } from '../model/reading.ts';

/** How far two readings of one battery may lie apart that follow each other within a second, in units of the reading. */
const NEAR: { readonly [key in keyof PackReading]?: number } = {
  voltage: 0.5,
  current: 5,
  power: 300,
  soc: 1,
  capacityRemaining: 1,
  cellVoltages: 0.05,
  temperatures: 2,
  mosfetTemperature: 2,
  ambientTemperature: 2,
};
/** Share of a current that may come or go meanwhile. */
const SHARE = 0.1;

/**
 * Whether two answers to one question, one right after the other, can both be true: measured values lie near each other,
 * everything else is the same. For protocols whose checksum lets many damaged answers through.
 */
export function agree(a: PackReading, b: PackReading): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  const [first, second]: Readonly<Record<string, unknown>>[] = [{ ...a }, { ...b }];
  return [...keys].every((key) => isNear(key, first?.[key], second?.[key]));
}

function isNear(key: string, a: unknown, b: unknown): boolean {
  const near = Object.entries(NEAR).find(([name]) => name === key)?.[1];
  if (near === undefined) return JSON.stringify(a) === JSON.stringify(b);
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, at) => isWithin(near, item, b[at]));
  return isWithin(key === 'current' ? Math.max(near, SHARE * size(a)) : near, a, b);
}

function size(value: unknown): number {
  return typeof value === 'number' ? Math.abs(value) : 0;
}

function isWithin(near: number, a: unknown, b: unknown): boolean {
  return typeof a === 'number' && typeof b === 'number' && Math.abs(a - b) <= near;
}
