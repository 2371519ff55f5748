import type { Alarms } from '../../model/alarms.ts';
import { clamp } from '../../model/curves.ts';
import type { PackReading } from '../../model/reading.ts';
import type { ControlSettings } from '../law.ts';
import { type CapacityWatch, NO_CAPACITY, watchCapacity } from './capacity.ts';
import type { Sample } from './reading-filter.ts';
import { type Heat, heatOf } from './sensor-faults.ts';
import { NO_SENSORS } from './sensors.ts';

/** Slow facts of the battery, kept when a reading leaves them out: a missing input never raises a limit. */
export interface Known {
  /** Ah that limits reckon with: what the owner states, else what is believed of what the BMS tells. */
  readonly capacity: number | undefined;
  readonly capacityWatch: CapacityWatch;
  readonly mosfet: number | undefined;
  /** Of the cells, over all sensors, for charging. */
  readonly coldest: number | undefined;
  readonly hottest: number | undefined;
  /** What the sensors of the cells say together. */
  readonly heat: Heat;
  readonly chargeEnabled: boolean | undefined;
  readonly dischargeEnabled: boolean | undefined;
  readonly maxCharge: number | undefined;
  readonly maxDischarge: number | undefined;
  readonly maxChargeVoltage: number | undefined;
  readonly alarms: Alarms | undefined;
  readonly soc: number | undefined;
  readonly socAt: number;
}

/** Filtered values and what is known; undefined before the first sample. */
export interface Measured {
  readonly count: number;
  readonly measuresCells: boolean;
  /** Raw values of the last good sample. */
  readonly vmax: number;
  readonly vmin: number;
  readonly vsum: number;
  readonly spread: number;
  readonly current: number;
  readonly balancing: boolean;
  /** Highest cell, sum of cells and current, smoothed over 3 s but with every real jump at once. */
  readonly vmaxFiltered: number;
  readonly vsumFiltered: number;
  readonly currentFiltered: number;
  /** Highest cell as `vmaxFiltered`, but of two samples the smaller counts: one high sample alone does not move CVL. */
  readonly vmaxConfirmed: number;
  /** V/s at which `vmaxConfirmed` rises, smoothed over 5 s. */
  readonly slope: number;
  /** Highest cell of the sample before, V. */
  readonly vmaxBefore: number;
  /** Lowest cell as a 10 s average: a load spike is no empty cell. */
  readonly vminSlow: number;
  /** Coldest and hottest sensor, smoothed over 60 s. */
  readonly coldSlow: number | undefined;
  readonly hotSlow: number | undefined;
  /** The same of what discharging follows. */
  readonly dischargeColdSlow: number | undefined;
  readonly known: Known;
}

/** Time steps are counted as at most this long, so that a gap is no licence for one huge step. */
export const MOST_DT_S = 10;
const FILTER_S = 3;
const SLOW_S = 10;
const SLOPE_S = 5;
const THERMAL_S = 60;
const JUMP = 0.02;
/** Seconds for which a SoC that is no longer told still counts for the limits. */
const SOC_MEMORY_S = 60;

const NOTHING: Known = {
  capacity: undefined,
  capacityWatch: NO_CAPACITY,
  mosfet: undefined,
  coldest: undefined,
  hottest: undefined,
  heat: heatOf(NO_SENSORS),
  chargeEnabled: undefined,
  dischargeEnabled: undefined,
  maxCharge: undefined,
  maxDischarge: undefined,
  maxChargeVoltage: undefined,
  alarms: undefined,
  soc: undefined,
  socAt: Number.NEGATIVE_INFINITY,
};

