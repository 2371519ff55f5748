import type { Field, Scaling } from '../../protocol/fields.ts';
import { bitsFrom, HEAT_ALARMS, type StatusField, statusByte } from '../../protocol/status.ts';

/**
 * EG4 LifePower, Tian Power, Basengreen kits: frames `7E .. 0D`. Three captured answers confirm the groups; the status bits are
 * the words of public readers.
 */
export const COMMAND = { values: 0x01, version: 0x33, barcode: 0x42 } as const;

/** Groups of a values answer: a number, how many elements, the elements. From 0B on an element has four bytes. */
export const GROUP = { cells: 1, temperatures: 5, status: 6 } as const;
export const LARGE_FROM = 0x0b;
/** Elements that a group may have. */
export const COUNTS: Readonly<Record<number, readonly [least: number, most: number]>> = {
  [GROUP.cells]: [3, 32],
  [GROUP.temperatures]: [1, 8],
  [GROUP.status]: [5, 5],
};
export const USUAL_COUNT = [1, 1] as const;

/** mV; what the two bits above it mean is told in two ways. */
export const CELL_MASK = 0x3fff;
export const CELL: Scaling = { type: 'u16be', scale: 0.001 };

/** What stands in the groups of one word. */
export const VALUES: ReadonlyMap<number, Field> = new Map<number, Field>([
  [2, { key: 'current', at: 0, type: 'u16be', offset: -30_000, scale: -0.01 }],
  [3, { key: 'soc', at: 0, type: 'u16be', scale: 0.01 }],
  [4, { key: 'capacityFull', at: 0, type: 'u16be', scale: 0.01 }],
  [7, { key: 'cycles', at: 0, type: 'u16be' }],
  [8, { key: 'voltage', at: 0, type: 'u16be', scale: 0.01 }],
  [9, { key: 'soh', at: 0, type: 'u16be', scale: 0.01 }],
]);

/** A temperature is a kind and degrees above -50. */
export const KIND = { cell: 0x00, ambient: 0x20, mosfet: [0x40, 0x80] } as const;
export const TEMPERATURE: Scaling = { type: 'u8', offset: -50, scale: 1 };

/** Ten bytes in the order of the wire. What is said of bytes 0, 1, 4 and 5 nobody has seen set, so it only warns. */
export const STATUS: readonly StatusField[] = [
  statusByte(
    0,
    bitsFrom(3, 1, 'lowCellVoltage', 'internalFailure', 'contactor', 'contactor', 'internalFailure'),
  ),
  statusByte(
    1,
    bitsFrom(0, 1, 'internalFailure', 'internalFailure', 'internalFailure', 'highTemperature'),
    bitsFrom(7, 1, 'contactor'),
  ),
  statusByte(2, bitsFrom(0, 2, 'highTemperature', 'lowTemperature')),
  statusByte(
    3,
    bitsFrom(2, 2, 'shortCircuit'),
    bitsFrom(4, 2, 'highVoltage', 'lowVoltage', ...HEAT_ALARMS.slice(0, 2)),
  ),
  statusByte(4, bitsFrom(0, 1, 'lowTemperature', 'highTemperature'), bitsFrom(4, 1, 'lowSoc')),
  statusByte(5, bitsFrom(5, 1, 'highInternalTemperature', 'lowTemperature')),
  statusByte(
    8,
    bitsFrom(0, 1, 'highTemperature', 'lowTemperature', 'highInternalTemperature', 'lowSoc', 'cellImbalance'),
    bitsFrom(5, 1, 'highTemperature', 'lowTemperature'),
  ),
  statusByte(
    9,
    bitsFrom(0, 1, 'highCellVoltage', 'lowCellVoltage', 'highVoltage', 'lowVoltage'),
    bitsFrom(4, 1, 'highChargeCurrent', 'highDischargeCurrent', ...HEAT_ALARMS.slice(0, 2)),
  ),
];
export const STATUS_LENGTH = 10;
/** Too much current, in a direction that only the current tells. */
export const OVER_CURRENT = { at: 3, bit: 3 } as const;
