import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixed, round } from './round.ts';

describe('round', () => {
  it.each([
    [3.3000000000000003, 3, 3.3],
    [1.005, 2, 1.01],
    [-1.005, 2, -1.01],
    [50.625, 2, 50.63],
    [-0.001, 2, 0],
    [52.415, 0, 52],
  ])('rounds %s to %s decimals as %s', (value, digits, expected) => {
    expect(round(value, digits)).toBe(expected);
  });

  it('is never further away than half a step and does not change when it is applied twice', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.integer({ min: 0, max: 4 }),
        (value, digits) => {
          const rounded = round(value, digits);
          expect(Math.abs(rounded - value)).toBeLessThanOrEqual(0.5 * 10 ** -digits + 1e-9);
          expect(round(rounded, digits)).toBe(rounded);
          expect(Object.is(rounded, -0)).toBe(false);
        },
      ),
    );
  });
});

describe('a number as text', () => {
  it.each([
    [-0.4, 0, '0'],
    [-0.04, 1, '0.0'],
    [-0, 2, '0.00'],
    [-0.06, 1, '-0.1'],
    [3.456, 2, '3.46'],
  ])('is for %s with %s decimals %s', (value, digits, text) => {
    expect(fixed(value, digits)).toBe(text);
  });
});
