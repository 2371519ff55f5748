import type { PackReading } from '../../model/reading.ts';
import type { Phase, Phases } from '../charge/charge-phases.ts';
import { planCells } from '../input/cells.ts';
import { resumed, type Sensor } from '../input/sensors.ts';
import { initialSign, type SignFlip } from '../input/sign-flip.ts';
import type { ControlSettings } from '../law.ts';
import { resumeCvl } from '../limits/cvl.ts';
import { initialState, type LawState } from './law-state.ts';

/** What survives a restart; plain data, all times as ages in s. */
export interface Snapshot {
  readonly version: 1;
  readonly count: number;
  readonly phase: Phase;
  readonly cvl: number | undefined;
  readonly absorbing: number;
  readonly socAtFloat: number | undefined;
  readonly drawn: number;
  readonly cappedInRow: number;
  readonly balanceWanted: boolean;
  readonly sinceFull: number;
  readonly sinceBalance: number;
  readonly ceiling: number | undefined;
  readonly empty: boolean;
  readonly emptyShare: number;
  readonly counted: number | undefined;
  readonly countedFull: boolean;
  readonly sign: 1 | -1;
  /** The sign in force was shown to be right. */
  readonly signProved: boolean;
  /** The owner's `connection.invertCurrent` under which `sign` was found. */
  readonly invertCurrent: boolean | undefined;
  /** Believed value, coldest and warmest of each temperature sensor, degC. */
  readonly sensors: readonly (readonly [value: number, low: number, high: number])[];
}

/** Phase, voltages and latches of a longer stop no longer describe the battery. */
const MOST_AGE_S = 600;
/** A counted SoC of a longer stop gives way to what the BMS says. */
const MOST_SOC_AGE_S = 24 * 3600;
const MOST_DAYS_S = 400 * 86_400;
const MOST_SENSORS = 64;
const TEMPERATURE = 120;
const PHASES: readonly Phase[] = ['bulk', 'absorb', 'floatDown', 'float', 'topBalance'];

/** What to persist; undefined before the first good sample. */
export function snapshot(state: LawState): Snapshot | undefined {
  const { live, charging, counter, hard, t } = state;
  if (live === undefined || t === undefined) return undefined;
  const { phases, cvl, ceiling } = charging;
  return {
    version: 1,
    count: live.seen.count,
    phase: phases.phase,
    cvl,
    absorbing: phases.absorbing,
    socAtFloat: phases.socAtFloat,
    drawn: phases.drawn,
    cappedInRow: phases.cappedInRow,
    balanceWanted: phases.balanceWanted,
    sinceFull: t - (phases.fullAt ?? t) + (phases.fullAt === undefined ? phases.fullAge : 0),
    sinceBalance: t - (phases.balancedAt ?? t) + (phases.balancedAt === undefined ? phases.balancedAge : 0),
    ceiling: ceiling.volts,
    empty: hard.low.latched,
    emptyShare: hard.low.share,
    counted: counter.soc,
    countedFull: counter.full,
    sign: state.sign.sign,
    signProved: state.sign.proved,
    invertCurrent: state.invertCurrent,
    sensors: state.sensors.list.map(({ value, low, high }) => [value, low, high]),
  };
}

/**
 * The state to begin with after a restart. `ageSeconds` is how long ago the snapshot was taken; one from the future, of
 * another shape is ignored, of another pack all but the sign of the current, and an old one gives only what keeps its meaning. Currents begin with
 * their ramps in any case.
 */
