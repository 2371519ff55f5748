import type { Alarms } from '../model/alarms.ts';
import type { PackReading } from '../model/reading.ts';

/** A battery's life so far, as plain data to be persisted; Ah of discharge are negative, energies kWh, times s. */
export interface History {
  readonly deepestDischarge: number;
  readonly lastDischarge: number;
  /** Sum and number of the discharges that ended with a full pack. */
  readonly dischargeSum: number;
  readonly discharges: number;
  readonly totalAhDrawn: number;
  /** Ah since the pack was last full, <= 0. */
  readonly drawn: number;
  readonly fullDischarges: number;
  /** A full discharge counts again only after a charge. */
  readonly armed: boolean;
  readonly minimumVoltage?: number;
  readonly maximumVoltage?: number;
  readonly minimumCellVoltage?: number;
  readonly maximumCellVoltage?: number;
  readonly minimumTemperature?: number;
  readonly maximumTemperature?: number;
  readonly timeSinceLastFullCharge?: number;
  /** The count of cycles that the BMS told last. */
  readonly cycles?: number;
  readonly automaticSyncs: number;
  readonly lowVoltageAlarms: number;
  readonly highVoltageAlarms: number;
  readonly lowAlarm: boolean;
  readonly highAlarm: boolean;
  readonly dischargedEnergy: number;
  readonly chargedEnergy: number;
}

/** What one good sample adds. */
export interface HistoryStep {
  readonly sample: PackReading;
  /** Alarms as published. */
  readonly alarms: Alarms;
  readonly soc?: number;
  /** Seconds since the previous good sample, by a monotonic clock. */
  readonly dt: number;
  /** A charge has just ended with the pack full. */
  readonly becameFull: boolean;
}

/** What the history shows. Ah of discharge are negative; energies are kWh, times s. */
export interface HistoryFigures {
  readonly deepestDischarge: number;
  readonly lastDischarge: number;
  readonly averageDischarge: number;
  readonly totalAhDrawn: number;
  /** As the BMS counts them, else what was drawn, in capacities; absent where neither is known. */
  readonly chargeCycles?: number;
  readonly fullDischarges: number;
  readonly minimumVoltage?: number;
  readonly maximumVoltage?: number;
  readonly minimumCellVoltage?: number;
  readonly maximumCellVoltage?: number;
  readonly minimumTemperature?: number;
  readonly maximumTemperature?: number;
  readonly timeSinceLastFullCharge?: number;
  readonly automaticSyncs: number;
  readonly lowVoltageAlarms: number;
  readonly highVoltageAlarms: number;
  readonly dischargedEnergy: number;
  readonly chargedEnergy: number;
}

/** What flowed during a longer gap is not known, and not made up. */
const MOST_DT_S = 10;
const EMPTY_SOC = 0.5;
const REARM_SOC = 15;
const JOULE_PER_KWH = 3.6e6;

export function emptyHistory(): History {
  return {
    deepestDischarge: 0,
    lastDischarge: 0,
    dischargeSum: 0,
    discharges: 0,
    totalAhDrawn: 0,
    drawn: 0,
    fullDischarges: 0,
    armed: true,
    automaticSyncs: 0,
    lowVoltageAlarms: 0,
    highVoltageAlarms: 0,
    lowAlarm: false,
    highAlarm: false,
    dischargedEnergy: 0,
    chargedEnergy: 0,
  };
}

