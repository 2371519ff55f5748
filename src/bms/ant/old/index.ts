import { FrameError, ImplausibleError } from '../../../errors.ts';
import { flagsOf, readNumber } from '../../../protocol/bytes.ts';
import { decodeFields, decodeRow, present } from '../../../protocol/fields.ts';
import type { Exchange } from '../../../transport/exchange.ts';
import { assertPlausible, type BmsDriver, Forms } from '../../driver.ts';
import { FET_ON, fetAlarms } from '../fet.ts';
import {
  BALANCE_MASK_AT,
  CELLS,
  CHARGE_FET_AT,
  DISCHARGE_FET_AT,
  EXTREMES,
  PROBES,
  STATUS,
} from './fields.ts';
import { acceptReply, STATUS_REQUESTS } from './frame.ts';

const TIMEOUT_MS = 500;
/** A unit answers within 80 ms. */
const PROBE_TIMEOUT_MS = 200;
const FORMS = new Forms<Uint8Array>();
/** One pack for each line. */
const ONLY_UNIT = 0;

/** The status and its request, in the form that worked before, else in the first form that works. */
function askStatus(
  link: Exchange,
  tries: number,
  timeoutMs: number,
): Promise<readonly [Uint8Array, Uint8Array]> {
  const question = { battery: ONLY_UNIT, name: 'status', forms: STATUS_REQUESTS, tries };
  return FORMS.ask(link, question, async (request) => [
    request,
    await link.ask(request, acceptReply(request), timeoutMs),
  ]);
}

/** The highest and lowest cell that the unit names are those of its list: more than a sum proves. */
function assertExtremes(frame: Uint8Array, cellVoltages: readonly number[]): void {
  for (const { cellAt, at, of } of EXTREMES) {
    const said = (readNumber(frame, at, 'u16be') ?? 0) / 1000;
    const cell = cellVoltages[(frame[cellAt] ?? 0) - 1];
    if (cell !== said || of(...cellVoltages) !== said)
      throw new ImplausibleError(`the unit names an extreme cell of ${said} V that is not in its list`);
  }
}

export const antOld: BmsDriver = {
  id: 'ant-old',
  family: 'ant',
  name: 'ANT (up to 2020)',
  lines: [
    { baudRate: 19200, gapMs: 50 },
    { baudRate: 9600, gapMs: 50 },
  ],
  addresses: [0],
  limits: 'none',
  answerMs: 50,

  accept: acceptReply,

  decode(_request, reply) {
    const reading = decodeFields(reply, STATUS);
    const cells = reading.cellCount ?? 0;
    if (cells > CELLS.most)
      throw new FrameError('length', `${cells} cells in a list of ${CELLS.most}`, reply);
    const charge = readNumber(reply, CHARGE_FET_AT, 'u8') ?? 0;
    const discharge = readNumber(reply, DISCHARGE_FET_AT, 'u8') ?? 0;
    const mask = readNumber(reply, BALANCE_MASK_AT, 'u32be') ?? 0;
    return {
      ...reading,
      cellVoltages: present(decodeRow(reply, CELLS.at, cells, CELLS)),
      temperatures: present(decodeRow(reply, PROBES.at, PROBES.count, PROBES)),
      cellBalancing: flagsOf(mask, cells),
      balancing: mask !== 0,
      chargeEnabled: charge === FET_ON,
      dischargeEnabled: discharge === FET_ON,
      alarms: fetAlarms(charge, discharge),
    };
  },

  async probe(link) {
    const [request, reply] = await askStatus(link, 1, PROBE_TIMEOUT_MS);
    const reading = assertPlausible(antOld.decode(request, reply));
    assertExtremes(reply, reading.cellVoltages ?? []);
    return reading;
  },

  async poll(link) {
    const [request, reply] = await askStatus(link, 3, TIMEOUT_MS);
    return antOld.decode(request, reply);
  },
};
