import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { variant } from './client.ts';
import type { ItemType, ItemValue } from './item.ts';
import { fromVariant, toVariant, UNFIT, written } from './wire-values.ts';

const INVALID = variant('ai', []);

describe('toVariant', () => {
  it.each<[ItemType, ItemValue, string]>([
    ['d', 12, 'd'],
    ['d', 12.5, 'd'],
    ['i', 12, 'i'],
    ['s', '', 's'],
  ])('sends %s %s with signature %s', (type, value, signature) => {
    expect(toVariant(type, value)).toEqual(variant(signature, value));
  });

  it.each<[ItemType, ItemValue]>([
    ['d', undefined],
    ['d', Number.NaN],
    ['d', Number.POSITIVE_INFINITY],
    ['d', '12'],
    ['i', 1.5],
    ['i', 3e9],
    ['s', 12],
    ['s', undefined],
  ])('sends the invalid value for %s %s', (type, value) => {
    expect(toVariant(type, value)).toEqual(INVALID);
  });
});

describe('fromVariant', () => {
  it.each([
    [variant('v', variant('v', variant('d', 2.5))), 2.5],
    [variant('x', 5_000_000_000n), 5_000_000_000],
    [variant('b', true), 1],
    [INVALID, undefined],
    [variant('as', []), undefined],
    [variant('d', Number.NaN), undefined],
    [variant('s', 'text'), 'text'],
    [7, 7],
  ])('takes a received value apart (%#)', (received, value) => {
    expect(fromVariant(received)).toBe(value);
  });
});

describe('written', () => {
  it.each<[ItemType, unknown, ItemValue | typeof UNFIT]>([
    ['d', variant('i', 5), 5],
    ['d', variant('x', 5n), 5],
    ['i', variant('d', 5), 5],
    ['i', variant('b', true), 1],
    ['i', variant('b', false), 0],
    ['i', variant('v', variant('i', 3)), 3],
    ['s', variant('s', 'Boat'), 'Boat'],
    ['s', INVALID, undefined],
    ['s', [], undefined],
    ['i', INVALID, undefined],
    ['i', variant('d', 5.5), UNFIT],
    ['i', variant('x', 5_000_000_000n), UNFIT],
    ['i', variant('s', '1'), UNFIT],
    ['d', variant('s', '1.5'), UNFIT],
    ['d', variant('d', Number.NaN), UNFIT],
    ['d', variant('d', Number.NEGATIVE_INFINITY), UNFIT],
    ['s', variant('i', 5), UNFIT],
    ['s', variant('b', true), UNFIT],
    ['i', variant('ai', [1]), UNFIT],
    ['s', variant('a{sv}', {}), UNFIT],
  ])('for %s takes or refuses what was written (%#)', (type, argument, value) => {
    expect(written(type, argument)).toBe(value);
  });

  it('never throws and gives only values of the type', () => {
    fc.assert(
      fc.property(fc.constantFrom<ItemType>('i', 'd', 's'), fc.anything(), (type, argument) => {
        const value = written(type, argument);
        if (value === UNFIT || value === undefined) return;
        expect(typeof value).toBe(type === 's' ? 'string' : 'number');
        if (type !== 's') expect(Number.isFinite(value)).toBe(true);
      }),
    );
  });
});
