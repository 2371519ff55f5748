import { FrameError, ImplausibleError } from '../../errors.ts';
import { type AlarmLevel, type Alarms, mergeAlarms } from '../../model/alarms.ts';
import type { BankReading, ModuleReading, PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import { alarmRows, analogRows, expectRows } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS, firstBlock } from '../../protocol/ascii-dialect.ts';
import type { AsciiExchange } from '../../protocol/ascii-frame.ts';
import { flagsOf, readNumber, readText } from '../../protocol/bytes.ts';
import { decodeAlarms, decodeFields, present, scaled } from '../../protocol/fields.ts';
import { ASCII_DIALECTS } from '../ascii-dialects.ts';
import { PACE } from './dialect.ts';
import {
  ACTIVE_BALANCE_AT,
  AFTER_ROWS,
  AFTER_ROWS_LENGTH,
  CELL,
  CELL_SENSORS,
  FAULTS,
  INDICATION,
  INDICATION_ALARMS,
  LATE_FAULTS,
  PRODUCT_HALF,
  STATUS,
  TAIL,
  TAIL_LENGTHS,
  TEMPERATURE,
} from './fields.ts';
import { PROTECTIONS, WARNINGS } from './status.ts';

/** INFOFLAG and the pack (or the count of packs) stand before it. */
const FIRST_BLOCK = 2;

const asksForAll = ({ asked }: AsciiExchange): boolean => asked.info[0] === ALL_PACKS;

/** One pack, or all that are there. Throws an ImplausibleError for a pack that is not. */
export function decodeAnalogReply(exchange: AsciiExchange): BankReading {
  const { info } = exchange.reply;
  const first = firstBlock(exchange.reply, PACE, ASCII_DIALECTS);
  const blocks = asksForAll(exchange) ? splitBlocks(info, first, info[1] ?? 0) : [info.subarray(first)];
  const packs = blocks.map(decodePack);
  const modules = packs.flatMap((pack, index): ModuleReading[] =>
    isPhantom(pack) ? [] : [{ address: index + 1, ...pack }],
  );
  const [only, ...others] = modules;
  if (only === undefined) throw new ImplausibleError('a pack that is not there: all cells are 0 V');
  if (others.length > 0 || blocks.length > 1) return { modules };
  const { address: _, ...alone } = only;
  return alone;
}

/** A master answers for a slave that does not exist with zeros. */
function isPhantom({ cellVoltages = [], voltage }: PackReading): boolean {
  return voltage === 0 && cellVoltages.every((cell) => cell === 0);
}

/**
 * The blocks of a reply for all packs. Nothing announces the length of their tails, which is the same in one reply: the
 * right one lets the blocks end exactly with INFO and each pack be the sum of its cells.
 */
function splitBlocks(info: Uint8Array, first: number, count: number): Uint8Array[] {
  if (count === 1) return [info.subarray(first)];
  for (const tail of TAIL_LENGTHS) {
    const blocks: Uint8Array[] = [];
    let at = first;
    while (blocks.length < count) {
      const rows = analogRows(info, at);
      const voltage = rows && readNumber(info, rows.end + 2, 'u16be');
      if (rows === undefined || voltage === undefined) break;
      const sum = rows.cells.reduce((total, cell) => total + cell, 0);
      if (Math.abs(sum - voltage) > 0.02 * voltage + 300) break;
      const end = rows.end + AFTER_ROWS_LENGTH + tail;
      blocks.push(info.subarray(at, end));
      at = end;
    }
    if (blocks.length === count && count > 0 && at === info.length) return blocks;
  }
  throw new FrameError('length', `no known tail divides the reply into ${count} packs`, info);
}

function decodePack(block: Uint8Array): PackReading {
  const rows = expectRows(analogRows(block, 0), block);
  const degrees = rows.temperatures.map((raw) => scaled(raw, TEMPERATURE));
  const placed = degrees.length >= CELL_SENSORS + 2;
  const [mosfetTemperature, ambientTemperature, ...others] = degrees.slice(CELL_SENSORS);
  const fields = decodeFields(block.subarray(rows.end), AFTER_ROWS);
  const { capacityRemaining: rest, capacityFull: full } = fields;
  const tail = block.subarray(rows.end + AFTER_ROWS_LENGTH);
  return {
    cellCount: rows.cells.length,
    cellVoltages: present(rows.cells.map((raw) => scaled(raw, CELL))),
    temperatures: present(placed ? [...degrees.slice(0, CELL_SENSORS), ...others] : degrees),
    ...(placed && mosfetTemperature !== undefined && { mosfetTemperature }),
    ...(placed && ambientTemperature !== undefined && { ambientTemperature }),
    ...(rest !== undefined && full && { soc: Math.min(100, round((100 * rest) / full, 2)) }),
    ...fields,
    ...(TAIL_LENGTHS.some((length) => length === tail.length) && decodeFields(tail, TAIL)),
  };
}

