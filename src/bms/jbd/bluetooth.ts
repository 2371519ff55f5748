import type { BluetoothReach } from '../bluetooth.ts';

const NAMES = ['JBD-*', 'DWF*', 'LSG-*', 'N-?????BL*', 'SX1*', 'SX60*', 'SBL-*', 'OGR-*', 'TZ-H*'];
const MAKERS = [
  '10:A5:62',
  '70:3E:97',
  'A4:C1:37',
  'A4:C1:38',
  'A5:C2:37',
  'A5:C2:39',
  'A5:C2:3A',
  'AA:C2:37',
];
const ELEKSOL_MAKERS = ['A4:C1:37', 'A4:C1:38', 'A5:C2:37', 'A5:C2:39', 'AA:C2:37'];

/** Many brands sell this board. The second port is that of the DH04 module, which Daly has too; the third that of Eleksol. */
export const BLUETOOTH: BluetoothReach = {
  adverts: [
    { names: NAMES, service: 'ff00' },
    { makers: MAKERS, service: 'ff00' },
    { makers: ELEKSOL_MAKERS, service: 'ff06' },
  ],
  ports: [
    { service: 'ff00', notify: 'ff01', write: 'ff02' },
    { service: 'fff0', notify: 'fff1', write: 'fff2' },
    { service: 'ff06', notify: 'ff07', write: 'ff08' },
  ],
};
