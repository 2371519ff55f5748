import { ImplausibleError } from '../errors.ts';
import { type AnalogRows, analogRows } from './ascii-blocks.ts';
import { type AsciiFrame, LITHIUM } from './ascii-frame.ts';
import { readNumber } from './bytes.ts';

/** What an analog reply (command 42) of one dialect looks like; what is absent says nothing. */
export interface Look {
  /** Where the first block (cell count, cells, ...) begins in INFO: without INFOFLAG at 1, with it at 2. */
  readonly at: number;
  /** Device class; default that of lithium batteries. Of another class it, the version and the shape are looked at. */
  readonly cid1?: number;
  /** Whether INFO as a whole can be such a reply. */
  readonly shape?: (info: Uint8Array) => boolean;
  readonly versions?: readonly number[];
  readonly notVersions?: readonly number[];
  /** What one step of the pack voltage is; undefined stands for a pack of which all is 0. */
  readonly voltageUnits?: readonly (VoltageUnit | undefined)[];
  readonly temperatureUnit?: TemperatureUnit;
  /** How many items the block announces behind its rows. */
  readonly items?: number;
  /** Full capacity in raw steps: above, or up to this. */
  readonly fullAbove?: number;
  readonly fullUpTo?: number;
}

/** A way to fill the ASCII frame, told from its siblings by its replies. */
export interface Dialect {
  /** For error texts and captures. */
  readonly name: string;
  readonly looks: readonly Look[];
}

export interface Classified {
  readonly dialect: Dialect;
  /** Where the first block begins in INFO. */
  readonly at: number;
}

/** Places after the rows that all lithium dialects share: current, pack voltage, remaining, P, full. */
const VOLTAGE_AT = 2;
const ITEMS_AT = 6;
const FULL_AT = 7;

/**
 * Which of `dialects` an analog reply is written in, from its content: most firmware answers the requests of its siblings too,
 * so the request proves nothing, and LENGTH collides between dialects. Undefined for an unknown one.
 */
export function classifyAnalog(reply: AsciiFrame, dialects: readonly Dialect[]): Classified | undefined {
  const shape = reply.cid1 === LITHIUM ? shapeOf(reply.info) : undefined;
  for (const dialect of dialects) {
    const look = dialect.looks.find((one) => isLike(reply, shape, one));
    if (look !== undefined) return { dialect, at: look.at };
  }
  return undefined;
}

function isLike(reply: AsciiFrame, shape: Shape | undefined, look: Look): boolean {
  const { cid1, info, version } = reply;
  const { at, cid1: wanted = LITHIUM, versions, notVersions = [] } = look;
  if (cid1 !== wanted || notVersions.includes(version)) return false;
  if (versions !== undefined && !versions.includes(version)) return false;
  if (look.shape?.(info) === false) return false;
  if (wanted !== LITHIUM) return true;
  if (at === 0) return analogRows(info, at) !== undefined;
  if (shape === undefined || shape.at !== at) return false;
  const { voltageUnits = [shape.voltageUnit], temperatureUnit = shape.temperatureUnit } = look;
  if (!voltageUnits.includes(shape.voltageUnit) || temperatureUnit !== shape.temperatureUnit) return false;
  const items = info[shape.rows.end + ITEMS_AT];
  const full = readNumber(info, shape.rows.end + FULL_AT, 'u16be') ?? 0;
  const { fullAbove = -1, fullUpTo = full, items: many = items } = look;
  return items === many && full > fullAbove && full <= fullUpTo;
}

type VoltageUnit = 'mV' | '10 mV';
type TemperatureUnit = 'degC + 40' | '0.1 K';

interface Shape {
  readonly at: 1 | 2;
  readonly rows: AnalogRows;
  /** What one step of the pack voltage is, from its ratio to the sum of the cells; undefined when all is 0. */
  readonly voltageUnit: VoltageUnit | undefined;
  readonly temperatureUnit: TemperatureUnit;
}

