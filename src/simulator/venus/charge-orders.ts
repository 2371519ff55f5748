import type { BatteryView } from '../../battery/battery-view.ts';
import type { ChargeOrders } from '../plant/charger.ts';

/** What the chargers of a system take from a battery, as DVCC does: all of its limits, or none of them. */
export function chargeOrders({ control = {} }: BatteryView): ChargeOrders | undefined {
  const { ccl, cvl, dcl } = control;
  return cvl === undefined || ccl === undefined || dcl === undefined ? undefined : { cvl, ccl, dcl };
}
