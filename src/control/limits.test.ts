import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evenly } from '../../test/support/invariant.ts';
import { CHEMISTRIES } from '../model/chemistry.ts';
import { pack, SETTINGS, seenOf } from './fixtures.ts';
import { planCells } from './input/cells.ts';
import type { ControlSettings } from './law.ts';
import { ampsAt, chargeLimit, chargeRate } from './limits/ccl.ts';
import { dischargeLimit, dischargeRate } from './limits/dcl.ts';
import { hardStop, initialHard, latch } from './limits/hard-stops.ts';
import { lowest } from './limits/limit.ts';
import { roundDown, roundVoltage } from './limits/rounding.ts';

const plan = planCells(SETTINGS);

function charge(cell: number, max: number, differing: Parameters<typeof pack>[1] = {}): number {
  const seen = seenOf(pack(cell, differing));
  const hard = latch(plan, initialHard(), seen, {}, 0, 0);
  return lowest(chargeLimit(SETTINGS, plan, max, seen, undefined), hardStop(hard, 'charge', 0)).amps;
}

function discharge(cell: number, max: number, differing: Parameters<typeof pack>[1] = {}): number {
  const seen = seenOf(pack(cell, differing));
  const once = latch(plan, initialHard(), seen, {}, 0, 0);
  const hard = latch(plan, once, seen, {}, 1, 1);
  return lowest(dischargeLimit(plan, max, seen, undefined), hardStop(hard, 'discharge', 0)).amps;
}

describe('the charge limit', () => {
  it.each([
    [3.3, 100, 140],
    [3.4, 100, 140],
    [3.41, 86, 120.4],
    [3.42, 72, 100.8],
    [3.43, 58, 81.2],
    [3.44, 44, 61.6],
    [3.45, 30, 42],
    [3.46, 26, 36.4],
    [3.475, 20, 28],
    [3.5, 10, 14],
    [3.52, 6, 8.4],
    [3.54, 2, 2.8],
    [3.549, 1, 1],
    [3.55, 0, 0],
    [3.6, 0, 0],
  ])('is at a highest cell of %s V %s A of 100 and %s A of 140', (cell, of100, of140) => {
    expect(charge(cell, 100)).toBeCloseTo(of100, 6);
    expect(charge(cell, 140)).toBeCloseTo(of140, 6);
  });

  it.each([
    [-20, 0, 0, 0, 0],
    [-15, 0, 0, 28, 10],
    [-10, 0, 0, 56, 20],
    [-5, 0, 0, 98, 35],
    [0, 0, 0, 140, 50],
    [1, 7, 2.5, 154, 55],
    [2, 14, 5, 168, 60],
    [3.5, 21, 7.5, 189, 67.5],
    [5, 28, 10, 210, 75],
    [7.5, 42, 15, 245, 87.5],
    [10, 56, 20, 280, 100],
    [12.5, 77, 27.5, 280, 100],
    [15, 98, 35, 280, 100],
    [17.5, 119, 42.5, 280, 100],
    [20, 140, 50, 280, 100],
    [45, 140, 50, 280, 100],
    [47.5, 105, 37.5, 245, 87.5],
    [50, 70, 25, 210, 75],
    [52.5, 35, 12.5, 175, 62.5],
    [55, 0, 0, 140, 50],
    [57.5, 0, 0, 70, 25],
    [60, 0, 0, 0, 0],
  ])('and that of discharging follow the temperature: %s degC', (degrees, c280, c100, d280, d100) => {
    const at = (capacityFull: number) => ({ temperatures: [degrees], capacityFull });
    expect(charge(3.3, 1000, at(280))).toBeCloseTo(c280, 6);
    expect(charge(3.3, 1000, at(100))).toBeCloseTo(c100, 6);
    expect(discharge(3.3, 1000, at(280))).toBeCloseTo(d280, 6);
    expect(discharge(3.3, 1000, at(100))).toBeCloseTo(d100, 6);
  });

  it('takes the lower of what the coldest and the hottest sensor allow', () => {
    expect(charge(3.3, 1000, { temperatures: [5, 25] })).toBeCloseTo(28, 6);
    expect(charge(3.3, 1000, { temperatures: [25, 50] })).toBeCloseTo(70, 6);
  });

  it('counts a C-rate as a share of the maximum when the capacity is unknown', () => {
    const { capacityFull: _, ...unknown } = pack(3.3, { temperatures: [5] });
    expect(chargeLimit(SETTINGS, plan, 50, seenOf(unknown), undefined).amps).toBeCloseTo(10, 6);
    expect(ampsAt(0.1, undefined, 50)).toBeCloseTo(10, 6);
  });

  it('follows the table of the owner inside the hard range of the chemistry', () => {
    const settings: ControlSettings = {
      ...SETTINGS,
      temperatureTable: [
        [-10, 1],
        [20, 0.2],
      ],
    };
    expect(chargeRate(settings, plan, 20)).toBeCloseTo(0.2);
    expect(chargeRate(settings, plan, -5)).toBe(0);
  });

  it.each([
    [3.3, 97, 100],
    [3.45, 50, 30],
    [3.45, 98, 25],
    [3.45, 100, 10],
    [3.425, 100, 55],
  ])('at %s V and %s %% fades the state of charge in: %s A', (cell, soc, amps) => {
    const seen = seenOf(pack(cell));
    expect(chargeLimit(SETTINGS, plan, 100, seen, soc).amps).toBeCloseTo(amps, 6);
  });

  it('counts the state of charge in full when there are no cell voltages', () => {
    const { cellVoltages: _, ...blind } = pack(3.3, { temperatures: [25] });
    expect(chargeLimit(SETTINGS, plan, 100, seenOf(blind), 98).amps).toBeCloseTo(25, 6);
    expect(dischargeLimit(plan, 100, seenOf(blind), 10).amps).toBeCloseTo(25, 6);
  });

  it.each([
    [60, 100],
    [75, 62.5],
    [80, 25],
    [89.9, 1],
    [90, 0],
  ])('with power switches at %s degC is %s A', (mosfetTemperature, amps) => {
    expect(charge(3.3, 100, { mosfetTemperature })).toBeCloseTo(amps, 6);
  });

  it('never rises with the highest cell, with frost, with heat or with hot power switches', () => {
    const cell = evenly(3.2, 3.7);
    fc.assert(fc.property(cell, cell, (a, b) => charge(Math.max(a, b), 100) <= charge(Math.min(a, b), 100)));
    const cold = evenly(-30, 20);
    fc.assert(
      fc.property(cold, cold, (a, b) =>
        CHEMISTRIES.every((chemistry) => {
          const cells = planCells({ ...SETTINGS, chemistry });
          return chargeRate(SETTINGS, cells, Math.min(a, b)) <= chargeRate(SETTINGS, cells, Math.max(a, b));
        }),
      ),
    );
    const hot = evenly(30, 70);
    fc.assert(
      fc.property(hot, hot, (a, b) =>
        CHEMISTRIES.every((chemistry) => {
          const cells = planCells({ ...SETTINGS, chemistry });
          return chargeRate(SETTINGS, cells, Math.max(a, b)) <= chargeRate(SETTINGS, cells, Math.min(a, b));
        }),
      ),
    );
  });
});

