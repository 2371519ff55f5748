import { ALARM_NAMES, type AlarmLevel, type AlarmName, type Alarms } from '../../model/alarms.ts';
import type { CellPlan } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';
import { ceilingOf } from '../limits/ccl.ts';

/** What is shown of one alarm, and what waits to be shown. */
export interface AlarmTimer {
  readonly shown: AlarmLevel;
  /** Monotonic seconds at which the shown level was last justified. */
  readonly lastAt: number;
  /** Level that the law derives beyond the shown one, and since when without interruption. */
  readonly pending: AlarmLevel;
  readonly since: number;
}

/** Only alarms that are shown, or wait to be, have a timer. */
export type AlarmState = { readonly [name in AlarmName]?: AlarmTimer };

/** Set and clear times, so that no alarm flaps. BMS flags are set at once. */
const SET_S = 3;
const CLEAR_S = 60;
const WARN_DEGREES = 5;
const SPREAD_WARN = 0.1 - 1e-6;
const SPREAD_ALARM = 0.3 - 1e-6;
const SPREAD_RATE = 0.2;
/** A that stand for the spread's C-rate when the capacity is unknown. */
const SPREAD_AMPS = 10;
const LOW_SOC_WARN = 10;
const LOW_SOC_ALARM = 5;

/** What the law itself finds alarming in the measurements; a name is absent where it cannot tell. */
export function deriveAlarms(plan: CellPlan, seen: Measured, soc: number | undefined): Alarms {
  const { coldest, hottest, heat, capacity } = seen.known;
  const ceiling = ceilingOf(plan, seen.measuresCells);
  const calm =
    Math.abs(seen.current) < (capacity === undefined ? SPREAD_AMPS : SPREAD_RATE * capacity) &&
    seen.vmin > plan.dischargeKnee;
  return {
    lowCellVoltage: below(seen.vmin, plan.softMin, plan.hardMin),
    highCellVoltage: above(seen.vmax, ceiling, plan.hardMax),
    ...(seen.measuresCells ? { cellImbalance: imbalance(seen.spread, calm) } : {}),
    ...(soc === undefined ? {} : { lowSoc: below(soc, LOW_SOC_WARN, LOW_SOC_ALARM) }),
    ...(coldest === undefined || hottest === undefined || heat.dischargeColdest === undefined
      ? {}
      : {
          highChargeTemperature: above(hottest, plan.chargeMaxC - WARN_DEGREES, plan.chargeMaxC),
          lowChargeTemperature: below(coldest, plan.chargeMinC + WARN_DEGREES, plan.chargeMinC),
          highTemperature: above(hottest, plan.dischargeMaxC - WARN_DEGREES, plan.dischargeMaxC),
          lowTemperature: below(heat.dischargeColdest, plan.dischargeMinC + WARN_DEGREES, plan.dischargeMinC),
          // A warning only: the alarm of this name ends every current.
          internalFailure: heat.faults.some(({ alarming }) => alarming) ? 1 : 0,
        }),
  };
}

/** Advances every alarm by one good sample: the worse of the BMS's flags and what the law derives. */
export function watchAlarms(state: AlarmState, flags: Alarms, derived: Alarms, t: number): AlarmState {
  const timers: { [name in AlarmName]?: AlarmTimer } = {};
  for (const name of ALARM_NAMES) {
    const timer = advance(state[name], flags[name] ?? 0, derived[name] ?? 0, t);
    if (timer !== undefined) timers[name] = timer;
  }
  return timers;
}

/** The levels to publish: 0 for what somebody can tell and is fine. */
export function shownAlarms(state: AlarmState, flags: Alarms, derived: Alarms): Alarms {
  const shown: { [name in AlarmName]?: AlarmLevel } = {};
  for (const name of ALARM_NAMES) {
    const timer = state[name];
    if (timer !== undefined) shown[name] = timer.shown;
    else if (flags[name] !== undefined || derived[name] !== undefined) shown[name] = 0;
  }
  return shown;
}

function advance(
  timer: AlarmTimer | undefined,
  flag: AlarmLevel,
  derived: AlarmLevel,
  t: number,
): AlarmTimer | undefined {
  if (timer === undefined && flag === 0 && derived === 0) return undefined;
  let { shown, lastAt, pending, since } = timer ?? { shown: 0, lastAt: t, pending: 0, since: t };
  if (derived <= shown) pending = 0;
  else if (pending === 0) [pending, since] = [derived, t];
  else pending = derived < pending ? derived : pending;
  if (pending > shown && t - since >= SET_S) [shown, pending] = [pending, 0];
  if (flag > shown) shown = flag;
  const cause = flag > derived ? flag : derived;
  if (cause >= shown) lastAt = t;
  else if (t - lastAt >= CLEAR_S) [shown, lastAt] = [cause, t];
  return shown === 0 && pending === 0 && cause === 0 ? undefined : { shown, lastAt, pending, since };
}

function below(value: number, warn: number, alarm: number): AlarmLevel {
  return value <= alarm ? 2 : value <= warn ? 1 : 0;
}

function above(value: number, warn: number, alarm: number): AlarmLevel {
  return value >= alarm ? 2 : value >= warn ? 1 : 0;
}

function imbalance(spread: number, calm: boolean): AlarmLevel {
  return spread >= SPREAD_ALARM ? 2 : spread >= SPREAD_WARN && calm ? 1 : 0;
}
