import { type AlarmName, type Alarms, CHARGE_BLOCKING, DISCHARGE_BLOCKING } from '../../model/alarms.ts';
import type { CellPlan } from '../input/cells.ts';
import type { Known, Measured } from '../input/measure.ts';
import type { RejectedReading } from '../input/reading-filter.ts';
import { ceilingOf } from './ccl.ts';
import type { Cause, Direction, Limit } from './limit.ts';
import { guardLowBattery, initialLowBattery, type LowBattery } from './low-battery.ts';

/** What one reading says to the hard stops. */
export interface StopFacts {
  readonly plan: CellPlan;
  readonly known: Known;
  /** V of the highest cell; undefined where a refused reading has none that can be. */
  readonly vmax: number | undefined;
  /** The same, smoothed: a full cell is released by it, and only by a reading that is believed. */
  readonly vmaxFiltered: number | undefined;
  readonly measuresCells: boolean;
  /** Alarms as published; those that the BMS tells now are in `known`. */
  readonly shown: Alarms;
  /** The lowest cell has ended the discharge (`low-battery.ts`). */
  readonly isEmpty: boolean;
}

/** A condition that ends a current at once, whatever else is allowed. */
interface HardStop {
  readonly name: string;
  readonly stops: readonly Direction[];
  readonly cause: Cause;
  /** Whether the condition holds; one that held already ends only with a margin. */
  readonly holds: (facts: StopFacts, held: boolean) => boolean;
  /** Seconds for which the current stays ended after the condition is gone; absent: none. */
  readonly restS?: number;
  /** A reading that is not believed counts as well. Where it does not, the reason stands beside it. */
  readonly byRejected: boolean;
}

/** K by which a temperature must come back before a current may flow again. */
export const COLD_MARGIN = 2;
export const HOT_MARGIN = 3;
/** degC of the power switches at which every current ends. */
export const MOSFET_MAX = 90;
/** Seconds that a switch of the BMS must have been on again. */
const SWITCH_REST_S = 10;

const TABLE = [
  {
    name: 'chargeSwitch',
    stops: ['charge'],
    cause: 'fet',
    holds: ({ known }) => known.chargeEnabled === false,
    restS: SWITCH_REST_S,
    byRejected: true,
  },
  {
    name: 'dischargeSwitch',
    stops: ['discharge'],
    cause: 'fet',
    holds: ({ known }) => known.dischargeEnabled === false,
    restS: SWITCH_REST_S,
    byRejected: true,
  },
  {
    name: 'ceiling',
    stops: ['charge'],
    cause: 'ceiling',
    holds: ({ plan, vmax, vmaxFiltered, measuresCells }, held) =>
      (vmax !== undefined && vmax >= ceilingOf(plan, measuresCells)) ||
      (held && !(vmaxFiltered !== undefined && vmaxFiltered <= plan.absorb)),
    byRejected: true,
  },
  {
    name: 'empty',
    stops: ['discharge'],
    cause: 'empty',
    holds: ({ isEmpty }) => isEmpty,
    // Only two good samples in a row make an empty cell: a load spike is none.
    byRejected: false,
  },
  {
    name: 'coldCharge',
    stops: ['charge'],
    cause: 'cold',
    holds: ({ plan, known }, held) => isCold(known.coldest, plan.chargeMinC, held),
    byRejected: true,
  },
  {
    name: 'coldDischarge',
    stops: ['discharge'],
    cause: 'cold',
    holds: ({ plan, known }, held) => isCold(known.heat.dischargeColdest, plan.dischargeMinC, held),
    byRejected: true,
  },
  {
    name: 'hotCharge',
    stops: ['charge'],
    cause: 'hot',
    holds: ({ plan, known }, held) => isHot(known.hottest, plan.chargeMaxC, held),
    byRejected: true,
  },
  {
    name: 'hotDischarge',
    stops: ['discharge'],
    cause: 'hot',
    holds: ({ plan, known }, held) => isHot(known.hottest, plan.dischargeMaxC, held),
    byRejected: true,
  },
  {
    name: 'hotMosfet',
    stops: ['charge', 'discharge'],
    cause: 'hotMosfet',
    holds: ({ known }, held) => isHot(known.mosfet, MOSFET_MAX, held),
    byRejected: true,
  },
  {
    name: 'unproven',
    stops: ['charge'],
    cause: 'unproven',
    holds: ({ known }) => known.heat.unproven,
    // Whether a sensor keeps still is found over many readings; what a refused one tells it is not kept.
    byRejected: false,
  },
  {
    name: 'chargeAlarm',
    stops: ['charge'],
    cause: 'alarm',
    holds: ({ known, shown }) => blocking(CHARGE_BLOCKING, known.alarms, shown) !== undefined,
    byRejected: true,
  },
  {
    name: 'dischargeAlarm',
    stops: ['discharge'],
    cause: 'alarm',
    holds: ({ known, shown }) => blocking(DISCHARGE_BLOCKING, known.alarms, shown) !== undefined,
    byRejected: true,
  },
] as const satisfies readonly HardStop[];

