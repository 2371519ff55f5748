import type { BatteryView } from '../battery/battery-view.ts';

/** Values of /Mode. */
const ON = 3;
export const STANDBY = 252;

/** Whether this is a value of /Mode. */
export function isMode(value: number | string | undefined): value is number {
  return value === ON || value === STANDBY;
}

/** /Mode: standby while neither charge nor discharge is wanted; absent where the BMS cannot be switched. */
export function mode({ isSwitchable, requests = {} }: BatteryView): number | undefined {
  if (isSwitchable !== true) return undefined;
  return requests.chargeOff === true && requests.dischargeOff === true ? STANDBY : ON;
}
