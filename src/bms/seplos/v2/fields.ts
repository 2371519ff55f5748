import type { Field, Scaling } from '../../../protocol/fields.ts';
import type { RegisterMap } from '../../../protocol/register-map.ts';
import { bitsFrom, HEAT_ALARMS, pairsFrom, statusByte, VOLTAGE_ALARMS } from '../../../protocol/status.ts';

/**
 * Seplos protocol V2.0. Captures confirm the values, the switches, both texts of the device information and the order of the
 * settings; every alarm bit is the document's word.
 */
export const VERSION = 0x20;
export const COMMAND = { alarms: 0x44, settings: 0x47, product: 0x51 } as const;
/** DIP switches; 0 stands alone. */
export const ADDRESSES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15] as const;

/** Flag and group stand before the cells. */
export const CELLS_AT = 2;
export const TEMPERATURE: Scaling = { type: 'u16be', offset: -2731, scale: 0.1, absent: [0, 0x8000] };
/** With six sensors: four between the cells, then surroundings and FETs. */
export const CELL_SENSORS = 4;

/** After the rows of cells and sensors. */
export const AFTER_ROWS = [
  { key: 'current', at: 0, type: 's16be', scale: 0.01 },
  { key: 'voltage', at: 2, type: 'u16be', scale: 0.01 },
  { key: 'capacityRemaining', at: 4, type: 'u16be', scale: 0.01 },
  { key: 'capacityFull', at: 7, type: 'u16be', scale: 0.01 },
  { key: 'soc', at: 9, type: 'u16be', scale: 0.1 },
  { key: 'capacityDesign', at: 11, type: 'u16be', scale: 0.01, absent: [0] },
  { key: 'cycles', at: 13, type: 'u16be' },
  { key: 'soh', at: 15, type: 'u16be', scale: 0.1 },
] as const satisfies readonly Field[];
export const AFTER_ROWS_LENGTH = 27;
export const ITEMS_AT = 6;
export const ITEMS = 10;

/** Alarm reply behind its rows and the states of current and voltage: the count of the bytes that follow, then these. */
export const STATES = 2;
export const STATUS_COUNT = 20;
const FAULT = 'internalFailure';
const STUCK = 'contactor';
export const STATUS: RegisterMap = {
  fields: [
    { key: 'dischargeEnabled', at: 7, type: 'flag', of: 'u8', bit: 0 },
    { key: 'chargeEnabled', at: 7, type: 'flag', of: 'u8', bit: 1 },
  ],
  balancing: { at: 8, type: 'u16le', cells: 16 },
  alarms: [
    statusByte(1, bitsFrom(0, 2, FAULT, FAULT, FAULT, FAULT, FAULT), bitsFrom(5, 2, STUCK, STUCK, STUCK)),
    statusByte(2, pairsFrom(0, ...VOLTAGE_ALARMS)),
    statusByte(3, pairsFrom(0, ...HEAT_ALARMS)),
    // Of the surroundings; the secondary trip; and of the FETs, the protection first.
    statusByte(4, pairsFrom(0, 'highTemperature', 'lowTemperature'), bitsFrom(7, 2, STUCK)),
    statusByte(4, bitsFrom(4, 2, 'highInternalTemperature'), bitsFrom(5, 1, 'highInternalTemperature')),
    statusByte(5, pairsFrom(0, 'highChargeCurrent', 'highDischargeCurrent')),
    statusByte(5, bitsFrom(4, 2, 'highDischargeCurrent', 'shortCircuit')),
    statusByte(5, bitsFrom(6, 2, 'highDischargeCurrent', 'shortCircuit')),
    statusByte(6, bitsFrom(0, 2, 'highVoltage'), pairsFrom(2, 'lowSoc')),
    statusByte(6, bitsFrom(4, 2, 'lowCellVoltage', FAULT, STUCK)),
    // Cells that are not connected, cell 1 first.
    { at: 11, type: 'u16le', bits: bitsFrom(0, 2, ...new Array<typeof FAULT>(16).fill(FAULT)) },
    // Of the calibration; bit 1 is the clock.
    statusByte(14, bitsFrom(0, 1, FAULT, undefined, FAULT, FAULT, FAULT)),
  ],
};

/** Reply to 47: 60 words, 27 bytes and 8 bytes of functions, each announced by its count; then the name of the device. */
export const WORDS_AT = 2;
export const SETTINGS = [
  // Warnings of a high and a low pack, and of both currents.
  { key: 'maxChargeVoltage', at: WORDS_AT + 2 * 0x0a, type: 'u16be', scale: 0.01, absent: [0] },
  { key: 'minDischargeVoltage', at: WORDS_AT + 2 * 0x0c, type: 'u16be', scale: 0.01, absent: [0] },
  { key: 'maxChargeCurrent', at: WORDS_AT + 2 * 0x32, type: 's16be', scale: 0.01, absent: [0] },
  { key: 'maxDischargeCurrent', at: WORDS_AT + 2 * 0x34, type: 's16be', scale: -0.01, absent: [0] },
  { key: 'capacityDesign', at: WORDS_AT + 2 * 0x3a, type: 'u16be', scale: 0.01, absent: [0] },
] as const satisfies readonly Field[];
/** How many follow, by the place where that is told. */
export const SETTINGS_COUNTS: ReadonlyMap<number, number> = new Map([
  [1, 60],
  [122, 27],
  [150, 8],
]);
export const SETTINGS_LENGTH = 169;

/** Reply to 51: name, version, and the protocol of its CAN port. */
export const PRODUCT = [
  { key: 'model', at: 0, type: 'text', length: 10 },
] as const satisfies readonly Field[];
export const PRODUCT_VERSION_AT = 10;
export const PRODUCT_LENGTH = 32;
