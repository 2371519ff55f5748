import { clamp } from '../../model/curves.ts';

/**
 * How far current takes a cell from its open-circuit voltage, as the C-rate that would do the same in the end. A cell
 * answers in three parts: at once, within minutes and within half an hour; the slow ones stay when the current is gone.
 */
export interface Strain {
  /** C-rates, >= 0: the present one and what is left of earlier ones. */
  readonly now: number;
  readonly fast: number;
  readonly slow: number;
}

const FAST_S = 90;
const SLOW_S = 1200;
/** Shares of the three parts; together they are a little more than the whole, because cells differ. */
const PART = { now: 0.4, fast: 0.4, slow: 0.35 };
/** C-rate of a time that nobody has watched. */
const UNSEEN = 0.2;
/** C-rate of a BMS that tells no current. */
const UNTOLD = 0.5;
/** Ah that stand for a capacity that is not known: a small pack, on which a current weighs much. */
const SMALL_AH = 50;
/** degC of a pack that tells none: indoors, and not warm. */
const UNKNOWN_C = 15;

export function initialStrain(): Strain {
  return { now: 0, fast: UNSEEN, slow: UNSEEN };
}

/** One sample further; `amps` is the current in the direction that strains, undefined where the BMS tells none. */
export function strain(
  before: Strain,
  amps: number | undefined,
  capacity: number | undefined,
  dt: number,
): Strain {
  const now = amps === undefined ? UNTOLD : Math.max(0, amps) / (capacity ?? SMALL_AH);
  return { now, fast: towards(before.fast, now, dt / FAST_S), slow: towards(before.slow, now, dt / SLOW_S) };
}

/** V; `perRate` is what 1 C does at 25 degC, `coldest` the coldest sensor. */
export function strainVolts(
  { now, fast, slow }: Strain,
  perRate: number,
  coldest: number | undefined,
): number {
  const rate = PART.now * now + PART.fast * fast + PART.slow * slow;
  return perRate * rate * coldFactor(coldest ?? UNKNOWN_C);
}

/** The resistance of a cell doubles on the way from 25 to 0 degC, and again from there to -25 degC. */
function coldFactor(celsius: number): number {
  return 2 ** (clamp(25 - celsius, 0, 50) / 25);
}

function towards(value: number, goal: number, constants: number): number {
  return goal + (value - goal) * Math.exp(-constants);
}
