import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackReading } from '../model/reading.ts';
import { areTwo } from './are-two.ts';

const PACK: PackReading = {
  current: -20,
  soc: 60,
  cycles: 38,
  capacityFull: 280,
  capacityRemaining: 168,
  cellVoltages: [3.31, 3.312, 3.309, 3.315],
  temperatures: [20, 21],
};

describe('two readings with one serial number', () => {
  it.each<[string, PackReading]>([
    ['cycles', { cycles: 41 }],
    ['size', { capacityFull: 100 }],
    ['charge', { capacityRemaining: 150 }],
    ['SoC', { soc: 63 }],
    ['warmth', { temperatures: [20, 27] }],
    ['cells at one current', { current: -20.2, cellVoltages: [3.31, 3.29, 3.32, 3.31] }],
  ])('are of two packs when they differ in %s', (_, other) => {
    expect(areTwo(PACK, { ...PACK, ...other })).toBe(true);
    expect(areTwo({ ...PACK, ...other }, PACK)).toBe(true);
  });

  it('are not of two packs for what one pack does within a second, whatever the load does', () => {
    const within = (value: number, most: number) =>
      fc.double({ min: value - most, max: value + most, noNaN: true });
    const look = fc
      .record({
        current: within(0, 200),
        soc: within(60, 0.5),
        remaining: within(168, 0.3),
        sag: within(0, 0.2),
        noise: fc.array(within(0, 0.002), { minLength: 4, maxLength: 4 }),
      })
      .map(({ current, soc, remaining, sag, noise }): PackReading => {
        const cells = PACK.cellVoltages ?? [];
        const cellVoltages = cells.map((cell, index) => cell + sag + (noise[index] ?? 0));
        return { ...PACK, current, soc, capacityRemaining: remaining, cellVoltages };
      });
    fc.assert(fc.property(look, look, (a, b) => !areTwo(a, b)));
  });

  it('are not of two packs when one of them tells nothing', () => {
    expect(areTwo(PACK, {})).toBe(false);
    expect(areTwo({}, PACK)).toBe(false);
  });
});
