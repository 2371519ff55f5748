import type { PackReading } from '../../../model/reading.ts';
import { flagsOf, readNumber, readText } from '../../../protocol/bytes.ts';
import { decodeFields, presentKeys } from '../../../protocol/fields.ts';
import { blockOf, inBlock, register } from '../../../protocol/registers.ts';
import { assertBelievable, decodeFaults, FAULT_BYTES } from '../faults.ts';
import { decodeCells, decodeSettings } from '../registers.ts';
import { CELL_MAP, CURRENT_LIMITS, MOST_CELLS, REGISTER, SETTINGS, STATUS, VERSION } from './fields.ts';

const READ = 3;

/** What a block says, whichever registers it spans. */
export function decode(request: Uint8Array, reply: Uint8Array): PackReading {
  const data = blockOf(reply);
  if (request[1] !== READ) return {};
  const start = readNumber(request, 2, 'u16be') ?? 0;
  if (start >= REGISTER.version) return start === REGISTER.version ? decodeVersion(data) : {};
  if (start >= 0x80) return decodeSettings(data, start, SETTINGS, CURRENT_LIMITS);
  return assertBelievable({
    ...decodeFields(data, inBlock(STATUS, start)),
    ...decodeCells(data, start, CELL_MAP),
    ...decodeFaultWords(data, start),
    ...decodeBalanceMask(data, start),
  });
}

/** The low byte of a word is the first fault byte. */
function decodeFaultWords(data: Uint8Array, start: number): PackReading {
  const words = Array.from({ length: Math.ceil(FAULT_BYTES / 2) }, (_, index) =>
    register(data, start, REGISTER.faults + index),
  );
  if (words.includes(undefined)) return {};
  return { alarms: decodeFaults(Uint8Array.from(words.flatMap((word = 0) => [word & 0xff, word >>> 8]))) };
}

function decodeBalanceMask(data: Uint8Array, start: number): PackReading {
  const low = register(data, start, REGISTER.balanceMask);
  const high = register(data, start, REGISTER.balanceMask + 1);
  return low === undefined || high === undefined
    ? {}
    : { cellBalancing: flagsOf(low + 0x10000 * high, MOST_CELLS) };
}

function decodeVersion(data: Uint8Array): PackReading {
  const software = readText(data, VERSION.software, VERSION.length);
  const date = readText(data, VERSION.date, VERSION.length);
  const spare = date !== undefined && !/^\d+$/.test(date) ? date : undefined;
  const hardware = readText(data, VERSION.hardware, VERSION.length) ?? spare;
  return presentKeys({ firmwareVersion: software, hardwareVersion: hardware });
}
