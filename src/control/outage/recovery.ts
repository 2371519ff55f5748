/** A current limit on its way: down at once, up after a hold and by a ramp. */
export interface RecoveryState {
  /** A in force, before rounding. */
  readonly amps: number;
  /** Monotonic seconds since which the limit may wait to rise. */
  readonly heldFrom: number;
  /** A zero condition held at the last sample. */
  readonly zero: boolean;
  /** Least raw limit of each of the last slots, the present one last. */
  readonly least: readonly number[];
  /** Monotonic seconds at which the present slot began. */
  readonly slotFrom: number;
}

const HOLD_S = 30;
/** At a start nothing was limited before: a few samples show that what is told is not a moment's. */
const START_HOLD_S = 5;
/** Decreases below this share of the maximum are noise and do not restart the hold. */
const NOISE = 0.01;
/** Seconds from zero to the maximum. */
const RAMP_S = 60;
const SLOT_S = 5;
const SLOTS = HOLD_S / SLOT_S;
/** A gap below this share of the maximum is left open: chasing it would make the limit breathe with the charger. */
const GAP = 0.015;
const GAP_S = 20;

/** Nothing flows yet; the first sample starts the hold. */
export function atRest(): RecoveryState {
  return { amps: 0, heldFrom: 0, zero: true, least: [], slotFrom: Number.NEGATIVE_INFINITY };
}

/**
 * Takes over what is going on: the limit begins with what flows already, as far as it is allowed, instead of interrupting it.
 * With `isCalm` it rises after a few samples, else after the whole hold. A.
 */
export function takeOver(raw: number, flowing: number, isCalm: boolean, t: number): RecoveryState {
  const heldFrom = isCalm ? t - (HOLD_S - START_HOLD_S) : t;
  return {
    amps: Math.max(0, Math.min(raw, flowing)),
    heldFrom,
    zero: raw === 0,
    least: [raw],
    slotFrom: t,
  };
}

/** A limit in force from the first sample on. */
export function inForce(amps: number, t: number): RecoveryState {
  return { amps, heldFrom: t, zero: amps === 0, least: [amps], slotFrom: t };
}

export interface RecoveryInput {
  readonly t: number;
  /** Seconds since the previous step, already capped. */
  readonly dt: number;
  /** A that the limiters allow now. */
  readonly raw: number;
  /** A without any limiter. */
  readonly max: number;
  /** The limiter in force answers to the charger itself: approach it slowly and leave a gap. */
  readonly closedLoop: boolean;
  /** A that a gap is never left below, so that a small limit is reached at all. */
  readonly floor: number;
}

export function recover(
  state: RecoveryState,
  { t, dt, raw, max, closedLoop, floor }: RecoveryInput,
): RecoveryState {
  const { least, slotFrom } = remember(state, t, raw);
  if (raw <= state.amps) {
    const restart = state.amps - raw > NOISE * max;
    return { amps: raw, heldFrom: restart ? t : state.heldFrom, zero: raw === 0, least, slotFrom };
  }
  const heldFrom = state.zero ? t : state.heldFrom;
  const rising = Math.min(dt, t - heldFrom - HOLD_S);
  let { amps } = state;
  if (rising > 0) {
    const target = Math.min(raw, ...least);
    const gap = target - amps;
    const ramp = (max / RAMP_S) * rising;
    // A limiter that has just let go, but held within the hold, may come back with the next sample.
    const free = target >= max || (raw < max && !closedLoop);
    if (free) amps += Math.min(ramp, Math.max(0, gap));
    else if (gap > 0 && amps < floor) amps += Math.min(ramp, gap, floor - amps);
    else if (gap > GAP * max) amps += Math.min(ramp, (gap / GAP_S) * rising);
  }
  return { amps, heldFrom, zero: false, least, slotFrom };
}

/**
 * A to which a limit is on its way under `raw`. Where it answers to the charger a rise of a moment is none, nor is the gap that
 * is left open.
 */
export function goalOf(
  { amps, least }: RecoveryState,
  { raw, max, closedLoop }: Pick<RecoveryInput, 'raw' | 'max' | 'closedLoop'>,
): number {
  if (!closedLoop || amps === 0) return raw;
  const target = Math.min(raw, ...least);
  return target - amps > GAP * max ? raw : amps;
}

/** Lowers the limit at once, for a step that brought no sample to judge by. */
export function lower(state: RecoveryState, t: number, amps: number, max: number): RecoveryState {
  if (amps >= state.amps && amps > 0) return state;
  const restart = state.amps - amps > NOISE * max;
  return {
    ...state,
    amps: Math.min(amps, state.amps),
    heldFrom: restart ? t : state.heldFrom,
    zero: amps === 0,
  };
}

function remember(state: RecoveryState, t: number, raw: number): Pick<RecoveryState, 'least' | 'slotFrom'> {
  if (t - state.slotFrom < SLOT_S) {
    const present = state.least.at(-1) ?? raw;
    if (raw >= present) return state;
    return { least: [...state.least.slice(0, -1), raw], slotFrom: state.slotFrom };
  }
  const kept = state.least.length >= SLOTS ? state.least.slice(1) : state.least;
  return { least: [...kept, raw], slotFrom: t };
}
