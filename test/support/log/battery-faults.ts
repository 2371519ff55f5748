import type { PackReading } from '../../../src/model/reading.ts';
import { batteryOf } from '../batteries.ts';
import { BANK, LASTS_S, type LogFault } from './fault.ts';
import type { Site } from './site.ts';

const change =
  (values: PackReading) =>
  (site: Site): void => {
    site.battery = { ...site.battery, ...values };
  };
const withCell =
  (volts: number) =>
  (site: Site): void => {
    const cellVoltages = (site.battery.cellVoltages ?? []).with(2, volts);
    site.battery = { ...site.battery, cellVoltages };
  };

/** Faults of the battery and of what the BMS measures. */
export const BATTERY_FAULTS: readonly LogFault[] = [
  {
    name: 'the battery heats up to 68 degC',
    course: {
      everyS: 30,
      does: (site, s) => {
        const degrees = s < LASTS_S ? 23 + s / 60 : Math.max(25, 68 - (s - LASTS_S) / 60);
        const temperatures = new Array<number>(4).fill(Math.min(68, Math.round(degrees)));
        site.battery = { ...site.battery, temperatures };
      },
    },
    begins: [
      /warning highChargeTemperature: hottest sensor 50 degC, found by the driver; let the battery cool/,
      /alarm highChargeTemperature: hottest sensor 55 degC/,
      /warning highTemperature: hottest sensor 55 degC/,
      /alarm highTemperature: hottest sensor 60 degC/,
    ],
    lasts: /(alarm|warning) high(Charge)?Temperature for/,
    ends: [/alarm highTemperature is over after/, /alarm highChargeTemperature is over after/],
  },
  {
    name: 'the BMS reports a short circuit',
    begin: change({ alarms: { shortCircuit: 2 } }),
    end: change({ alarms: {} }),
    begins: [/alarm shortCircuit: reported by the BMS; switch everything off/],
    lasts: /alarm shortCircuit for/,
    ends: [/alarm shortCircuit is over after/],
  },
  {
    name: 'one pack of a bank runs empty',
    site: BANK,
    begin: (site) =>
      void site.packs.set(3, { cellVoltages: new Array<number>(16).fill(2.86), soc: 4, voltage: 45.8 }),
    end: (site) => site.packs.clear(),
    begins: [
      /pack 3: (alarm|warning) lowCellVoltage: lowest cell 2.860 V/,
      /pack 3: alarm lowSoc: state of charge 4/,
    ],
    lasts: /pack 3: (alarm|warning) low/,
    ends: [/pack 3: .* lowCellVoltage is over after/, /pack 3: alarm lowSoc is over after/],
  },
  {
    name: 'the BMS switches charge off',
    begin: change({ chargeEnabled: false }),
    end: change({ chargeEnabled: true }),
    begins: [/No charge: the BMS has switched charge off/],
    ends: [/Charge limited to 0 A: rising gently/],
  },
  {
    name: 'a cell reads 0 V',
    begin: withCell(0),
    end: withCell(3.303),
    begins: [/readings are not used: cell 3 reads 0 V/],
    lasts: /readings have not been used/,
    ends: [/readings are used again after/],
  },
  {
    name: 'another pack with 15 cells is connected',
    begin: (site) => {
      site.battery = { ...site.battery, ...batteryOf(15), current: 0, power: 0 };
    },
    end: (site) => {
      site.battery = { ...site.battery, ...batteryOf(16), current: 0, power: 0 };
    },
    begins: [/Charging and discharging are blocked: the number of cells changed from 16 to 15/],
    ends: [/over after .*: Charging and discharging are blocked/],
  },
  {
    name: 'a temperature sensor reads -30 degC, the others 23',
    site: { bms: 'daly' },
    begin: change({ temperatures: [23, 23, -30, 23] }),
    end: change({ temperatures: [23, 23, 23, 23] }),
    begins: [
      /Temperature sensor 3 reads -30 degC/,
      /alarm lowChargeTemperature: coldest sensor -30 degC, found by the driver$/,
      /warning lowTemperature: coldest sensor -30 degC, found by the driver$/,
    ],
    lasts: /(alarm lowChargeTemperature|warning lowTemperature) for/,
    ends: [
      /over after .*: Temperature sensor 3/,
      /alarm lowChargeTemperature is over after/,
      /warning lowTemperature is over after/,
    ],
  },
  {
    name: 'the BMS tells no temperature',
    site: { bms: 'daly' },
    fromStart: true,
    begin: (site) => {
      site.ignores = (request) => /^a5..96/.test(request);
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/The BMS tells no temperature/, /does not tell its temperatures \(0x96\): the driver goes on/],
    ends: [/over after .*: The BMS tells no temperature/, /tells its temperatures \(0x96\) now/],
  },
  {
    name: 'pack voltage and cells do not agree',
    begin: (site) => {
      site.battery = { ...site.battery, voltage: 60 };
    },
    end: (site) => {
      site.battery = { ...site.battery, voltage: 52.9 };
    },
    begins: [
      /The pack voltage \(60.00 V\) and the cells do not agree/,
      /alarm highCellVoltage: highest cell 3.316 V \(number 16\), pack 60 V, found by the driver$/,
      /Charging and discharging are blocked: 60.00 V cannot be 16 cells/,
    ],
    lasts: /alarm highCellVoltage for/,
    ends: [
      /over after .*: The pack voltage/,
      /alarm highCellVoltage is over after/,
      /over after .*: Charging and discharging are blocked/,
    ],
  },
];
