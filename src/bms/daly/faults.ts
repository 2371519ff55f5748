import { ImplausibleError } from '../../errors.ts';
import type { AlarmName, Alarms } from '../../model/alarms.ts';
import type { PackReading } from '../../model/reading.ts';
import { encodeAlarms } from '../../protocol/encode.ts';
import { type AlarmBit, decodeAlarms } from '../../protocol/fields.ts';

/** Two bits each from bit 0 of byte 0: level 1, then level 2. */
const PAIRS: readonly (AlarmName | undefined)[] = [
  'highCellVoltage',
  'lowCellVoltage',
  'highVoltage',
  'lowVoltage',
  'highChargeTemperature',
  'lowChargeTemperature',
  'highTemperature',
  'lowTemperature',
  'highChargeCurrent',
  'highDischargeCurrent',
  undefined, // state of charge high
  'lowSoc',
  'cellImbalance',
  undefined, // temperature difference
];

/** One bit each from bit 0 of byte 4. */
const SINGLES: readonly (readonly [AlarmName, 1 | 2] | undefined)[] = [
  ['highInternalTemperature', 2], // charge FET
  ['highInternalTemperature', 2], // discharge FET
  ['internalFailure', 2], // sensor of the charge FET
  ['internalFailure', 2], // sensor of the discharge FET
  ['internalFailure', 2], // charge FET stuck closed
  ['internalFailure', 2], // discharge FET stuck closed
  ['internalFailure', 2], // charge FET open
  ['internalFailure', 2], // discharge FET open
  ['internalFailure', 2], // front end
  ['internalFailure', 2], // cell acquisition
  ['internalFailure', 2], // temperature sensor
  ['internalFailure', 2], // EEPROM
  ['internalFailure', 1], // clock
  ['internalFailure', 1], // pre-charge
  undefined, // vehicle or inverter communication
  ['internalFailure', 2], // internal communication
  ['internalFailure', 2], // current module
  ['internalFailure', 2], // total voltage detection
  ['shortCircuit', 2],
];
const SINGLES_AT = 32;

/** Fault bits of A5 (0x98) and D2; bit n of byte b is bit 8 b + n. Byte 6 has states above bit 2, byte 7 a number. */
const FAULTS: readonly AlarmBit[] = [
  ...PAIRS.flatMap((alarm, index): AlarmBit[] =>
    alarm === undefined
      ? []
      : [
          { bit: 2 * index, alarm, level: 1 },
          { bit: 2 * index + 1, alarm, level: 2 },
        ],
  ),
  ...SINGLES.flatMap((single, index): AlarmBit[] =>
    single === undefined ? [] : [{ bit: SINGLES_AT + index, alarm: single[0], level: single[1] }],
  ),
];
/** Bytes in which FAULTS has bits, and how many bits of the last one. */
export const FAULT_BYTES = 7;
const LAST_BYTE_MASK = 0x07;

/** Alarms from the fault bytes, byte 0 first. */
export function decodeFaults(bytes: Uint8Array): Alarms {
  let word = 0;
  for (let index = FAULT_BYTES - 1; index >= 0; index -= 1) {
    const byte = bytes[index] ?? 0;
    word = word * 256 + (index === FAULT_BYTES - 1 ? byte & LAST_BYTE_MASK : byte);
  }
  return decodeAlarms(word, FAULTS);
}

/** The fault bytes in which `decodeFaults` finds these alarms. */
export function encodeFaults(alarms: Alarms): Uint8Array {
  const word = encodeAlarms(alarms, FAULTS);
  return Uint8Array.from({ length: FAULT_BYTES }, (_, index) => Math.floor(word / 256 ** index) % 256);
}

const MOST_CURRENT = 3000;

const MOST_CELLS = 48;

/** Throws ImplausibleError for the garbage of these boards: raw current 0 (3000 A), soc above 100 %, no or too many cells. */
export function assertBelievable(reading: PackReading): PackReading {
  const { current = 0, soc = 0, cellCount = 1 } = reading;
  if (cellCount < 1 || cellCount > MOST_CELLS) throw new ImplausibleError(`${cellCount} cells`);
  if (Math.abs(current) >= MOST_CURRENT) throw new ImplausibleError(`current ${current} A`);
  if (soc > 100) throw new ImplausibleError(`state of charge ${soc} %`);
  return reading;
}

const CURRENT_OFFSET = 30000;

/**
 * Current limits of the settings, A: tenths with an offset of 30000 and a sign that differs even inside one board, so the
 * distance counts. No distance means "not set".
 */
export function decodeCurrentLimit(raw: number | undefined): number | undefined {
  return raw === undefined || raw === CURRENT_OFFSET ? undefined : Math.abs(raw - CURRENT_OFFSET) / 10;
}

/** The raw form of a limit; `sign` -1 for boards that write discharge below the offset. */
export function encodeCurrentLimit(limit: number | undefined, sign: 1 | -1 = 1): number {
  return CURRENT_OFFSET + sign * Math.round(10 * (limit ?? 0));
}

const CELL_MIN = 0.5;
const CELL_MAX = 5;

/** For probes before cells are known: a pack voltage that this many cells can have. */
export function assertCellsFit(reading: PackReading): PackReading {
  const { voltage = 0, cellCount = 0 } = reading;
  const each = voltage / cellCount;
  if (!(each >= CELL_MIN && each <= CELL_MAX)) {
    throw new ImplausibleError(`${voltage} V cannot come from ${cellCount} cells`);
  }
  return reading;
}

/**
 * Clamps to the cell count: places beyond it hold stale values. Cells that are not all there are left out. Throws
 * ImplausibleError for 0 V with living cells.
 */
export function finishDaly(merged: PackReading): PackReading {
  const { cellVoltages: cells, cellBalancing, cellCount: count, ...rest } = merged;
  const complete = cells !== undefined && cells.length >= (count ?? 0);
  if (merged.voltage === 0 && cells?.some((cell) => cell > 0)) {
    throw new ImplausibleError('pack voltage 0 with living cells');
  }
  return {
    ...rest,
    ...(count !== undefined && { cellCount: count }),
    ...(complete && { cellVoltages: cells.slice(0, count) }),
    ...(count !== undefined && cellBalancing && { cellBalancing: cellBalancing.slice(0, count) }),
  };
}
