import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

function worst(values: readonly number[], everySeconds = 60): number {
  const turns = new Turns(0.03);
  for (const [index, value] of values.entries()) turns.add(index * everySeconds, value);
  return turns.worst;
}

describe('turns', () => {
  it.each([
    ['standing still', [55, 55, 55], 0],
    ['a rise', [54, 54.5, 55, 55.2], 0],
    ['a rise and a fall', [54, 55, 54], 1],
    ['a fall in steps below the band', [55, 54.99, 54.98, 54.97, 54.96, 54.9], 0],
    ['ripple within the band', [55, 55.02, 55, 55.02, 55, 55.02], 0],
    ['a turn in steps below the band', [54, 55, 54.98, 54.96, 54.94], 1],
    ['a saw', [54, 55, 54, 55, 54, 55], 4],
  ])('%s has %3$i', (_, values, count) => {
    expect(worst(values)).toBe(count);
  });

  it('are counted within ten minutes', () => {
    const saw = [54, 55, 54, 55, 54, 55, 54];
    expect(worst(saw, 60)).toBe(5);
    expect(worst(saw, 200)).toBe(3);
    expect(worst(saw, 700)).toBe(1);
  });

  it('are as many upside down', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (values) => {
        expect(worst(values.map((value) => -value))).toBe(worst(values));
      }),
      { numRuns: 200 },
    );
  });
});
