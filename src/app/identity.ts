import { readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { BmsDriver } from '../bms/driver.ts';
import type { Reading } from '../model/reading.ts';
import type { PackMarks } from '../publish/dbus/predecessor.ts';
import { type PortUrl, portName } from '../transport/port-url.ts';

/** "SerialBattery(JBD)": aggregators look for that word, and the list of devices has room for one name of the BMS. */
export function productName(driver: BmsDriver): string {
  return `SerialBattery(${driver.name.split(' / ')[0]})`;
}

export interface IdentitySources {
  readonly driver: BmsDriver;
  readonly address: number;
  readonly reading: Reading;
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
  const where = driver.addresses.length > 1 ? `_${address}` : '';
  return clean(`${driver.family}_${hardware}${where}`);
}

/** By what the driver that ran this pack before may have known it; a pack of a bank is known by its address too. */
export function packMarks(pack: {
  readonly facts: Reading;
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

const BY_ID = '/dev/serial/by-id';
const BY_PATH = '/dev/serial/by-path';

/**
 * What stays the same about the connection when tty numbers move: the id of the adapter when it is the only one with
 * that id, else the USB socket in which it is, else (no USB adapter) the port itself.
 */
export function hardwareOf(port: PortUrl): string {
  if (port.kind === 'tcp') return portName(port);
  return linkTo(BY_ID, port.path) ?? linkTo(BY_PATH, port.path) ?? basename(port.path);
}

/** The link in `folder` that points at the device; adapters without a serial number of their own are told by it badly. */
function linkTo(folder: string, device: string): string | undefined {
  try {
    const target = realpathSync(device);
    const names = readdirSync(folder).filter((name) => realpathSync(join(folder, name)) === target);
    // "usb-1a86_USB_Serial-if00-port0" names a kind of adapter, not one adapter.
    return names.find((name) => folder !== BY_ID || /_[A-Za-z0-9]{6,}-if/.test(name));
  } catch {
    // The folders exist only on systems whose udev makes them, and only while USB adapters are plugged in.
    return undefined;
  }
}
