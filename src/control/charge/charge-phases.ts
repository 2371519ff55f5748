import type { CellPlan } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';

/** The phases of a charge. */
export type Phase = 'bulk' | 'absorb' | 'floatDown' | 'float' | 'topBalance';

/** Where the charge is, and how long each condition for going on has held, s. */
export interface Phases {
  readonly phase: Phase;
  readonly plateau: number;
  readonly full: number;
  readonly early: number;
  readonly low: number;
  readonly rebulk: number;
  readonly rested: number;
  readonly balanced: number;
  /** Time in absorb of this charge; survives clouds. */
  readonly absorbing: number;
  /** Time in bulk, floatDown or topBalance. */
  readonly inPhase: number;
  /** SoC when float was reached, and Ah drawn since. */
  readonly socAtFloat: number | undefined;
  readonly drawn: number;
  /** Charges in a row that ended by time. */
  readonly cappedInRow: number;
  /** Monotonic seconds of the last full charge and the last top balance; the start where none is known. */
  readonly fullAt: number | undefined;
  readonly balancedAt: number | undefined;
  /** How old these two were already when the law began, s. */
  readonly fullAge: number;
  readonly balancedAge: number;
  readonly balanceWanted: boolean;
  /** Requests of the step before: only a new one counts. */
  readonly askedFull: boolean;
  readonly askedBalance: boolean;
}

/** How a charge ended: by the line of the end of charge, or by time. */
export type Ending = 'full' | 'capped';

export interface PhaseInput {
  readonly plan: CellPlan;
  readonly seen: Measured;
  readonly t: number;
  readonly dt: number;
  readonly soc: number | undefined;
  /** CVL has come down to float. */
  readonly atFloat: boolean;
  readonly rebulkSoc: number;
  readonly fullChargeDays: number;
  readonly topBalanceDays: number;
  readonly fullChargeNow: boolean;
  readonly topBalanceNow: boolean;
}

export interface PhaseStep {
  readonly phases: Phases;
  readonly ending?: Ending;
  /** The pack took all that it can: true SoC is 100 %. */
  readonly isFull: boolean;
}

/** Keeps 3.445 V from missing 3.45 - 0.005 V in the last binary digit. */
const TOLERANCE = 1e-6;
const DAY_S = 86_400;
const CONFIRM_S = 60;
const PLATEAU_S = 900;
const EARLY_S = 1800;
const BLIND_HOLD_S = 1800;
const CAP_S = 2 * 3600;
const BALANCING_CAP_S = 6 * 3600;
const FORGET_ABSORB_S = 1800;
const REST_S = 300;
const BALANCE_DONE_S = 600;
const BALANCE_CAP_S = 4 * 3600;
const BALANCE_SPREAD = 0.01;
const BALANCE_COLD = 10;
const BALANCE_HOT = 45;
const FULL_SPREAD = 0.02;

export function initialPhases(): Phases {
  return {
    phase: 'bulk',
    plateau: 0,
    full: 0,
    early: 0,
    low: 0,
    rebulk: 0,
    rested: 0,
    balanced: 0,
    absorbing: 0,
    inPhase: 0,
    socAtFloat: undefined,
    drawn: 0,
    cappedInRow: 0,
    fullAt: undefined,
    balancedAt: undefined,
    fullAge: 0,
    balancedAge: 0,
    balanceWanted: false,
    askedFull: false,
    askedBalance: false,
  };
}

/** Largest current, A, with which a charge at `vmax` counts as finished; undefined without a capacity. */
export function tailCurrent(plan: CellPlan, capacity: number | undefined, vmax: number): number | undefined {
  return capacity === undefined ? undefined : (vmax - plan.tailMin) / tailResistance(plan, capacity);
}

/** Ohm of the line from (tailMin, 0 A) to (tailMax, 0.05 C). */
export function tailResistance(plan: CellPlan, capacity: number): number {
  return (plan.tailMax - plan.tailMin) / (0.05 * capacity);
}

