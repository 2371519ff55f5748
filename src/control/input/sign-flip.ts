import {
  initialSteps,
  type LevelStep,
  type StepWatch,
  watchDirections,
  watchLevels,
} from './current-steps.ts';

/**
 * Whether the BMS tells the current with the wrong sign. That is a constant of the installation: it is turned at most once,
 * by long and one-sided evidence that ripple and readings of different moments cannot give.
 */
export interface SignFlip {
  readonly sign: 1 | -1;
  /** It was turned once, and is never turned again. */
  readonly turned: boolean;
  /** The evidence has shown that the sign in force is right. */
  readonly proved: boolean;
  /** Steps against the sign in force, less those for it, which count double. */
  readonly score: number;
  /** Monotonic seconds of the first step against it. */
  readonly from: number;
  /** What the steps against it have that no ripple has. */
  readonly evidence: Evidence;
  readonly levels: StepWatch;
  readonly directions: StepWatch;
}

/**
 * A ripple that stands still between the polls looks like a load that goes on and off, and cells that are read half a cycle
 * later tell the opposite. Two things tell it from a real load; one of them must be seen before the sign is turned.
 */
export interface Evidence {
  /** Changes between charging and discharging: no ripple makes one. */
  readonly directions: number;
  /** Steps after which the voltage crept on, less those after which it crept back: a ripple polarises no cell. */
  readonly creeps: number;
}

/** One good sample: A with the sign in force, V of the pack, cells, Ah, monotonic seconds. */
export interface SignSample {
  readonly t: number;
  readonly amps: number;
  readonly volts: number;
  readonly count: number;
  readonly capacity: number | undefined;
}

const AGAINST = 1;
const FOR = -2;
const TURN = 5;
const PROOF = -4;
/** Seconds that the evidence for a turn spans at least and at most. */
const LEAST_S = 120;
const MOST_S = 1800;
const LEAST_RATE = 0.03;
/** V per cell. */
const LEAST_CELL_STEP = 0.0015;
/** Steps with a creep that are enough, and their share: after a real step a ripple may seem to creep for a while. */
const CREEPS = 4;
const CREEP_SHARE = 0.6;
/** The creep, as share of the step a second: a quarter of what cells show. */
const LEAST_CREEP = 0.003;

const NO_EVIDENCE: Evidence = { directions: 0, creeps: 0 };

/** The sign with which to begin; one that was turned, or proved, is known from an earlier run. */
export function initialSign(
  sign: 1 | -1 = 1,
  known: { readonly turned: boolean; readonly proved: boolean } = { turned: false, proved: false },
): SignFlip {
  const watches = { levels: initialSteps(), directions: initialSteps() };
  return { sign, ...known, score: 0, from: 0, evidence: NO_EVIDENCE, ...watches };
}

/** A current that rises lifts the voltage; a sign under which it falls, again and again, is wrong. */
export function watchSign(state: SignFlip, { t, amps, volts, count, capacity }: SignSample): SignFlip {
  if (capacity === undefined || state.turned) return state;
  const levels = watchLevels(state.levels, amps, volts, count, capacity, t);
  const directions = watchDirections(state.directions, amps, volts, capacity, t);
  // One change may be seen both ways: it counts once, as a change of direction, in which no ripple has a part.
  const step = directions.step ?? levels.step;
  const seen = { ...state, levels: levels.state, directions: directions.state };
  if (step === undefined || Math.abs(step.amps) <= LEAST_RATE * capacity) return seen;
  if (Math.abs(step.volts) <= LEAST_CELL_STEP * count) return seen;
  const isFor = step.amps > 0 === step.volts > 0;
  return isFor ? favour(seen) : object(seen, step, directions.step !== undefined, t);
}

/** One step for the sign in force outweighs all against it. */
function favour(state: SignFlip): SignFlip {
  const score = Math.max(PROOF, Math.min(0, state.score) + FOR);
  return { ...state, score, evidence: NO_EVIDENCE, proved: state.proved || score <= PROOF };
}

function object(state: SignFlip, step: LevelStep, isDirection: boolean, t: number): SignFlip {
  const isOld = state.score > 0 && t - state.from > MOST_S;
  const kept = isOld ? 0 : state.score;
  const score = kept + AGAINST;
  const from = kept <= 0 && score > 0 ? t : state.from;
  const evidence = gather(kept <= 0 ? NO_EVIDENCE : state.evidence, step, isDirection);
  return score >= TURN && t - from >= LEAST_S && isEnough(score, evidence)
    ? initialSign(state.sign === 1 ? -1 : 1, { turned: true, proved: true })
    : { ...state, score, from, evidence };
}

function gather(before: Evidence, { volts, creep }: LevelStep, isDirection: boolean): Evidence {
  const along = creep / volts;
  return {
    directions: before.directions + (isDirection ? 1 : 0),
    creeps: before.creeps + (along >= LEAST_CREEP ? 1 : along <= -LEAST_CREEP ? -1 : 0),
  };
}

function isEnough(score: number, { directions, creeps }: Evidence): boolean {
  return directions > 0 || creeps >= Math.max(CREEPS, CREEP_SHARE * score);
}
