import fc from 'fast-check';
import type { Reading } from '../../src/model/reading.ts';
import { round } from '../../src/model/round.ts';

/** 13 cells and 4 sensors fit every BMS of the list. */
const CELLS = 13;

const step = (min: number, max: number, digits: number): fc.Arbitrary<number> =>
  fc
    .integer({ min: Math.ceil(min * 10 ** digits), max: Math.floor(max * 10 ** digits) })
    .map((n) => n / 10 ** digits);

/** A complete battery without alarms; every value within what every BMS can carry. */
export const anyBattery: fc.Arbitrary<Reading> = fc
  .record({
    cellVoltages: fc.array(step(2.6, 3.64, 3), { minLength: CELLS, maxLength: CELLS }),
    current: step(-200, 200, 1),
    soc: step(0, 100, 0),
    soh: step(70, 100, 0),
    capacityDesign: step(50, 300, 0),
    cycles: fc.nat(3000),
    temperatures: fc.array(step(-20, 60, 0), { minLength: 4, maxLength: 4 }),
    mosfetTemperature: step(-10, 80, 0),
    ambientTemperature: step(-10, 60, 0),
    cellBalancing: fc.array(fc.boolean(), { minLength: CELLS, maxLength: CELLS }),
    maxChargeCurrent: step(10, 200, 0),
    maxDischargeCurrent: step(10, 200, 0),
  })
  .map((random) => complete(random));

/** The same battery on every day, for tests that need no chance. */
export const BATTERY: Reading = complete({
  cellVoltages: [3.301, 3.302, 3.303, 3.304, 3.305, 3.306, 3.307, 3.308, 3.309, 3.31, 3.311, 3.312, 3.313],
  current: -12.3,
  soc: 64,
  soh: 97,
  capacityDesign: 280,
  cycles: 123,
  temperatures: [21, 22, 23, 24],
  mosfetTemperature: 31,
  ambientTemperature: 25,
  cellBalancing: Array.from({ length: CELLS }, (_, index) => index % 5 === 1),
  maxChargeCurrent: 120,
  maxDischargeCurrent: 150,
});

type Chosen = Required<
  Pick<Reading, 'cellVoltages' | 'current' | 'soc' | 'soh' | 'capacityDesign' | 'cycles' | 'temperatures'>
> &
  Required<Pick<Reading, 'mosfetTemperature' | 'ambientTemperature' | 'cellBalancing'>> &
  Required<Pick<Reading, 'maxChargeCurrent' | 'maxDischargeCurrent'>>;

function complete(chosen: Chosen): Reading {
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
    cellCount: CELLS,
    balancing: chosen.cellBalancing.includes(true),
    chargeEnabled: true,
    dischargeEnabled: true,
    maxChargeVoltage: 47.4,
    minDischargeVoltage: 36.4,
    alarms: {},
    model: 'SIM13S',
    hardwareVersion: '1.0',
    firmwareVersion: '2.1',
    serialNumber: 'S1234567',
    productionDate: '2024-05-17',
  };
}

/** Half of the coarsest step that a BMS has for a field, and a little for the rounding of the number itself. */
const TOLERANCES: { readonly [key in keyof Reading]?: number } = {
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
export function departures(read: Reading, truth: Reading): string[] {
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

/** Some BMSes have two sensors for the cells, and some have one number for the full and the design capacity. */
function held(truth: Reading, read: Reading): Reading {
  const { temperatures = [], capacityFull } = truth;
  return {
    ...truth,
    ...(read.temperatures?.length === 2 && { temperatures: temperatures.slice(0, 2) }),
    ...(read.capacityDesign === read.capacityFull &&
      capacityFull !== undefined && { capacityDesign: capacityFull }),
  };
}

function numbersOf(reading: Reading, key: string): readonly number[] | undefined {
  const value = Object.entries(reading).find(([name]) => name === key)?.[1];
  if (typeof value === 'number') return [value];
  return Array.isArray(value) ? value.filter((item) => typeof item === 'number') : undefined;
}