export type HardStopName = (typeof TABLE)[number]['name'];

/** All conditions of safety; of several that hold for one direction the first is named. */
export const HARD_STOPS: readonly (HardStop & { readonly name: HardStopName })[] = TABLE;

/** A condition that holds, or when it ended. */
interface Latch {
  readonly held: boolean;
  /** Monotonic seconds; undefined while it holds. */
  readonly endedAt: number | undefined;
}

/** Conditions that never held are absent. */
type Latches = { readonly [name in HardStopName]?: Latch };

/** What is remembered of the hard stops: each condition that ever held, and the low battery. */
export interface HardState {
  readonly latches: Latches;
  readonly low: LowBattery;
}

export function initialHard(): HardState {
  return { latches: {}, low: initialLowBattery() };
}

/** Takes up one good sample; `shown` are the alarms as published with it. */
export function latch(
  plan: CellPlan,
  before: HardState,
  seen: Measured,
  shown: Alarms,
  t: number,
  dt: number,
): HardState {
  const { known, vmax, vmaxFiltered, measuresCells } = seen;
  const low = guardLowBattery(plan, before.low, seen, t, dt);
  const facts = { plan, known, vmax, vmaxFiltered, measuresCells, shown, isEmpty: low.latched };
  const latches: { [name in HardStopName]?: Latch } = {};
  for (const { name, holds } of HARD_STOPS) {
    const past = before.latches[name];
    const held = holds(facts, past?.held === true);
    if (held) latches[name] = { held, endedAt: undefined };
    else if (past !== undefined) latches[name] = past.held ? { held, endedAt: t } : past;
  }
  return { latches, low };
}

/** Zero with its cause while a condition holds that a good sample showed, or has not rested yet. */
export function hardStop({ latches }: HardState, direction: Direction, t: number): Limit | undefined {
  return first(direction, ({ name, restS = 0 }) => {
    const past = latches[name];
    return past !== undefined && (past.held || (past.endedAt !== undefined && t - past.endedAt < restS));
  });
}

/** What a reading that is not believed forbids nevertheless; `known` includes what it tells. */
export function rejectedStop(
  plan: CellPlan,
  known: Known,
  { vmax }: RejectedReading,
  direction: Direction,
): Limit | undefined {
  const facts = {
    plan,
    known,
    vmax,
    vmaxFiltered: undefined,
    measuresCells: true,
    shown: {},
    isEmpty: false,
  };
  return first(direction, ({ byRejected, holds }) => byRejected && holds(facts, false));
}

function first(
  direction: Direction,
  isInForce: (stop: (typeof HARD_STOPS)[number]) => boolean,
): Limit | undefined {
  const stop = HARD_STOPS.find((candidate) => candidate.stops.includes(direction) && isInForce(candidate));
  return stop === undefined ? undefined : { amps: 0, cause: stop.cause };
}

/** The first blocking alarm at level 2, in what the BMS says now or in what is shown. */
export function blocking(
  names: readonly AlarmName[],
  flags: Alarms | undefined,
  shown: Alarms,
): AlarmName | undefined {
  return names.find((name) => flags?.[name] === 2 || shown[name] === 2);
}

function isCold(degrees: number | undefined, cut: number, held: boolean): boolean {
  return degrees !== undefined && (degrees <= cut || (held && degrees < cut + COLD_MARGIN));
}

function isHot(degrees: number | undefined, cut: number, held: boolean): boolean {
  return degrees !== undefined && (degrees >= cut || (held && degrees > cut - HOT_MARGIN));
}
