import fc from 'fast-check';
import { initialPhases, type Phase, type Phases } from '../../src/control/charge/charge-phases.ts';
import { lawFor } from '../../src/control/decide.ts';
import { SETTINGS } from '../../src/control/fixtures.ts';
import { type CellPlan, planCells } from '../../src/control/input/cells.ts';
import type { ControlInput, ControlOutput, ControlSettings } from '../../src/control/law.ts';
import { initialState, type LawState } from '../../src/control/memory/law-state.ts';
import { initialCharging } from '../../src/control/profile.ts';
import { CHARGE_BLOCKING, DISCHARGE_BLOCKING } from '../../src/model/alarms.ts';
import { CHEMISTRIES, type Chemistry } from '../../src/model/chemistry.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { openCircuit } from '../../src/simulator/plant/open-circuit.ts';
import { claim, evenly } from './invariant.ts';

/** A course of readings and silences with which a law is tried. */
export interface Walk {
  readonly settings: ControlSettings;
  readonly start: LawState;
  readonly inputs: readonly ControlInput[];
}

export const PHASES: readonly Phase[] = ['bulk', 'absorb', 'floatDown', 'float', 'topBalance'];

/** Settings of every kind, also such as the file would refuse. */
export const anySettings: fc.Arbitrary<ControlSettings> = fc
  .record(
    {
      profile: fc.constantFrom('adaptive' as const, 'adaptive' as const, 'soc-steps' as const),
      chemistry: fc.constantFrom(...CHEMISTRIES),
      cellCount: fc.constantFrom(4, 8, 15, 16),
      capacity: fc.constantFrom(20, 100, 280),
      maxChargeCurrent: fc.oneof(fc.constantFrom('auto' as const, 0.5, 20, 100, 140, Number.NaN)),
      maxDischargeCurrent: fc.constantFrom('auto' as const, 0.5, 20, 100, 140),
      absorbCellVoltage: fc.double({ min: 2, max: 5 }),
      floatCellVoltage: fc.double({ min: 2, max: 5 }),
      minCellVoltage: fc.double({ min: 1, max: 5 }),
      voltageDrop: fc.constantFrom(0, 0.2, 3),
      blockOnDisconnect: fc.boolean(),
      graceMinutes: fc.constantFrom(0, 1, 10, 90),
      bmsLimits: fc.constantFrom('operating' as const, 'trip' as const, 'none' as const),
      dailySocMax: fc.constantFrom(80, 100),
      socSource: fc.constantFrom('bms' as const, 'counter' as const),
      topBalanceDays: fc.constantFrom(0, 30),
    },
    { requiredKeys: ['profile', 'chemistry'] },
  )
  .map((differing) => ({ ...SETTINGS, ...differing }));

/** A state in which the charge has come to `phase`, with CVL at `share` of the way from the floor to the absorption. */
export function stateIn(
  settings: ControlSettings,
  phase: Phase,
  share: number,
  more: Partial<Phases> = {},
): LawState {
  const plan = planCells(settings);
  const count = settings.cellCount ?? 16;
  const cvl = count * (plan.floor + share * (plan.absorb - plan.floor));
  return {
    ...initialState(),
    charging: { ...initialCharging(), phases: { ...initialPhases(), ...more, phase }, cvl },
  };
}

const startOf = (settings: ControlSettings): fc.Arbitrary<LawState> =>
  settings.profile === 'soc-steps'
    ? fc.constant(initialState())
    : fc.oneof(
        fc.constant(initialState()),
        fc
          .record({
            phase: fc.constantFrom(...PHASES),
            share: evenly(0, 1),
            full: fc.constantFrom(0, 59),
            absorbing: fc.constantFrom(0, 7190, 21_590),
            rested: fc.constantFrom(0, 299),
            inPhase: fc.constantFrom(0, 5390, 14_390),
          })
          .map(({ phase, share, ...counters }) => stateIn(settings, phase, share, counters)),
      );

const NONSENSE = [Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 6.5, 1e9];
const number = (min: number, max: number): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 30, arbitrary: evenly(min, max) },
    { weight: 1, arbitrary: fc.constantFrom(...NONSENSE) },
  );