/** One pack, or all in one reply, told apart by their equal size. */
export function decodeAlarmReply(exchange: AsciiExchange): BankReading {
  const { info } = exchange.reply;
  const count = asksForAll(exchange) ? Math.max(1, info[1] ?? 1) : 1;
  const size = Math.floor((info.length - FIRST_BLOCK) / count);
  const packs = Array.from({ length: count }, (_, index) =>
    decodeAlarmBlock(info.subarray(FIRST_BLOCK + index * size, FIRST_BLOCK + (index + 1) * size)),
  );
  const [only, ...others] = packs;
  if (only !== undefined && others.length === 0) return only;
  return { modules: packs.map((pack, index) => ({ address: index + 1, ...pack })) };
}

function decodeAlarmBlock(block: Uint8Array): PackReading {
  const rows = expectRows(alarmRows(block, 0), block);
  const status = block.subarray(rows.end);
  if (status.length < STATUS.tail)
    throw new FrameError('length', 'the alarm reply ends before its status', block);
  const word = (at: number): number => readNumber(status, at, 'u16le') ?? 0;
  const indication = status.subarray(STATUS.indication);
  const tail = status.subarray(STATUS.tail);
  const alarms: readonly Alarms[] = [
    decodeAlarms(word(STATUS.protections), PROTECTIONS),
    decodeAlarms(word(STATUS.warnings), WARNINGS),
    decodeAlarms(indication[0] ?? 0, INDICATION_ALARMS),
    decodeAlarms(status[STATUS.fault] ?? 0, FAULTS),
    decodeAlarms(tail.length > 1 ? (tail[0] ?? 0) : 0, LATE_FAULTS),
  ];
  const balance = word(STATUS.balance) | word(ACTIVE_BALANCE_AT);
  return {
    ...decodeFields(indication, INDICATION),
    balancing: balance !== 0,
    ...(rows.cells.length <= 16 && { cellBalancing: flagsOf(balance, rows.cells.length) }),
    alarms: alarms.reduce(mergeAlarms),
  };
}

/** Discharge thresholds read back negative. */
export function unsigned(limits: PackReading): PackReading {
  const { maxDischargeCurrent: current } = limits;
  return current === undefined ? limits : { ...limits, maxDischargeCurrent: Math.abs(current) };
}

/** A full pack raises the warnings of high cells and pack, which is its normal end of charge. */
export function finish(merged: PackReading): PackReading {
  const { soc = 0, alarms } = merged;
  if (soc < 99 || alarms === undefined) return merged;
  const quiet = (level: AlarmLevel | undefined): AlarmLevel => (level === 2 ? 2 : 0);
  const { highCellVoltage, highVoltage } = alarms;
  return {
    ...merged,
    alarms: { ...alarms, highCellVoltage: quiet(highCellVoltage), highVoltage: quiet(highVoltage) },
  };
}

/**
 * The reply to C2. Boards were seen with their number first, and with a number, a build date or nothing behind it; one whose
 * first half is a name holds its number in the second.
 */
export function decodeProduct(info: Uint8Array): PackReading {
  const first = readText(info, 0, PRODUCT_HALF);
  const second = readText(info, PRODUCT_HALF, PRODUCT_HALF);
  if (first === undefined) return {};
  if (second === undefined || isNumber(first) || !isNumber(second)) return { serialNumber: first };
  return { model: first, serialNumber: second };
}

/** Numbers that were seen have seven digits in a row and more; codes of models have at most five, dates have signs between. */
function isNumber(text: string): boolean {
  return /\d{7}/.test(text) && !BUILD_DATE.test(text);
}

const BUILD_DATE = /^20\d{2}[01]\d[0-3]\d$/;
