import { initialSteps, type StepWatch, watchDirections, watchLevels } from './current-steps.ts';

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
  readonly levels: StepWatch;
  readonly directions: StepWatch;
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

/** The sign with which to begin; one that was turned, or proved, is known from an earlier run. */
export function initialSign(
  sign: 1 | -1 = 1,
  known: { readonly turned: boolean; readonly proved: boolean } = { turned: false, proved: false },
): SignFlip {
  return { sign, ...known, score: 0, from: 0, levels: initialSteps(), directions: initialSteps() };
}

/** A current that rises lifts the voltage; a sign under which it falls, again and again, is wrong. */
export function watchSign(state: SignFlip, { t, amps, volts, count, capacity }: SignSample): SignFlip {
  if (capacity === undefined || state.turned) return state;
  const levels = watchLevels(state.levels, amps, volts, count, capacity);
  const directions = watchDirections(state.directions, amps, volts, capacity);
  // One change may be seen both ways: it counts once.
  const step = levels.step ?? directions.step;
  const seen = { ...state, levels: levels.state, directions: directions.state };
  if (step === undefined || Math.abs(step.amps) <= LEAST_RATE * capacity) return seen;
  if (Math.abs(step.volts) <= LEAST_CELL_STEP * count) return seen;
  return judge(seen, step.amps > 0 === step.volts > 0 ? FOR : AGAINST, t);
}

function judge(state: SignFlip, vote: number, t: number): SignFlip {
  const kept = state.score > 0 && t - state.from > MOST_S ? 0 : state.score;
  const score = Math.max(PROOF, kept + vote);
  const from = kept <= 0 && score > 0 ? t : state.from;
  if (score >= TURN && t - from >= LEAST_S) {
    return initialSign(state.sign === 1 ? -1 : 1, { turned: true, proved: true });
  }
  return { ...state, score, from, proved: state.proved || score <= PROOF };
}
