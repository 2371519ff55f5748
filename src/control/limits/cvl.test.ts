import { describe, expect, it } from 'vitest';
import type { Phase } from '../charge/charge-phases.ts';
import { pack, SETTINGS, seenOf } from '../fixtures.ts';
import { planCells } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';
import { resumeCvl, startCvl, stepCvl } from './cvl.ts';

const plan = planCells(SETTINGS);

interface Case {
  readonly count?: number;
  readonly capacity?: number;
  /** Chargers keep to the charge current limit. */
  readonly obeyed?: boolean;
  readonly phase?: Phase;
  readonly inPhase?: number;
  readonly parked?: number;
  readonly dt?: number;
  readonly differing?: Partial<Measured>;
}

/** Cells of the pack at the filtered sum, the highest one raw as filtered. */
function nextCvl(
  cvl: number,
  vmaxFiltered: number,
  vsumFiltered: number,
  current: number,
  special: Case = {},
): number {
  const {
    count = 16,
    capacity = 280,
    obeyed = false,
    phase = 'bulk',
    inPhase = 0,
    parked = 0,
    dt = 1,
    differing,
  } = special;
  const base = seenOf(pack(3.3, { capacityFull: capacity }, count));
  const seen: Measured = {
    ...base,
    vmaxFiltered,
    vmaxConfirmed: vmaxFiltered,
    vmax: vmaxFiltered,
    vmaxBefore: vmaxFiltered,
    vsumFiltered,
    vsum: vsumFiltered,
    currentFiltered: current,
    current,
    ...differing,
  };
  return stepCvl({ cvl, phase, inPhase, parked, obeyed, plan, seen, dt });
}

