import fc from 'fast-check';
import type { BatteryView } from '../../src/battery/battery-view.ts';
import { ALARM_NAMES, type AlarmLevel, type AlarmName } from '../../src/model/alarms.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { CONTROL } from './battery-state.ts';

const optional = { requiredKeys: [] as [] };
const number = fc.oneof(fc.double(), fc.double({ min: -500, max: 500, noNaN: true }), fc.integer());
const text = fc.string({ unit: 'binary' });
const level = fc.constantFrom<AlarmLevel>(0, 1, 2);
const alarms = fc.dictionary(fc.constantFrom<AlarmName>(...ALARM_NAMES), level);

const fields = {
  voltage: number,
  current: number,
  power: number,
  soc: number,
  soh: number,
  capacityRemaining: number,
  capacityFull: number,
  capacityDesign: number,
  cycles: number,
  cellCount: fc.oneof(fc.integer({ min: -1, max: 40 }), number),
  cellVoltages: fc.array(number, { maxLength: 34 }),
  cellBalancing: fc.array(fc.boolean(), { maxLength: 34 }),
  temperatures: fc.array(number, { maxLength: 6 }),
  mosfetTemperature: number,
  chargeEnabled: fc.boolean(),
  dischargeEnabled: fc.boolean(),
  balancing: fc.boolean(),
  alarms,
  model: text,
  hardwareVersion: text,
  firmwareVersion: text,
};

/** Whatever a BMS may say, with any field absent and any number, NaN and infinities included. */
export const anyReading: fc.Arbitrary<PackReading> = fc.record(
  {
    ...fields,
    modules: fc.array(fc.record({ ...fields, address: fc.nat(255) }, { requiredKeys: ['address'] }), {
      maxLength: 3,
    }),
  },
  optional,
);

const control = fc.record({
  cvl: number,
  ccl: number,
  dcl: number,
  low: number,
  allowToCharge: fc.boolean(),
  allowToDischarge: fc.boolean(),
  chargeMode: text,
  chargeReason: text,
  dischargeReason: text,
  alarms,
});

export const anyState: fc.Arbitrary<BatteryView> = fc.record(
  {
    identity: fc.record(
      {
        keys: fc.constant([]),
        traits: fc.constant({ place: 'usb1' }),
        productName: text,
        connection: text,
        deviceInstance: fc.nat(300),
        customName: text,
        processVersion: text,
        serial: text,
        manufacturer: text,
        wireless: fc.boolean(),
      },
      { requiredKeys: ['keys', 'traits', 'productName', 'connection', 'processVersion'] },
    ),
    reading: anyReading,
    facts: anyReading,
    control: fc
      .tuple(control, fc.record({ soc: number, timeToGo: number }, optional))
      .map(([given, maybe]) => {
        const { soc: _, timeToGo: __, ...rest } = CONTROL;
        return { ...rest, ...given, ...maybe };
      }),
    link: fc.record({ online: fc.boolean(), text, silentForS: number, errorCode: fc.nat(119) }),
    requests: fc.record({ chargeOff: fc.boolean(), dischargeOff: fc.boolean() }, optional),
    averageCurrent: number,
    history: fc.record(
      { totalAhDrawn: number, chargeCycles: number, timeSinceLastFullCharge: number, chargedEnergy: number },
      optional,
    ),
  },
  { requiredKeys: ['identity', 'facts', 'link'] },
);
