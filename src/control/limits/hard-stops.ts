import { type AlarmName, type Alarms, CHARGE_BLOCKING, DISCHARGE_BLOCKING } from '../../model/alarms.ts';
import type { CellPlan } from '../input/cells.ts';
import type { Known, Measured } from '../input/measure.ts';
import { ceilingOf } from './ccl.ts';
import { type Limit, zeroIf } from './limit.ts';
import { guardLowBattery, initialLowBattery, type LowBattery } from './low-battery.ts';

/** Hard conditions that ended a current, and hold until there is a margin again. */
export interface HardState {
  readonly ceiling: boolean;
  readonly coldCharge: boolean;
  readonly hotCharge: boolean;
  readonly coldDischarge: boolean;
  readonly hotDischarge: boolean;
  readonly hotMosfet: boolean;
  readonly chargeSwitch: Switch;
  readonly dischargeSwitch: Switch;
  readonly low: LowBattery;
}

/** A FET or contactor of the BMS. */
interface Switch {
  readonly off: boolean;
  /** Monotonic seconds since which it is on again; undefined when it was never off. */
  readonly onFrom: number | undefined;
}

const COLD_MARGIN = 2;
const HOT_MARGIN = 3;
const MOSFET_MAX = 90;
const SWITCH_REST_S = 10;
const RESTED: Switch = { off: false, onFrom: undefined };

export function initialHard(): HardState {
  return {
    ceiling: false,
    coldCharge: false,
    hotCharge: false,
    coldDischarge: false,
    hotDischarge: false,
    hotMosfet: false,
    chargeSwitch: RESTED,
    dischargeSwitch: RESTED,
    low: initialLowBattery(),
  };
}

/** Judges one good sample. */
export function judge(plan: CellPlan, state: HardState, seen: Measured, t: number, dt: number): HardState {
  const { coldest, hottest, heat, mosfet, chargeEnabled, dischargeEnabled } = seen.known;
  return {
    ceiling:
      seen.vmax >= ceilingOf(plan, seen.measuresCells) ||
      (state.ceiling && !(seen.vmaxFiltered <= plan.absorb)),
    coldCharge: isCold(state.coldCharge, coldest, plan.chargeMinC),
    hotCharge: isHot(state.hotCharge, hottest, plan.chargeMaxC),
    coldDischarge: isCold(state.coldDischarge, heat.dischargeColdest, plan.dischargeMinC),
    hotDischarge: isHot(state.hotDischarge, hottest, plan.dischargeMaxC),
    hotMosfet: isHot(state.hotMosfet, mosfet, MOSFET_MAX),
    chargeSwitch: watch(state.chargeSwitch, chargeEnabled, t),
    dischargeSwitch: watch(state.dischargeSwitch, dischargeEnabled, t),
    low: guardLowBattery(plan, state.low, seen, t, dt),
  };
}

/** What the hard conditions make of the charge current: nothing, or zero with the reason. */
export function chargeBan(state: HardState, known: Known, shown: Alarms, t: number): Limit | undefined {
  return (
    zeroIf(isOff(state.chargeSwitch, t), 'fet') ??
    zeroIf(state.ceiling, 'ceiling') ??
    zeroIf(state.coldCharge, 'cold') ??
    zeroIf(state.hotCharge, 'hot') ??
    zeroIf(state.hotMosfet, 'hotMosfet') ??
    zeroIf(known.heat.unproven, 'unproven') ??
    zeroIf(blocking(CHARGE_BLOCKING, known.alarms, shown) !== undefined, 'alarm')
  );
}

export function dischargeBan(state: HardState, known: Known, shown: Alarms, t: number): Limit | undefined {
  return (
    zeroIf(isOff(state.dischargeSwitch, t), 'fet') ??
    zeroIf(state.low.latched, 'empty') ??
    zeroIf(state.coldDischarge, 'cold') ??
    zeroIf(state.hotDischarge, 'hot') ??
    zeroIf(state.hotMosfet, 'hotMosfet') ??
    zeroIf(blocking(DISCHARGE_BLOCKING, known.alarms, shown) !== undefined, 'alarm')
  );
}

/** What a reading that is not believed forbids nevertheless; `vmax` is its highest believable cell. */
export function rejectedBans(
  plan: CellPlan,
  known: Known,
  vmax: number | undefined,
): { readonly charge: Limit | undefined; readonly discharge: Limit | undefined } {
  const { coldest, heat, hottest, mosfet } = known;
  const burning = isHot(false, mosfet, MOSFET_MAX);
  return {
    charge:
      zeroIf(known.chargeEnabled === false, 'fet') ??
      zeroIf(vmax !== undefined && vmax >= plan.ceiling, 'ceiling') ??
      zeroIf(isCold(false, coldest, plan.chargeMinC), 'cold') ??
      zeroIf(isHot(false, hottest, plan.chargeMaxC), 'hot') ??
      zeroIf(burning, 'hotMosfet') ??
      zeroIf(blocking(CHARGE_BLOCKING, known.alarms, {}) !== undefined, 'alarm'),
    discharge:
      zeroIf(known.dischargeEnabled === false, 'fet') ??
      zeroIf(isCold(false, heat.dischargeColdest, plan.dischargeMinC), 'cold') ??
      zeroIf(isHot(false, hottest, plan.dischargeMaxC), 'hot') ??
      zeroIf(burning, 'hotMosfet') ??
      zeroIf(blocking(DISCHARGE_BLOCKING, known.alarms, {}) !== undefined, 'alarm'),
  };
}

/** The first blocking alarm at level 2, in what the BMS says now or in what is shown. */
export function blocking(
  names: readonly AlarmName[],
  flags: Alarms | undefined,
  shown: Alarms,
): AlarmName | undefined {
  return names.find((name) => flags?.[name] === 2 || shown[name] === 2);
}

function isCold(was: boolean, degrees: number | undefined, cut: number): boolean {
  return degrees !== undefined && (degrees <= cut || (was && degrees < cut + COLD_MARGIN));
}

function isHot(was: boolean, degrees: number | undefined, cut: number): boolean {
  return degrees !== undefined && (degrees >= cut || (was && degrees > cut - HOT_MARGIN));
}

function watch(state: Switch, enabled: boolean | undefined, t: number): Switch {
  if (enabled === false) return { off: true, onFrom: undefined };
  return state.off ? { off: false, onFrom: t } : state;
}

function isOff(state: Switch, t: number): boolean {
  return state.off || (state.onFrom !== undefined && t - state.onFrom < SWITCH_REST_S);
}
