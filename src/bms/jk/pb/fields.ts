import type { AlarmBit, Field } from '../../../protocol/fields.ts';

/** Offsets count from the start of the 300-byte record; little endian. */
const ABSENT_SENSOR = -2000;

/** Record type 02. Byte 5 is a counter or a constant, by firmware, and no part of the type. */
export const STATUS = [
  { key: 'mosfetTemperature', at: 144, type: 's16le', scale: 0.1, absent: [ABSENT_SENSOR] },
  { key: 'voltage', at: 150, type: 'u32le', scale: 0.001 },
  { key: 'current', at: 158, type: 's32le', scale: 0.001 },
  { key: 'soc', at: 173, type: 'u8' },
  { key: 'capacityRemaining', at: 174, type: 'u32le', scale: 0.001 },
  { key: 'capacityFull', at: 178, type: 'u32le', scale: 0.001, absent: [0] },
  { key: 'cycles', at: 182, type: 'u32le' },
  { key: 'soh', at: 190, type: 'u8' },
  { key: 'chargeEnabled', at: 198, type: 'flag', of: 'u8' },
  { key: 'dischargeEnabled', at: 199, type: 'flag', of: 'u8' },
] as const satisfies readonly Field[];

export const CELLS_AT = 6;
export const CELL = { type: 'u16le', scale: 0.001 } as const;
export const MOST_CELLS = 32;
export const CELL_MASK_AT = 70;
/**
 * Sensors of the cells in wire order. The third and fourth exist on PB boards only and read 0 where they do not.
 * The word at 254 is a copy of the FET temperature, not a sensor of the cells.
 */
export const SENSORS = [
  { at: 162, type: 's16le', scale: 0.1, absent: [ABSENT_SENSOR] },
  { at: 164, type: 's16le', scale: 0.1, absent: [ABSENT_SENSOR] },
  { at: 256, type: 's16le', scale: 0.1, absent: [0, ABSENT_SENSOR] },
  { at: 258, type: 's16le', scale: 0.1, absent: [0, ABSENT_SENSOR] },
] as const;
export const ALARMS_AT = 166;
/** 0 idle, 1 and 2 while charge is moved between cells. The flag at 201 stays 0 in real records. */
export const BALANCER_AT = 172;
/** Charge phase: 0 bulk, 1 absorption, 2 float. */
export const PHASE_AT = 280;
export const FLOATING = 2;

export const ALARMS: readonly AlarmBit[] = [
  { bit: 0, alarm: 'internalFailure', level: 1 },
  { bit: 1, alarm: 'highInternalTemperature', level: 2 },
  { bit: 2, alarm: 'internalFailure', level: 2 },
  { bit: 3, alarm: 'internalFailure', level: 2 },
  { bit: 5, alarm: 'highVoltage', level: 2 },
  { bit: 6, alarm: 'highChargeCurrent', level: 2 },
  { bit: 7, alarm: 'shortCircuit', level: 2 },
  { bit: 8, alarm: 'highChargeTemperature', level: 2 },
  { bit: 9, alarm: 'lowChargeTemperature', level: 2 },
  { bit: 10, alarm: 'internalFailure', level: 2 },
  { bit: 11, alarm: 'lowCellVoltage', level: 2 },
  { bit: 12, alarm: 'lowVoltage', level: 2 },
  { bit: 13, alarm: 'highDischargeCurrent', level: 2 },
  { bit: 14, alarm: 'shortCircuit', level: 2 },
  { bit: 15, alarm: 'highTemperature', level: 2 },
  { bit: 16, alarm: 'contactor', level: 2 },
  { bit: 17, alarm: 'contactor', level: 2 },
  { bit: 20, alarm: 'contactor', level: 2 },
  { bit: 21, alarm: 'highTemperature', level: 2 },
  { bit: 22, alarm: 'internalFailure', level: 1 },
  { bit: 23, alarm: 'internalFailure', level: 1 },
  { bit: 24, alarm: 'shortCircuit', level: 2 },
  { bit: 25, alarm: 'highDischargeCurrent', level: 2 },
  { bit: 26, alarm: 'highDischargeCurrent', level: 2 },
  { bit: 27, alarm: 'lowTemperature', level: 2 },
];
/**
 * "Cell over-voltage" to the vendor, "battery full" to its app, and set every day at the end of charge with cells far
 * below the protection. Only together with the settings can it be an alarm.
 */
export const FULL_BIT = 4;

/** Record type 01. */
export const SETTINGS = [
  { key: 'maxChargeCurrent', at: 50, type: 'u32le', scale: 0.001 },
  { key: 'maxDischargeCurrent', at: 62, type: 'u32le', scale: 0.001 },
  { key: 'cellCount', at: 114, type: 'u32le' },
  { key: 'capacityDesign', at: 130, type: 'u32le', scale: 0.001, absent: [0] },
] as const satisfies readonly Field[];

/** mV per cell, u32. The requested voltages are 0 before firmware 15. */
export const SETTINGS_AT = {
  cellUndervoltage: 10,
  cellOvervoltage: 18,
  emptyCell: 34,
  requestedCharge: 38,
  requestedFloat: 42,
} as const;
/** Switches of the user, u32 0 or 1, and the register that writes each. */
export const SWITCHES = {
  charge: { at: 118, register: 0x1070 },
  discharge: { at: 122, register: 0x1074 },
  balancer: { at: 126, register: 0x1078 },
} as const;
export type Switch = keyof typeof SWITCHES;

/** Record type 03. The texts at 62, 97 and 118 are passwords and are never read. */
export const ABOUT = [
  { key: 'model', at: 6, type: 'text', length: 16 },
  { key: 'hardwareVersion', at: 22, type: 'text', length: 8 },
  { key: 'firmwareVersion', at: 30, type: 'text', length: 8 },
  { key: 'serialNumber', at: 86, type: 'text', length: 11 },
] as const satisfies readonly Field[];
/** YYMMDD. */
export const DATE_AT = 78;
export const DATE_LENGTH = 6;
