import { mergeReadings, type PackReading } from '../model/reading.ts';
import { flagsOf, NUMBER_TYPES, type NumberType, readNumber } from './bytes.ts';
import { encodeFields, maskOf, putNumber, unscaled } from './encode.ts';
import { decodeFields, type Field, present, type Scaling, scaled } from './fields.ts';
import { decodeStatus, encodeStatus, type StatusField } from './status.ts';

/**
 * What stands where in the memory of a device that is read in blocks. Places are bytes from the beginning of the memory: register
 * r stands at 2 r, coil c at c / 8. A block tells what lies in it as a whole; everything else is absent.
 */
export interface RegisterMap {
  readonly fields?: readonly Field[];
  /** Places for cells, cell 1 first. */
  readonly cells?: readonly Place[];
  /** Where the number of cells is told; without it they end at the first place that holds none. */
  readonly cellCount?: Word;
  /** Places for sensors. */
  readonly temperatures?: readonly Place[];
  /** Where the number of sensors is told; without it every place that holds one counts. */
  readonly sensorCount?: Word;
  /** Cells that are being balanced, bit 0 = cell 1. */
  readonly balancing?: Mask;
  readonly alarms?: readonly StatusField[];
  /** What tables cannot say. Alarms are merged with those of the tables. */
  readonly also?: (number: NumberAt) => PackReading;
}

/** The number at a place, undefined where it lies outside of the block. */
export type NumberAt = (word: Word) => number | undefined;

export interface Word {
  readonly at: number;
  readonly type: NumberType;
}

/** One value in a row of equal ones. */
export interface Place extends Scaling {
  readonly at: number;
}

export interface Mask extends Word {
  readonly cells: number;
}

/** The byte at which a register begins. */
export const reg = (register: number): number => 2 * register;

/** `count` places of one kind, one behind the other. */
export function places(at: number, count: number, scaling: Scaling): Place[] {
  const width = NUMBER_TYPES[scaling.type];
  return Array.from({ length: count }, (_, index) => ({ ...scaling, at: at + index * width }));
}

/** What a block says that begins at byte `begin`. */
export function decodeMap(map: RegisterMap, block: Uint8Array, begin: number): PackReading {
  const number: NumberAt = ({ at, type }) => readNumber(block, at - begin, type);
  const listed: PackReading = {
    ...decodeFields(block, inside(map.fields ?? [], begin, block.length)),
    ...cellsOf(map, number),
    ...temperaturesOf(map, number),
    ...balancingOf(map, number),
    ...alarmsIn(map, block, begin),
  };
  return map.also === undefined ? listed : mergeReadings(listed, map.also(number));
}

/** Cells have their numbers from the first place on, so a block that begins behind it tells none. */
function cellsOf({ cells = [], cellCount }: RegisterMap, number: NumberAt): PackReading {
  const told = cellCount && number(cellCount);
  const raw = untilAbsent(cells.map(number));
  if (raw.length === 0) return told === undefined ? {} : { cellCount: told };
  const volts = raw.map((value, index) => scaled(value, cells[index] ?? {}));
  const cellVoltages = told === undefined ? untilAbsent(volts) : present(volts.slice(0, told));
  return { cellCount: told ?? cellVoltages.length, cellVoltages };
}

function untilAbsent(values: readonly (number | undefined)[]): number[] {
  const end = values.indexOf(undefined);
  return present(end < 0 ? values : values.slice(0, end));
}

function temperaturesOf({ temperatures = [], sensorCount }: RegisterMap, number: NumberAt): PackReading {
  const degrees = temperatures.flatMap((place) => {
    const raw = number(place);
    return raw === undefined ? [] : [scaled(raw, place)];
  });
  if (degrees.length === 0) return {};
  return { temperatures: present(degrees.slice(0, sensorCount && number(sensorCount))) };
}

function balancingOf({ balancing }: RegisterMap, number: NumberAt): PackReading {
  const bits = balancing && number(balancing);
  if (balancing === undefined || bits === undefined) return {};
  return { cellBalancing: flagsOf(bits, balancing.cells), balancing: bits !== 0 };
}

function alarmsIn({ alarms = [] }: RegisterMap, block: Uint8Array, begin: number): PackReading {
  const told = decodeStatus(block, shifted(alarms, begin));
  return Object.keys(told).length === 0 ? {} : { alarms: told };
}

/** Places counted from the beginning of a block. */
function shifted(fields: readonly StatusField[], begin: number): StatusField[] {
  return fields.map((field) => ({ ...field, at: field.at - begin }));
}

/** The fields that lie in a block as a whole, their places counted from its beginning. */
function inside(fields: readonly Field[], begin: number, length: number): Field[] {
  return fields
    .map((field) => ({ ...field, at: field.at - begin }))
    .filter((field) => field.at >= 0 && field.at + widthOf(field) <= length);
}

function widthOf(field: Field): number {
  if (field.type === 'text') return field.length ?? 0;
  return NUMBER_TYPES[field.type === 'flag' ? field.of : field.type];
}

/** Writes into a block that begins at byte `begin` what `decodeMap` reads there: the simulated side. */
export function encodeMap(map: RegisterMap, block: Uint8Array, begin: number, reading: PackReading): void {
  const { alarms = [], balancing, cellCount, cells = [], fields = [], sensorCount, temperatures = [] } = map;
  const { cellBalancing = [], cellVoltages = [], temperatures: degrees = [] } = reading;
  const put = ({ at, type }: Word, value: number): void => putNumber(block, at - begin, type, value);
  encodeFields(block, inside(fields, begin, block.length), reading);
  for (const [index, place] of cells.entries()) put(place, rawOf(cellVoltages[index], place));
  for (const [index, place] of temperatures.entries()) put(place, rawOf(degrees[index], place));
  if (cellCount !== undefined) put(cellCount, cellVoltages.length);
  if (sensorCount !== undefined) put(sensorCount, degrees.length);
  if (balancing !== undefined) put(balancing, maskOf(cellBalancing.slice(0, balancing.cells)));
  encodeStatus(block, shifted(alarms, begin), reading.alarms ?? {});
}

/** A place that is used never holds a number that means that it is not: it is one step off instead. */
function rawOf(value: number | undefined, place: Place): number {
  const raw = unscaled(value, place);
  return value !== undefined && place.absent?.includes(raw) ? raw + 1 : raw;
}
