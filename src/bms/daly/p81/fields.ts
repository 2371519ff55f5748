import type { AlarmName } from '../../../model/alarms.ts';
import type { Field, Scaling } from '../../../protocol/fields.ts';
import { at } from '../../../protocol/registers.ts';
import type { CellMap } from '../registers.ts';

/** Board n is asked at 0x80 + n and answers from 0x50 + n. */
export const ASKED_FROM = 0x80;
export const ANSWERS_LOWER_BY = 0x30;
export const BOARDS = Array.from({ length: 16 }, (_, index) => index + 1);

/** First register and count of the blocks that this driver reads. */
export const BLOCK = {
  cells: [0x00, 0x40],
  state: [0x41, 0x3e],
  settings: [0x100, 0x51],
  version: [0x178, 0x4a],
} as const;

const UNDEFINED = 0xffff;
const NOT_FITTED = 0xff;
const absent = [UNDEFINED];

export const REGISTER = {
  cells: 0x00,
  temperatures: 0x30,
  sensorCount: 0x3d,
  balanceMask: 0x4f,
  faults: 0x6d,
  chargeSwitch: 0x121,
  dischargeSwitch: 0x122,
} as const;
export const MOST_SENSORS = 8;

export const CELL: Scaling = { type: 'u16be', scale: 0.001, absent };
export const TEMPERATURE: Scaling = { type: 'u16be', offset: -40, absent: [NOT_FITTED, UNDEFINED] };
export const CELL_MAP: CellMap = {
  cells: REGISTER.cells,
  mostCells: 48,
  cell: CELL,
  temperatures: REGISTER.temperatures,
  mostSensors: MOST_SENSORS,
  temperature: TEMPERATURE,
  sensorCount: REGISTER.sensorCount,
};

/** On this wire a raw current below 30000 is a discharge. */
export const STATUS = [
  { key: 'voltage', ...at(0x38), type: 'u16be', scale: 0.1, absent },
  { key: 'current', ...at(0x39), type: 'u16be', offset: -30000, scale: 0.1, absent },
  { key: 'soc', ...at(0x3a), type: 'u16be', scale: 0.1, absent },
  { key: 'cellCount', ...at(0x3c), type: 'u16be', absent },
  { key: 'capacityRemaining', ...at(0x4b), type: 'u16be', scale: 0.1, absent },
  { key: 'cycles', ...at(0x4c), type: 'u16be', absent },
  { key: 'chargeEnabled', ...at(0x52), type: 'flag', of: 'u16be' },
  { key: 'dischargeEnabled', ...at(0x53), type: 'flag', of: 'u16be' },
  { key: 'mosfetTemperature', ...at(0x5a), type: 'u16be', offset: -40, absent: [NOT_FITTED, UNDEFINED] },
] as const satisfies readonly Field[];

/** Trip points are those of level 2. The switches are what was set. */
export const SETTINGS = [
  { key: 'capacityDesign', ...at(0x109), type: 'u32be', scale: 0.001, absent: [0, 0xffffffff] },
  { key: 'chargeEnabled', ...at(REGISTER.chargeSwitch), type: 'flag', of: 'u16be' },
  { key: 'dischargeEnabled', ...at(REGISTER.dischargeSwitch), type: 'flag', of: 'u16be' },
  { key: 'maxChargeVoltage', ...at(0x139), type: 'u16be', scale: 0.1, absent: [0], max: 160 },
  { key: 'minDischargeVoltage', ...at(0x13d), type: 'u16be', scale: 0.1, absent: [0], max: 160 },
] as const satisfies readonly Field[];

/** Trip points of level 2. */
export const CURRENT_LIMITS = [
  { key: 'maxChargeCurrent', register: 0x146 },
  { key: 'maxDischargeCurrent', register: 0x141 },
] as const;

export const VERSION_REGISTER = 0x178;
export const VERSION = [
  { key: 'firmwareVersion', at: 0, type: 'text', length: 28, optional: true },
  { key: 'hardwareVersion', at: 28, type: 'text', length: 14, optional: true },
  { key: 'serialNumber', at: 42, type: 'text', length: 24, optional: true },
] as const satisfies readonly Field[];

/** Fault codes are bytes, the low byte of register 0x6D first. */
export const FAULT_CODES = 14;

/** Three-bit fields: 0 nothing, 1 a warning, more a protection. */
export const FAULT_LEVELS: readonly { code: number; bit: number; alarm: AlarmName }[] = [
  { code: 0, bit: 0, alarm: 'highCellVoltage' },
  { code: 0, bit: 3, alarm: 'lowCellVoltage' },
  { code: 1, bit: 0, alarm: 'cellImbalance' },
  { code: 1, bit: 3, alarm: 'highChargeTemperature' },
  { code: 2, bit: 0, alarm: 'lowChargeTemperature' },
  { code: 2, bit: 3, alarm: 'highTemperature' },
  { code: 3, bit: 0, alarm: 'lowTemperature' },
  { code: 4, bit: 0, alarm: 'highVoltage' },
  { code: 4, bit: 3, alarm: 'lowVoltage' },
  { code: 5, bit: 0, alarm: 'highChargeCurrent' },
  { code: 5, bit: 3, alarm: 'highDischargeCurrent' },
  { code: 6, bit: 0, alarm: 'lowSoc' },
  { code: 7, bit: 0, alarm: 'highInternalTemperature' },
];

/** Bits that mean something by themselves: which of a code, and how bad. */
export const FAULT_BITS: readonly { code: number; mask: number; alarm: AlarmName; level: 1 | 2 }[] = [
  { code: 2, mask: 0x40, alarm: 'highInternalTemperature', level: 1 }, // charge FET
  { code: 2, mask: 0x80, alarm: 'internalFailure', level: 2 }, // its sensor
  { code: 3, mask: 0x40, alarm: 'highInternalTemperature', level: 1 }, // discharge FET
  { code: 3, mask: 0x80, alarm: 'internalFailure', level: 2 }, // its sensor
  { code: 4, mask: 0x40, alarm: 'shortCircuit', level: 2 },
  { code: 7, mask: 0x38, alarm: 'internalFailure', level: 2 }, // thermal runaway
  { code: 11, mask: 0xff, alarm: 'internalFailure', level: 2 }, // front end, wires, voltage, current, temperature
  { code: 12, mask: 0x7f, alarm: 'internalFailure', level: 2 }, // wire, memories, clock, FETs
  { code: 12, mask: 0x80, alarm: 'internalFailure', level: 1 }, // pre-charge
];
