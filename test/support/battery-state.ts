import type { BatteryView } from '../../src/battery/battery-view.ts';
import type { ControlOutput } from '../../src/control/law.ts';

export const CONTROL: ControlOutput = {
  cvl: 55.2,
  ccl: 100,
  dcl: 120,
  low: 46.4,
  allowToCharge: true,
  allowToDischarge: true,
  state: 'bulk',
  chargeMode: 'Bulk',
  chargeReason: 'Maximum of the owner',
  dischargeReason: 'Maximum of the owner',
  alarms: { lowVoltage: 0, highCellVoltage: 1, shortCircuit: 0, bmsCable: 0 },
  freshness: 'fresh',
  soc: 62,
  timeToGo: 11085,
  notices: [],
};

/** A 16-cell battery that tells everything, while it is discharged. */
export const STATE: BatteryView = {
  identity: {
    keys: [{ key: 'jbd_A100' }],
    traits: { place: 'usb1' },
    productName: 'SerialBattery(JBD)',
    connection: 'ttyUSB0',
    deviceInstance: 1,
    customName: '',
    processVersion: '1.2.3',
    serial: 'A100',
    manufacturer: 'JBD',
  },
  reading: {
    voltage: 53.02,
    current: -12.34,
    soc: 61.7,
    soh: 98,
    capacityRemaining: 62.1,
    capacityFull: 100,
    cycles: 37,
    cellCount: 16,
    cellVoltages: Array.from({ length: 16 }, (_, index) => 3.312 + (index % 4) / 1000),
    cellBalancing: Array.from({ length: 16 }, (_, index) => index === 2),
    temperatures: [25.1, 27.3],
    mosfetTemperature: 24.6,
    chargeEnabled: true,
    dischargeEnabled: true,
  },
  facts: {
    cellCount: 16,
    capacityFull: 100,
    firmwareVersion: '2.5',
    hardwareVersion: 'SP16',
    model: 'SP16S',
  },
  control: CONTROL,
  link: { online: true, text: 'answering', silentForS: 0, errorCode: 0 },
  requests: { chargeOff: true },
  averageCurrent: -11.5,
  history: {
    totalAhDrawn: -3700,
    timeSinceLastFullCharge: 7200,
    chargedEnergy: 199.8,
    deepestDischarge: 37.9,
  },
};
