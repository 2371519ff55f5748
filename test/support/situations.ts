import type { BatteryView } from '../../src/battery/battery-view.ts';
import type { ControlOutput } from '../../src/control/law.ts';
import type { PackReading } from '../../src/model/reading.ts';
import type { BridgedBattery } from '../../src/output/output.ts';

/** What the page is looked at with: batteries as the bridge sees them. */
export interface Situation {
  readonly name: string;
  readonly batteries: readonly BridgedBattery[];
  /** What the mark says: an id, "installer", or "" for the first view. */
  readonly route?: string;
  /** The bridge ends while the page is open. */
  readonly isLost?: true;
}

const CONTROL: Partial<ControlOutput> = {
  cvl: 55.2,
  ccl: 50,
  dcl: 60,
  low: 48,
  soc: 64.2,
  allowToCharge: true,
  allowToDischarge: true,
  chargeMode: 'Bulk',
  chargeReason: 'Charge limited to 50 A: the set maximum',
  dischargeReason: 'Discharge limited to 60 A: the set maximum',
  alarms: {},
};

const wave = (count: number, mean: number, spread: number): number[] =>
  Array.from({ length: count }, (_, index) => mean + spread * Math.sin(index * 2.4) * 0.5);

interface Given {
  readonly id?: string;
  readonly name?: string;
  readonly bank?: string;
  readonly reading?: Partial<PackReading>;
  readonly control?: Partial<ControlOutput>;
  readonly view?: Partial<BatteryView>;
  readonly isOnBus?: boolean;
}

export function battery({
  bank,
  control,
  id = 'house',
  isOnBus = true,
  name = 'House',
  reading,
  view,
}: Given = {}): BridgedBattery {
  const cellVoltages = reading?.cellVoltages ?? wave(16, 3.342, 0.006);
  const whole: BatteryView = {
    identity: {
      keys: [],
      traits: { place: 'ttyUSB0' },
      productName: 'SerialBattery(JK)',
      manufacturer: 'JK',
      connection: 'ttyUSB0',
      deviceInstance: 1,
      processVersion: '0.2.0',
    },
    facts: {
      model: 'JK_PB2A16S20P',
      firmwareVersion: '15.24',
      hardwareVersion: '15A',
      capacityFull: 280,
      cellCount: cellVoltages.length,
    },
    link: { online: true, text: 'answering', silentForS: 0, errorCode: 0 },
    control: { ...CONTROL, ...control },
    ...view,
    reading: {
      voltage: cellVoltages.reduce((sum, volts) => sum + volts, 0),
      current: 23.4,
      soc: 64.2,
      soh: 99,
      capacityRemaining: 179.8,
      temperatures: [22.4, 23.1, 22.8, 24],
      cellBalancing: cellVoltages.map(() => false),
      ...reading,
      cellVoltages,
    },
  };
  return { id, name, isOnBus, view: whole, wishes: new Set(), ...(bank !== undefined && { bank }) };
}

const silent = {
  view: {
    link: {
      online: false,
      text: 'last answer 00:03:12 ago: no reply to 0x03 within 500 ms',
      silentForS: 192,
      errorCode: 0,
    },
  },
};
const runner = wave(16, 3.395, 0.006).map((volts, index) => (index === 6 ? 3.478 : volts));
const packs = Array.from({ length: 8 }, (_, index) =>
  battery({
    id: `rack_${index + 1}`,
    name: `Rack, pack ${index + 1}`,
    bank: 'rack',
    reading: { current: 11 + index, soc: 61 + index },
  }),
);
const NOTHING: Given = {
  reading: {
    voltage: undefined,
    current: undefined,
    soc: undefined,
    cellVoltages: [],
    temperatures: [],
    capacityRemaining: undefined,
    soh: undefined,
  } as unknown as PackReading,
};