/** The highest cell, less what the current lifts it, is where a full cell rests. */
export function isTailMet(
  plan: CellPlan,
  capacity: number | undefined,
  vmax: number,
  current: number,
): boolean {
  const amps = Math.max(current, 0);
  if (capacity === undefined) return vmax >= plan.tailMin && amps <= 2;
  return vmax - tailResistance(plan, capacity) * amps >= plan.tailMin - TOLERANCE;
}

/** One step of the charge. `plan` is that of the phase: in a top balance its absorption is the top balance voltage. */
export function advancePhase(before: Phases, input: PhaseInput): PhaseStep {
  const { t, fullChargeNow, topBalanceNow, topBalanceDays } = input;
  const fullAt = before.fullAt ?? t - before.fullAge;
  const balancedAt = before.balancedAt ?? t - before.balancedAge;
  const newBalance = topBalanceNow && !before.askedBalance;
  const due = topBalanceDays > 0 && t - balancedAt >= topBalanceDays * DAY_S;
  const state: Phases = {
    ...before,
    fullAt,
    balancedAt,
    balanceWanted: before.balanceWanted || newBalance || due,
    askedFull: fullChargeNow,
    askedBalance: topBalanceNow,
  };
  const asked = newBalance || (fullChargeNow && !before.askedFull);
  switch (state.phase) {
    case 'bulk':
      return { phases: bulk(state, input), isFull: false };
    case 'absorb':
      return absorb(state, input);
    case 'topBalance':
      return topBalance(state, input);
    case 'floatDown':
      return { phases: floatDown(state, input), isFull: false };
    case 'float':
      return { phases: float(state, input, asked), isFull: false };
  }
}

/** Whether the days between full charges are over, so that a daily ceiling must give way. */
export function isFullChargeDue(phases: Phases, fullChargeDays: number, t: number): boolean {
  return fullChargeDays > 0 && phases.fullAt !== undefined && t - phases.fullAt >= fullChargeDays * DAY_S;
}

function bulk(state: Phases, { plan, seen, dt }: PhaseInput): Phases {
  const { vmaxFiltered, vsumFiltered, currentFiltered, count } = seen;
  const nearly =
    isTailMet(plan, seen.known.capacity, vmaxFiltered, currentFiltered) &&
    vsumFiltered >= count * (plan.absorb - 0.05) - TOLERANCE;
  const plateau = nearly ? state.plateau + dt : 0;
  const reached =
    vmaxFiltered >= plan.absorb - 0.005 - TOLERANCE ||
    vsumFiltered >= count * (plan.absorb - 0.01) - TOLERANCE ||
    plateau >= PLATEAU_S;
  const inPhase = state.inPhase + dt;
  const absorbing = inPhase > FORGET_ABSORB_S ? 0 : state.absorbing;
  if (!reached) return { ...state, plateau, inPhase, absorbing };
  return { ...state, phase: 'absorb', plateau: 0, full: 0, early: 0, low: 0, inPhase: 0, absorbing };
}

function absorb(before: Phases, input: PhaseInput): PhaseStep {
  const { plan, seen, dt } = input;
  const { vmaxFiltered, vsumFiltered, currentFiltered, count, spread, balancing } = seen;
  const { capacity } = seen.known;
  const tail = isTailMet(plan, capacity, vmaxFiltered, currentFiltered);
  const atTop = vsumFiltered >= count * (plan.absorb - 0.01) - TOLERANCE;
  const absorbing = before.absorbing + dt;
  const isDone =
    capacity === undefined
      ? absorbing >= BLIND_HOLD_S
      : tail && atTop && (spread <= FULL_SPREAD + TOLERANCE || !balancing);
  const full = isDone ? before.full + dt : Math.max(0, before.full - 2 * dt);
  const quiet =
    capacity !== undefined && currentFiltered > -0.005 * capacity && currentFiltered < 0.02 * capacity;
  const early =
    tail && quiet && !balancing && vmaxFiltered >= plan.absorb - 0.01 - TOLERANCE ? before.early + dt : 0;
  const low = vmaxFiltered < plan.absorb - 0.03 ? before.low + dt : 0;
  const state: Phases = { ...before, full, early, low, absorbing };
  if (full >= CONFIRM_S || early >= EARLY_S) return finish(state, input, 'full', true);
  if (absorbing >= (balancing ? BALANCING_CAP_S : CAP_S)) return finish(state, input, 'capped', tail);
  if (low >= CONFIRM_S) {
    return {
      phases: { ...state, phase: 'bulk', plateau: 0, low: 0, full: 0, early: 0, inPhase: 0 },
      isFull: false,
    };
  }
  return { phases: state, isFull: false };
}

