import type { Variant } from './bus.ts';
import { isVariant, variant } from './client.ts';
import type { ItemType, ItemValue } from './item.ts';

const MAX_INT32 = 0x7fffffff;

/** What a SetValue carried when it cannot become a value of the wanted type. */
export const UNFIT = Symbol('unfit');

/** The value for the wire in the declared type; undefined and everything that this type cannot carry is the invalid value. */
export function toVariant(type: ItemType, value: ItemValue): Variant {
  if (typeof value === 'string' && type === 's') return variant('s', value.replaceAll('\0', ''));
  if (typeof value === 'number' && Number.isFinite(value)) {
    if (type === 'd') return variant('d', value);
    if (type === 'i' && Number.isInteger(value) && Math.abs(value) <= MAX_INT32) return variant('i', value);
  }
  return variant('ai', []);
}

/** What a received value stands for: booleans are 0/1, an empty array and everything that is no number or text is undefined. */
export function fromVariant(received: unknown): ItemValue {
  const value = unwrap(received);
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Takes nested variants apart; 64-bit integers become numbers. */
export function unwrap(received: unknown): unknown {
  let value = received;
  while (isVariant(value)) value = value.value;
  return typeof value === 'bigint' ? Number(value) : value;
}

/** The entries of a received `a{sv}`; empty for anything else. */
export function entriesOf(received: unknown): [string, unknown][] {
  const value = unwrap(received);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
}

/**
 * The one argument of a SetValue in the type of the item: undefined when the client clears it (an empty array, in a
 * variant or bare), UNFIT for a text where a number belongs, a number where a text belongs, fractions where integers
 * belong, NaN, infinity and structures.
 */
export function written(type: ItemType, argument: unknown): ItemValue | typeof UNFIT {
  const value = unwrap(argument);
  if (Array.isArray(value)) return value.length === 0 ? undefined : UNFIT;
  if (type === 's') return typeof value === 'string' ? value : UNFIT;
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) return UNFIT;
  if (type === 'd') return number;
  return Number.isInteger(number) && Math.abs(number) <= MAX_INT32 ? number : UNFIT;
}
