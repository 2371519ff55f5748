import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { round } from './round.ts';

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
