import type { AlarmLevel, Alarms } from '../../../model/alarms.ts';
import { mergeAlarms } from '../../../model/alarms.ts';
import type { PackReading } from '../../../model/reading.ts';
import { flagsOf, readNumber } from '../../../protocol/bytes.ts';
import { decodeFields } from '../../../protocol/fields.ts';
import { blockOf, inBlock, register } from '../../../protocol/registers.ts';
import { assertBelievable } from '../faults.ts';
import { decodeCells, decodeSettings } from '../registers.ts';
import {
  BLOCK,
  CELL_MAP,
  CURRENT_LIMITS,
  FAULT_BITS,
  FAULT_CODES,
  FAULT_LEVELS,
  REGISTER,
  SETTINGS,
  STATUS,
  VERSION,
  VERSION_REGISTER,
} from './fields.ts';

const READ = 3;

/** What a block says, whichever registers it spans. */
export function decode(request: Uint8Array, reply: Uint8Array): PackReading {
  const data = blockOf(reply);
  if (request[1] !== READ) return {};
  const start = readNumber(request, 2, 'u16be') ?? 0;
  if (start === VERSION_REGISTER) return decodeFields(data, VERSION);
  if (start >= BLOCK.settings[0]) return decodeSettings(data, start, SETTINGS, CURRENT_LIMITS);
  return assertBelievable({
    ...decodeFields(data, inBlock(STATUS, start)),
    ...decodeCells(data, start, CELL_MAP),
    ...decodeBalancing(data, start),
    ...decodeFaults(data, start),
  });
}

/** The balance state at 0x4D was seen to equal the cycle count, so the masks tell. */
function decodeBalancing(data: Uint8Array, start: number): PackReading {
  const masks = [0, 1, 2].map((index) => register(data, start, REGISTER.balanceMask + index));
  if (masks.includes(undefined)) return {};
  const cellBalancing = masks.flatMap((mask = 0) => flagsOf(mask, 16));
  return { cellBalancing, balancing: cellBalancing.includes(true) };
}

function decodeFaults(data: Uint8Array, start: number): PackReading {
  const words = Array.from({ length: FAULT_CODES / 2 }, (_, index) =>
    readNumber(data, 2 * (REGISTER.faults + index - start), 'u16be'),
  );
  if (words.includes(undefined)) return {};
  const codes = words.flatMap((word = 0) => [word & 0xff, word >>> 8]);
  const levels = FAULT_LEVELS.map(({ code, bit, alarm }): Alarms => {
    const raw = ((codes[code] ?? 0) >>> bit) & 7;
    const level: AlarmLevel = raw > 1 ? 2 : raw === 1 ? 1 : 0;
    return { [alarm]: level };
  });
  const bits = FAULT_BITS.map(({ code, mask, alarm, level }): Alarms => {
    const set = ((codes[code] ?? 0) & mask) !== 0;
    return { [alarm]: set ? level : 0 };
  });
  return { alarms: [...levels, ...bits].reduce(mergeAlarms, {}) };
}
