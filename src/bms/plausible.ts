import { ImplausibleError } from '../errors.ts';
import { type BankReading, mergeReadings, type PackReading } from '../model/reading.ts';
import type { BmsDriver } from './driver.ts';
import type { Poll } from './query-plan.ts';

/** Merges what several replies carry and completes it. Trip points that this pack cannot have are left out. */
export function assemble(
  { finish, limits }: Pick<BmsDriver, 'finish' | 'limits'>,
  parts: readonly BankReading[],
): BankReading {
  const merged = mergeReadings(...parts);
  const finished = finish === undefined ? merged : finish(merged);
  return limits === 'trip' ? withoutImpossibleLimits(finished) : finished;
}

/** V per cell that a trip point of any chemistry can have, and A that one of any board can have. */
const CELL_TRIP = { high: { min: 2, max: 5 }, low: { min: 0.5, max: 4 } } as const;
const MOST_TRIP_CURRENT = 2000;

/**
 * Trip points come from settings that few captures show. Voltages that no cell could have, or of which the lower is not
 * below the upper, and currents beyond any board are a wrong place or unit: absent, so that nothing follows them.
 */
function withoutImpossibleLimits(reading: PackReading): PackReading {
  const { cellCount, cellVoltages, maxChargeVoltage: high, minDischargeVoltage: low } = reading;
  const cells = cellCount ?? cellVoltages?.length;
  const outside = (volts: number | undefined, { min, max }: { min: number; max: number }): boolean =>
    volts !== undefined && cells !== undefined && !(volts >= min * cells && volts <= max * cells);
  const crossed = high !== undefined && low !== undefined && low >= high;
  const refused: readonly (keyof PackReading | false)[] = [
    (crossed || outside(high, CELL_TRIP.high)) && 'maxChargeVoltage',
    (crossed || outside(low, CELL_TRIP.low)) && 'minDischargeVoltage',
    (reading.maxChargeCurrent ?? 0) > MOST_TRIP_CURRENT && 'maxChargeCurrent',
    (reading.maxDischargeCurrent ?? 0) > MOST_TRIP_CURRENT && 'maxDischargeCurrent',
  ];
  return Object.fromEntries(Object.entries(reading).filter(([key]) => !refused.some((name) => name === key)));
}

/** Throws ImplausibleError when the reading lacks one of the keys by which a probe tells this BMS from others. */
export function assertCarries(reading: PackReading, keys: readonly (keyof PackReading)[]): PackReading {
  const missing = keys.filter((key) => reading[key] === undefined);
  if (missing.length > 0) throw new ImplausibleError(`the reply carries no ${missing.join(', ')}`);
  return reading;
}

/**
 * Plausibility that every probe demands beside its checksum: a cell count of 3..32, a SoC of 0..100 %, and cells that
 * sum up to the pack voltage within 2 % + 0.3 V, as far as the reading has them.
 */
export function assertPlausible(reading: PackReading): PackReading {
  const { voltage, soc, cellVoltages, cellCount } = reading;
  const count = cellCount ?? cellVoltages?.length;
  if (count !== undefined && (count < 3 || count > 32))
    throw new ImplausibleError(`${count} cells; 3 to 32 are possible`);
  if (soc !== undefined && (soc < 0 || soc > 100)) throw new ImplausibleError(`state of charge ${soc} %`);
  if (voltage !== undefined && (voltage < 0 || voltage > 160))
    throw new ImplausibleError(`pack voltage ${voltage} V`);
  if (voltage !== undefined && cellVoltages !== undefined && cellVoltages.length === count)
    assertSum(cellVoltages, voltage);
  return reading;
}

/** Cell voltages of a pack, V. A pack that is not there, or whose front end is dead, is told with zeros: ImplausibleError. */
export function cellVoltagesOf(millivolts: readonly number[]): number[] {
  if (millivolts.every((cell) => cell === 0))
    throw new ImplausibleError('a pack that is not there: all cells are 0 V');
  return millivolts.map((cell) => cell / 1000);
}

/** For `together`: refuses a poll whose parts do not fit, where cells are counted by the places that hold one. */
export function assertTogether({ told }: Pick<Poll, 'told'>): PackReading {
  assertPlausible(told);
  return {};
}

/** Throws ImplausibleError when cells do not make up the pack voltage; each may be `step` V off. */
export function assertSum(cells: readonly number[], voltage: number, step = 0): void {
  if (makeUp(cells, voltage, step)) return;
  const sum = cells.reduce((total, cell) => total + cell, 0);
  throw new ImplausibleError(
    `cells sum up to ${sum.toFixed(2)} V, but the pack says ${voltage.toFixed(2)} V`,
  );
}

/** Whether cells make up a pack voltage within 2 % + 0.3 V, each being `step` V off at most. */
export function makeUp(cells: readonly number[], voltage: number, step = 0): boolean {
  const sum = cells.reduce((total, cell) => total + cell, 0);
  return Math.abs(sum - voltage) <= 0.02 * voltage + 0.3 + cells.length * step;
}
