import type { CellPlan } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';

/** Whether the lowest cell has ended the discharge, and what is still missing before it may go on. */
export interface LowBattery {
  /** Good samples in a row at or below the hard minimum. */
  readonly run: number;
  readonly latched: boolean;
  /** Monotonic seconds since which the lowest cell is high enough. */
  readonly okFrom: number | undefined;
  /** Ah charged since the discharge was ended. */
  readonly charged: number;
  /** Share of the capacity that must be charged first. */
  readonly share: number;
  /** Monotonic seconds of the last time. */
  readonly at: number | undefined;
}

const SAMPLES = 2;
const REST_S = 60;
const FIRST_SHARE = 0.05;
const MOST_SHARE = 0.2;
const REPEATED_WITHIN_S = 24 * 3600;

export function initialLowBattery(): LowBattery {
  return { run: 0, latched: false, okFrom: undefined, charged: 0, share: FIRST_SHARE, at: undefined };
}

/**
 * Ends the discharge at the hard minimum. A pack that only recovered without load would be empty again at once, so that
 * going on needs rest and either a real charge, more of it each time, or a cell above the knee.
 */
export function guardLowBattery(
  plan: CellPlan,
  state: LowBattery,
  seen: Measured,
  t: number,
  dt: number,
): LowBattery {
  const run = seen.vmin <= plan.hardMin ? state.run + 1 : 0;
  if (!state.latched) {
    if (run < SAMPLES) return run === state.run ? state : { ...state, run };
    const again = state.at !== undefined && t - state.at < REPEATED_WITHIN_S;
    const share = again ? Math.min(2 * state.share, MOST_SHARE) : FIRST_SHARE;
    return { run: SAMPLES, latched: true, okFrom: undefined, charged: 0, share, at: t };
  }
  const okFrom = seen.vmin >= plan.lowResume ? (state.okFrom ?? t) : undefined;
  const charged = Math.max(0, state.charged + (seen.current * dt) / 3600);
  const rested = okFrom !== undefined && t - okFrom >= REST_S;
  const { capacity } = seen.known;
  const enough = capacity !== undefined && charged >= state.share * capacity;
  const latched = !(rested && (enough || seen.vminSlow >= plan.dischargeKnee));
  return { ...state, run: Math.min(run, SAMPLES), latched, okFrom, charged };
}
