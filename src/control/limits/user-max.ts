import type { Known } from '../input/measure.ts';
import type { ControlRequests, ControlSettings } from '../law.ts';
import { ampsAt } from './ccl.ts';
import type { Limit } from './limit.ts';

/** Which of the two currents. */
export type Direction = 'charge' | 'discharge';

const DEFAULT_AMPS = { charge: 50, discharge: 60 } as const;
/** C-rate that neither the default of the adaptive profile nor 'auto' exceeds. */
const MOST_RATE = 0.5;
/** Distance kept from a limit of the BMS at which it trips, or which is to be followed. */
const MARGIN = 0.9;
/** C-rate of charge while the configuration holds errors. */
const CONFIG_ERROR_RATE = 0.1;

/** A that the owner allows at most, before any limiter. */
export function userMax(settings: ControlSettings, known: Known, direction: Direction): number {
  const wish = direction === 'charge' ? settings.maxChargeCurrent : settings.maxDischargeCurrent;
  const usual = DEFAULT_AMPS[direction];
  const byCapacity = known.capacity === undefined ? Number.POSITIVE_INFINITY : MOST_RATE * known.capacity;
  if (wish === 'auto') {
    const told = direction === 'charge' ? known.maxCharge : known.maxDischarge;
    return Math.min(told === undefined ? usual : MARGIN * told, byCapacity);
  }
  if (wish !== undefined && Number.isFinite(wish)) return Math.max(0, wish);
  return settings.profile === 'soc-steps' ? usual : Math.min(usual, byCapacity);
}

/** What the BMS itself allows: an operating limit as it is, a trip point with a margin. */
export function bmsLimit(settings: ControlSettings, known: Known, direction: Direction): Limit | undefined {
  const told = direction === 'charge' ? known.maxCharge : known.maxDischarge;
  if (told === undefined || !settings.honourBmsLimits || settings.bmsLimits === 'none') return undefined;
  return { amps: settings.bmsLimits === 'trip' ? MARGIN * told : told, cause: 'bms' };
}

/** What is asked for at run time; anything that is no number >= 0 asks for nothing. */
export function requestLimit(requests: ControlRequests | undefined, direction: Direction): Limit | undefined {
  if (requests === undefined) return undefined;
  const off = direction === 'charge' ? requests.chargeOff : requests.dischargeOff;
  if (off === true) return { amps: 0, cause: 'switched' };
  const amps = direction === 'charge' ? requests.maxChargeCurrent : requests.maxDischargeCurrent;
  return amps !== undefined && amps >= 0 ? { amps, cause: 'request' } : undefined;
}

/** What is left of the charge while the configuration holds errors. */
export function configLimit(
  settings: ControlSettings,
  known: Known,
  max: number,
  direction: Direction,
): Limit | undefined {
  if (settings.configError === undefined || direction === 'discharge') return undefined;
  return { amps: ampsAt(CONFIG_ERROR_RATE, known.capacity, max), cause: 'config' };
}
