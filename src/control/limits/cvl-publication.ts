import { roundVoltage } from './rounding.ts';

/** The charge voltage limit on the bus. */
export interface PublishedCvl {
  readonly volts: number;
  /** Monotonic seconds of the last increase. */
  readonly raisedAt: number;
}

export interface CvlTarget {
  /** V that the law wants at the pack. */
  readonly cvl: number;
  readonly count: number;
  /** V per cell below which CVL is never put. */
  readonly floor: number;
  /** V that the owner adds for losses in cables. */
  readonly voltageDrop: number;
  /** V that the BMS allows at most. */
  readonly bmsMax: number | undefined;
  readonly charging: boolean;
  /** The target comes from a good sample; without one CVL never rises. */
  readonly sampled: boolean;
}

const RAISE_EVERY_S = 5;
const MOST_DROP_PER_CELL = 0.03125;

/** Decreases are published at once, increases at most every 5 s: chargers follow no faster. */
export function publishCvl(before: PublishedCvl | undefined, target: CvlTarget, t: number): PublishedCvl {
  const { cvl, count, floor, voltageDrop, bmsMax, charging, sampled } = target;
  const drop = charging && voltageDrop > 0 ? Math.min(voltageDrop, MOST_DROP_PER_CELL * count) : 0;
  const allowed = Math.min(cvl + drop, bmsMax ?? Number.POSITIVE_INFINITY);
  const volts = roundVoltage(Math.max(allowed, count * floor));
  const least = roundVoltage(count * floor);
  if (before === undefined || volts < before.volts) return { volts, raisedAt: before?.raisedAt ?? t };
  if (before.volts < least && sampled) return { volts: least, raisedAt: t };
  if (volts === before.volts || !sampled || t - before.raisedAt < RAISE_EVERY_S) return before;
  return { volts, raisedAt: t };
}
