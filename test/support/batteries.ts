import fc from 'fast-check';
import { nearestCells } from '../../src/bms/cells.ts';
import type { BmsDriver } from '../../src/bms/driver.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { round } from '../../src/model/round.ts';

/** 13 cells and 4 sensors fit nearly every BMS of the list. */
const CELLS = 13;

/** As many cells as a pack of this BMS can have, 13 if it can. */
export const cellsFor = (driver: Pick<BmsDriver, 'cells'>): number => nearestCells(driver, CELLS);

const step = (min: number, max: number, digits: number): fc.Arbitrary<number> =>
  fc
    .integer({ min: Math.ceil(min * 10 ** digits), max: Math.floor(max * 10 ** digits) })
    .map((n) => n / 10 ** digits);

/** A complete battery without alarms; every value within what every BMS can carry. */
export const anyBatteryOf = (cells: number): fc.Arbitrary<PackReading> =>
  fc
    .record({
      cellVoltages: fc.array(step(2.6, 3.64, 3), { minLength: cells, maxLength: cells }),
      current: step(-200, 200, 1),
      soc: step(0, 100, 0),
      soh: step(70, 100, 0),
      capacityDesign: step(50, 300, 0),
      cycles: fc.nat(3000),
      temperatures: fc.array(step(-20, 60, 0), { minLength: 4, maxLength: 4 }),
      mosfetTemperature: step(-10, 80, 0),
      ambientTemperature: step(-10, 60, 0),
      cellBalancing: fc.array(fc.boolean(), { minLength: cells, maxLength: cells }),
      maxChargeCurrent: step(10, 200, 0),
      maxDischargeCurrent: step(10, 200, 0),
    })
    .map((random) => complete(random));

/** The same battery on every day, for tests that need no chance. */
export const batteryOf = (cells: number): PackReading =>
  complete({
    cellVoltages: Array.from({ length: cells }, (_, index) => round(3.301 + index / 1000, 3)),
    current: -12.3,
    soc: 64,
    soh: 97,
    capacityDesign: 280,
    cycles: 123,
    temperatures: [21, 22, 23, 24],
    mosfetTemperature: 31,
    ambientTemperature: 25,
    cellBalancing: Array.from({ length: cells }, (_, index) => index % 5 === 1),
    maxChargeCurrent: 120,
    maxDischargeCurrent: 150,
  });

export const BATTERY = batteryOf(CELLS);

/** The battery of `batteryOf` as a pack with this BMS can be. */
export const batteryFor = (driver: Pick<BmsDriver, 'cells'>): PackReading => batteryOf(cellsFor(driver));

type Chosen = Required<
  Pick<PackReading, 'cellVoltages' | 'current' | 'soc' | 'soh' | 'capacityDesign' | 'cycles' | 'temperatures'>
> &
  Required<Pick<PackReading, 'mosfetTemperature' | 'ambientTemperature' | 'cellBalancing'>> &
  Required<Pick<PackReading, 'maxChargeCurrent' | 'maxDischargeCurrent'>>;

function complete(chosen: Chosen): PackReading {
  const voltage = round(
    chosen.cellVoltages.reduce((sum, cell) => sum + cell, 0),
    1,
  );
  const capacityFull = Math.round((chosen.capacityDesign * chosen.soh) / 100);
  return {
    ...chosen,
    voltage,
    power: round(voltage * chosen.current, 1),
    capacityFull,
    capacityRemaining: Math.round((capacityFull * chosen.soc) / 100),
    cellCount: chosen.cellVoltages.length,
    balancing: chosen.cellBalancing.includes(true),
    chargeEnabled: true,
    dischargeEnabled: true,
    maxChargeVoltage: round((47.4 / CELLS) * chosen.cellVoltages.length, 1),
    minDischargeVoltage: round((36.4 / CELLS) * chosen.cellVoltages.length, 1),
    alarms: {},
    model: 'SIM13S',
    hardwareVersion: '1.0',
    firmwareVersion: '2.1',
    serialNumber: 'S1234567',
    productionDate: '2024-05-17',
  };
}

/** Half of the coarsest step that a BMS has for a field, and a little for the rounding of the number itself. */
const TOLERANCES: { readonly [key in keyof PackReading]?: number } = {
  voltage: 0.051,
  current: 0.051,
  soc: 0.51,
  soh: 0.51,
  capacityRemaining: 0.51,
  capacityFull: 0.51,
  capacityDesign: 0.51,
  cycles: 0.01,
  cellCount: 0.01,
  cellVoltages: 0.00051,
  temperatures: 0.51,
  mosfetTemperature: 0.51,
  ambientTemperature: 0.51,
  maxChargeCurrent: 0.51,
  maxDischargeCurrent: 0.51,
  maxChargeVoltage: 0.051,
  minDischargeVoltage: 0.051,
};
const EXACT = ['cellBalancing', 'balancing', 'chargeEnabled', 'dischargeEnabled'] as const;

/** Where a reading departs from the battery it was read from; only what the BMS tells is compared. */
export function departures(read: PackReading, truth: PackReading): string[] {
  const numbers = Object.entries(TOLERANCES).flatMap(([key, tolerance]) => {
    const [got, want] = [numbersOf(read, key), numbersOf(held(truth, read), key)];
    if (got === undefined || want === undefined) return [];
    const near =
      got.length === want.length &&
      got.every((value, at) => Math.abs(value - (want[at] ?? Number.NaN)) <= tolerance);
    return near ? [] : [`${key}: ${JSON.stringify(got)} instead of ${JSON.stringify(want)}`];
  });
  const exact = EXACT.flatMap((key) => {
    const [got, want] = [read[key], truth[key]].map((value) => JSON.stringify(value));
    return got === undefined || got === want ? [] : [`${key}: ${got} instead of ${want}`];
  });
  return [...numbers, ...exact];
}

/**
 * Some BMSes have two sensors for the cells, some send 0 where a sensor is not fitted, so that one at 0 degC is left out, and
 * some have one number for the full and the design capacity.
 */
function held(truth: PackReading, read: PackReading): PackReading {
  const { temperatures = [], capacityFull } = truth;
  const fitted = temperatures.filter((degrees, index) => degrees !== 0 || index === 0);
  return {
    ...truth,
    ...(read.temperatures?.length === fitted.length && { temperatures: fitted }),
    ...(read.temperatures?.length === 2 && { temperatures: temperatures.slice(0, 2) }),
    ...(read.capacityDesign === read.capacityFull &&
      capacityFull !== undefined && { capacityDesign: capacityFull }),
  };
}

function numbersOf(reading: PackReading, key: string): readonly number[] | undefined {
  const value = Object.entries(reading).find(([name]) => name === key)?.[1];
  if (typeof value === 'number') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'number') : undefined;
}
