import type { Plant } from './plant.ts';

/** What a controller that knows every cell's true state makes of a plant. */
export interface IdealCharge {
  /** The most charge that the cells held on average, Ah. */
  readonly peakAh: number;
  /** When the pack was full (within `FULL_BAND` of the peak), s. */
  readonly fullAt: number;
}

/** A pack counts as full within this part of its capacity below the most that it can hold. */
export const FULL_BAND = 0.01;

/** C-rate that cells take over temperature, degC: what no controller may exceed. */
const RATE_BY_TEMPERATURE = [
  [0, 0],
  [2, 0.05],
  [5, 0.1],
  [10, 0.2],
  [15, 0.35],
  [20, 0.5],
  [45, 0.5],
  [50, 0.25],
  [55, 0],
] as const;

/**
 * Charges as fast as sources, temperature and `maxCurrent` A allow and holds the highest cell exactly at
 * `cellVoltage`, with no delay and no error of measurement.
 */
export function chargeIdeally(
  plant: Plant,
  seconds: number,
  cellVoltage: number,
  maxCurrent: number,
): IdealCharge {
  const course = new Float64Array(seconds + 1);
  for (let second = 0; second <= seconds; second++) {
    course[second] = meanCharge(plant);
    plant.prescribe(idealCurrent(plant, cellVoltage, maxCurrent));
    plant.step(1);
  }
  const peakAh = course.reduce((most, charge) => Math.max(most, charge), 0);
  const full = peakAh - FULL_BAND * capacityOf(plant);
  return { peakAh, fullAt: course.findIndex((charge) => charge >= full) };
}

function idealCurrent(plant: Plant, cellVoltage: number, maxCurrent: number): number {
  const surplus = plant.surplus();
  if (surplus < 0) return surplus;
  let most = Math.min(surplus, maxCurrent);
  for (const { string, temperature, spec } of plant.packs) {
    most = Math.min(most, rateAt(temperature) * spec.capacity, string.mostCurrent(cellVoltage, temperature));
  }
  return Math.max(0, most);
}

function rateAt(celsius: number): number {
  let [x0, y0]: readonly [number, number] = RATE_BY_TEMPERATURE[0];
  for (const [x1, y1] of RATE_BY_TEMPERATURE) {
    if (celsius <= x1) return x1 === x0 ? y1 : y0 + ((y1 - y0) * (celsius - x0)) / (x1 - x0);
    [x0, y0] = [x1, y1];
  }
  return y0;
}

/** Ah in a cell, on average. */
export function meanCharge(plant: Plant): number {
  let sum = 0;
  let cells = 0;
  for (const { string } of plant.packs) {
    for (let cell = 0; cell < string.count; cell++) sum += string.charge[cell] ?? 0;
    cells += string.count;
  }
  return sum / cells;
}

export function capacityOf(plant: Plant): number {
  return plant.packs.reduce((sum, pack) => sum + pack.spec.capacity, 0) / plant.packs.length;
}
