import { type Alarms, mergeAlarms } from './alarms.ts';
import type { BankReading, ModuleReading, NumberKey, PackReading } from './reading.ts';
import { round } from './round.ts';

/**
 * Several packs in parallel on one port, seen as one battery: currents and charges add up, the voltage is the mean,
 * SoC and SoH are weighted by capacity, alarms are the worst. The packs themselves stand in `modules`.
 * One pack is returned as it is.
 */
export function bankReading(packs: readonly ModuleReading[]): BankReading {
  const [first, ...others] = packs;
  if (first === undefined) return {};
  if (others.length === 0) {
    const { address: _, ...alone } = first;
    return alone;
  }
  const cells = values(packs, 'cellCount');
  const temperatures = packs.flatMap((pack) => pack.temperatures ?? []);
  return definedOnly({
    voltage: mean(packs, 'voltage', 3),
    current: total(packs, 'current', 3),
    power: total(packs, 'power', 1),
    soc: weighted(packs, 'soc'),
    soh: weighted(packs, 'soh'),
    capacityRemaining: total(packs, 'capacityRemaining', 2),
    capacityFull: total(packs, 'capacityFull', 2),
    capacityDesign: total(packs, 'capacityDesign', 2),
    cycles: highest(packs, 'cycles'),
    cellCount: cells.every((count) => count === cells[0]) ? cells[0] : undefined,
    temperatures: temperatures.length > 0 ? temperatures : undefined,
    mosfetTemperature: highest(packs, 'mosfetTemperature'),
    chargeEnabled: some(packs.map((pack) => pack.chargeEnabled)),
    dischargeEnabled: some(packs.map((pack) => pack.dischargeEnabled)),
    balancing: some(packs.map((pack) => pack.balancing)),
    alarms: packs.reduce<Alarms>((worst, pack) => mergeAlarms(worst, pack.alarms ?? {}), {}),
    model: told(packs, 'model'),
    hardwareVersion: told(packs, 'hardwareVersion'),
    firmwareVersion: told(packs, 'firmwareVersion'),
    serialNumber: told(packs, 'serialNumber'),
    modules: packs,
  });
}

function values(packs: readonly PackReading[], key: NumberKey): number[] {
  return packs.map((pack) => pack[key]).filter((value) => value !== undefined);
}

/** What the first pack says that says anything: one that has been silent since the start knows nothing. */
function told(
  packs: readonly PackReading[],
  key: 'model' | 'hardwareVersion' | 'firmwareVersion' | 'serialNumber',
): string | undefined {
  return packs.map((pack) => pack[key]).find((text) => text !== undefined);
}

/** Sum over all packs; absent when one of them does not tell, because a partial sum is a wrong value. */
function total(packs: readonly PackReading[], key: NumberKey, digits: number): number | undefined {
  const all = values(packs, key);
  return all.length === packs.length
    ? round(
        all.reduce((sum, value) => sum + value, 0),
        digits,
      )
    : undefined;
}

function mean(packs: readonly PackReading[], key: NumberKey, digits: number): number | undefined {
  const all = values(packs, key);
  return all.length > 0 ? round(all.reduce((sum, value) => sum + value, 0) / all.length, digits) : undefined;
}

function highest(packs: readonly PackReading[], key: NumberKey): number | undefined {
  const all = values(packs, key);
  return all.length > 0 ? Math.max(...all) : undefined;
}

/** Mean weighted by capacity; the plain mean when a capacity is not known. */
function weighted(packs: readonly PackReading[], key: NumberKey): number | undefined {
  const known = packs.filter((pack) => pack[key] !== undefined);
  const capacities = known.map((pack) => pack.capacityFull ?? pack.capacityDesign);
  if (known.length === 0) return undefined;
  if (capacities.some((capacity) => capacity === undefined || capacity <= 0)) return mean(known, key, 2);
  let charge = 0;
  let capacity = 0;
  known.forEach((pack, index) => {
    charge += (pack[key] ?? 0) * (capacities[index] ?? 0);
    capacity += capacities[index] ?? 0;
  });
  return round(charge / capacity, 2);
}

function some(flags: readonly (boolean | undefined)[]): boolean | undefined {
  const known = flags.filter((flag) => flag !== undefined);
  return known.length > 0 ? known.includes(true) : undefined;
}

/** Drops keys without a value: an absent field is absent. */
function definedOnly(
  reading: { readonly [K in keyof BankReading]: BankReading[K] | undefined },
): BankReading {
  return Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined));
}
