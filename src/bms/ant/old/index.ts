import { FrameError, ImplausibleError } from '../../../errors.ts';
import { flagsOf, readNumber } from '../../../protocol/bytes.ts';
import { decodeFields, decodeRow, present } from '../../../protocol/fields.ts';
import { assertPlausible, type BmsDriver, planned, type Query } from '../../driver.ts';
import { OLD_BLUETOOTH } from '../bluetooth.ts';
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

/** The status, in the form that a unit listens to. */
const STATUS_QUERY: Query = {
  asks: () => STATUS_REQUESTS.map((request, index) => ({ id: `${index}`, request })),
  tries: 3,
};

/** The highest and lowest cell that the unit names are those of its list: more than a sum proves. */
function assertExtremes(frame: Uint8Array, cellVoltages: readonly number[]): void {
  for (const { cellAt, at, of } of EXTREMES) {
    const said = (readNumber(frame, at, 'u16be') ?? 0) / 1000;
    const cell = cellVoltages[(frame[cellAt] ?? 0) - 1];
    if (cell !== said || of(...cellVoltages) !== said)
      throw new ImplausibleError(`the unit names an extreme cell of ${said} V that is not in its list`);
  }
}

export const antOld: BmsDriver = planned({
  id: 'ant-old',
  family: 'ant',
  name: 'ANT (up to 2020)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [
        { baudRate: 19200, gapMs: 50 },
        { baudRate: 9600, gapMs: 50 },
      ],
      addresses: [0],
      answerMs: 50,
      rank: 'last',
    },
    bluetooth: OLD_BLUETOOTH,
  },
  sends: { reads: [/^(dbdb|5a5a)00000000$/, /^5a5a(000001|ff0000)(01|ff)$/] },
  limits: 'none',
  timeoutMs: 500,
  queries: [STATUS_QUERY],
  // A unit answers within 80 ms.
  probe: { tries: 1, timeoutMs: 200 },

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

  async prove(_talk, { reading, reply }) {
    const status = assertPlausible(reading);
    assertExtremes(reply, status.cellVoltages ?? []);
    return status;
  },
});
