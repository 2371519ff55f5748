import type { BatteryState } from '../battery/battery-view.ts';
import type { ControlRequests } from '../control/law.ts';

/** What an owner may change while the driver runs: a writable path, remembered by the device, that only restricts. */
export interface OwnerSetting {
  readonly path: string;
  /** Name of the setting that the device keeps. */
  readonly name: string;
  readonly type: 'i' | 'd';
  /** The value that asks for nothing. */
  readonly none: number;
  readonly min: number;
  readonly max: number;
  readonly request: keyof ControlRequests;
  /** The switch of the BMS that follows it, where the owner allows writing to the BMS. */
  readonly switch?: 'charge' | 'discharge' | 'balancer';
}

const ON_OFF = { type: 'i', none: 0, min: 0, max: 1 } as const;
/** A; -1 asks for nothing, 0 stops. */
const AMPS = { type: 'd', none: -1, min: -1, max: 1000 } as const;

export const OWNER_SETTINGS: readonly OwnerSetting[] = [
  {
    path: '/Settings/ForceChargingOff',
    name: 'ForceChargingOff',
    request: 'chargeOff',
    switch: 'charge',
    ...ON_OFF,
  },
  {
    path: '/Settings/ForceDischargingOff',
    name: 'ForceDischargingOff',
    request: 'dischargeOff',
    switch: 'discharge',
    ...ON_OFF,
  },
  {
    path: '/Settings/TurnBalancingOff',
    name: 'TurnBalancingOff',
    request: 'balancerOff',
    switch: 'balancer',
    ...ON_OFF,
  },
  { path: '/Settings/MaxChargeCurrent', name: 'MaxChargeCurrent', request: 'maxChargeCurrent', ...AMPS },
  {
    path: '/Settings/MaxDischargeCurrent',
    name: 'MaxDischargeCurrent',
    request: 'maxDischargeCurrent',
    ...AMPS,
  },
  { path: '/Settings/TopBalanceNow', name: 'TopBalanceNow', request: 'topBalanceNow', ...ON_OFF },
];

/** The request that a value stands for; `none`, and anything out of range, asks for nothing. */
export function requestOf(setting: OwnerSetting, value: number | string | undefined): ControlRequests {
  const taken = acceptable(setting, value);
  if (taken === undefined || taken === setting.none) return {};
  return { [setting.request]: setting.type === 'd' ? taken : true };
}

/** The value that shows a request. */
export function shownValue({ none, request, type }: OwnerSetting, requests: ControlRequests = {}): number {
  const wish = requests[request];
  if (wish === undefined) return none;
  return type === 'd' ? Number(wish) : Number(wish === true);
}

/** What may be written; undefined refuses. */
export function acceptable(
  { max, min, type }: OwnerSetting,
  value: number | string | undefined,
): number | undefined {
  if (typeof value !== 'number' || !(value >= min && value <= max)) return undefined;
  if (type === 'i' && !Number.isInteger(value)) return undefined;
  return value === 0 ? 0 : value; // No -0 on the bus.
}

const ON = 3;
const STANDBY = 252;

/** Whether this is a value of /Mode. */
export function isMode(value: number | string | undefined): value is number {
  return value === ON || value === STANDBY;
}

/** /Mode: standby while neither charge nor discharge is wanted; absent where the BMS cannot be switched. */
export function mode({ isSwitchable, requests = {} }: BatteryState): number | undefined {
  if (isSwitchable !== true) return undefined;
  return requests.chargeOff === true && requests.dischargeOff === true ? STANDBY : ON;
}

/** What is to be stored when a client writes a path, by name of the setting; undefined for a path that is none of ours. */
export function settingsOfWrite(
  path: string,
  value: number | string,
): ReadonlyMap<string, number | string> | undefined {
  if (path === '/Mode') {
    const off = value === STANDBY ? 1 : 0;
    return new Map([
      ['ForceChargingOff', off],
      ['ForceDischargingOff', off],
    ]);
  }
  const setting = OWNER_SETTINGS.find((candidate) => candidate.path === path);
  return setting === undefined ? undefined : new Map([[setting.name, value]]);
}
