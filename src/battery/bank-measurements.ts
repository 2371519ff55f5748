import { bankReading } from '../model/bank-reading.ts';
import type { ModuleReading } from '../model/reading.ts';
import type { BatteryView } from './battery-view.ts';
import {
  installedCapacity,
  maxCell,
  maxCellVoltage,
  maxSensor,
  maxTemperature,
  minCell,
  minCellVoltage,
  minSensor,
  minTemperature,
  power,
  remainingCapacity,
  soc,
  soh,
} from './derived-values.ts';

/** A member with what it showed last. */
interface Shown {
  readonly name: string;
  readonly view: BatteryView;
  /** Its measurements count now. */
  readonly isHeard: boolean;
}

type Value = (view: BatteryView) => number | undefined;
type Id = (view: BatteryView) => string | undefined;

/**
 * Measurements of batteries of several services as those of one: currents and charges add up, extremes name the battery and
 * its place in it ("ttyUSB1 C3"), and each member is a module under its name.
 */
export function bankMeasurements(
  names: readonly string[],
  members: readonly Shown[],
): Pick<BatteryView, 'facts' | 'reading' | 'told'> {
  const heard = members.filter(({ isHeard, view }) => isHeard && view.reading !== undefined);
  const modules = heard.map((member) => moduleOf(member, names));
  const all = members.map((member) => moduleOf(member, names));
  return {
    facts: { ...factsOf(all), modules: all },
    ...(modules.length > 0 && { reading: { ...withoutCells(bankReading(modules)), modules } }),
    told: {
      packs: names.length,
      packsOnline: heard.length,
      ...extreme(heard, minCellVoltage, minCell, 'minCellVoltage', 'minCell', -1),
      ...extreme(heard, maxCellVoltage, maxCell, 'maxCellVoltage', 'maxCell', 1),
      ...extreme(heard, minTemperature, minSensor, 'minTemperature', 'minSensor', -1),
      ...extreme(heard, maxTemperature, maxSensor, 'maxTemperature', 'maxSensor', 1),
    },
  };
}

/** One member as a pack of the bank: its number is its place in the settings, its name stands where a serial number would. */
function moduleOf({ name, view }: Shown, names: readonly string[]): ModuleReading {
  const values = {
    soc: soc(view),
    soh: soh(view),
    power: power(view),
    capacityRemaining: remainingCapacity(view),
    capacityFull: installedCapacity(view),
    cellCount: view.facts.cellCount ?? view.reading?.cellCount,
    alarms: view.control?.alarms ?? view.reading?.alarms,
  };
  const known = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  const { cellBalancing: _b, cellVoltages: _c, modules: _m, ...reading } = view.reading ?? {};
  return { ...reading, ...known, address: names.indexOf(name) + 1, serialNumber: name };
}

/** What does not age. */
function factsOf(modules: readonly ModuleReading[]): BatteryView['facts'] {
  const { capacityFull, cellCount, soh: health } = bankReading(modules);
  return {
    ...(capacityFull !== undefined && { capacityFull }),
    ...(cellCount !== undefined && { cellCount }),
    ...(health !== undefined && { soh: health }),
  };
}

function withoutCells(reading: NonNullable<BatteryView['reading']>): BatteryView['reading'] {
  const { serialNumber: _, model: _m, firmwareVersion: _f, hardwareVersion: _h, ...rest } = reading;
  return rest;
}

function extreme(
  members: readonly Shown[],
  value: Value,
  id: Id,
  valueKey: string,
  idKey: string,
  sign: 1 | -1,
): BatteryView['told'] {
  let found: { readonly at: number; readonly member: Shown } | undefined;
  for (const member of members) {
    const at = value(member.view);
    if (at === undefined || !Number.isFinite(at)) continue;
    if (found === undefined || sign * at > sign * found.at) found = { at, member };
  }
  if (found === undefined) return {};
  const { name, view } = found.member;
  return { [valueKey]: found.at, [idKey]: [name, id(view)].filter((part) => part !== undefined).join(' ') };
}
