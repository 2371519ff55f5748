import type { AlarmBit, Field, Scaling } from '../../protocol/fields.ts';

/** Registers of the classic protocol that this driver reads or writes. */
export const REGISTER = {
  leaveFactoryMode: 0x01,
  basicInfo: 0x03,
  cellVoltages: 0x04,
  name: 0x05,
  counters: 0xaa,
  fets: 0xe1,
  parameters: 0xfa,
} as const;

/** Register 0x03 in units of 10 mA and 10 mAh; see `tenfold` for boards that count in 100 mA. */
export const BASIC_INFO = [
  { key: 'voltage', at: 0, type: 'u16be', scale: 0.01 },
  { key: 'current', at: 2, type: 's16be', scale: 0.01 },
  { key: 'capacityRemaining', at: 4, type: 'u16be', scale: 0.01 },
  { key: 'capacityDesign', at: 6, type: 'u16be', scale: 0.01 },
  { key: 'cycles', at: 8, type: 'u16be' },
  { key: 'soc', at: 19, type: 'u8' },
  { key: 'chargeEnabled', at: 20, type: 'flag', of: 'u8', bit: 0 },
  { key: 'dischargeEnabled', at: 20, type: 'flag', of: 'u8', bit: 1 },
  { key: 'cellCount', at: 21, type: 'u8' },
] as const satisfies readonly Field[];

/** Where the rest of 0x03 stands. */
export const BASIC_AT = {
  date: 10,
  balanceLow: 12,
  balanceHigh: 14,
  protection: 16,
  firmware: 18,
  fets: 20,
  sensorCount: 22,
  sensors: 23,
} as const;

/** FET byte, bit 7: current and capacities are in steps of 0.1 A and 0.1 Ah. */
export const TENFOLD_BIT = 0x80;
/** Protection word, bit 12: a FET is off because it was told so (0xE1), not because of a protection. */
export const SOFTWARE_LOCK_BIT = 1 << 12;

/** Tenths of a kelvin; an open or shorted probe reads absolute zero or beyond any battery. */
export const TEMPERATURE: Scaling = { type: 'u16be', offset: -2731, scale: 0.1, min: -100, max: 150 };
export const CELL: Scaling = { type: 'u16be', scale: 0.001 };

/** The tail of newer firmware, counted from the end of the temperatures. */
export const TAIL_LENGTH = 9;
export const TAIL_AT = { warnings: 1, capacityFull: 3, capacityRemaining: 5 } as const;
export const TAIL = [
  { key: 'capacityFull', at: TAIL_AT.capacityFull, type: 'u16be', scale: 0.01, absent: [0] },
] as const satisfies readonly Field[];

const SHARED = [
  'highCellVoltage',
  'lowCellVoltage',
  'highVoltage',
  'lowVoltage',
  'highChargeTemperature',
  'lowChargeTemperature',
  'highTemperature',
  'lowTemperature',
  'highChargeCurrent',
  'highDischargeCurrent',
] as const;

/** Protection word at 16. */
export const PROTECTIONS: readonly AlarmBit[] = [
  ...SHARED.map((alarm, bit): AlarmBit => ({ bit, alarm, level: 2 })),
  { bit: 10, alarm: 'shortCircuit', level: 2 },
  { bit: 11, alarm: 'internalFailure', level: 2 },
  { bit: 13, alarm: 'internalFailure', level: 2 },
  { bit: 14, alarm: 'internalFailure', level: 2 },
];

/** Warning word of the tail. */
export const WARNINGS: readonly AlarmBit[] = [
  ...SHARED.map((alarm, bit): AlarmBit => ({ bit, alarm, level: 1 })),
  { bit: 10, alarm: 'cellImbalance', level: 1 },
  { bit: 11, alarm: 'lowSoc', level: 1 },
];

/** Parameters 16 to 29 in one 0xFA read: the trip points of the pack and the function bits. */
export const LIMITS_FIRST = 16;
export const LIMITS_COUNT = 14;
/** First parameter and count stand before the words of a 0xFA reply. */
export const PARAMETERS_AT = 3;
/** Trip points; parameter p stands at 2 * p of the parameter space. Zero means "not set". */
export const LIMITS = [
  { key: 'maxChargeVoltage', at: 32, type: 'u16be', scale: 0.01, absent: [0], optional: true },
  { key: 'minDischargeVoltage', at: 36, type: 'u16be', scale: 0.01, absent: [0], optional: true },
  { key: 'maxChargeCurrent', at: 48, type: 'u16be', scale: 0.01, absent: [0], optional: true },
  { key: 'maxDischargeCurrent', at: 50, type: 's16be', scale: -0.01, absent: [0], min: 0, optional: true },
] as const satisfies readonly Field[];
/** Parameter 29, function bits; bit 12 is the tenfold unit of `TENFOLD_BIT`. */
export const FUNCTIONS_AT = 58;
export const TENFOLD_FUNCTION = 1 << 12;
/** What changes with the tenfold unit. */
export const TENFOLD_KEYS = [
  'current',
  'capacityRemaining',
  'capacityFull',
  'capacityDesign',
  'maxChargeCurrent',
  'maxDischargeCurrent',
] as const;