export function restore(
  settings: ControlSettings,
  persisted: unknown,
  ageSeconds: number,
  reading?: PackReading,
): LawState {
  const state = initialState();
  if (typeof persisted !== 'object' || persisted === null || !(ageSeconds >= 0)) return state;
  const from = persisted as Partial<Record<keyof Snapshot, unknown>>; // each field is checked where it is used
  const count = reading?.cellVoltages?.length ?? reading?.cellCount;
  if (from.version !== 1) return state;
  // What was found of the sign holds for the setting under which it was found: with another one the owner has decided.
  const sign =
    from.invertCurrent === settings.invertCurrent ? signOf(from.sign, from.signProved) : state.sign;
  // The wiring of a shunt does not depend on one reading's number of cells; all the rest does.
  if (count !== undefined && count !== from.count) return { ...state, sign };

  const aged: Phases = {
    ...state.charging.phases,
    fullAge: ageOf(from.sinceFull, ageSeconds),
    balancedAge: ageOf(from.sinceBalance, ageSeconds),
    cappedInRow: within(from.cappedInRow, 0, 1000) ?? 0,
    balanceWanted: from.balanceWanted === true,
  };
  const told = reading?.soc !== undefined && reading.soc >= 0 && reading.soc <= 100;
  const counted = ageSeconds <= MOST_SOC_AGE_S || !told ? within(from.counted, 0, 100) : undefined;
  const older: LawState = {
    ...state,
    charging: { ...state.charging, phases: aged },
    counter: { ...state.counter, soc: counted, full: counted !== undefined && from.countedFull === true },
    sign,
  };
  const phase = PHASES.find((name) => name === from.phase);
  if (ageSeconds > MOST_AGE_S || phase === undefined) return older;
  return {
    ...older,
    sensors: { list: sensorsOf(from.sensors), t: undefined },
    charging: {
      ...older.charging,
      cvl: cvlOf(settings, from.cvl, reading),
      ceiling: { volts: within(from.ceiling, 1, 500) },
      phases: {
        ...aged,
        phase,
        absorbing: within(from.absorbing, 0, 86_400) ?? 0,
        socAtFloat: within(from.socAtFloat, 0, 100),
        drawn: within(from.drawn, 0, 1e5) ?? 0,
      },
    },
    hard: {
      ...older.hard,
      low: {
        ...older.hard.low,
        latched: from.empty === true,
        share: within(from.emptyShare, 0.05, 0.2) ?? 0.05,
      },
    },
  };
}

function signOf(sign: unknown, proved: unknown): SignFlip {
  return sign === -1
    ? initialSign(-1, { turned: true, proved: true })
    : initialSign(1, { turned: false, proved: proved === true });
}

/** The voltage to go on with: never below the pack, never above its absorption. */
function cvlOf(
  settings: ControlSettings,
  persisted: unknown,
  reading: PackReading | undefined,
): number | undefined {
  const cells = reading?.cellVoltages;
  const cvl = within(persisted, 1, 500);
  if (cvl === undefined || cells === undefined || !cells.every(Number.isFinite)) return undefined;
  const vsum = cells.reduce((sum, cell) => sum + cell, 0);
  return resumeCvl(planCells(settings), cells.length, cvl, vsum);
}

/** Nothing where one of them is damaged: their order is all that tells which is which. */
function sensorsOf(persisted: unknown): readonly Sensor[] {
  if (!Array.isArray(persisted) || persisted.length > MOST_SENSORS) return [];
  const sensors = persisted.map((entry: unknown) => {
    const [value, low, high] = Array.isArray(entry)
      ? entry.map((degrees) => within(degrees, -TEMPERATURE, TEMPERATURE))
      : [];
    return value === undefined || low === undefined || high === undefined || low > value || high < value
      ? undefined
      : resumed(value, low, high);
  });
  return sensors.every((sensor) => sensor !== undefined) ? sensors : [];
}

function ageOf(persisted: unknown, ageSeconds: number): number {
  const since = within(persisted, 0, MOST_DAYS_S);
  return since === undefined ? 0 : Math.min(since + ageSeconds, MOST_DAYS_S);
}

function within(value: unknown, low: number, high: number): number | undefined {
  return typeof value === 'number' && value >= low && value <= high ? value : undefined;
}
