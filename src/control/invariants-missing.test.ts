import fc from 'fast-check';
import { describe } from 'vitest';
import { anySettings, anyWalk, follow, mostAmps, walksOf } from '../../test/support/battery-walk.ts';
import { claim, claimAtMost, evenly, invariant } from '../../test/support/invariant.ts';
import type { Alarms } from '../model/alarms.ts';
import { CELL_LIMITS, CHEMISTRIES } from '../model/chemistry.ts';
import type { PackReading } from '../model/reading.ts';
import { openCircuit } from '../simulator/plant/open-circuit.ts';
import { lawFor, lawOf } from './decide.ts';
import { pack, SETTINGS, withCell } from './fixtures.ts';
import { planCells } from './input/cells.ts';
import type { ControlInput, ControlOutput, ControlSettings } from './law.ts';

const FROZEN_S = 10;
const LIMP_S = 60;

const known = fc
  .record({
    profile: fc.constantFrom('adaptive' as const, 'soc-steps' as const),
    chemistry: fc.constantFrom(...CHEMISTRIES),
    capacity: fc.constantFrom(20, 100, 280),
    maxChargeCurrent: fc.constantFrom(20, 140),
    maxDischargeCurrent: fc.constantFrom(20, 140),
    blockOnDisconnect: fc.boolean(),
    graceMinutes: fc.constantFrom(0, 2, 10, 90),
  })
  .map((differing): ControlSettings => ({ ...SETTINGS, ...differing }));

/** Where between the empty and the full cell a pack is. */
const share = evenly(0, 1);
function cellAt({ chemistry }: ControlSettings, at: number): number {
  const { softMin, absorb } = CELL_LIMITS[chemistry];
  return softMin + at * (absorb - softMin);
}

/** A pack whose state of charge belongs to its cells. */
function packAt(settings: ControlSettings, at: number, differing: Partial<PackReading> = {}): PackReading {
  const cell = cellAt(settings, at);
  const soc = Math.min(100, Math.max(0, openCircuit(settings.chemistry).socAt(cell)));
  return pack(cell, { soc, ...differing });
}

/** A law that has had the same reading for so long that everything has come to rest; 10 s count in full. */
function settled(settings: ControlSettings, reading: PackReading) {
  const law = lawFor(settings.profile);
  let state = law.initial(settings);
  let output: ControlOutput | undefined;
  for (let t = -300; t <= 0; t += FROZEN_S) ({ state, output } = law.step(settings, state, { t, reading }));
  if (output === undefined) throw new Error('no output');
  return { law, state, output };
}

const text = (value: unknown): string => JSON.stringify(value);

describe('time', () => {
  invariant(
    'I11 only differences of the monotonic time count, not where it began',
    fc.tuple(anyWalk, fc.integer({ min: 0, max: 1_000_000_000 })),
    ([walk, shift]) => {
      const seen: ControlOutput[] = [];
      follow(walk, ({ output }) => void seen.push(output));
      let index = 0;
      const inputs = walk.inputs.map((input) => ({ ...input, t: input.t + shift }));
      follow({ ...walk, inputs }, ({ output }) => {
        const expected = text(seen[index++]);
        claim(text(output) === expected, () => `${text(output)} instead of ${expected}`);
      });
    },
  );

  const jumps = fc.array(
    fc.record({ at: fc.nat(100), to: fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY, -1e6, 0, 3) }),
    { minLength: 1, maxLength: 10 },
  );
  invariant(
    'I11 a clock that stands, jumps back or is no number raises no current, also not afterwards',
    fc.tuple(anyWalk, jumps),
    ([walk, wrong]) => {
      const most = mostAmps(walk, 'maxChargeCurrent');
      const inputs = walk.inputs.map((input, index) => {
        const jump = wrong.find(({ at }) => at === index);
        return jump === undefined ? input : { ...input, t: jump.to };
      });
      let latest = Number.NEGATIVE_INFINITY;
      let sampledAt = Number.NEGATIVE_INFINITY;
      follow({ ...walk, inputs }, ({ input: { t }, output, before, accepted }) => {
        const now = Math.max(latest, Number.isNaN(t) ? latest : t);
        if (before !== undefined && now === sampledAt) {
          claimAtMost('CCL', output.ccl, before.ccl);
          claimAtMost('DCL', output.dcl, before.dcl);
        } else if (before !== undefined) {
          const rise = (Math.min(now - sampledAt, 10) / 60) * most;
          // Rounding to whole amperes can make a small rise one.
          claimAtMost('CCL', output.ccl, before.ccl + rise + 1.01);
        }
        latest = now;
        if (accepted !== undefined) sampledAt = now;
      });
    },
  );
});

