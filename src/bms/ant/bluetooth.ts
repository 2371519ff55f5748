import type { Advert, BluetoothReach } from '../bluetooth.ts';

const COMPANIES = [0x0657, 0x2313];
const PORTS = [{ service: 'ffe0', notify: 'ffe1', write: 'ffe1' }] as const;

const reach = (...adverts: readonly Advert[]): BluetoothReach => ({ adverts, ports: PORTS });

/** The number of the module in its name does not decide: an ANT-BLE16 was seen with either protocol. */
export const BLUETOOTH = reach(
  { names: ['ANT?BLE*'], service: 'ffe0' },
  { companies: COMPANIES, service: 'ffe0' },
);
export const OLD_BLUETOOTH = reach({ names: ['ANT-BLE[01]*'], service: 'ffe0' });
