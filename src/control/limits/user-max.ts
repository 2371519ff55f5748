import type { Known } from '../input/measure.ts';
import type { ControlSettings } from '../law.ts';
import type { Direction } from './limit.ts';

const DEFAULT_AMPS = { charge: 50, discharge: 60 } as const;
/** C-rate that neither the default of the adaptive profile nor 'auto' exceeds. */
const MOST_RATE = 0.5;
/** Distance kept from a limit of the BMS at which it trips, or which is to be followed. */
export const TRIP_MARGIN = 0.9;

/** A that the owner allows at most, before any limiter. */
export function userMax(settings: ControlSettings, known: Known, direction: Direction): number {
  const wish = direction === 'charge' ? settings.maxChargeCurrent : settings.maxDischargeCurrent;
  const usual = DEFAULT_AMPS[direction];
  const byCapacity = known.capacity === undefined ? Number.POSITIVE_INFINITY : MOST_RATE * known.capacity;
  if (wish === 'auto') {
    const told = direction === 'charge' ? known.maxCharge : known.maxDischarge;
    return Math.min(told === undefined ? usual : TRIP_MARGIN * told, byCapacity);
  }
  if (wish !== undefined && Number.isFinite(wish)) return Math.max(0, wish);
  return settings.profile === 'soc-steps' ? usual : Math.min(usual, byCapacity);
}

/** The same of both currents. */
export function userMaxima(settings: ControlSettings, known: Known): Readonly<Record<Direction, number>> {
  return {
    charge: userMax(settings, known, 'charge'),
    discharge: userMax(settings, known, 'discharge'),
  };
}
