import { describe, expect, it } from 'vitest';
import { lawFor } from './decide.ts';
import { Bench, pack, SETTINGS } from './fixtures.ts';
import type { ControlSettings } from './law.ts';
import { socStepCharge, socStepDischarge } from './soc-steps.ts';

const CLASSIC: ControlSettings = { ...SETTINGS, profile: 'soc-steps' };
const bench = (differing: Partial<ControlSettings> = {}) =>
  new Bench(lawFor('soc-steps'), { ...CLASSIC, ...differing });

describe('the classic SoC table', () => {
  it.each([
    [0, 50, 5],
    [20, 50, 5],
    [20.1, 50, 15],
    [30, 50, 15],
    [30.1, 50, 30],
    [35, 50, 30],
    [35.1, 50, 60],
    [91, 50, 60],
    [91.1, 25, 60],
    [95, 25, 60],
    [95.1, 4, 60],
    [97, 4, 60],
    [97.5, 4, 60],
    [98, 4, 60],
    [98.1, 1, 60],
    [99, 1, 60],
    [99.1, 1, 60],
    [100, 1, 60],
  ])('allows at %s %% %s A of charge and %s A of discharge', (soc, charge, discharge) => {
    expect(socStepCharge(soc, 50)).toBe(charge);
    expect(socStepDischarge(soc, 60)).toBe(discharge);
    const settled = bench().run(pack(3.33, { soc }), 150);
    expect(settled).toMatchObject({
      ccl: charge,
      dcl: discharge,
      allowToCharge: true,
      allowToDischarge: true,
    });
  });

  it('never allows more than the owner does in its bands of fixed current', () => {
    expect(socStepCharge(96, 3)).toBe(3);
    expect(socStepCharge(99, 0.5)).toBe(0.5);
    expect(socStepDischarge(10, 2)).toBe(2);
  });

  it.each([
    [4, 13.8, 12.4],
    [8, 27.6, 24.8],
    [13, 44.85, 40.3],
    [15, 51.75, 46.5],
    [16, 55.2, 49.6],
    [18, 62.1, 55.8],
    [24, 82.8, 74.4],
    [32, 110.4, 99.2],
  ])('asks with %i cells for %s V and calls %s V low', (count, cvl, low) => {
    const output = bench().step({ reading: pack(3.33, {}, count) });
    expect(output.cvl).toBeCloseTo(cvl, 6);
    expect(output.low).toBeCloseTo(low, 6);
  });

  it('takes voltages of another chemistry from its preset', () => {
    const output = bench({ chemistry: 'nmc' }).step({ reading: pack(3.8, {}, 14) });
    expect(output.cvl).toBeCloseTo(14 * 4.1, 6);
    expect(output.low).toBeCloseTo(14 * 3.3, 6);
  });

  it('limits by the cells while the state of charge is unknown', () => {
    const { soc: _, ...unknown } = pack(3.45);
    expect(bench().run(unknown, 150).ccl).toBeLessThanOrEqual(15);
    expect(bench().run({ ...unknown, ...pack(3.3), soc: Number.NaN }, 150).ccl).toBe(50);
  });

  it('keeps the band for a minute when the state of charge is missing', () => {
    const run = bench();
    run.run(pack(3.33, { soc: 97 }), 150);
    const { soc: _, ...unknown } = pack(3.33);
    expect(run.run(unknown, 60).ccl).toBe(4);
    expect(run.run(unknown, 150).ccl).toBe(50);
  });
});
