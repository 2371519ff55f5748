import type { BluetoothReach } from '../bluetooth.ts';

/** All protocols of Daly come through the same modules, so only the answers tell them apart. */
export const BLUETOOTH: BluetoothReach = {
  adverts: [
    { names: ['DL-*'], service: 'fff0' },
    { names: ['DL-*'], service: 'ff00' },
    { companies: [0x0102, 0x0104, 0x0302, 0x0303, 0x0402] },
  ],
  ports: [
    { service: 'fff0', notify: 'fff1', write: 'fff2' },
    // Newer firmware; JBD has the same characteristics.
    { service: 'ff00', notify: 'ff01', write: 'ff02' },
  ],
};
