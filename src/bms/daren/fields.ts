import type { Field, Scaling } from '../../protocol/fields.ts';
import {
  bitsFrom,
  HEAT_ALARMS,
  type StatusField,
  statusWord,
  VOLTAGE_ALARMS,
} from '../../protocol/status.ts';

/**
 * Daren 485 (DR-JC03 and its kind), Basen document YD/T 1363. Captures of five packs confirm every value, two alarm bits and the
 * switches; the other alarm bits are the document's word.
 */
export const VERSION = 0x22;
export const COMMAND = { analog: 0x42, parameters: 0x47, product: 0x51, module: 0xb0 } as const;

/** Analog reply: flag, then these, then cells. */
export const HEAD = [
  { key: 'soc', at: 1, type: 'u16be', scale: 0.01 },
  { key: 'voltage', at: 3, type: 'u16be', scale: 0.01 },
] as const satisfies readonly Field[];
export const CELLS_AT = 5;
/** Tenths of a degree; outside is a sensor that is not fitted. */
export const TEMPERATURE: Scaling = { type: 's16be', scale: 0.1, min: -50, max: 150 };
/** Behind the cells; the mean of the pack stands between them. */
export const BOARD = [
  { ...TEMPERATURE, key: 'ambientTemperature', at: 0 },
  { ...TEMPERATURE, key: 'mosfetTemperature', at: 4 },
] as const satisfies readonly Field[];
export const BOARD_LENGTH = 6;

/** Behind the cell sensors. */
export const AFTER_SENSORS = [
  { key: 'current', at: 0, type: 's16be', scale: 0.01 },
  { key: 'soh', at: 4, type: 'u16be' },
  { key: 'capacityFull', at: 7, type: 'u16be', scale: 0.01 },
  { key: 'capacityRemaining', at: 9, type: 'u16be', scale: 0.01 },
  { key: 'cycles', at: 11, type: 'u16be' },
  { key: 'dischargeEnabled', at: 21, type: 'flag', of: 'u16be', bit: 0 },
  { key: 'chargeEnabled', at: 21, type: 'flag', of: 'u16be', bit: 1 },
] as const satisfies readonly Field[];
/** Cells 1 to 16, then the others. */
export const BALANCE_AT = [31, 33] as const;
export const AFTER_SENSORS_LENGTH = 46;

const BOARD_HEAT = [
  'highTemperature',
  'lowTemperature',
  'highInternalTemperature',
  'lowTemperature',
] as const;
/** Words of voltage, current, temperature, alarm and FETs. Bits 5 and 6 of the alarm word only say that LED and buzzer are there. */
export const STATUS: readonly StatusField[] = [
  statusWord(
    13,
    bitsFrom(0, 2, ...VOLTAGE_ALARMS),
    bitsFrom(4, 1, ...VOLTAGE_ALARMS, 'cellImbalance'),
    bitsFrom(13, 2, 'internalFailure', 'cellImbalance'),
  ),
  statusWord(
    15,
    bitsFrom(2, 2, 'highChargeCurrent', 'shortCircuit', 'highDischargeCurrent', 'highDischargeCurrent'),
    bitsFrom(6, 1, 'highChargeCurrent', 'highDischargeCurrent'),
  ),
  statusWord(
    17,
    bitsFrom(0, 2, ...HEAT_ALARMS, ...BOARD_HEAT),
    bitsFrom(8, 1, ...HEAT_ALARMS, ...BOARD_HEAT),
  ),
  statusWord(
    19,
    bitsFrom(0, 1, 'cellImbalance'),
    bitsFrom(1, 2, 'contactor', undefined, 'internalFailure', 'internalFailure'),
    bitsFrom(7, 1, 'lowSoc', undefined, 'highInternalTemperature', 'internalFailure'),
    bitsFrom(8, 2, 'highInternalTemperature'),
    bitsFrom(11, 2, 'internalFailure', 'internalFailure', 'internalFailure', 'contactor', 'contactor'),
  ),
  statusWord(21, bitsFrom(2, 2, 'contactor', 'contactor')),
];

/** Reply to 47. The words of the pack voltage only repeat those of a cell, so the limits of the pack follow from the cells. */
export const LIMITS = [
  { key: 'maxChargeVoltage', at: 1, type: 'u16be', scale: 0.001, absent: [0] },
  { key: 'minDischargeVoltage', at: 3, type: 'u16be', scale: 0.001, absent: [0] },
  { key: 'maxChargeCurrent', at: 9, type: 'u16be', scale: 0.01, absent: [0] },
  { key: 'cellCount', at: 15, type: 'u16be' },
  { key: 'capacityFull', at: 19, type: 'u16be', scale: 0.01 },
] as const satisfies readonly Field[];
export const LIMITS_LENGTH = 65;

/** Reply to 51: hardware, product and project, then software and boot; the end differs between firmwares. */
export const PRODUCT = [
  { key: 'hardwareVersion', at: 0, type: 'text', length: 10 },
  { key: 'model', at: 20, type: 'text', length: 10 },
] as const satisfies readonly Field[];
export const SOFTWARE_AT = 30;
export const PRODUCT_LENGTHS: readonly number[] = [35, 36, 37];

/** Reply to B0: six bytes that repeat the question and tell a length, then what was asked for. */
export const MODULE_HEAD = 6;
export const SERIAL = { part: 3, length: 119 } as const;
export const SERIAL_NUMBER = [
  { key: 'serialNumber', at: MODULE_HEAD, type: 'text' },
] as const satisfies readonly Field[];
export const CAPACITY = { part: 4, length: 24 } as const;
export const CAPACITIES = [
  { key: 'capacityRemaining', at: 6, type: 'u16be', scale: 0.01 },
  { key: 'capacityFull', at: 8, type: 'u16be', scale: 0.01 },
  { key: 'capacityDesign', at: 10, type: 'u16be', scale: 0.01, absent: [0] },
] as const satisfies readonly Field[];