describe('the discharge limit', () => {
  it.each([
    [3.3, 100, 60],
    [3.15, 100, 60],
    [3.1, 75, 45],
    [3.05, 50, 30],
    [3.0, 25, 15],
    [2.95, 15, 9],
    [2.9, 5, 3],
    [2.85, 2.5, 1.5],
    [2.81, 1, 1],
    [2.8, 0, 0],
  ])('is at a lowest cell of %s V %s A of 100 and %s A of 60', (cell, of100, of60) => {
    expect(discharge(cell, 100)).toBeCloseTo(of100, 6);
    expect(discharge(cell, 60)).toBeCloseTo(of60, 6);
  });

  it('leaves half an ampere where a pack is small', () => {
    expect(discharge(2.801, 10, { capacityFull: 40 })).toBe(0.5);
  });

  it('never falls with the lowest cell', () => {
    const cell = evenly(2.7, 3.4);
    fc.assert(
      fc.property(cell, cell, (a, b) => discharge(Math.max(a, b), 100) >= discharge(Math.min(a, b), 100)),
    );
    expect(dischargeRate(60)).toBe(0);
  });
});

describe('published numbers', () => {
  it.each([
    [3.9999999, 4],
    [9.99, 9.9],
    [10.9, 10],
    [0.05, 0],
    [48, 48],
  ])('rounds a limit of %s A down to %s A', (amps, rounded) =>
    expect(roundDown(amps)).toBeCloseTo(rounded, 9),
  );

  it('rounds a voltage down to a hundredth', () => {
    expect(roundVoltage(55.2)).toBe(55.2);
    expect(roundVoltage(50.625)).toBe(50.62);
    expect(roundVoltage(16 * 3.45)).toBe(55.2);
  });
});