function finish(state: Phases, { seen, t }: PhaseInput, ending: Ending, isFull: boolean): PhaseStep {
  const { coldest, hottest } = seen.known;
  const mild =
    coldest !== undefined && hottest !== undefined && coldest >= BALANCE_COLD && hottest <= BALANCE_HOT;
  const ended: Phases = {
    ...state,
    full: 0,
    early: 0,
    low: 0,
    absorbing: 0,
    inPhase: 0,
    balanced: 0,
    cappedInRow: ending === 'capped' ? state.cappedInRow + 1 : 0,
    fullAt: isFull ? t : state.fullAt,
  };
  const phase: Phase = state.balanceWanted && mild ? 'topBalance' : 'floatDown';
  return { phases: { ...ended, phase }, ending, isFull };
}

function topBalance(before: Phases, { seen, t, dt }: PhaseInput): PhaseStep {
  const balanced = seen.spread <= BALANCE_SPREAD + TOLERANCE ? before.balanced + dt : 0;
  const inPhase = before.inPhase + dt;
  const { coldest, hottest } = seen.known;
  const mild = (coldest ?? BALANCE_COLD) >= BALANCE_COLD && (hottest ?? BALANCE_HOT) <= BALANCE_HOT;
  if (mild && balanced < BALANCE_DONE_S && inPhase < BALANCE_CAP_S) {
    return { phases: { ...before, balanced, inPhase }, isFull: false };
  }
  const phases: Phases = {
    ...before,
    phase: 'floatDown',
    balanced: 0,
    inPhase: 0,
    balancedAt: t,
    balanceWanted: false,
  };
  return { phases, isFull: false };
}

function floatDown(state: Phases, { seen, dt, soc, atFloat }: PhaseInput): Phases {
  if (!atFloat) return { ...state, inPhase: state.inPhase + dt };
  const socAtFloat = soc ?? seen.known.soc;
  return { ...state, phase: 'float', inPhase: 0, socAtFloat, drawn: 0, rebulk: 0, rested: 0 };
}

function float(before: Phases, input: PhaseInput, asked: boolean): Phases {
  const { plan, seen, dt, soc, rebulkSoc, fullChargeDays, t } = input;
  const { capacity } = seen.known;
  const drawn = before.drawn - (seen.current * dt) / 3600;
  const share = (100 - rebulkSoc) / 100;
  const { socAtFloat } = before;
  const empty =
    (soc !== undefined && socAtFloat !== undefined && socAtFloat - soc >= 100 * share) ||
    (capacity !== undefined && drawn >= share * capacity) ||
    isFullChargeDue(before, fullChargeDays, t);
  const rebulk = empty ? before.rebulk + dt : 0;
  const resting =
    seen.vmaxFiltered <= plan.rebulk + TOLERANCE &&
    seen.currentFiltered > (capacity === undefined ? -5 : -0.05 * capacity);
  const rested = resting ? before.rested + dt : 0;
  const state: Phases = {
    ...before,
    drawn: Math.max(0, drawn),
    rebulk,
    rested,
    socAtFloat: socAtFloat ?? soc,
  };
  if (!asked && rebulk < CONFIRM_S && rested < REST_S) return state;
  return { ...state, phase: 'bulk', plateau: 0, absorbing: 0, inPhase: 0 };
}
