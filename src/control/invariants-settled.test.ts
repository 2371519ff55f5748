import fc from 'fast-check';
import { describe } from 'vitest';
import { PHASES, stateIn } from '../../test/support/battery-walk.ts';
import { claim, claimAtMost, evenly, invariant } from '../../test/support/invariant.ts';
import { CELL_LIMITS, CHEMISTRIES, type Chemistry } from '../model/chemistry.ts';
import type { PackReading } from '../model/reading.ts';
import { lawFor } from './decide.ts';
import { pack, SETTINGS, withCell } from './fixtures.ts';
import { planCells, planTopBalance } from './input/cells.ts';
import type { ControlOutput, ControlSettings } from './law.ts';
import type { LawState } from './memory/law-state.ts';

/** Steps of 10 s, the longest that count in full: hold, ramp and every filter have come to rest after so many. */
const STEP_S = 10;
const SETTLE = 30;
/** A limit that answers to the charger stops its rise this share of the maximum before its target. */
const GAP = 0.015;

const settingsOf = (profile: ControlSettings['profile']): fc.Arbitrary<ControlSettings> =>
  fc
    .record({
      chemistry: fc.constantFrom(...CHEMISTRIES),
      capacity: fc.constantFrom(20, 100, 280),
      maxChargeCurrent: fc.constantFrom(10, 50, 140),
      maxDischargeCurrent: fc.constantFrom(10, 60, 140),
    })
    .map((differing) => ({ ...SETTINGS, ...differing, profile }));
const anySettings = fc.oneof(
  { weight: 2, arbitrary: settingsOf('adaptive') },
  { weight: 1, arbitrary: settingsOf('soc-steps') },
);

/** What the law has come to after the same reading for minutes. */
function settle(settings: ControlSettings, state: LawState, from: number, reading: PackReading) {
  const law = lawFor(settings.profile);
  let now = state;
  let output: ControlOutput | undefined;
  for (let step = 1; step <= SETTLE; step++) {
    ({ state: now, output } = law.step(settings, now, { t: from + step * STEP_S, reading }));
  }
  if (output === undefined) throw new Error('no output');
  return { state: now, output, t: from + SETTLE * STEP_S };
}

/**
 * % from which a cell in the middle of its range does not contradict its chemistry. Where it does, that is found when the
 * strain of the start has gone, after half an hour: within it a hundredth of a volt decides which of two readings is first.
 */
const LEAST_SOC: Readonly<Partial<Record<Chemistry, number>>> = { naion: 16 };

/** A pack in the middle of everything. */
function safeReading(
  { chemistry }: ControlSettings,
  differing: Partial<PackReading> = {},
  runner = 0,
): PackReading {
  const { chargeKnee, dischargeKnee, chargeMaxC } = CELL_LIMITS[chemistry];
  const cell = (chargeKnee + dischargeKnee) / 2;
  const cellVoltages = withCell(cell, cell + runner);
  return pack(cell, {
    cellVoltages,
    voltage: 15 * cell + cell + runner,
    temperatures: [chargeMaxC - 15, chargeMaxC - 15],
    ...differing,
    ...(differing.soc !== undefined && { soc: Math.max(differing.soc, LEAST_SOC[chemistry] ?? 0) }),
  });
}

/** That the worse of two readings leaves no more, on the way down from full currents and on the way up from the start. */
function claimNoMore(
  settings: ControlSettings,
  limits: readonly ('ccl' | 'dcl')[],
  readings: readonly [safer: PackReading, worse: PackReading],
): void {
  const start = lawFor(settings.profile).initial(settings);
  const full = settle(settings, start, 0, safeReading(settings));
  const [safer, worse] = readings.map((reading) => ({
    falling: settle(settings, full.state, full.t, reading).output,
    rising: settle(settings, start, 0, reading).output,
  }));
  if (safer === undefined || worse === undefined) throw new Error('two readings are compared');
  for (const limit of limits) {
    const max = Number(limit === 'ccl' ? settings.maxChargeCurrent : settings.maxDischargeCurrent);
    claimAtMost(`${limit} on the way down`, worse.falling[limit], safer.falling[limit]);
    // Rounding down to whole amperes can lose one more on the safer side.
    claimAtMost(`${limit} on the way up`, worse.rising[limit], safer.rising[limit] + GAP * max + 1.01);
  }
}

