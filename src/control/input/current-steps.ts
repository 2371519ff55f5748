/** A stretch of samples that belong together; averages of the latest ones. */
export interface Stretch {
  /** Samples, counted no further than is asked for. */
  readonly count: number;
  /** A, positive = charging. */
  readonly amps: number;
  /** V of the pack. */
  readonly volts: number;
  /** A of its first sample, V of its last one. */
  readonly first: number;
  readonly last: number;
  /** Samples of its first minute, monotonic seconds of the first and the last of them, mean V of the first and last ones. */
  readonly total: number;
  readonly from: number;
  readonly to: number;
  readonly early: number;
  readonly late: number;
}

/** Watches for a change between two stretches; the one before it, and the samples that lie between. */
export interface StepWatch {
  readonly before: Stretch | undefined;
  readonly gap: number;
  readonly now: Stretch | undefined;
}

/** The change from one stretch to the next, A and V of the pack. */
export interface LevelStep {
  readonly amps: number;
  readonly volts: number;
  /** V/s by which the voltage climbs faster after the step than before it. */
  readonly creep: number;
}

export interface Watched {
  readonly state: StepWatch;
  readonly step?: LevelStep;
}

/** What the samples of one kind of stretch have in common, and how long both must be. */
interface Kind {
  readonly hold: number;
  readonly mostGap: number;
  belongs(stretch: Stretch, amps: number, volts: number): boolean;
}

/**
 * Samples for which both levels must hold. Of a current that is at either end of its ripple by chance two such stretches come
 * once in nine hours of polls each second.
 */
const LEVEL_HOLD = 8;
/** A step that falls between the readings of current and cells takes a sample or two. */
const LEVEL_GAP = 2;
/** C-rate, or share of the current, and V per cell by which a level may waver: narrow beside the least step that counts. */
const LEVEL_RATE = 0.005;
const LEVEL_SHARE = 0.05;
const LEVEL_CELL = 0.0015;
/** Times the wavering of its levels that a step is at least: a curve that bends slowly is no step. */
const LEAST_STEP = 3;
const DIRECTION_HOLD = 8;
const DIRECTION_GAP = 30;
const REST_RATE = 0.005;
/** Samples at either end of a stretch between which its voltage is seen to creep, and seconds after which it hardly does. */
const END = 4;
const CREEP_S = 60;

export function initialSteps(): StepWatch {
  return { before: undefined, gap: 0, now: undefined };
}

/** Steps from one steady level of current and voltage to another. */
export function watchLevels(
  state: StepWatch,
  amps: number,
  volts: number,
  count: number,
  capacity: number,
  t: number,
): Watched {
  const tolerance = (first: number): number => Math.max(LEVEL_RATE * capacity, LEVEL_SHARE * Math.abs(first));
  const { state: next, step } = watch(state, amps, volts, t, {
    hold: LEVEL_HOLD,
    mostGap: LEVEL_GAP,
    // Held against the first sample: a slow beat of ripple and polls must not pass for a level. A voltage creeps after a
    // step for minutes, and is held against the sample before.
    belongs: ({ first, last }) =>
      Math.abs(amps - first) <= tolerance(first) && Math.abs(volts - last) <= LEVEL_CELL * count,
  });
  const wavering = Math.max(tolerance(state.before?.first ?? 0), tolerance(next.now?.first ?? 0));
  return step !== undefined && Math.abs(step.amps) >= LEAST_STEP * wavering
    ? { state: next, step }
    : { state: next };
}

/**
 * Changes between charging and discharging. However much a current ripples, its direction is that of its mean, and a cell is
 * never lower while it is charged than while it was discharged shortly before.
 */
export function watchDirections(
  state: StepWatch,
  amps: number,
  volts: number,
  capacity: number,
  t: number,
): Watched {
  const rest = REST_RATE * capacity;
  // A ripple that is sampled where it is 0 says nothing of the direction, and the cells of that moment belong to another one.
  if (Math.abs(amps) <= rest) {
    if (state.now === undefined) return { state };
    return { state: state.gap < DIRECTION_GAP ? { ...state, gap: state.gap + 1 } : initialSteps() };
  }
  const { state: next, step } = watch(state, amps, volts, t, {
    hold: DIRECTION_HOLD,
    mostGap: DIRECTION_GAP,
    belongs: (stretch) => amps > 0 === stretch.amps > 0,
  });
  // After a moment in the other direction the same one goes on: no change.
  const changed = (state.before?.amps ?? 0) > 0 !== (next.now?.amps ?? 0) > 0;
  return step !== undefined && changed ? { state: next, step } : { state: next };
}

/** One sample further; a step is told once, when its second stretch is long enough. */
function watch({ before, now, gap }: StepWatch, amps: number, volts: number, t: number, kind: Kind): Watched {
  if (now !== undefined && kind.belongs(now, amps, volts)) {
    const grown = grow(now, amps, volts, t, kind.hold);
    if (before === undefined || grown.count < kind.hold) return { state: { before, gap, now: grown } };
    const step: LevelStep = {
      amps: grown.amps - before.amps,
      volts: grown.volts - before.volts,
      creep: climbOf(grown) - climbOf(before),
    };
    return { state: { before: undefined, gap: 0, now: grown }, step };
  }
  const fresh: Stretch = {
    count: 1,
    amps,
    volts,
    first: amps,
    last: volts,
    total: 1,
    from: t,
    to: t,
    early: volts,
    late: volts,
  };
  if (now !== undefined && now.count >= kind.hold) return { state: { before: now, gap: 0, now: fresh } };
  const passed = gap + (now?.count ?? 0);
  return passed <= kind.mostGap
    ? { state: { before, gap: passed, now: fresh } }
    : { state: { before: undefined, gap: 0, now: fresh } };
}

/** A voltage creeps while a current flows: the averages go along with the latest samples. */
function grow(before: Stretch, amps: number, volts: number, t: number, hold: number): Stretch {
  const count = Math.min(before.count + 1, hold);
  const total = before.total + 1;
  const { early, late, from } = before;
  const creeps = t - from <= CREEP_S || before.total < 2 * END;
  return {
    count,
    amps: before.amps + (amps - before.amps) / count,
    volts: before.volts + (volts - before.volts) / count,
    first: before.first,
    last: volts,
    from,
    ...(creeps
      ? {
          total,
          to: t,
          early: total <= END ? early + (volts - early) / total : early,
          late: late + (volts - late) / Math.min(total, END),
        }
      : { total: before.total, to: before.to, early, late }),
  };
}

/** V/s at which the voltage climbs within a stretch. */
function climbOf({ total, from, to, early, late }: Stretch): number {
  const seconds = total > END ? ((to - from) * (total - END)) / (total - 1) : 0;
  return seconds > 0 ? (late - early) / seconds : 0;
}