/** The situations in which the page is looked at. */
export const SITUATIONS: readonly Situation[] = [
  { name: 'charging', batteries: [battery()] },
  {
    name: 'limited',
    batteries: [
      battery({
        reading: { cellVoltages: runner, current: 18, soc: 93 },
        control: {
          ccl: 18,
          soc: 93,
          chargeReason: 'Charge limited to 18 A: highest cell 3.48 V (cell 7), nearing 3.55 V',
        },
      }),
    ],
  },
  {
    name: 'absorption',
    batteries: [
      battery({
        reading: {
          cellVoltages: wave(16, 3.448, 0.012),
          current: 4.2,
          soc: 99,
          cellBalancing: wave(16, 0, 1).map((at) => at > 0.2),
        },
        control: {
          soc: 99,
          ccl: 6,
          chargeMode: 'Absorption: 4 A now, done below 2.8 A',
          chargeReason: 'Charge limited to 6 A: state of charge 99 %',
        },
      }),
    ],
  },
  {
    name: 'float',
    batteries: [
      battery({ reading: { current: 0, soc: 100 }, control: { soc: 100, cvl: 53.6, chargeMode: 'Float' } }),
    ],
  },
  {
    name: 'runner',
    batteries: [
      battery({ reading: { cellVoltages: runner, cellBalancing: runner.map((_, index) => index === 6) } }),
    ],
  },
  {
    name: 'alarm',
    batteries: [
      battery({
        reading: { current: 0, temperatures: [68.2, 24, 23, 23] },
        control: {
          ccl: 0,
          dcl: 0,
          allowToCharge: false,
          allowToDischarge: false,
          alarms: { highTemperature: 2, cellImbalance: 1 },
          chargeMode: 'Hold: temperature sensor 1 reads 68 degC, the others 24 degC',
          chargeReason: 'No charge: temperature sensor 1 reads 68 degC, the others 24 degC',
          dischargeReason: 'No discharge: temperature sensor 1 reads 68 degC, the others 24 degC',
        },
      }),
    ],
  },
  {
    name: 'silent',
    batteries: [
      battery({
        ...silent,
        control: {
          ccl: 10,
          dcl: 20,
          chargeReason: 'Charge limited to 10 A: no answer from the BMS for more than 3 min',
        },
      }),
    ],
  },
  { name: 'bank', batteries: [battery({ id: 'rack', name: 'Rack' }), ...packs] },
  {
    name: 'four-cells',
    batteries: [
      battery({
        reading: { cellVoltages: wave(4, 3.33, 0.01), voltage: 13.3 },
        control: { cvl: 13.8, low: 12 },
      }),
    ],
  },
  {
    name: '32-cells',
    batteries: [
      battery({ reading: { cellVoltages: wave(32, 3.34, 0.02) }, control: { cvl: 110.4, low: 96 } }),
    ],
  },
  { name: 'nothing-yet', batteries: [] },
  { name: 'lost', batteries: [battery()], isLost: true },
  { name: 'without-values', batteries: [battery(NOTHING)] },
];

/** The batteries as they were at an hour of the day before: a night, a charge, a time at rest. */
export function withDay(batteries: readonly BridgedBattery[], hour: number): readonly BridgedBattery[] {
  const sun = Math.max(0, Math.sin(((hour - 8) / 10) * Math.PI));
  const isCharging = hour > 8 && hour < 18;
  const current = isCharging ? 50 * sun : -6 - 3 * Math.sin(hour * 5);
  const soc = Math.max(
    20,
    Math.min(100, 60 - hour * 2 + (isCharging ? (hour - 8) * 9 : hour >= 18 ? 90 : 0)),
  );
  const volts = 3.25 + soc / 800 + current / 1500;
  return batteries.map((one) => ({
    ...one,
    view: {
      ...one.view,
      link: { online: hour < 5 || hour > 5.4, text: 'answering', errorCode: 0 },
      control: {
        ...one.view.control,
        soc,
        chargeMode: soc > 97 ? 'Float' : soc > 92 ? 'Absorption: 4 A now' : 'Bulk',
      },
      reading: { ...one.view.reading, current, soc, cellVoltages: wave(16, volts, 0.006 + soc / 20_000) },
    },
  }));
}
