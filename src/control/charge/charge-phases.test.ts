import { describe, expect, it } from 'vitest';
import { pack, SETTINGS, seenOf } from '../fixtures.ts';
import { planCells } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';
import {
  advancePhase,
  initialPhases,
  isTailMet,
  type PhaseInput,
  type PhaseStep,
  type Phases,
  tailCurrent,
  tailResistance,
} from './charge-phases.ts';

const plan = planCells(SETTINGS);

describe('the line of the end of charge', () => {
  it.each([
    [100, 0.056, 1.43, 2.32, 3.21, 5],
    [280, 0.02, 4, 6.5, 9, 14],
    [314, 0.01783, 4.49, 7.29, 10.09, 15.7],
  ])('for %s Ah has %s ohm', (capacity, ohm, ...tails) => {
    expect(tailResistance(plan, capacity)).toBeCloseTo(ohm, 5);
    for (const [index, vmax] of [3.45, 3.5, 3.55, 3.65].entries()) {
      expect(tailCurrent(plan, capacity, vmax)).toBeCloseTo(tails[index] ?? 0, 2);
    }
  });

  it.each([
    [3.45, 3.9, true],
    [3.45, 5, false],
    [3.5, 6, true],
    [3.37, 0, true],
    [3.36, 0, false],
    [3.6, 12, false],
    [3.62, 12, true],
  ])('at %s V and %s A says %s', (vmax, current, done) =>
    expect(isTailMet(plan, 280, vmax, current)).toBe(done),
  );
});

/** A pack as the state machine sees it, for `seconds`. */
function drive(
  from: Partial<Phases>,
  seconds: number,
  seen: Partial<Measured>,
  input: Partial<PhaseInput> = {},
): PhaseStep {
  let step: PhaseStep = { phases: { ...initialPhases(), ...from }, isFull: false };
  const base = seenOf(pack(3.3));
  const { phase } = step.phases;
  for (let t = 1; t <= seconds; t++) {
    step = advancePhase(step.phases, {
      plan,
      seen: { ...base, ...seen },
      t,
      dt: 1,
      soc: 50,
      atFloat: false,
      rebulkSoc: 90,
      fullChargeDays: 14,
      topBalanceDays: 0,
      fullChargeNow: false,
      topBalanceNow: false,
      ...input,
    });
    if (step.phases.phase !== phase) return step;
  }
  return step;
}
const phaseAfter = (...args: Parameters<typeof drive>) => drive(...args).phases.phase;

describe('a charge', () => {
  const top = { vmaxFiltered: 3.45, vsumFiltered: 55.1, currentFiltered: 2 };

  it('is at the top when the highest cell or the whole pack is', () => {
    expect(phaseAfter({}, 1, { vmaxFiltered: 3.445 })).toBe('absorb');
    expect(phaseAfter({}, 1, { vmaxFiltered: 3.444, vsumFiltered: 55.04 })).toBe('absorb');
    expect(phaseAfter({}, 5000, { vmaxFiltered: 3.44, vsumFiltered: 54.3 })).toBe('bulk');
  });

  it('is at the top after 15 minutes just below it', () => {
    expect(phaseAfter({}, 899, { vmaxFiltered: 3.42, vsumFiltered: 54.5, currentFiltered: 1 })).toBe('bulk');
    expect(phaseAfter({}, 900, { vmaxFiltered: 3.42, vsumFiltered: 54.5, currentFiltered: 1 })).toBe(
      'absorb',
    );
  });

  it('is full after a minute on the line', () => {
    expect(phaseAfter({ phase: 'absorb' }, 59, top)).toBe('absorb');
    expect(drive({ phase: 'absorb' }, 60, top)).toMatchObject({
      phases: { phase: 'floatDown' },
      ending: 'full',
      isFull: true,
    });
    expect(phaseAfter({ phase: 'absorb' }, 600, { ...top, currentFiltered: 20 })).toBe('absorb');
  });

  it('waits while a balancer still works on the spread', () => {
    const uneven = { ...top, spread: 0.03, balancing: true };
    expect(phaseAfter({ phase: 'absorb' }, 7000, uneven)).toBe('absorb');
    expect(phaseAfter({ phase: 'absorb' }, 60, { ...uneven, spread: 0.02 })).toBe('floatDown');
    expect(drive({ phase: 'absorb' }, 6 * 3600, uneven)).toMatchObject({ ending: 'capped', isFull: true });
  });

  it('is full after half an hour of rest at the top though the other cells are behind', () => {
    const rest = { vmaxFiltered: 3.45, vsumFiltered: 54.2, currentFiltered: 0 };
    expect(phaseAfter({ phase: 'absorb' }, 1799, rest)).toBe('absorb');
    expect(drive({ phase: 'absorb' }, 1800, rest)).toMatchObject({ ending: 'full' });
  });

  it('is ended by time after two hours, counted over clouds', () => {
    const short = { vmaxFiltered: 3.45, vsumFiltered: 54.2, currentFiltered: 20 };
    expect(drive({ phase: 'absorb' }, 7200, short)).toMatchObject({
      ending: 'capped',
      isFull: false,
      phases: { cappedInRow: 1 },
    });
    expect(phaseAfter({ phase: 'bulk', absorbing: 7100 }, 1, short)).toBe('absorb');
    expect(drive({ phase: 'bulk', absorbing: 7100, inPhase: 1799 }, 2, {}).phases.absorbing).toBe(0);
  });

  it('ends after half an hour when the capacity is unknown', () => {
    const blind = { ...top, currentFiltered: 30, known: { ...seenOf(pack(3.3)).known, capacity: undefined } };
    expect(phaseAfter({ phase: 'absorb' }, 1800, blind)).toBe('absorb');
    expect(phaseAfter({ phase: 'absorb' }, 1860, blind)).toBe('floatDown');
  });

  it('goes back to bulk when the highest cell falls away for a minute', () => {
    expect(phaseAfter({ phase: 'absorb' }, 59, { vmaxFiltered: 3.41 })).toBe('absorb');
    expect(phaseAfter({ phase: 'absorb' }, 60, { vmaxFiltered: 3.41 })).toBe('bulk');
  });

  it('floats from when CVL is down', () => {
    expect(phaseAfter({ phase: 'floatDown' }, 10, top)).toBe('floatDown');
    expect(drive({ phase: 'floatDown', drawn: 7 }, 1, top, { atFloat: true }).phases).toMatchObject({
      phase: 'float',
      drawn: 0,
      socAtFloat: 50,
    });
  });
});

