import { ImplausibleError } from '../../../errors.ts';
import { mergeReadings } from '../../../model/reading.ts';
import { sameBytes } from '../../../protocol/bytes.ts';
import {
  ALL_ALARMS,
  assertCarries,
  assertPlausible,
  assertTogether,
  type BmsDriver,
  ifTold,
  planned,
  type Query,
  type Talk,
} from '../../driver.ts';
import { asksFor, cutToCells, readsMaps } from '../../register-plan.ts';
import { ADDRESSES, ALIAS, BLOCK, FIRST, MAPS } from './fields.ts';

const PROBE = { tries: 1, timeoutMs: 300 } as const;

const PACK_QUERY: Query = { asks: asksFor(BLOCK.pack), tries: 2 };
const CELLS_QUERY: Query = { asks: asksFor(BLOCK.cells), tries: 2 };
const STATE_QUERY: Query = {
  asks: asksFor(BLOCK.state),
  name: 'alarms and switches (coils 1200)',
  optional: ALL_ALARMS,
};
const IDENTITY_QUERY: Query = {
  asks: asksFor(BLOCK.identity),
  tells: ['model', 'firmwareVersion', 'serialNumber'],
  rarely: { first: 0, attempts: 3 },
};
/** At the second poll, so that the first is quick. */
const SETTINGS = { first: 1, attempts: 3, every: 3600 } as const;
const THRESHOLDS_QUERY: Query = {
  asks: asksFor(BLOCK.thresholds),
  tells: ['minDischargeVoltage'],
  rarely: SETTINGS,
};
const REQUESTED_QUERY: Query = {
  asks: asksFor(BLOCK.requested),
  name: 'charge voltage (register 1365)',
  tells: ['capacityDesign', 'maxChargeVoltage'],
  rarely: SETTINGS,
};

export const seplosV3: BmsDriver = planned({
  id: 'seplos-v3',
  family: 'seplos-v3',
  name: 'Seplos V3 (BMS 3.0, Modbus)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [{ baudRate: 19_200, gapMs: 50 }],
      addresses: ADDRESSES,
      secondUsual: ALIAS,
      answerMs: 30,
    },
  },
  sends: { reads: [/^0[0-9a-f](04|01)/] },
  cells: { min: 8, max: 16 },
  limits: 'operating',
  timeoutMs: 400,
  queries: [PACK_QUERY, CELLS_QUERY, STATE_QUERY, IDENTITY_QUERY, THRESHOLDS_QUERY, REQUESTED_QUERY],
  probe: PROBE,
  ...readsMaps(MAPS),

  finish: cutToCells,

  async prove(talk, { reading }) {
    const cells = await talk.ask(CELLS_QUERY, PROBE);
    const pack = assertPlausible(mergeReadings(reading, cells.reading));
    if (talk.address === ALIAS) await assertAlone(talk);
    return assertCarries(pack, ['voltage', 'current', 'soc', 'cellVoltages']);
  },

  /** The places for cells are counted, so a cell that reads nothing would shorten the battery. */
  together: assertTogether,
});

/** Throws an ImplausibleError when the pack that answered to address 0 is pack 1 under another name. */
async function assertAlone(talk: Talk): Promise<void> {
  const first = await ifTold(talk.ask({ asks: () => asksFor(BLOCK.identity)(FIRST) }, PROBE));
  if (first === undefined) return;
  const own = await ifTold(talk.ask(IDENTITY_QUERY, PROBE));
  const body = (reply: Uint8Array): Uint8Array => reply.subarray(1, -2);
  if (own === undefined || sameBytes(body(own.reply), body(first.reply)))
    throw new ImplausibleError('pack 1 is there too, so address 0 is another name of it');
}