export function measure(
  settings: ControlSettings,
  before: Measured | undefined,
  sample: Sample,
  heat: Heat,
  t: number,
  dt: number,
): Measured {
  const { count, vmax, vsum, current, vmin } = sample;
  const known = learn(settings, before?.known ?? NOTHING, sample.reading, heat, t);
  const share = Math.min(1, dt / FILTER_S);
  const thermal = Math.min(1, dt / THERMAL_S);
  const vmaxConfirmed = smooth(before?.vmaxConfirmed, Math.min(vmax, before?.vmax ?? vmax), share, JUMP);
  const rise = before === undefined || dt <= 0 ? 0 : (vmaxConfirmed - before.vmaxConfirmed) / dt;
  return {
    count,
    measuresCells: sample.measuresCells,
    vmax,
    vmin,
    vsum,
    spread: sample.spread,
    current,
    balancing: sample.reading.balancing ?? sample.reading.cellBalancing?.includes(true) ?? false,
    vmaxFiltered: smooth(before?.vmaxFiltered, vmax, share, JUMP),
    vsumFiltered: before?.count === count ? smooth(before.vsumFiltered, vsum, share, JUMP * count) : vsum,
    currentFiltered: smooth(before?.currentFiltered, current, share, Number.POSITIVE_INFINITY),
    vmaxConfirmed,
    slope: smooth(before?.slope ?? 0, rise, Math.min(1, dt / SLOPE_S), Number.POSITIVE_INFINITY),
    vmaxBefore: before?.vmax ?? vmax,
    vminSlow: smooth(before?.vminSlow, vmin, Math.min(1, dt / SLOW_S), Number.POSITIVE_INFINITY),
    coldSlow: maybeSmooth(before?.coldSlow, known.coldest, thermal),
    hotSlow: maybeSmooth(before?.hotSlow, known.hottest, thermal),
    dischargeColdSlow: maybeSmooth(before?.dischargeColdSlow, heat.dischargeColdest, thermal),
    known,
  };
}

/** SoC that may still be used for limits, %. */
export function usableSoc(known: Known, t: number): number | undefined {
  return t - known.socAt <= SOC_MEMORY_S ? known.soc : undefined;
}

/** Merges what a reading tells into what is known; also used for readings that may only lower limits. */
export function learn(
  settings: ControlSettings,
  known: Known,
  reading: PackReading,
  heat: Heat,
  t: number,
): Known {
  const capacityWatch = watchCapacity(known.capacityWatch, {
    capacity: firstCapacity(reading.capacityFull, reading.capacityDesign),
    remaining: reading.capacityRemaining,
    soc: reading.soc,
    t,
  });
  return {
    capacity: firstCapacity(settings.capacity, capacityWatch.inForce),
    capacityWatch,
    mosfet: reading.mosfetTemperature ?? known.mosfet,
    coldest: heat.coldest,
    hottest: heat.hottest,
    heat,
    chargeEnabled: reading.chargeEnabled ?? known.chargeEnabled,
    dischargeEnabled: reading.dischargeEnabled ?? known.dischargeEnabled,
    maxCharge: atLeastZero(reading.maxChargeCurrent) ?? known.maxCharge,
    maxDischarge: atLeastZero(reading.maxDischargeCurrent) ?? known.maxDischarge,
    maxChargeVoltage: reading.maxChargeVoltage ?? known.maxChargeVoltage,
    alarms: reading.alarms ?? known.alarms,
    soc: reading.soc ?? known.soc,
    socAt: reading.soc === undefined ? known.socAt : t,
  };
}

function firstCapacity(...told: readonly (number | undefined)[]): number | undefined {
  return told.find((ah) => ah !== undefined && Number.isFinite(ah) && ah > 0);
}

function atLeastZero(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.max(0, value);
}

function smooth(before: number | undefined, value: number, share: number, jump: number): number {
  if (before === undefined || Math.abs(value - before) > jump) return value;
  return before + clamp(share, 0, 1) * (value - before);
}

function maybeSmooth(
  before: number | undefined,
  value: number | undefined,
  share: number,
): number | undefined {
  return value === undefined ? before : smooth(before, value, share, Number.POSITIVE_INFINITY);
}