describe('float', () => {
  const float: Partial<Phases> = { phase: 'float', socAtFloat: 80 };

  it.each<[string, Partial<Measured>, Partial<PhaseInput>, number]>([
    ['the state of charge is 10 below that at float', {}, { soc: 70 }, 60],
    ['a tenth of the capacity was drawn', { current: -28 * 3600 }, { soc: 80 }, 60],
    ['the highest cell rests low', { vmaxFiltered: 3.32 }, { soc: 80 }, 300],
    ['the owner asks for a full charge', {}, { soc: 80, fullChargeNow: true }, 1],
    ['the owner asks for a top balance', {}, { soc: 80, topBalanceNow: true }, 1],
  ])('ends when %s', (_, seen, input, seconds) => {
    expect(phaseAfter(float, seconds, { vmaxFiltered: 3.34, ...seen }, input)).toBe('bulk');
    if (seconds > 1)
      expect(phaseAfter(float, seconds - 1, { vmaxFiltered: 3.34, ...seen }, input)).toBe('float');
  });

  it('ends when a full charge is due', () => {
    const old = { ...float, fullAt: -14 * 86_400 };
    expect(phaseAfter(old, 60, { vmaxFiltered: 3.34 }, { soc: 80 })).toBe('bulk');
    expect(phaseAfter(old, 600, { vmaxFiltered: 3.34 }, { soc: 80, fullChargeDays: 0 })).toBe('float');
    expect(phaseAfter({ ...float, fullAge: 15 * 86_400 }, 60, { vmaxFiltered: 3.34 }, { soc: 80 })).toBe(
      'bulk',
    );
  });

  it('does not end because of a spread, a load or a request that is old', () => {
    expect(phaseAfter(float, 3600, { vmaxFiltered: 3.34, spread: 0.2 }, { soc: 75 })).toBe('float');
    expect(
      phaseAfter(float, 3600, { vmaxFiltered: 3.3, currentFiltered: -20, current: 0 }, { soc: 80 }),
    ).toBe('float');
    expect(
      phaseAfter(
        { ...float, askedFull: true },
        3600,
        { vmaxFiltered: 3.34 },
        { soc: 80, fullChargeNow: true },
      ),
    ).toBe('float');
  });
});

describe('a top balance', () => {
  const wanted: Partial<Phases> = { phase: 'absorb', balanceWanted: true };
  const top = { vmaxFiltered: 3.45, vsumFiltered: 55.1, currentFiltered: 2 };

  it('follows a full charge when it is wanted or due, and the pack is neither cold nor hot', () => {
    expect(phaseAfter(wanted, 60, top)).toBe('topBalance');
    expect(phaseAfter({ phase: 'absorb', balancedAge: 31 * 86_400 }, 60, top, { topBalanceDays: 30 })).toBe(
      'topBalance',
    );
    const cold = { ...top, known: { ...seenOf(pack(3.3)).known, coldest: 8 } };
    expect(phaseAfter(wanted, 60, cold)).toBe('floatDown');
  });

  it('ends when the cells agree for ten minutes, or after four hours', () => {
    expect(phaseAfter({ phase: 'topBalance' }, 599, { spread: 0.01 })).toBe('topBalance');
    expect(phaseAfter({ phase: 'topBalance' }, 600, { spread: 0.01 })).toBe('floatDown');
    expect(phaseAfter({ phase: 'topBalance' }, 4 * 3600 - 1, { spread: 0.05 })).toBe('topBalance');
    expect(phaseAfter({ phase: 'topBalance' }, 4 * 3600, { spread: 0.05 })).toBe('floatDown');
  });
});
