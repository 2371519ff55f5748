import type { BmsDriver } from '../bms/driver.ts';
import type { PackReading } from '../model/reading.ts';
import { type BatteryKey, withoutCopy } from './battery-key.ts';
import type { PackMarks } from './battery-view.ts';
import type { Traits } from './traits.ts';

/** "SerialBattery(JBD)": aggregators look for that word, and the list of devices has room for one name of the BMS. */
export function productName(driver: BmsDriver): string {
  return `SerialBattery(${driver.name.split(' / ')[0]})`;
}

export interface IdentitySources {
  readonly driver: BmsDriver;
  readonly address: number;
  readonly reading: PackReading;
  /** Chosen by the owner, wins over everything; 'auto' is no choice. */
  readonly batteryId?: string;
  /** Serial number or stable path of the adapter; the port name where neither is known. */
  readonly hardware: string;
}

/**
 * The key under which the settings of a battery are kept: its serial number, else BMS type + adapter + address.
 * Never ttyUSBn where the system tells something more stable, because those numbers move.
 */
export function batteryKey(sources: IdentitySources): string {
  const { driver, address, reading, batteryId, hardware } = sources;
  if (batteryId !== undefined && batteryId !== 'auto') return clean(batteryId);
  if (reading.serialNumber !== undefined) return clean(`${driver.family}_${reading.serialNumber}`);
  const where = driver.reach.serial.addresses.length > 1 ? `_${address}` : '';
  return clean(`${driver.family}_${hardware}${where}`);
}

/** What a port knows of its battery from before. */
export interface KeyMemory {
  /** The key that it had. */
  readonly known?: string | undefined;
  /** Its serial number reads differently from time to time. */
  readonly isSerialDoubtful?: boolean;
}

/**
 * The keys under which a battery may be known, the best first. One whose serial number was not told this time, or is
 * another at every read, is the battery that was here before, if it is at the same place and nothing speaks against it.
 */
export function batteryKeys(sources: IdentitySources, memory: KeyMemory = {}): readonly BatteryKey[] {
  const { batteryId, reading } = sources;
  const { isSerialDoubtful = false, known } = memory;
  if (batteryId !== undefined && batteryId !== 'auto') return [{ key: batteryKey(sources) }];
  const { model, serialNumber, ...rest } = reading;
  if (serialNumber !== undefined && !isSerialDoubtful) {
    const own = { key: batteryKey(sources) };
    if (model === undefined) return [own];
    // A board whose model stands where its serial number was looked for was known by the model.
    const byModel = batteryKey({ ...sources, reading: { serialNumber: model } });
    return [own, { key: byModel, onlyIf: 'fitting' }];
  }
  const own = { key: batteryKey({ ...sources, reading: rest }) };
  return known === undefined ? [own] : [{ key: withoutCopy(known), onlyIf: 'here' }, own];
}

/**
 * The keys under which a bank may be known: the one that its port had before, if it is that of one of its packs; else
 * that of any pack, because a bank may have moved to another port.
 */
export function bankKeys(
  packs: readonly IdentitySources[],
  known: string | undefined,
): readonly BatteryKey[] {
  const own = [...new Set(packs.map(batteryKey))];
  const before = known === undefined ? undefined : withoutCopy(known);
  if (before !== undefined && own.includes(before)) return [{ key: before }];
  const [first = '', ...others] = own;
  const weak = (keys: readonly string[]): BatteryKey[] => keys.map((key) => ({ key, onlyIf: 'fitting' }));
  return before === undefined ? [{ key: first }, ...weak(others)] : [...weak(own), { key: before }];
}

/** What tells this battery from one that gives the same serial number. */
export function traitsOf(facts: PackReading, hardware: string, address: number): Traits {
  const { serialNumber, model, productionDate, hardwareVersion, firmwareVersion } = facts;
  const { capacityFull, capacityDesign, cycles } = facts;
  return {
    place: `${hardware} ${address}`,
    ...(serialNumber !== undefined && { serialNumber }),
    ...(model !== undefined && { model }),
    ...(productionDate !== undefined && { productionDate }),
    ...(hardwareVersion !== undefined && { hardwareVersion }),
    ...(firmwareVersion !== undefined && { firmwareVersion }),
    ...(capacityFull !== undefined && { capacityFull }),
    ...(capacityDesign !== undefined && { capacityDesign }),
    ...(cycles !== undefined && { cycles }),
  };
}

/** By what the driver that ran this pack before may have known it; a pack of a bank is known by its address too. */
export function packMarks(pack: {
  readonly facts: PackReading;
  readonly address: number;
  readonly port: string;
  readonly isOneOfMany: boolean;
}): PackMarks {
  const { facts, address, port, isOneOfMany } = pack;
  const { serialNumber, hardwareVersion, firmwareVersion, capacityFull, capacityDesign } = facts;
  const addressed = `${port}__0x${address.toString(16).padStart(2, '0')}`;
  return {
    ...(serialNumber !== undefined && { serialNumber }),
    versions: [hardwareVersion, firmwareVersion].filter((version) => version !== undefined),
    capacities: [capacityFull, capacityDesign].filter((capacity) => capacity !== undefined),
    ports: isOneOfMany ? [addressed] : [port, addressed],
    isOneOfMany,
  };
}

/** Only [A-Za-z0-9_], which is all that localsettings takes. */
function clean(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '');
}