const share = evenly(0, 1);
/** Two shares, the first not above the second; half of the time close to each other. */
const pair = fc
  .tuple(share, share, fc.boolean())
  .map(([a, b, near]) =>
    near ? ([a, Math.min(1, a + b / 8)] as const) : ([Math.min(a, b), Math.max(a, b)] as const),
  );
const soc = evenly(0, 100);

describe('more danger, once filters and ramps have settled', () => {
  const any = fc.tuple(anySettings, pair, soc);

  invariant('I7 a higher cell never means more charge current', any, ([settings, range, told]) => {
    const { chargeKnee, dischargeKnee, hardMax } = CELL_LIMITS[settings.chemistry];
    const cell = (chargeKnee + dischargeKnee) / 2;
    const to = (at: number): PackReading =>
      safeReading(settings, { soc: told }, at * (hardMax + 0.05 - cell));
    claimNoMore(settings, ['ccl'], [to(range[0]), to(range[1])]);
  });

  invariant('I7 a lower cell never means more discharge current', any, ([settings, range, told]) => {
    const { chargeKnee, dischargeKnee, hardMin } = CELL_LIMITS[settings.chemistry];
    const cell = (chargeKnee + dischargeKnee) / 2;
    const to = (at: number): PackReading =>
      safeReading(settings, { soc: told }, at * (hardMin - 0.05 - cell));
    claimNoMore(settings, ['dcl'], [to(range[0]), to(range[1])]);
  });

  invariant(
    'I7 a temperature farther from comfort never means more current',
    fc.tuple(anySettings, pair, fc.boolean()),
    ([settings, range, cold]) => {
      const { chargeMinC, chargeMaxC } = CELL_LIMITS[settings.chemistry];
      const comfort = cold ? Math.min(chargeMinC + 20, chargeMaxC - 15) : chargeMaxC - 12;
      const edge = cold ? -25 : 65;
      const to = (at: number): PackReading =>
        safeReading(settings, { temperatures: [comfort + at * (edge - comfort), chargeMaxC - 15] });
      claimNoMore(settings, ['ccl', 'dcl'], [to(range[0]), to(range[1])]);
    },
  );

  invariant('I7 hotter power switches never mean more current', any, ([settings, range, told]) => {
    const to = (at: number): PackReading =>
      safeReading(settings, { soc: told, mosfetTemperature: 60 + 40 * at });
    claimNoMore(settings, ['ccl', 'dcl'], [to(range[0]), to(range[1])]);
  });
});

