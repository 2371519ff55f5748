import type { CellPlan } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';
import { type ControlSettings, FRESHNESS, type Freshness } from '../law.ts';
import { ampsAt } from '../limits/ccl.ts';
import type { Limit } from '../limits/limit.ts';

/** How far the ladder has been walked down; it is left only by good samples in a row. */
export interface StaleState {
  /** Monotonic seconds of the last good sample. */
  readonly lastGood: number | undefined;
  /** Good samples in a row. */
  readonly run: number;
  readonly rung: Rung;
}

/** 0 normal, 1 limits reduced, 2 limp mode, 3 no current. */
export type Rung = 0 | 1 | 2 | 3;

/** What the last good sample said of the cells, V. */
export interface LastCells {
  readonly vmax: number;
  readonly vmin: number;
}

export interface Ladder {
  readonly state: StaleState;
  readonly freshness: Freshness;
  /** Largest fractions of the capacity per hour that may flow; Infinity without a bound. */
  readonly chargeRate: number;
  readonly dischargeRate: number;
  /** CVL must not exceed float. */
  readonly floatOnly: boolean;
  readonly bmsCable: 0 | 1 | 2;
  /** Seconds since the last good sample. */
  readonly age: number;
}

const FROZEN_S = 10;
const LIMP_S = 60;
const MOST_GRACE_MINUTES = 30;
const GOOD_IN_A_ROW = 3;
const LATE_CHARGE_RATE = 0.1;
const LATE_DISCHARGE_RATE = 0.2;
/** Limp mode needs cells well inside both knees, because nobody watches them any more. */
const BELOW_CHARGE_KNEE = 0.025;
const ABOVE_DISCHARGE_KNEE = 0.05;

export function initialStale(): StaleState {
  return { lastGood: undefined, run: 0, rung: 0 };
}

/** One step of the ladder. `good` says whether this poll brought a sample. */
export function climb(
  settings: ControlSettings,
  plan: CellPlan,
  state: StaleState,
  t: number,
  good: boolean,
  cells: LastCells | undefined,
): Ladder {
  if (good) {
    const run = Math.min(state.run + 1, GOOD_IN_A_ROW);
    const rung = state.rung === 0 || run >= GOOD_IN_A_ROW ? 0 : state.rung;
    return describe(settings, { lastGood: t, run, rung }, 0);
  }
  const age = state.lastGood === undefined ? 0 : t - state.lastGood;
  const reached = rungAt(settings, plan, age, cells);
  const rung: Rung = worse(reached, state.rung);
  return describe(settings, { lastGood: state.lastGood, run: 0, rung }, age);
}

/** The limit of the stale ladder: never above what was in force. */
export function staleLimit(rate: number, seen: Measured, max: number, before: number): Limit {
  return { amps: Math.min(before, ampsAt(rate, seen.known.capacity, max)), cause: 'stale' };
}

function rungAt(settings: ControlSettings, plan: CellPlan, age: number, cells: LastCells | undefined): Rung {
  if (age <= FROZEN_S) return 0;
  if (age < LIMP_S) return 1;
  const grace = Number.isFinite(settings.graceMinutes) ? settings.graceMinutes : 0;
  const calm =
    cells !== undefined &&
    cells.vmax < plan.chargeKnee - BELOW_CHARGE_KNEE &&
    cells.vmin > plan.dischargeKnee + ABOVE_DISCHARGE_KNEE;
  return calm && age < Math.min(grace, MOST_GRACE_MINUTES) * 60 ? 2 : 3;
}

function describe(settings: ControlSettings, state: StaleState, age: number): Ladder {
  const { rung } = state;
  const blocked = rung === 3 || (rung > 0 && settings.blockOnDisconnect);
  return {
    state,
    freshness: FRESHNESS[rung],
    chargeRate: rung === 0 ? Number.POSITIVE_INFINITY : blocked ? 0 : LATE_CHARGE_RATE,
    dischargeRate: rung === 0 ? Number.POSITIVE_INFINITY : blocked ? 0 : LATE_DISCHARGE_RATE,
    floatOnly: rung >= 2 || blocked,
    bmsCable: rung < 2 ? 0 : blocked ? 2 : 1,
    age,
  };
}

function worse(a: Rung, b: Rung): Rung {
  if (a < b) return b;
  return a;
}
