import { ImplausibleError } from '../errors.ts';
import { type AnalogRows, analogRows } from './ascii-blocks.ts';
import { type AsciiFrame, LITHIUM } from './ascii-frame.ts';
import { readNumber } from './bytes.ts';

/** Who speaks the ASCII frame; the names under which drivers and captures know them. */
export type AsciiDialect =
  | 'pylontech'
  | 'pylon-clone'
  | 'pace'
  | 'topbms'
  | 'topband'
  | 'seplos-v2'
  | 'boqiang'
  | 'daren'
  | 'eg4-lifepower4'
  | 'tdt'
  | 'cbt-vb';

export interface Classified {
  readonly dialect: AsciiDialect;
  /** Where the first block (cell count, cells, ...) begins in INFO. */
  readonly at: number;
}

const CID1 = { lithium: LITHIUM, daren: 0x4a, tdt: 0x4f } as const;
/** Places after the rows that all lithium dialects share: current, pack voltage, remaining, P, full. */
const VOLTAGE_AT = 2;
const ITEMS_AT = 6;
const FULL_AT = 7;
/** The smallest Pylontech module with 16-bit capacities has 50000 mAh; its clones count in 10 mAh and stay below. */
const CLONE_FULL_MAX = 36_000;

/**
 * Which dialect an analog reply (command 42) is written in, from its content: most firmware answers the requests of its
 * siblings too, so the request proves nothing, and LENGTH collides between dialects. Undefined for an unknown one.
 */
export function classifyAnalog({ version, cid1, info }: AsciiFrame): Classified | undefined {
  if (cid1 === CID1.daren) {
    if (version === 0x22) return { dialect: 'daren', at: 5 };
    return version === 0x20 ? { dialect: 'eg4-lifepower4', at: 2 } : undefined;
  }
  if (cid1 === CID1.tdt) return { dialect: 'tdt', at: 2 };
  if (cid1 !== CID1.lithium) return undefined;
  if (version === 0x22) return analogRows(info, 0) && { dialect: 'cbt-vb', at: 0 };

  const shape = shapeOf(info);
  const dialect = shape && (shape.at === 1 ? withoutFlag(shape) : withFlag(shape, version, info));
  return shape && dialect && { dialect, at: shape.at };
}

interface Shape {
  readonly at: 1 | 2;
  readonly rows: AnalogRows;
  /** What one step of the pack voltage is, from its ratio to the sum of the cells; undefined when all is 0. */
  readonly voltageUnit: 'mV' | '10 mV' | undefined;
  readonly temperatureUnit: 'degC + 40' | '0.1 K';
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

function unitOfTemperatures(raw: readonly number[]): Shape['temperatureUnit'] | undefined {
  if (raw.every((word) => word < 256)) return 'degC + 40';
  const kelvin = raw.every((word) => word === 0 || word === 0x8000 || (word >= 2000 && word <= 4000));
  return kelvin ? '0.1 K' : undefined;
}

function withoutFlag({ temperatureUnit, voltageUnit }: Shape): AsciiDialect | undefined {
  if (voltageUnit === 'mV') return undefined;
  return temperatureUnit === '0.1 K' ? 'topband' : 'topbms';
}

function withFlag({ rows, voltageUnit }: Shape, version: number, info: Uint8Array): AsciiDialect | undefined {
  if (version === 0x26) return 'boqiang';
  if (version === 0x52) return voltageUnit === 'mV' ? undefined : 'topbms';
  if (version === 0x25 && voltageUnit !== '10 mV') return 'pace';
  const items = info[rows.end + ITEMS_AT];
  if (voltageUnit === '10 mV') return items === 10 ? 'seplos-v2' : undefined;
  if (voltageUnit === undefined) return undefined;
  if (items === 4) return 'pylontech';
  if (items !== 2) return undefined;
  return (readNumber(info, rows.end + FULL_AT, 'u16be') ?? 0) > CLONE_FULL_MAX ? 'pylontech' : 'pylon-clone';
}

/** Where the blocks of an analog reply begin; throws an ImplausibleError when a sibling of `dialect` answered. */
export function firstBlock(reply: AsciiFrame, dialect: AsciiDialect): number {
  const found = classifyAnalog(reply);
  if (found?.dialect === dialect) return found.at;
  throw new ImplausibleError(
    `an ASCII frame of ${found === undefined ? 'an unknown dialect' : `dialect ${found.dialect}`}, not ${dialect}`,
  );
}

/**
 * Why `reply` cannot answer the analog request `asked`: it is no analog reply at all (a late answer to another command),
 * or it is of another pack, which `otherThan` judges. The reply of a sibling passes, so that `firstBlock` can name the sibling.
 */
export function analogObjection(
  asked: AsciiFrame,
  reply: AsciiFrame,
  dialect: AsciiDialect,
  otherThan: typeof otherPack = otherPack,
): string | undefined {
  const found = classifyAnalog(reply);
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
