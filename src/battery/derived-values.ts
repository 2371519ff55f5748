import type { HistoryFigures } from '../history/history.ts';
import type { AlarmName, Alarms } from '../model/alarms.ts';
import type { BatteryView } from './battery-view.ts';
import { cellExtremes, temperatureExtremes } from './cell-extremes.ts';
import type { ToldValues } from './told-values.ts';

export function cellsInSeries(state: BatteryView): number | undefined {
  const { facts, reading } = state;
  return (
    facts.cellCount ??
    reading?.cellCount ??
    facts.cellVoltages?.length ??
    reading?.cellVoltages?.length ??
    undefined
  );
}

export function packs(state: BatteryView): number {
  return (
    state.told?.packs ?? Math.max(1, state.facts.modules?.length ?? 0, state.reading?.modules?.length ?? 0)
  );
}

export function modulesOnline(state: BatteryView): number {
  if (!state.link.online) return 0;
  return state.told?.packsOnline ?? state.reading?.modules?.length ?? packs(state);
}

function blocking(
  state: BatteryView,
  key: 'chargeEnabled' | 'dischargeEnabled',
  allowed: boolean | undefined,
): number | undefined {
  if (allowed === false) return packs(state);
  if (state.reading === undefined) return undefined;
  const all = state.reading.modules ?? [state.reading];
  return all.filter((pack) => pack[key] === false).length;
}

export function power({ reading }: BatteryView): number | undefined {
  if (reading?.power !== undefined) return reading.power;
  if (reading?.voltage === undefined || reading.current === undefined) return undefined;
  return reading.voltage * reading.current;
}

export function soc({ control, reading }: BatteryView): number | undefined {
  return control === undefined ? reading?.soc : control.soc;
}

/** What the BMS last told, of every pack: in a bank the packs that are silent now have not lost their health. */
export function soh({ facts, reading }: BatteryView): number | undefined {
  return facts.soh ?? reading?.soh;
}

/** The count of the BMS, as it was last told; our own, which began when the driver came, only where there is none. */
export function cycles({ facts, history, reading }: BatteryView): number | undefined {
  return facts.cycles ?? reading?.cycles ?? history?.chargeCycles;
}

/** Of every pack, also of those that are silent now. */
export function installedCapacity({ facts, reading }: BatteryView): number | undefined {
  return facts.capacityFull ?? facts.capacityDesign ?? reading?.capacityFull ?? reading?.capacityDesign;
}

/** Of the packs whose measurements are shown: what remains in them is compared with it. */
function fullCapacity({ facts, reading }: BatteryView): number | undefined {
  return reading?.capacityFull ?? facts.capacityFull ?? reading?.capacityDesign ?? facts.capacityDesign;
}

/** As the BMS counts it, else from SoC and size; unknown with the other measurements, never derived in place of a value that is old. */
export function remainingCapacity(state: BatteryView): number | undefined {
  if (state.told?.remaining !== undefined) return state.told.remaining;
  if (state.reading === undefined) return undefined;
  const remaining = state.reading.capacityRemaining;
  if (remaining !== undefined) return remaining;
  const full = fullCapacity(state);
  const percentage = soc(state);
  return full === undefined || percentage === undefined ? undefined : (full * percentage) / 100;
}

export function consumed(state: BatteryView): number | undefined {
  return state.told?.consumed ?? belowFull(state, remainingCapacity(state));
}

/** What the BMS itself counts, whatever is shown as state of charge. */
export function consumedBms(state: BatteryView): number | undefined {
  return state.told?.consumedBms ?? belowFull(state, state.reading?.capacityRemaining);
}

function belowFull(state: BatteryView, remaining: number | undefined): number | undefined {
  const full = fullCapacity(state);
  return full === undefined || remaining === undefined ? undefined : Math.min(0, remaining - full);
}

/** CVL of one cell, V. */
export function cellLimit(state: BatteryView): number | undefined {
  if (state.told?.maxChargeCellVoltage !== undefined) return state.told.maxChargeCellVoltage;
  const cells = cellsInSeries(state);
  const limit = state.control?.cvl;
  return limit === undefined || cells === undefined ? undefined : limit / cells;
}

/** Voltage of the lower half of the cells; an odd count has no middle. */
export function midVoltage({ reading, told }: BatteryView): number | undefined {
  if (told?.midVoltage !== undefined) return told.midVoltage;
  const cells = reading?.cellVoltages;
  return cells === undefined || cells.length % 2 === 1 ? undefined : sum(cells.slice(0, cells.length / 2));
}

export function midDeviation(state: BatteryView): number | undefined {
  if (state.told?.midDeviation !== undefined) return state.told.midDeviation;
  const mid = midVoltage(state);
  const total = cellSum(state);
  return mid === undefined || total === undefined || total <= 0 ? undefined : 100 * ((2 * mid) / total - 1);
}

export function difference(state: BatteryView): number | undefined {
  if (state.told?.cellDifference !== undefined) return state.told.cellDifference;
  const min = minCellVoltage(state);
  const max = maxCellVoltage(state);
  return min === undefined || max === undefined ? undefined : max - min;
}

export function cellSum({ reading, told }: BatteryView): number | undefined {
  return told?.cellSum ?? sum(reading?.cellVoltages);
}

