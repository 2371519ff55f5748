import { FrameError, ImplausibleError } from '../../errors.ts';
import { mergeReadings, type PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import { flagsOf, readNumber, readText } from '../../protocol/bytes.ts';
import { type AlarmBit, decodeAlarms, decodeFields, decodeRow, present } from '../../protocol/fields.ts';
import {
  BASIC_AT,
  BASIC_INFO,
  CELL,
  FUNCTIONS_AT,
  LIMITS,
  PARAMETERS_AT,
  PROTECTIONS,
  SOFTWARE_LOCK_BIT,
  TAIL,
  TAIL_AT,
  TAIL_LENGTH,
  TEMPERATURE,
  TENFOLD_BIT,
  TENFOLD_FUNCTION,
  TENFOLD_KEYS,
  WARNINGS,
} from './fields.ts';

const DESIGN = BASIC_INFO.filter(({ key }) => key === 'capacityDesign');

/** Register 0x03. `tens` when current and capacities are known to be counted in steps of 0.1. */
export function decodeBasicInfo(data: Uint8Array, tens = basicInTens(data)): PackReading {
  const reading = decodeFields(data, BASIC_INFO);
  const sensors = readNumber(data, BASIC_AT.sensorCount, 'u8') ?? 0;
  const tailAt = BASIC_AT.sensors + 2 * sensors;
  const balance = word(data, BASIC_AT.balanceLow) + 0x10000 * word(data, BASIC_AT.balanceHigh);
  const cellBalancing = flagsOf(balance, reading.cellCount ?? 0);
  const firmware = readNumber(data, BASIC_AT.firmware, 'u8') ?? 0;
  const basic: PackReading = {
    ...reading,
    ...productionDate(word(data, BASIC_AT.date)),
    ...(reading.capacityDesign !== undefined && { capacityFull: reading.capacityDesign }),
    cellBalancing,
    balancing: cellBalancing.includes(true),
    alarms: decodeAlarms(word(data, BASIC_AT.protection), PROTECTIONS),
    firmwareVersion: `${firmware >>> 4}.${firmware & 15}`,
    temperatures: present(decodeRow(data, BASIC_AT.sensors, sensors, TEMPERATURE)),
  };
  const tail = data.length >= tailAt + TAIL_LENGTH ? decodeTail(data.subarray(tailAt)) : {};
  return inUnits(mergeReadings(basic, tail), tens);
}

/** Most firmware leaves the warning word at 0 for ever, so it tells of what is wrong, never that something is fine. */
function decodeTail(tail: Uint8Array): PackReading {
  const warnings = word(tail, TAIL_AT.warnings);
  const set = WARNINGS.filter(({ bit }: AlarmBit) => (warnings & (1 << bit)) !== 0);
  return { ...decodeFields(tail, TAIL), alarms: decodeAlarms(warnings, set) };
}

/** Register 0x04; the count of cells is the business of 0x03. */
export function decodeCells(data: Uint8Array): PackReading {
  return { cellVoltages: present(decodeRow(data, 0, Math.floor(data.length / 2), CELL)) };
}

/** Register 0x05. */
export function decodeName(data: Uint8Array): PackReading {
  const model = readText(data);
  return model === undefined ? {} : { model };
}

/** A 0xFA reply: the trip points that lie in the block. `asked` is the data of the request: first parameter, count. */
export function decodeLimits(asked: Uint8Array, data: Uint8Array, tens = limitsInTens(data)): PackReading {
  const start = word(data, 0);
  if (start !== word(asked, 0) || data.length !== PARAMETERS_AT + 2 * (asked[2] ?? 0)) {
    throw new FrameError('address', `parameters from ${start} instead of ${word(asked, 0)}`, data);
  }
  const words = data.subarray(PARAMETERS_AT);
  const fields = LIMITS.map((field) => ({ ...field, at: field.at - 2 * start }));
  return inUnits(decodeFields(words, fields), tens);
}

/** The FET byte says that this board counts in tens. */
export function basicInTens(data: Uint8Array): boolean {
  return ((data[BASIC_AT.fets] ?? 0) & TENFOLD_BIT) !== 0;
}

/** Nominal capacity of a board that counts in tens, Ah. */
export function capacityInTens(data: Uint8Array): number | undefined {
  return inUnits(decodeFields(data, DESIGN), true).capacityDesign;
}

/** The function bits, where the block contains them, say that this board counts in tens. */
export function limitsInTens(data: Uint8Array): boolean {
  return (word(data, PARAMETERS_AT + FUNCTIONS_AT - 2 * word(data, 0)) & TENFOLD_FUNCTION) !== 0;
}

/** A FET that is off now was switched off by command. */
export function softwareLocked(data: Uint8Array): boolean {
  return (word(data, BASIC_AT.protection) & SOFTWARE_LOCK_BIT) !== 0;
}

/** Clamps the cells to the count of 0x03. Throws ImplausibleError when 0x04 has fewer: such a reply was cut. */
export function finish(merged: PackReading): PackReading {
  const { cellCount, cellVoltages } = merged;
  if (cellCount === undefined || cellVoltages === undefined) return merged;
  if (cellVoltages.length < cellCount) {
    throw new ImplausibleError(`${cellVoltages.length} cell voltages for ${cellCount} cells`);
  }
  return { ...merged, cellVoltages: cellVoltages.slice(0, cellCount) };
}

function inUnits(reading: PackReading, tens: boolean): PackReading {
  if (!tens) return reading;
  const scaled = TENFOLD_KEYS.flatMap((key) => {
    const value = reading[key];
    return value === undefined ? [] : [[key, round(value * 10, 1)] as const];
  });
  return { ...reading, ...Object.fromEntries(scaled) };
}

function productionDate(packed: number): PackReading {
  const [year, month, day] = [2000 + (packed >>> 9), (packed >>> 5) & 15, packed & 31];
  if (month < 1 || month > 12 || day < 1) return {};
  return { productionDate: `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}` };
}

function word(data: Uint8Array, at: number): number {
  return readNumber(data, at, 'u16be') ?? 0;
}
