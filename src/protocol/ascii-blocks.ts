import { FrameError } from '../errors.ts';
import { bytesOf, readNumber, writeNumber } from './bytes.ts';

/** The two counted rows with which an analog reply (command 42) describes one pack, in raw numbers. */
export interface AnalogRows {
  /** mV. */
  readonly cells: readonly number[];
  /** Unit and offset depend on the dialect. */
  readonly temperatures: readonly number[];
  /** Where the fields after the rows begin. */
  readonly end: number;
}

/** The two counted rows of state bytes with which an alarm reply (command 44) describes one pack. */
export interface AlarmRows {
  readonly cells: readonly number[];
  readonly temperatures: readonly number[];
  readonly end: number;
}

const CELLS = { min: 4, max: 32 } as const;
const SENSORS = { min: 1, max: 12 } as const;

function countAt(info: Uint8Array, at: number, { min, max }: typeof CELLS | typeof SENSORS): number {
  const count = info[at] ?? 0;
  return count >= min && count <= max ? count : 0;
}

/** The rows from `at`; undefined when this cannot be an analog block: cells are all 500..5000 mV, or all 0. */
export function analogRows(info: Uint8Array, at: number): AnalogRows | undefined {
  const cells = rowAt(info, at, CELLS, 2);
  const temperatures = cells && rowAt(info, cells.end, SENSORS, 2);
  if (!cells || !temperatures) return undefined;
  const { values } = cells;
  const believable =
    values.every((cell) => cell >= 500 && cell <= 5000) || values.every((cell) => cell === 0);
  return believable ? { cells: values, temperatures: temperatures.values, end: temperatures.end } : undefined;
}

/** A state byte: 0 normal, 1 below, 2 above the limit, 0x80..0xEF special to the vendor, 0xF0 another fault. */
function isState(value: number): boolean {
  return value <= 2 || (value >= 0x80 && value <= 0xf0);
}

/** The rows from `at`; undefined when this cannot be an alarm block. */
export function alarmRows(info: Uint8Array, at: number): AlarmRows | undefined {
  const cells = rowAt(info, at, CELLS, 1);
  const temperatures = cells && rowAt(info, cells.end, SENSORS, 1);
  if (!cells || !temperatures || ![...cells.values, ...temperatures.values].every(isState)) return undefined;
  return { cells: cells.values, temperatures: temperatures.values, end: temperatures.end };
}

/** One counted row of words from `at`; undefined when its count or its end cannot be. */
export function wordsAt(info: Uint8Array, at: number, of: 'cells' | 'sensors'): Row | undefined {
  return rowAt(info, at, of === 'cells' ? CELLS : SENSORS, 2);
}

export interface Row {
  readonly values: readonly number[];
  readonly end: number;
}

function rowAt(
  info: Uint8Array,
  at: number,
  range: typeof CELLS | typeof SENSORS,
  width: 1 | 2,
): Row | undefined {
  const count = countAt(info, at, range);
  const end = at + 1 + count * width;
  if (count === 0 || end > info.length) return undefined;
  const type = width === 1 ? 'u8' : 'u16be';
  return {
    values: Array.from({ length: count }, (_, index) => readNumber(info, at + 1 + index * width, type) ?? 0),
    end,
  };
}

/** A count and that many words: one row of a simulated analog reply. */
export function wordRow(values: readonly number[]): Uint8Array {
  return bytesOf(values.length, ...values.map((value) => writeNumber(value, 'u16be')));
}

/** A count and that many bytes: one row of a simulated alarm reply. */
export function byteRow(values: readonly number[]): Uint8Array {
  return bytesOf(values.length, values);
}

/** Asserts what the acceptance of a frame already promised. */
export function expectRows<T>(rows: T | undefined, info: Uint8Array): T {
  if (rows === undefined)
    throw new FrameError('length', 'the counted rows of cells and sensors do not fit', info);
  return rows;
}