/** Half of the time a pack in the best of health, so that limits rise; else a plausible one, now and then nonsense. */
export function anyReading(plan: CellPlan, count: number, chemistry: Chemistry): fc.Arbitrary<PackReading> {
  const { hardMin, hardMax, dischargeKnee, chargeKnee, chargeMinC, chargeMaxC } = plan;
  const told = {
    current: number(-150, 150),
    soc: number(0, 100),
    capacityFull: fc.constantFrom(100, 280),
    balancing: fc.boolean(),
    maxChargeCurrent: number(0, 200),
    maxDischargeCurrent: number(0, 200),
    maxChargeVoltage: number(40, 70),
  };
  const calm = fc.record(
    {
      cell: evenly(dischargeKnee, chargeKnee),
      runner: evenly(-0.02, 0.02),
      ...told,
      temperatures: fc.array(evenly(chargeMinC + 18, chargeMaxC - 8), {
        minLength: 1,
        maxLength: 3,
      }),
      mosfetTemperature: evenly(20, 75),
    },
    { requiredKeys: ['cell', 'runner'] },
  );
  const wild = fc.record(
    {
      cell: evenly(hardMin - 0.1, hardMax + 0.1),
      runner: fc.oneof(
        { weight: 4, arbitrary: evenly(-0.02, 0.25) },
        { weight: 1, arbitrary: fc.constantFrom(...NONSENSE) },
      ),
      ...told,
      temperatures: fc.array(number(-30, 70), { minLength: 0, maxLength: 3 }),
      mosfetTemperature: number(0, 100),
      chargeEnabled: fc.constantFrom(true, true, true, true, false),
      dischargeEnabled: fc.constantFrom(true, true, true, true, false),
      alarms: fc.dictionary(
        fc.constantFrom(...CHARGE_BLOCKING, ...DISCHARGE_BLOCKING),
        fc.constantFrom(0, 0, 0, 1, 2),
        { maxKeys: 2 },
      ),
      cellCount: fc.oneof(
        { weight: 40, arbitrary: fc.constant(count) },
        { weight: 1, arbitrary: fc.constantFrom(4, 15, 0) },
      ),
    },
    { requiredKeys: ['cell', 'runner'] },
  );
  // Mostly the state of charge belongs to the cells, else they would be held as cells of another kind.
  const belongs = fc.constantFrom(true, true, true, false);
  return fc.tuple(fc.oneof(calm, wild), belongs).map(([{ cell, runner, ...rest }, agrees]): PackReading => {
    const cells = 'cellCount' in rest ? (rest.cellCount ?? count) : count;
    const cellVoltages = Array.from({ length: cells }, (_, index) => (index === 1 ? cell + runner : cell));
    const soc = Math.min(100, Math.max(0, openCircuit(chemistry).socAt(cell)));
    return {
      ...rest,
      ...(agrees && rest.soc !== undefined && { soc }),
      voltage: cellVoltages.reduce((sum, v) => sum + v, 0),
      cellVoltages,
    } as PackReading; // dictionary keys are alarm names
  });
}

const anyRequests = fc.record({
  maxChargeCurrent: number(0, 100),
  maxDischargeCurrent: number(0, 100),
  chargeOff: fc.boolean(),
  dischargeOff: fc.boolean(),
  topBalanceNow: fc.boolean(),
  fullChargeNow: fc.boolean(),
});

/** Stretches of one reading or of silence, at every pace. */
export function anyInputs(settings: ControlSettings): fc.Arbitrary<ControlInput[]> {
  const stretch = fc.record({
    dt: fc.constantFrom(0, 1, 1, 1, 1, 2, 5, 9, 12, 40, 700),
    repeat: fc.constantFrom(1, 1, 3, 20, 60),
    reading: fc.oneof(
      { weight: 8, arbitrary: anyReading(planCells(settings), settings.cellCount ?? 16, settings.chemistry) },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
    requests: fc.oneof(
      { weight: 6, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: anyRequests },
    ),
  });
  return fc.array(stretch, { minLength: 1, maxLength: 8 }).map((stretches) => {
    let t = 0;
    return stretches.flatMap(({ dt, repeat, reading, requests }) =>
      Array.from({ length: repeat }, () => {
        t += dt;
        return {
          t,
          ...(reading !== undefined && { reading }),
          ...(requests !== undefined && { requests }),
        };
      }),
    );
  });
}

/** A walk with settings of one's own choice. */
export function walksOf(settings: fc.Arbitrary<ControlSettings>): fc.Arbitrary<Walk> {
  return settings.chain((chosen) =>
    fc.record({ settings: fc.constant(chosen), start: startOf(chosen), inputs: anyInputs(chosen) }),
  );
}

export const anyWalk: fc.Arbitrary<Walk> = walksOf(anySettings);

/** A that no limit of this walk exceeds: what the owner states, with 'auto' what the BMS ever tells, else a default below. */
export function mostAmps(
  { settings, inputs }: Walk,
  name: 'maxChargeCurrent' | 'maxDischargeCurrent',
): number {
  const wish = settings[name];
  if (typeof wish === 'number' && wish >= 0) return wish;
  let most = 140;
  for (const { reading } of inputs) {
    const told = reading?.[name] ?? 0;
    if (Number.isFinite(told)) most = Math.max(most, told);
  }
  return most;
}

/** One step of a walk, as an owner sees it. */
export interface Moment {
  readonly input: ControlInput;
  readonly output: ControlOutput;
  readonly before: ControlOutput | undefined;
  readonly state: LawState;
  readonly stateBefore: LawState;
  /** Seconds since the last accepted reading. */
  readonly dt: number;
  /** The reading as the reading filter let it through; absent when there was none or it was not believed. */
  readonly accepted: PackReading | undefined;
}

/** Leads a law along a walk and shows every step from the first output on. */
export function follow(
  { settings, start, inputs }: Walk,
  check: (moment: Moment, settings: ControlSettings) => void,
): void {
  const law = lawFor(settings.profile);
  let state = start;
  let before: ControlOutput | undefined;
  let last = 0;
  for (const input of inputs) {
    const { output, sample, rejected = '', state: next } = law.step(settings, state, input);
    claim(!rejected.includes('internal error'), () => rejected);
    claim(before === undefined || output !== undefined, () => 'the output went missing');
    if (output !== undefined) {
      const dt = input.t - last;
      check({ input, output, before, state: next, stateBefore: state, dt, accepted: sample }, settings);
    }
    state = next;
    before = output ?? before;
    if (sample !== undefined) last = input.t;
  }
}
