import type { PackReading } from '../../model/reading.ts';
import type { AlarmBit, Field } from '../../protocol/fields.ts';

export const TYPE = { request: 0, reply: 1 } as const;
export const SOURCE = { bms: 0, computer: 3 } as const;
export const END = 0x68;
/** 24 cells and every id make 315 bytes; more than this is noise in the length field. */
export const LONGEST = 600;
export const COMMAND = { activate: 0x01, readOne: 0x03, readAll: 0x06 } as const;
/** Commands that the answer to a command may name: units exist that answer both reads as command 03. */
export const ANSWERED_AS: Readonly<Record<number, readonly number[]>> = {
  [COMMAND.activate]: [COMMAND.activate],
  [COMMAND.readOne]: [COMMAND.readAll, COMMAND.readOne],
  [COMMAND.readAll]: [COMMAND.readAll, COMMAND.readOne],
};

/** Value ids that are taken apart by hand. */
export const ID = {
  cells: 0x79,
  mosfet: 0x80,
  current: 0x84,
  alarms: 0x8b,
  productionDate: 0xb5,
  /** Ah: "measured capacity", which some firmware fills with a constant. */
  measuredCapacity: 0xb9,
  currentEncoding: 0xc0,
} as const;
export const SENSOR_IDS: readonly number[] = [0x81, 0x82];

/**
 * Length of the value behind each id (the cells carry their own). The list must be walked, because the cells move
 * everything behind them and some ids are missing on old firmware. Big endian.
 */
export const LENGTHS: Readonly<Record<number, number>> = {
  128: 2,
  129: 2,
  130: 2,
  131: 2,
  132: 2,
  133: 1,
  134: 1,
  135: 2,
  137: 4,
  138: 2,
  139: 2,
  140: 2,
  142: 2,
  143: 2,
  144: 2,
  145: 2,
  146: 2,
  147: 2,
  148: 2,
  149: 2,
  150: 2,
  151: 2,
  152: 2,
  153: 2,
  154: 2,
  155: 2,
  156: 2,
  157: 1,
  158: 2,
  159: 2,
  160: 2,
  161: 2,
  162: 2,
  163: 2,
  164: 2,
  165: 2,
  166: 2,
  167: 2,
  168: 2,
  169: 1,
  170: 4,
  171: 1,
  172: 1,
  173: 2,
  174: 1,
  175: 1,
  176: 2,
  177: 1,
  178: 10,
  179: 1,
  180: 8,
  181: 4,
  182: 4,
  183: 15,
  184: 1,
  185: 4,
  186: 24,
  192: 1,
};

/** What stands at the start of the value of an id. The password (B2) is in the list but is never read. */
export const VALUES: readonly (readonly [id: number, field: Field])[] = [
  [0x83, { key: 'voltage', at: 0, type: 'u16be', scale: 0.01 }],
  [0x85, { key: 'soc', at: 0, type: 'u8' }],
  [0x87, { key: 'cycles', at: 0, type: 'u16be' }],
  [0x8a, { key: 'cellCount', at: 0, type: 'u16be' }],
  [0x8c, { key: 'chargeEnabled', at: 0, type: 'flag', of: 'u16be', bit: 0 }],
  [0x8c, { key: 'dischargeEnabled', at: 0, type: 'flag', of: 'u16be', bit: 1 }],
  [0x8c, { key: 'balancing', at: 0, type: 'flag', of: 'u16be', bit: 2 }],
  [0x8e, { key: 'maxChargeVoltage', at: 0, type: 'u16be', scale: 0.01, absent: [0] }],
  [0x8f, { key: 'minDischargeVoltage', at: 0, type: 'u16be', scale: 0.01, absent: [0] }],
  [0x97, { key: 'maxDischargeCurrent', at: 0, type: 'u16be' }],
  [0x99, { key: 'maxChargeCurrent', at: 0, type: 'u16be' }],
  [0xaa, { key: 'capacityDesign', at: 0, type: 'u32be', absent: [0] }],
  [0xb7, { key: 'firmwareVersion', at: 0, type: 'text', length: 15 }],
];

/** Id 8B. Bit 9 also forbids charging; see `decode`. */
export const ALARMS: readonly AlarmBit[] = [
  { bit: 0, alarm: 'lowSoc', level: 1 },
  { bit: 1, alarm: 'highInternalTemperature', level: 2 },
  { bit: 2, alarm: 'highVoltage', level: 2 },
  { bit: 3, alarm: 'lowVoltage', level: 2 },
  { bit: 4, alarm: 'highTemperature', level: 2 },
  { bit: 5, alarm: 'highChargeCurrent', level: 2 },
  { bit: 6, alarm: 'highDischargeCurrent', level: 2 },
  { bit: 7, alarm: 'cellImbalance', level: 2 },
  { bit: 8, alarm: 'highInternalTemperature', level: 2 },
  { bit: 9, alarm: 'lowTemperature', level: 2 },
  { bit: 10, alarm: 'highCellVoltage', level: 2 },
  { bit: 11, alarm: 'lowCellVoltage', level: 2 },
  { bit: 12, alarm: 'internalFailure', level: 2 },
  { bit: 13, alarm: 'internalFailure', level: 2 },
];
export const COLD_BIT = 9;

/** Below this a raw temperature is itself; from here on it is 100 - raw: 100 is 0 degC on the cold side, 101 is -1 degC. */
export const FREEZING = 100;
/** id C0 = 1: bit 15 is the direction (1 = charging), the rest is 0.01 A. Without C0: 10000 - raw. */
export const CHARGING_FLAG = 0x8000;
export const ZERO_CURRENT = 10_000;

/** What a probe must find, beside the checks of every probe. */
export const REQUIRED = ['voltage', 'soc', 'cellVoltages'] as const satisfies readonly (keyof PackReading)[];
export const MOST_CELLS = 24;
