import type { AlarmBit, Field, Scaling } from '../../protocol/fields.ts';

/**
 * Pylontech low-voltage batteries, RS485 protocol V3.3 (2018) and V2.8 (2016). Captured frames of US2000, US2000B/C,
 * US3000 and US5000 confirm everything but the alarm bits.
 */
export const VERSION = 0x20;
/** VER of siblings, whose alarm replies could pass otherwise: TopBMS 21 and 52, Daren 22, PACE 25, Boqiang 26. */
export const SIBLING_VERSIONS: readonly number[] = [0x21, 0x22, 0x25, 0x26, 0x52];

export const COMMAND = {
  analog: 0x42,
  alarms: 0x44,
  thresholds: 0x47,
  protocolVersion: 0x4f,
  manufacturer: 0x51,
  systemAnalog: 0x61,
  systemManagement: 0x63,
  management: 0x92,
  serialNumber: 0x93,
  softwareVersion: 0x96,
} as const;

export const CELL: Scaling = { type: 'u16be', scale: 0.001 };
/** Sensor 0 sits on the board, the others between the cells. */
export const TEMPERATURE: Scaling = { type: 'u16be', offset: -2731, scale: 0.1, absent: [0, 0x8000] };

/** After the rows of cells and temperatures. */
export const AFTER_ROWS = [
  { key: 'current', at: 0, type: 's16be', scale: 0.1 },
  { key: 'voltage', at: 2, type: 'u16be', scale: 0.001 },
  { key: 'cycles', at: 9, type: 'u16be' },
] as const satisfies readonly Field[];
/** The count of user items, which tells how capacities are written, and with it the length of the block. */
export const ITEMS_AT = 6;
/** 16 bits are enough up to 65 Ah. */
export const SMALL = [
  { key: 'capacityRemaining', at: 4, type: 'u16be', scale: 0.001 },
  { key: 'capacityFull', at: 7, type: 'u16be', scale: 0.001 },
] as const satisfies readonly Field[];
export const LARGE = [
  { key: 'capacityRemaining', at: 11, type: 'u24be', scale: 0.001 },
  { key: 'capacityFull', at: 14, type: 'u24be', scale: 0.001 },
] as const satisfies readonly Field[];
export const SMALL_ITEMS = 2;
export const LARGE_ITEMS = 4;
export const SMALL_LENGTH = 11;
export const LARGE_LENGTH = 17;

/** Alarm reply, after the rows: state bytes of charge current, module voltage, discharge current, then status 1..5. */
export const STATE = { chargeCurrent: 0, voltage: 1, dischargeCurrent: 2, status: 3 } as const;
export const ALARM_LENGTH = 8;

export const STATUS_1: readonly AlarmBit[] = [
  { bit: 0, alarm: 'highVoltage', level: 2 },
  { bit: 1, alarm: 'lowCellVoltage', level: 2 },
  { bit: 2, alarm: 'highChargeCurrent', level: 2 },
  { bit: 4, alarm: 'highDischargeCurrent', level: 2 },
  { bit: 5, alarm: 'highTemperature', level: 2 },
  { bit: 6, alarm: 'highChargeTemperature', level: 2 },
  { bit: 7, alarm: 'lowVoltage', level: 2 },
];
/** Status 2. */
export const SWITCHES = [
  { key: 'chargeEnabled', at: 1, type: 'flag', of: 'u8', bit: 1 },
  { key: 'dischargeEnabled', at: 1, type: 'flag', of: 'u8', bit: 2 },
] as const satisfies readonly Field[];

/** Reply to 92 behind the address byte, and reply to 63 as a whole. */
export const MANAGEMENT = [
  { key: 'maxChargeVoltage', at: 0, type: 'u16be', scale: 0.001 },
  { key: 'minDischargeVoltage', at: 2, type: 'u16be', scale: 0.001 },
  { key: 'maxChargeCurrent', at: 4, type: 's16be', scale: 0.1 },
  { key: 'maxDischargeCurrent', at: 6, type: 's16be', scale: 0.1 },
  { key: 'chargeEnabled', at: 8, type: 'flag', of: 'u8', bit: 7 },
  { key: 'dischargeEnabled', at: 8, type: 'flag', of: 'u8', bit: 6 },
] as const satisfies readonly Field[];
export const MANAGEMENT_STATUS_AT = 8;
export const MANAGEMENT_LENGTH = 9;
/** "Charge immediately": the module is nearly empty, below 15..19 % (bit 5) or 9..13 % (bit 4) depending on the model. */
export const CHARGE_REQUESTS: readonly AlarmBit[] = [
  { bit: 5, alarm: 'lowSoc', level: 1 },
  { bit: 4, alarm: 'lowSoc', level: 2 },
];

/** Reply to 51. */
export const MANUFACTURER = [
  { key: 'model', at: 0, type: 'text', length: 10 },
] as const satisfies readonly Field[];
export const MANUFACTURER_VERSION_AT = 10;
export const VENDOR = 'Pylon-----';

/** Reply to 93 behind the address byte. */
export const SERIAL_NUMBER = [
  { key: 'serialNumber', at: 0, type: 'text', length: 16 },
] as const satisfies readonly Field[];

export const SERIAL_NUMBER_LENGTH = 16;

/** Length of INFO in every reply whose length is fixed. */
export const LENGTHS: ReadonlyMap<number, number> = new Map<number, number>([
  [COMMAND.manufacturer, 32],
  [COMMAND.systemManagement, MANAGEMENT_LENGTH],
  [COMMAND.management, 1 + MANAGEMENT_LENGTH],
  [COMMAND.serialNumber, 1 + SERIAL_NUMBER_LENGTH],
  [COMMAND.softwareVersion, 6],
]);

/** Reply to 61: the whole system, seen by its master. */
export const SYSTEM_ANALOG = [
  { key: 'voltage', at: 0, type: 'u16be', scale: 0.001 },
  { key: 'current', at: 2, type: 's16be', scale: 0.01 },
  { key: 'soc', at: 4, type: 'u8' },
  { key: 'cycles', at: 5, type: 'u16be' },
  { key: 'soh', at: 9, type: 'u8' },
] as const satisfies readonly Field[];