export function accumulate(history: History, { sample, alarms, soc, dt, becameFull }: HistoryStep): History {
  const seconds = dt > 0 ? Math.min(dt, MOST_DT_S) : 0;
  const current = sample.current ?? 0;
  const ah = (current * seconds) / 3600;
  const kwh = ((sample.voltage ?? 0) * current * seconds) / JOULE_PER_KWH;
  const drawn = Math.min(0, history.drawn + ah);
  const empty = soc !== undefined && soc <= EMPTY_SOC;
  const lowAlarm = alarms.lowVoltage === 2 || alarms.lowCellVoltage === 2;
  const highAlarm = alarms.highVoltage === 2 || alarms.highCellVoltage === 2;
  const sinceFull = becameFull ? 0 : history.timeSinceLastFullCharge;
  const last = Math.min(history.drawn === 0 && ah < 0 ? 0 : history.lastDischarge, drawn);
  return {
    ...history,
    ...extremes(history, sample),
    deepestDischarge: Math.min(history.deepestDischarge, drawn),
    lastDischarge: last,
    dischargeSum: history.dischargeSum + (becameFull ? last : 0),
    discharges: history.discharges + (becameFull && last < 0 ? 1 : 0),
    totalAhDrawn: history.totalAhDrawn + Math.min(0, ah),
    drawn: becameFull ? 0 : drawn,
    fullDischarges: history.fullDischarges + (empty && history.armed ? 1 : 0),
    armed: empty ? false : history.armed || (soc !== undefined && soc > REARM_SOC),
    automaticSyncs: history.automaticSyncs + (becameFull ? 1 : 0),
    lowVoltageAlarms: history.lowVoltageAlarms + (lowAlarm && !history.lowAlarm ? 1 : 0),
    highVoltageAlarms: history.highVoltageAlarms + (highAlarm && !history.highAlarm ? 1 : 0),
    lowAlarm,
    highAlarm,
    dischargedEnergy: history.dischargedEnergy + Math.max(0, -kwh),
    chargedEnergy: history.chargedEnergy + Math.max(0, kwh),
    // The age of the last full charge goes on through gaps, unlike what flowed.
    ...(sinceFull === undefined
      ? {}
      : { timeSinceLastFullCharge: sinceFull + (becameFull ? 0 : Math.max(0, dt)) }),
    ...(sample.cycles !== undefined && { cycles: sample.cycles }),
  };
}

export function figuresOf(history: History, capacity: number | undefined): HistoryFigures {
  const { dischargeSum, discharges, drawn: _, armed: __, lowAlarm: ___, highAlarm: ____, ...rest } = history;
  const { cycles: told, ...shown } = rest;
  const chargeCycles = told ?? ownCycles(history, capacity);
  return {
    ...shown,
    averageDischarge: discharges === 0 ? 0 : dischargeSum / discharges,
    ...(chargeCycles !== undefined && { chargeCycles }),
  };
}

/** What was drawn since this program counts, in full capacities. */
function ownCycles({ totalAhDrawn }: History, capacity: number | undefined): number | undefined {
  return capacity !== undefined && capacity > 0 ? Math.floor(-totalAhDrawn / capacity) : undefined;
}

/** A history from what was persisted `ageSeconds` ago; whatever is not of its shape is left out. */
export function restoreHistory(persisted: unknown, ageSeconds: number): History {
  const empty = emptyHistory();
  if (typeof persisted !== 'object' || persisted === null) return empty;
  const entries = Object.entries(persisted);
  const known = new Map<string, 'number' | 'boolean'>([
    ...Object.entries(empty).map(
      ([key, value]) => [key, typeof value === 'boolean' ? 'boolean' : 'number'] as const,
    ),
    ...OPTIONAL.map((key) => [key, 'number'] as const),
  ]);
  const fitting = entries.filter(
    ([key, value]) =>
      typeof value === known.get(key) && (typeof value !== 'number' || Number.isFinite(value)),
  );
  const history: History = { ...empty, ...Object.fromEntries(fitting) };
  const { timeSinceLastFullCharge: since } = history;
  return since === undefined || !(ageSeconds > 0)
    ? history
    : { ...history, timeSinceLastFullCharge: since + ageSeconds };
}

const OPTIONAL = [
  'minimumVoltage',
  'maximumVoltage',
  'minimumCellVoltage',
  'maximumCellVoltage',
  'minimumTemperature',
  'maximumTemperature',
  'timeSinceLastFullCharge',
  'cycles',
] as const;

function extremes(history: History, { voltage, cellVoltages, temperatures }: PackReading): Partial<History> {
  return {
    ...least('minimumVoltage', history.minimumVoltage, voltage === undefined ? [] : [voltage]),
    ...most('maximumVoltage', history.maximumVoltage, voltage === undefined ? [] : [voltage]),
    ...least('minimumCellVoltage', history.minimumCellVoltage, cellVoltages ?? []),
    ...most('maximumCellVoltage', history.maximumCellVoltage, cellVoltages ?? []),
    ...least('minimumTemperature', history.minimumTemperature, temperatures ?? []),
    ...most('maximumTemperature', history.maximumTemperature, temperatures ?? []),
  };
}

function least<K extends string>(key: K, before: number | undefined, values: readonly number[]) {
  const value = Math.min(before ?? Number.POSITIVE_INFINITY, ...values);
  return Number.isFinite(value) ? { [key]: value } : {};
}

function most<K extends string>(key: K, before: number | undefined, values: readonly number[]) {
  const value = Math.max(before ?? Number.NEGATIVE_INFINITY, ...values);
  return Number.isFinite(value) ? { [key]: value } : {};
}