/** Mean of the cell sensors, degC. */
export function temperature({ reading, told }: BatteryView): number | undefined {
  return told?.temperature ?? mean(reading?.temperatures);
}

/** Lowest and highest cell, V, and where it is; coldest and warmest sensor, degC, and where it is. */
export const minCellVoltage = orTold('minCellVoltage', ({ reading }) => cellExtremes(reading)?.min.value);
export const maxCellVoltage = orTold('maxCellVoltage', ({ reading }) => cellExtremes(reading)?.max.value);
export const minCell = orTold('minCell', ({ reading }) => cellExtremes(reading)?.min.id);
export const maxCell = orTold('maxCell', ({ reading }) => cellExtremes(reading)?.max.id);
export const minTemperature = orTold('minTemperature', (s) => temperatureExtremes(s.reading)?.min.value);
export const maxTemperature = orTold('maxTemperature', (s) => temperatureExtremes(s.reading)?.max.value);
export const minSensor = orTold('minSensor', (s) => temperatureExtremes(s.reading)?.min.id);
export const maxSensor = orTold('maxSensor', (s) => temperatureExtremes(s.reading)?.max.id);

/** Packs that do not let themselves be charged, or discharged. */
export const blockingCharge = orTold('blockingCharge', (s) =>
  blocking(s, 'chargeEnabled', s.control?.allowToCharge),
);
export const blockingDischarge = orTold('blockingDischarge', (s) =>
  blocking(s, 'dischargeEnabled', s.control?.allowToDischarge),
);

/** Seconds to empty while discharging. */
export const timeToGo = orTold('timeToGo', ({ control }) => control?.timeToGo);

function orTold<K extends keyof ToldValues>(
  key: K,
  derive: (view: BatteryView) => ToldValues[K],
): (view: BatteryView) => ToldValues[K] {
  return (view) => view.told?.[key] ?? derive(view);
}

export function balancing({ reading }: BatteryView): number | undefined {
  return flag(reading?.balancing ?? reading?.cellBalancing?.includes(true));
}

/** 0 unknown, 1 balanced, 2 balancing, 3 imbalance; undefined while the BMS is silent, when it cannot be said. */
export function balancerStatus(state: BatteryView): number | undefined {
  if (state.told?.balancerStatus !== undefined) return state.told.balancerStatus;
  if (state.reading === undefined) return undefined;
  const active = balancing(state);
  if (active === 1) return 2;
  if ((alarm('cellImbalance')(state) ?? 0) > 0) return 3;
  return active === undefined ? 0 : 1;
}

/** `alsoRaisedBy` counts as level 2 when it is raised at all. */
export function alarm(
  name: AlarmName,
  alsoRaisedBy?: AlarmName,
): (state: Pick<BatteryView, 'control' | 'reading'>) => number | undefined {
  return ({ control, reading }) => raised(control?.alarms ?? reading?.alarms ?? {}, name, alsoRaisedBy);
}

export function raised(alarms: Alarms, name: AlarmName, alsoRaisedBy?: AlarmName): number | undefined {
  const other = alsoRaisedBy === undefined ? undefined : alarms[alsoRaisedBy];
  if (other === undefined) return alarms[name];
  return other > 0 ? 2 : (alarms[name] ?? 0);
}

const HOT = ['highTemperature', 'highChargeTemperature', 'highInternalTemperature'] as const;
const COLD = ['lowTemperature', 'lowChargeTemperature'] as const;

/** The most telling of what holds; undefined while the BMS is silent, when nothing of this is known. */
export function deviceState({ control, link, reading, told }: BatteryView): number | undefined {
  if (told?.deviceState !== undefined) return told.deviceState;
  if (!link.online) return undefined;
  const alarms = control?.alarms ?? reading?.alarms ?? {};
  const has = (names: readonly AlarmName[], level: number): boolean =>
    names.some((name) => (alarms[name] ?? 0) >= level);
  if (has(['internalFailure', 'shortCircuit', 'contactor'], 2)) return DEVICE.fault;
  if (has(HOT, 2)) return DEVICE.tooHot;
  if (has(['lowVoltage', 'lowCellVoltage'], 2)) return DEVICE.empty;
  if (reading?.chargeEnabled === false && reading.dischargeEnabled === false) return DEVICE.tripped;
  return has([...HOT, ...COLD], 1) ? DEVICE.temperatureWarning : DEVICE.connected;
}

const DEVICE = {
  connected: 0x100,
  tooHot: 0x101,
  temperatureWarning: 0x102,
  fault: 0x103,
  tripped: 0x104,
  empty: 0x105,
};

export function drawn(key: keyof HistoryFigures): (state: BatteryView) => number | undefined {
  return ({ history }) => {
    const value = history?.[key];
    return value === undefined ? undefined : -Math.abs(value);
  };
}

export function flag(value: boolean | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function sum(values: readonly number[] | undefined): number | undefined {
  return values === undefined || values.length === 0 ? undefined : values.reduce((a, b) => a + b, 0);
}

function mean(values: readonly number[] | undefined): number | undefined {
  const total = sum(values);
  return values === undefined || total === undefined ? undefined : total / values.length;
}