describe('a cell above its target', () => {
  const found = fc.record({
    settings: settingsOf('adaptive'),
    phase: fc.constantFrom(...PHASES),
    /** CVL when the cell is found, from float to absorption. */
    from: share,
    over: evenly(0.008, 0.2),
    below: evenly(0, 0.1),
    rate: evenly(0.02, 0.5),
  });

  invariant(
    'I16 the cell controller lowers CVL in every charge state, and only to its own floor',
    found,
    ({ settings, phase, from, over, below, rate }) => {
      const law = lawFor(settings.profile);
      const base = planCells(settings);
      const plan = phase === 'topBalance' ? planTopBalance(base) : base;
      const volts = base.absorb - below;
      const runner = Math.min(plan.absorb + over, base.hardMax + 0.1);
      const cellVoltages = withCell(volts, runner);
      const vsum = 15 * volts + runner;
      const current = rate * (settings.capacity ?? 280);
      const reading = pack(volts, { cellVoltages, voltage: vsum, current, soc: 95 });
      const deep = 16 * base.deepFloor;
      // Farther below the pack a lower CVL would only be longer on its way back.
      const windup = vsum - 16 * 0.05;
      const begun = stateIn(settings, phase, 1 - 0.1 * from);
      let { state, output } = law.step(settings, begun, { t: 0, reading });
      claim(output !== undefined && output.state !== 'hold', () => `the state is ${output?.state}`);
      let cvl = state.live?.cvl ?? Number.NaN;
      for (let t = 1; t <= 20; t++) {
        ({ state, output } = law.step(settings, state, { t, reading }));
        const next = state.live?.cvl ?? Number.NaN;
        claimAtMost('CVL', next, cvl);
        claim(next < cvl || next <= Math.max(deep, windup) + 1e-9, () => `CVL stays at ${next}`);
        claimAtMost('CVL', next, Math.max(vsum, deep));
        claimAtMost('the floor', Math.min(deep, cvl), next);
        if (runner >= plan.ceiling) claim(output?.ccl === 0, () => `CCL is ${output?.ccl}`);
        cvl = next;
      }
    },
  );

  invariant(
    'I16 nothing charges a high cell while the law holds',
    found,
    ({ settings, phase, from, over, below }) => {
      const blocked = { ...settings, blocked: 'for the test' };
      const plan = planCells(settings);
      const cellVoltages = withCell(plan.absorb - below, plan.absorb + over);
      const reading = pack(plan.absorb - below, { cellVoltages, soc: 95 });
      const law = lawFor(settings.profile);
      const { output } = law.step(blocked, stateIn(settings, phase, 1 - 0.1 * from), { t: 0, reading });
      claim(output?.state === 'hold' && output.ccl === 0, () => `CCL is ${output?.ccl} in ${output?.state}`);
      claimAtMost('CVL', output?.cvl ?? Number.NaN, 16 * plan.float);
    },
  );
});

describe('a target that is met within a few millivolts', () => {
  const reached = fc.record({
    settings: settingsOf('adaptive'),
    count: fc.integer({ min: 4, max: 24 }),
    /** How far the cells stay below the target, V. */
    short: evenly(0, 0.005),
    /** What binary arithmetic on the way here may have done, V. */
    digits: fc.array(evenly(-1e-9, 1e-9), { minLength: 24, maxLength: 24 }),
  });

  invariant(
    'I19 a full pack is found full within 5 mV of the target, whatever its last binary digits are',
    reached,
    ({ settings, count, short, digits }) => {
      const law = lawFor(settings.profile);
      const { absorb } = planCells(settings);
      const reading = pack(
        absorb - short,
        {
          cellVoltages: digits.slice(0, count).map((digit) => absorb - short + digit),
          voltage: count * (absorb - short),
          soc: 95,
        },
        count,
      );
      let state = law.initial(settings);
      let output: ControlOutput | undefined;
      for (let t = 0; t <= 90; t += 5) ({ state, output } = law.step(settings, state, { t, reading }));
      claim(output?.state === 'floatDown', () => `still in ${output?.state}: ${output?.chargeMode}`);
    },
  );

  invariant(
    'I19 the last binary digits change no state and no current',
    fc.tuple(reached, fc.integer({ min: 0, max: 300 })),
    ([{ settings, count, digits }, millivolts]) => {
      const law = lawFor(settings.profile);
      const { absorb } = planCells(settings);
      const cell = Math.round(1000 * absorb - millivolts) / 1000;
      const readings = [0, 1].map((times) =>
        pack(
          cell,
          {
            cellVoltages: digits.slice(0, count).map((digit) => cell + times * digit),
            voltage: count * cell,
            soc: 95,
          },
          count,
        ),
      );
      const [exact, rough] = readings.map((reading) => {
        let state = law.initial(settings);
        const seen: string[] = [];
        for (let t = 0; t <= 120; t += 5) {
          const step = law.step(settings, state, { t, reading });
          state = step.state;
          seen.push(`${step.output?.state} ${step.output?.allowToCharge} ${step.output?.allowToDischarge}`);
        }
        return seen.join();
      });
      claim(exact === rough, () => `${rough} instead of ${exact}`);
    },
  );
});