describe('a battery that cannot be reached', () => {
  const silence = fc.record({
    settings: known,
    at: share,
    /** Seconds from poll to poll, and whether the poll brings nonsense or nothing. */
    polls: fc.array(fc.tuple(fc.constantFrom(1, 3, 9, 10, 30, 200), fc.boolean()), {
      minLength: 1,
      maxLength: 30,
    }),
  });

  invariant(
    'I22 is never told as running, and its limits go down the ladder and stay down',
    silence,
    ({ settings, at, polls }) => {
      const plan = planCells(settings);
      const cell = cellAt(settings, at);
      const calm = cell < plan.chargeKnee - 0.025 && cell > plan.dischargeKnee + 0.05;
      const grace = 60 * Math.min(settings.graceMinutes, 30);
      const nonsense = packAt(settings, at, { cellVoltages: withCell(cell, Number.NaN) });
      const { law, state: begun, output: first } = settled(settings, packAt(settings, at));
      const capacity = settings.capacity ?? 280;
      let state = begun;
      let before = first;
      let t = 0;
      for (const [dt, answers] of polls) {
        t += dt;
        const input: ControlInput = answers ? { t, reading: nonsense } : { t };
        const step = law.step(settings, state, input);
        state = step.state;
        const { output } = step;
        if (output === undefined) throw new Error('the output went missing');
        for (const limit of ['ccl', 'dcl', 'cvl'] as const) claimAtMost(limit, output[limit], before[limit]);
        before = output;
        claim((output.freshness === 'fresh') === t <= FROZEN_S, () => `${output.freshness} after ${t} s`);
        if (t <= FROZEN_S) continue;
        claimAtMost('CCL', output.ccl, 0.1 * capacity);
        claimAtMost('DCL', output.dcl, 0.2 * capacity);
        const isOver = t >= LIMP_S && (!calm || t >= grace);
        if (isOver || settings.blockOnDisconnect)
          claim(output.ccl === 0 && output.dcl === 0, () => `${output.ccl} A, ${output.dcl} A after ${t} s`);
        if (t < LIMP_S) continue;
        claimAtMost('CVL', output.cvl, 16 * plan.float, 0.01);
        const cable = isOver || settings.blockOnDisconnect ? 2 : 1;
        claim(output.alarms.bmsCable === cable, () => `bmsCable ${output.alarms.bmsCable} after ${t} s`);
      }
    },
  );

  invariant(
    'I22 is told as running again only after three good samples in a row',
    fc.tuple(
      known,
      share,
      fc.constantFrom(11, 70, 4000),
      fc.array(fc.boolean(), { minLength: 4, maxLength: 12 }),
    ),
    ([settings, at, lost, answers]) => {
      const reading = packAt(settings, at);
      const { law, state: begun, output: first } = settled(settings, reading);
      let { state, output: before = first } = law.step(settings, begun, { t: lost });
      let row = 0;
      for (const [index, answer] of answers.entries()) {
        row = answer ? row + 1 : 0;
        const step = law.step(settings, state, { t: lost + index + 1, ...(answer && { reading }) });
        state = step.state;
        const { output } = step;
        if (output === undefined) throw new Error('the output went missing');
        claim((output.freshness === 'fresh') === row >= 3, () => `${output.freshness} after ${row} samples`);
        claimAtMost('CCL', output.ccl, before.ccl);
        before = output;
        if (row >= 3) return;
      }
    },
  );
});

