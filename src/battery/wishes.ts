import type { SwitchName } from '../bms/driver.ts';
import type { ControlRequests } from '../control/law.ts';

/** What an owner may ask for while the driver runs: remembered by the device, and able only to restrict. */
export interface Wish {
  /** Name under which the device keeps it; stable for ever. */
  readonly name: string;
  /** 'i': 0 or 1. 'd': A. */
  readonly type: 'i' | 'd';
  /** The value that asks for nothing. */
  readonly none: number;
  readonly min: number;
  readonly max: number;
  readonly request: keyof ControlRequests;
  /** The switch of the BMS that follows it, where the owner allows writing to the BMS. */
  readonly switch?: SwitchName;
}

const ON_OFF = { type: 'i', none: 0, min: 0, max: 1 } as const;
/** A; -1 asks for nothing, 0 stops. */
const AMPS = { type: 'd', none: -1, min: -1, max: 1000 } as const;

export const WISHES = [
  { name: 'ForceChargingOff', request: 'chargeOff', switch: 'charge', ...ON_OFF },
  { name: 'ForceDischargingOff', request: 'dischargeOff', switch: 'discharge', ...ON_OFF },
  { name: 'TurnBalancingOff', request: 'balancerOff', switch: 'balancer', ...ON_OFF },
  { name: 'MaxChargeCurrent', request: 'maxChargeCurrent', ...AMPS },
  { name: 'MaxDischargeCurrent', request: 'maxDischargeCurrent', ...AMPS },
  { name: 'TopBalanceNow', request: 'topBalanceNow', ...ON_OFF },
] as const satisfies readonly Wish[];

/** The request that a value stands for; `none`, and anything out of range, asks for nothing. */
export function requestOf(wish: Wish, value: number | string | undefined): ControlRequests {
  const taken = acceptable(wish, value);
  if (taken === undefined || taken === wish.none) return {};
  return { [wish.request]: wish.type === 'd' ? taken : true };
}

/** The value that shows a request. */
export function shownValue({ none, request, type }: Wish, requests: ControlRequests = {}): number {
  const asked = requests[request];
  if (asked === undefined) return none;
  return type === 'd' ? Number(asked) : Number(asked === true);
}

/** What may be asked for; undefined refuses. */
export function acceptable({ max, min, type }: Wish, value: number | string | undefined): number | undefined {
  if (typeof value !== 'number' || !(value >= min && value <= max)) return undefined;
  if (type === 'i' && !Number.isInteger(value)) return undefined;
  return value === 0 ? 0 : value; // No -0 on the bus.
}
