import type { Known } from '../input/measure.ts';
import type { ControlRequests, ControlSettings } from '../law.ts';
import { ampsAt } from './ccl.ts';
import type { Direction, Limit } from './limit.ts';
import { TRIP_MARGIN } from './user-max.ts';

/** C-rate of charge while the configuration holds errors. */
const CONFIG_ERROR_RATE = 0.1;

/** What others say of a current beside the law: the user at run time, the BMS, a configuration with errors. */
export function givenLimits(
  settings: ControlSettings,
  requests: ControlRequests,
  known: Known,
  max: number,
  direction: Direction,
): readonly (Limit | undefined)[] {
  return [
    requestLimit(requests, direction),
    bmsLimit(settings, known, direction),
    configLimit(settings, known, max, direction),
  ];
}

/** What the BMS itself allows: an operating limit as it is, a trip point with a margin. */
function bmsLimit(settings: ControlSettings, known: Known, direction: Direction): Limit | undefined {
  const told = direction === 'charge' ? known.maxCharge : known.maxDischarge;
  if (told === undefined || !settings.honourBmsLimits || settings.bmsLimits === 'none') return undefined;
  return { amps: settings.bmsLimits === 'trip' ? TRIP_MARGIN * told : told, cause: 'bms' };
}

/** What is asked for at run time; anything that is no number >= 0 asks for nothing. */
function requestLimit(requests: ControlRequests, direction: Direction): Limit | undefined {
  const off = direction === 'charge' ? requests.chargeOff : requests.dischargeOff;
  if (off === true) return { amps: 0, cause: 'switched' };
  const amps = direction === 'charge' ? requests.maxChargeCurrent : requests.maxDischargeCurrent;
  return amps !== undefined && amps >= 0 ? { amps, cause: 'request' } : undefined;
}

/** What is left of the charge while the configuration holds errors. */
function configLimit(
  settings: ControlSettings,
  known: Known,
  max: number,
  direction: Direction,
): Limit | undefined {
  if (settings.configError === undefined || direction === 'discharge') return undefined;
  return { amps: ampsAt(CONFIG_ERROR_RATE, known.capacity, max), cause: 'config' };
}