describe('a value that is missing', () => {
  /** Not SoC: without it only its own rules end (I12). Not the current: it is told apart below. */
  const FIELDS = [
    'voltage',
    'cellVoltages',
    'temperatures',
    'mosfetTemperature',
    'capacityFull',
    'chargeEnabled',
    'dischargeEnabled',
    'maxChargeCurrent',
    'maxDischargeCurrent',
    'maxChargeVoltage',
    'alarms',
    'cellCount',
  ] as const satisfies readonly (keyof PackReading)[];

  /** Harmless, so that now and then one thing alone limits. */
  const mostly = <T>(harmless: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
    fc.oneof({ weight: 4, arbitrary: fc.constant(harmless) }, { weight: 1, arbitrary: other });
  const whole = fc.record({
    temperatures: fc.array(mostly(25, evenly(-25, 65)), {
      minLength: 2,
      maxLength: 3,
    }),
    mosfetTemperature: mostly(40, evenly(20, 95)),
    maxChargeCurrent: mostly(150, evenly(0, 150)),
    maxDischargeCurrent: mostly(150, evenly(0, 150)),
    maxChargeVoltage: mostly(70, evenly(30, 70)),
    chargeEnabled: mostly(true, fc.constant(false)),
    dischargeEnabled: mostly(true, fc.constant(false)),
    alarms: mostly<Alarms>({}, fc.constantFrom<Alarms>({ highTemperature: 2 }, { highVoltage: 2 })),
  });

  invariant(
    'I9 a value that vanishes or is no number never raises a limit, however long',
    fc.tuple(known, share, whole, fc.uniqueArray(fc.constantFrom(...FIELDS), { minLength: 1 }), fc.boolean()),
    ([settings, at, differing, gone, inPart]) => {
      const reading = packAt(settings, at, differing);
      const damaged: Record<string, unknown> = { ...reading };
      for (const field of gone) {
        if (inPart && typeof damaged[field] === 'number') damaged[field] = Number.NaN;
        else if (inPart && field === 'temperatures') damaged[field] = differing.temperatures.slice(1);
        else delete damaged[field];
      }
      const { law, state, output: before } = settled(settings, reading);
      let [full, less] = [state, state];
      for (let t = 1; t <= 200; t += FROZEN_S - 1) {
        const complete = law.step(settings, full, { t, reading });
        const reduced = law.step(settings, less, { t, reading: damaged });
        full = complete.state;
        less = reduced.state;
        for (const limit of ['ccl', 'dcl', 'cvl'] as const) {
          const most = Math.max(before[limit], complete.output?.[limit] ?? 0);
          claimAtMost(limit, reduced.output?.[limit] ?? Number.NaN, most);
        }
      }
    },
  );

  invariant(
    'I9 an exception inside ends every current, never raises CVL and is an alarm',
    fc.tuple(known, share, fc.boolean()),
    ([settings, at, isNumber]) => {
      const broken = lawOf({
        decide() {
          if (isNumber) throw new RangeError('for the test');
          throw 'for the test';
        },
      });
      const reading = packAt(settings, at);
      const { state, output: before } = settled(settings, reading);
      const { output, rejected = '' } = broken.step(settings, state, { t: 1, reading });
      claim(output?.ccl === 0 && output.dcl === 0, () => 'currents go on');
      claimAtMost('CVL', output?.cvl ?? Number.NaN, Math.min(before.cvl, 16 * planCells(settings).float));
      claim(output?.alarms.internalFailure === 2, () => 'no alarm');
      claim(rejected.includes('internal error'), () => rejected);
    },
  );

  const adaptive = walksOf(
    anySettings.map((settings) => ({ ...settings, profile: 'adaptive', socSource: 'bms', dailySocMax: 100 })),
  );
  invariant('I12 an unknown SoC disables the rules on SoC and nothing else', adaptive, (walk) => {
    const of = (soc: number | undefined): ControlInput[] =>
      walk.inputs.map(({ reading, ...input }) => {
        if (reading === undefined) return input;
        const { soc: _, ...others } = reading;
        return { ...input, reading: { ...others, ...(soc !== undefined && { soc }) } };
      });
    const limits = ({ cvl, ccl, dcl, state }: ControlOutput): string => text([cvl, ccl, dcl, state]);
    const seen: string[] = [];
    let belongs = true;
    // At 20 % no rule on SoC is in force, unless the cells are too high for it.
    follow({ ...walk, inputs: of(20) }, ({ output, state }) => {
      seen.push(limits(output));
      belongs &&= state.check.reason === undefined;
    });
    if (!belongs) return;
    let index = 0;
    follow({ ...walk, inputs: of(undefined) }, ({ output }) => {
      const expected = seen[index++];
      claim(limits(output) === expected, () => `${limits(output)} instead of ${expected}`);
    });
  });
});
