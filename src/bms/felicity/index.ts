import { mergeReadings, type PackReading } from '../../model/reading.ts';
import { present, presentKeys } from '../../protocol/fields.ts';
import type { NumberAt } from '../../protocol/register-map.ts';
import {
  assertCarries,
  assertPlausible,
  assertTogether,
  type BmsDriver,
  LIMIT_KEYS,
  pick,
  planned,
  type Query,
} from '../driver.ts';
import { asksFor, readsMaps } from '../register-plan.ts';
import { ADDRESSES, BLOCK, MAP, SERIAL, VERSION } from './fields.ts';

const PROBE = { tries: 1, timeoutMs: 400 } as const;

const VALUES_QUERY: Query = { asks: asksFor(BLOCK.values), tries: 2 };
const CELLS_QUERY: Query = { asks: asksFor(BLOCK.cells), tries: 2 };
/** In each poll: the charge current falls to 0 when the battery is full. Without an answer they stay as they were. */
const LIMITS_QUERY: Query = {
  asks: asksFor(BLOCK.limits),
  name: 'limits (registers 131C to 131F)',
  tells: LIMIT_KEYS,
  optional: { stays: (known) => pick(known, LIMIT_KEYS) },
};
/** What never changes: asked at the first poll, and at the next two while it was not told. */
const ONCE = { first: 0, attempts: 3 } as const;
const SERIAL_QUERY: Query = { asks: asksFor(BLOCK.serial), tells: ['serialNumber'], rarely: ONCE };
const VERSION_QUERY: Query = { asks: asksFor(BLOCK.version), tells: ['firmwareVersion'], rarely: ONCE };

export const felicity: BmsDriver = planned({
  id: 'felicity',
  family: 'felicity',
  name: 'Felicity (LPBF, FLB)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: { serial: { lines: [{ baudRate: 9600, gapMs: 50 }], addresses: ADDRESSES, answerMs: 50 } },
  sends: { reads: [/^..03/] },
  cells: { min: 4, max: 16 },
  chemistry: 'lfp',
  limits: 'operating',
  timeoutMs: 400,
  queries: [VALUES_QUERY, CELLS_QUERY, LIMITS_QUERY, SERIAL_QUERY, VERSION_QUERY],
  probe: PROBE,
  ...readsMaps({ 3: { ...MAP, also: identityOf } }),

  async prove(talk, { reading }) {
    const cells = await talk.ask(CELLS_QUERY, PROBE);
    return assertCarries(assertPlausible(mergeReadings(reading, cells.reading)), [
      'voltage',
      'soc',
      'cellVoltages',
    ]);
  },

  /** The places for cells are counted, so a cell that reads nothing would shorten the battery. */
  together: assertTogether,
});

/** A number of which all words are 0 or FFFF is none. */
function identityOf(number: NumberAt): PackReading {
  const words = present(SERIAL.map(number));
  const isNumber = words.length === SERIAL.length && words.some((word) => word !== 0 && word !== 0xffff);
  return presentKeys({
    serialNumber: isNumber ? words.join('') : undefined,
    firmwareVersion: number(VERSION)?.toString(),
  });
}