describe('the charge voltage limit', () => {
  it.each([
    [55.2, 3.44, 54.4, 60, 55.2],
    [55.2, 3.454, 55.1, 40, 55.2],
    // The gain grows with the distance: 0.02 * (1 + 0.005 / 0.02).
    [55.2, 3.46, 54.76, 60, 54.758],
    [54.5, 3.46, 54.76, 60, 54.498],
    [54.5, 3.5, 54.5, 20, 54.4532],
    [54.5, 3.46, 54.4, 1.0, 54.4],
    [54.2, 3.46, 54.4, 1.0, 54.2],
    [55.2, 3.46, 54.4, -5, 54.4],
    [54.0, 3.4, 53.9, 30, 54.0026],
    [54.0, 3.44, 53.9, 30, 54.0006],
    [54.3, 3.44, 53.9, 30, 54.3],
    [54.0, 3.4545, 53.9, 30, 54.0],
    [53.5, 3.48, 54.35, 60, 53.5],
    [55.2, 3.56, 54.56, 30, 52.88],
    [54.0, 3.58, 53.38, 30, 52.8],
    [55.2, 3.45, 55.2, 3, 55.2],
  ])(
    'goes from %s V with a highest cell of %s V, %s V in sum and %s A to %s V',
    (cvl, vmaxFiltered, vsumFiltered, current, next) => {
      expect(nextCvl(cvl, vmaxFiltered, vsumFiltered, current)).toBeCloseTo(next, 4);
    },
  );

  it.each([
    [4, 13.8, 3.5, 13.7, 20, 13.7 - 0.065 * 4 * 0.045],
    [4, 13.8, 3.5, 13.7, 0.4, 13.7],
    [8, 27.6, 3.48, 27.42, 20, 27.42 - 0.045 * 8 * 0.025],
  ])('does the same with %i cells', (count, cvl, vmaxFiltered, vsumFiltered, current, next) => {
    expect(nextCvl(cvl, vmaxFiltered, vsumFiltered, current, { count, capacity: 100 })).toBeCloseTo(next, 4);
  });

  it('climbs out of the way while every cell is below the knee and chargers keep to their limit', () => {
    const kept = { obeyed: true };
    expect(nextCvl(54, 3.36, 53.7, 100, kept)).toBeCloseTo(54.016, 4);
    expect(nextCvl(55.195, 3.36, 53.7, 100, kept)).toBeCloseTo(55.2, 4);
    expect(nextCvl(54, 3.41, 53.7, 100, kept)).toBeCloseTo(54.0021, 3);
    expect(nextCvl(54, 3.36, 53.7, 100, { obeyed: false })).toBeCloseTo(54.0045, 3);
  });

  it('stays above a pack that nothing charges any more, so that a charger that stands low draws nothing', () => {
    expect(nextCvl(55.2, 3.46, 54.4, 1.0, { obeyed: true })).toBeCloseTo(54.72, 4);
    const rising = { obeyed: true, differing: { slope: 0.001 } };
    expect(nextCvl(55.2, 3.46, 54.4, 1.0, rising)).toBeCloseTo(54.4, 4);
    expect(nextCvl(55.2, 3.48, 54.4, 1.0, { obeyed: true })).toBeCloseTo(54.4, 4);
  });

  it('begins a little above the pack, within floor and absorption', () => {
    expect(startCvl(plan, 16, 52)).toBeCloseTo(52.32);
    expect(startCvl(plan, 16, 40)).toBe(48);
    expect(startCvl(plan, 16, 58)).toBeCloseTo(55.2);
  });

  it('goes on after a silence from no lower than the pack', () => {
    expect(resumeCvl(plan, 16, 53.6, 54.4)).toBe(54.4);
    expect(resumeCvl(plan, 16, 55, 54.4)).toBe(55);
    expect(resumeCvl(plan, 16, 55, 58)).toBeCloseTo(55.2);
  });

  it('sinks to float only as the pack follows, or after 90 minutes', () => {
    expect(nextCvl(55.2, 3.44, 55.2, 0, { phase: 'floatDown' })).toBeCloseTo(55.2 - 0.00048, 6);
    expect(nextCvl(54, 3.44, 55, 0, { phase: 'floatDown' })).toBe(54);
    expect(nextCvl(54, 3.44, 55, 0, { phase: 'floatDown', inPhase: 5400 })).toBeCloseTo(54 - 0.00048, 6);
    expect(nextCvl(53.6, 3.4, 53.6, 0, { phase: 'floatDown' })).toBeCloseTo(53.6, 6);
  });

  it('sinks slower while that draws current out of the pack', () => {
    expect(nextCvl(55.2, 3.44, 55.2, -4.2, { phase: 'floatDown' })).toBeCloseTo(55.2 - 0.00024, 6);
    expect(nextCvl(55.2, 3.44, 55.2, -6, { phase: 'floatDown' })).toBe(55.2);
  });

  it('never raises CVL on the way to float, and only slowly in it', () => {
    expect(nextCvl(53, 3.3, 53, 0, { phase: 'floatDown' })).toBe(53);
    expect(nextCvl(53, 3.3, 53, 0, { phase: 'float' })).toBeCloseTo(53.0016, 6);
    expect(nextCvl(53.6, 3.3, 53, 0, { phase: 'float' })).toBeCloseTo(53.6, 6);
  });

  it('lets a runner down that stays parked high in float', () => {
    const parked = { phase: 'float', parked: 600 } as const;
    expect(nextCvl(53.6, 3.485, 53.7, 0, parked)).toBeCloseTo(53.6 - 0.00048, 6);
    expect(nextCvl(52.8, 3.485, 53.7, 0, parked)).toBeCloseTo(52.8, 6);
  });

  it('is not moved by one single high sample', () => {
    const glitch = { vmax: 3.6, vmaxBefore: 3.44, vmaxFiltered: 3.6, vmaxConfirmed: 3.44 };
    expect(nextCvl(54.3, 3.44, 54.3, 30, { differing: glitch })).toBe(54.3);
    expect(
      nextCvl(54.3, 3.44, 54.3, 30, { differing: { ...glitch, vmaxBefore: 3.6, vmaxConfirmed: 3.6 } }),
    ).toBeLessThan(53);
  });

  it('brakes before a fast cell arrives', () => {
    const still = nextCvl(54.5, 3.45, 54.5, 60);
    expect(nextCvl(54.5, 3.45, 54.5, 60, { differing: { slope: 0.004 } })).toBeLessThan(still);
    expect(nextCvl(54.5, 3.45, 54.5, 60, { differing: { slope: 0.0004 } })).toBe(still);
  });
});
