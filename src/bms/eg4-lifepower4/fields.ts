import type { Field, Scaling } from '../../protocol/fields.ts';
import {
  bitsFrom,
  HEAT_ALARMS,
  pairsFrom,
  type StatusField,
  statusByte,
  statusWord,
  VOLTAGE_ALARMS,
} from '../../protocol/status.ts';

/**
 * EG4 LifePower4 and other Qualtech boards, vendor protocol VER 20. Captures of three packs confirm every value, the switches and
 * the low state of charge; the other alarm bits are the document's word.
 */
export const VERSION = 0x20;
export const DEVICE_CLASS = 0x4a;
export const COMMAND = { analog: 0x42, alarms: 0x44, vendor: 0x51 } as const;

/** Flag and group stand before the cells. */
export const CELLS_AT = 2;
export const TEMPERATURE: Scaling = { type: 'u16be', offset: -2731, scale: 0.1, absent: [0, 0x8000] };

/** Behind the counted sensors, which are those of the cells. */
export const AFTER_ROWS = [
  { ...TEMPERATURE, key: 'ambientTemperature', at: 0 },
  { ...TEMPERATURE, key: 'mosfetTemperature', at: 2 },
  { key: 'current', at: 4, type: 's16be', scale: 0.01 },
  { key: 'voltage', at: 6, type: 'u16be', scale: 0.01 },
  { key: 'capacityRemaining', at: 8, type: 'u16be', scale: 0.01 },
  { key: 'capacityFull', at: 10, type: 'u16be', scale: 0.01 },
  { key: 'cycles', at: 12, type: 'u16be' },
  { key: 'soc', at: 15, type: 'u16be' },
  { key: 'soh', at: 17, type: 'u16be' },
] as const satisfies readonly Field[];
export const ITEMS_AT = 14;
export const ITEMS = 0x0f;
export const AFTER_ROWS_LENGTH = 57;

/** Alarm reply behind its rows: states of two more sensors, of current and of voltage, a count, then these. */
export const STATUS_COUNT_AT = 4;
export const STATUS_COUNT = 9;
export const STATUS_LENGTH = 13;
export const STATUS: readonly StatusField[] = [
  statusByte(0, bitsFrom(4, 1, 'cellImbalance'), bitsFrom(5, 2, 'contactor', 'contactor')),
  statusByte(1, pairsFrom(0, ...VOLTAGE_ALARMS)),
  statusWord(
    2,
    pairsFrom(0, ...HEAT_ALARMS, 'highTemperature', 'lowTemperature'),
    bitsFrom(12, 2, 'highInternalTemperature', 'internalFailure'),
  ),
  statusByte(
    4,
    pairsFrom(0, 'highChargeCurrent', 'highDischargeCurrent'),
    bitsFrom(4, 2, 'highDischargeCurrent', 'shortCircuit', 'highDischargeCurrent', 'shortCircuit'),
  ),
  statusByte(5, bitsFrom(0, 1, 'lowSoc')),
];
export const SWITCHES = [
  { key: 'dischargeEnabled', at: 6, type: 'flag', of: 'u8', bit: 0 },
  { key: 'chargeEnabled', at: 6, type: 'flag', of: 'u8', bit: 1 },
] as const satisfies readonly Field[];
/** 32 bits, bit 0 = cell 1. */
export const BALANCE_AT = 8;

/** Reply to 51: the name, which may be blank, a version and the maker. */
export const VENDOR = [{ key: 'model', at: 0, type: 'text', length: 20 }] as const satisfies readonly Field[];
export const VENDOR_LENGTH = 46;