/**
 * Without INFOFLAG the block begins at 1, with it at 2. A frame of one shape can, with the right cell voltages, be read
 * as the other, so that cells, pack voltage and temperatures must all make sense; the reading that explains more of
 * the frame wins.
 */
function shapeOf(info: Uint8Array): Shape | undefined {
  const short = shapeAt(info, 1);
  const long = shapeAt(info, 2);
  if (short === undefined || long === undefined) return short ?? long;
  return short.rows.end > long.rows.end ? short : long;
}

function shapeAt(info: Uint8Array, at: 1 | 2): Shape | undefined {
  const rows = analogRows(info, at);
  const voltage = rows && readNumber(info, rows.end + VOLTAGE_AT, 'u16be');
  const temperatureUnit = rows && unitOfTemperatures(rows.temperatures);
  if (rows === undefined || voltage === undefined || temperatureUnit === undefined) return undefined;
  const sum = rows.cells.reduce((total, cell) => total + cell, 0);
  const near = (millivolts: number): boolean => Math.abs(millivolts - sum) <= 0.02 * sum + 300;
  if (sum === 0) return { at, rows, voltageUnit: undefined, temperatureUnit };
  if (near(voltage)) return { at, rows, voltageUnit: 'mV', temperatureUnit };
  return near(10 * voltage) ? { at, rows, voltageUnit: '10 mV', temperatureUnit } : undefined;
}

function unitOfTemperatures(raw: readonly number[]): TemperatureUnit | undefined {
  if (raw.every((word) => word < 256)) return 'degC + 40';
  const kelvin = raw.every((word) => word === 0 || word === 0x8000 || (word >= 2000 && word <= 4000));
  return kelvin ? '0.1 K' : undefined;
}

/** Where the blocks of an analog reply begin; throws an ImplausibleError when another of `siblings` than `dialect` answered. */
export function firstBlock(reply: AsciiFrame, dialect: Dialect, siblings: readonly Dialect[]): number {
  const found = classifyAnalog(reply, siblings);
  if (found?.dialect === dialect) return found.at;
  const other = found === undefined ? 'an unknown dialect' : `dialect ${found.dialect.name}`;
  throw new ImplausibleError(`an ASCII frame of ${other}, not ${dialect.name}`);
}

/**
 * Why `reply` cannot answer the analog request `asked`: it is no analog reply at all (a late answer to another command),
 * or it is of another pack, which `otherThan` judges. The reply of a sibling passes, so that `firstBlock` can name the sibling.
 */
export function analogObjection(
  asked: AsciiFrame,
  reply: AsciiFrame,
  dialect: Dialect,
  siblings: readonly Dialect[],
  otherThan: typeof otherPack = otherPack,
): string | undefined {
  const found = classifyAnalog(reply, siblings);
  if (found === undefined) return 'not an analog reply of a known dialect';
  return found.dialect === dialect ? otherThan(asked, reply.info[found.at - 1]) : undefined;
}

/**
 * Why INFO cannot answer `asked`, by its length: beside the return code an answer carries no sign of the command, so the commands
 * that a driver sends must differ in the lengths of their answers.
 */
export function otherLength(
  { code }: AsciiFrame,
  { info }: AsciiFrame,
  lengths: ReadonlyMap<number, number>,
): string | undefined {
  const length = lengths.get(code);
  if (length === undefined || info.length === length) return undefined;
  return `${info.length} bytes instead of the ${length} that answer command ${code.toString(16)}`;
}

/** Asked for in place of one pack: all packs in one reply, which then tells their count in place of the pack. */
export const ALL_PACKS = 0xff;

/** Why a reply that names the pack `told` cannot answer `asked`. */
export function otherPack({ info: [pack] }: AsciiFrame, told: number | undefined): string | undefined {
  if (pack === undefined || pack === ALL_PACKS || told === pack) return undefined;
  return `pack ${told} answered instead of pack ${pack}`;
}
