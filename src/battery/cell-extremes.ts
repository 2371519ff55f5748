import type { BankReading } from '../model/reading.ts';

/** One measured place: "C3" of a single pack, "M2C3" in pack 2 of a bank, "T1" for a sensor. */
export interface Place {
  readonly id: string;
  readonly value: number;
}

export interface Extremes {
  readonly min: Place;
  readonly max: Place;
}

type Finder = (reading: BankReading | undefined) => Extremes | undefined;

/** Lowest and highest cell, V; undefined when no cell is known. */
export const cellExtremes = oncePerReading((reading) =>
  extremes(places(reading, 'C', (pack) => pack.cellVoltages)),
);

/** Coldest and warmest cell sensor, degC; undefined when there is none. */
export const temperatureExtremes = oncePerReading((reading) =>
  extremes(places(reading, 'T', (pack) => pack.temperatures)),
);

/** Several paths show parts of the same result, one after the other, so the last one is kept. A reading never changes. */
function oncePerReading(find: (reading: BankReading) => Extremes | undefined): Finder {
  let last: BankReading | undefined;
  let found: Extremes | undefined;
  return (reading) => {
    if (reading !== last) {
      found = reading === undefined ? undefined : find(reading);
      last = reading;
    }
    return found;
  };
}

/** The packs of a bank are looked at one by one, because only then the place can be named. */
function places(
  reading: BankReading,
  letter: string,
  valuesOf: (pack: BankReading) => readonly number[] | undefined,
): Place[] {
  const named = (values: readonly number[] | undefined, prefix: string): Place[] =>
    (values ?? []).map((value, index) => ({ id: `${prefix}${letter}${index + 1}`, value }));
  const inPacks = (reading.modules ?? []).flatMap((pack) => named(valuesOf(pack), `M${pack.address}`));
  return inPacks.length > 0 ? inPacks : named(valuesOf(reading), '');
}

function extremes(all: readonly Place[]): Extremes | undefined {
  const [first, ...rest] = all.filter((place) => Number.isFinite(place.value));
  if (first === undefined) return undefined;
  let min = first;
  let max = first;
  for (const place of rest) {
    if (place.value < min.value) min = place;
    if (place.value > max.value) max = place;
  }
  return { min, max };
}
