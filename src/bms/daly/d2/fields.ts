import type { Field, Scaling } from '../../../protocol/fields.ts';
import { at } from '../../../protocol/registers.ts';
import type { CellMap } from '../registers.ts';

/** The only address of this variant. */
export const ADDRESS = 0xd2;

/** First register and count of the blocks that this driver reads. */
export const BLOCK = {
  /** Longer requests fail on older boards, so the rest of the status is a block of its own. */
  status: [0x00, 0x3e],
  more: [0x3e, 0x09],
  settings: [0x80, 0x29],
  version: [0xa9, 0x20],
  /** Around the balancer switch, as the vendor's app reads it. */
  switches: [0xcc, 0x05],
} as const;

const UNDEFINED = 0xffff;
const absent = [UNDEFINED];

export const REGISTER = {
  cells: 0x00,
  temperatures: 0x20,
  sensorCount: 0x32,
  faults: 0x3a,
  balanceMask: 0x3e,
  chargeSwitch: 0xa5,
  dischargeSwitch: 0xa6,
  version: 0xa9,
  balancerSwitch: 0xcf,
} as const;
export const MOST_CELLS = 32;

export const CELL: Scaling = { type: 'u16be', scale: 0.001, absent };
export const TEMPERATURE: Scaling = { type: 'u16be', offset: -40, absent: [0xff, UNDEFINED] };
export const CELL_MAP: CellMap = {
  cells: REGISTER.cells,
  mostCells: MOST_CELLS,
  cell: CELL,
  temperatures: REGISTER.temperatures,
  mostSensors: 8,
  temperature: TEMPERATURE,
  sensorCount: REGISTER.sensorCount,
};

/** On this wire a raw current below 30000 is a discharge. */
export const STATUS = [
  { key: 'voltage', ...at(0x28), type: 'u16be', scale: 0.1, absent },
  { key: 'current', ...at(0x29), type: 'u16be', offset: -30000, scale: 0.1, absent },
  { key: 'soc', ...at(0x2a), type: 'u16be', scale: 0.1, absent },
  { key: 'capacityRemaining', ...at(0x30), type: 'u16be', scale: 0.1, absent },
  { key: 'cellCount', ...at(0x31), type: 'u16be', absent },
  { key: 'cycles', ...at(0x33), type: 'u16be', absent },
  { key: 'balancing', ...at(0x34), type: 'flag', of: 'u16be' },
  { key: 'chargeEnabled', ...at(0x35), type: 'flag', of: 'u16be' },
  { key: 'dischargeEnabled', ...at(0x36), type: 'flag', of: 'u16be' },
  { key: 'mosfetTemperature', ...at(0x42), type: 'u16be', offset: -40, absent: [0, 0xff, UNDEFINED] },
] as const satisfies readonly Field[];

/** Trip points are those of level 2; 0 and values that no pack has mean "not set". The switches are what was set. */
export const SETTINGS = [
  { key: 'capacityDesign', ...at(0x80), type: 'u16be', scale: 0.1, absent: [0, UNDEFINED] },
  { key: 'maxChargeVoltage', ...at(0x90), type: 'u16be', scale: 0.1, absent: [0], max: 160 },
  { key: 'minDischargeVoltage', ...at(0x92), type: 'u16be', scale: 0.1, absent: [0], max: 160 },
  { key: 'chargeEnabled', ...at(REGISTER.chargeSwitch), type: 'flag', of: 'u16be' },
  { key: 'dischargeEnabled', ...at(REGISTER.dischargeSwitch), type: 'flag', of: 'u16be' },
] as const satisfies readonly Field[];

/** Trip points of level 2. */
export const CURRENT_LIMITS = [
  { key: 'maxChargeCurrent', register: 0x94 },
  { key: 'maxDischargeCurrent', register: 0x96 },
] as const;

/** Text of the version block: software, hardware, and a place for a date or, on older boards, the hardware. */
export const VERSION = { software: 0, hardware: 16, date: 32, length: 16 } as const;
