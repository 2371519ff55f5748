import { FrameError, RefusedError } from '../../../errors.ts';
import { mergeAlarms } from '../../../model/alarms.ts';
import type { PackReading } from '../../../model/reading.ts';
import { flagsOf, readNumber } from '../../../protocol/bytes.ts';
import { decodeAlarms, decodeFields, decodeRow, present } from '../../../protocol/fields.ts';
import { EXCEPTIONS } from '../../../protocol/modbus.ts';
import { type BmsDriver, planned, type Query } from '../../driver.ts';
import {
  BLOCK,
  CELL,
  CELLS_AT,
  DATE_AT,
  FAULTS,
  FAULTS_AT,
  IDENTITY,
  STATUS,
  TAIL,
  TAIL_AT,
  TEMPERATURE,
  WARNINGS,
  WARNINGS_AT,
} from './fields.ts';
import { acceptReply, dataOf, readBlocks } from './frame.ts';

const MASTER = 1;

const STATUS_QUERY: Query = { asks: (address) => readBlocks(address, BLOCK.status), tries: 2 };
/** At the second poll, so that the first is quick, and at the third when it was not told. */
const IDENTITY_QUERY: Query = {
  asks: (address) => readBlocks(address, BLOCK.identity),
  tells: ['model', 'productionDate'],
  rarely: { first: 1, attempts: 2, retry: Number.POSITIVE_INFINITY, until: ['model'] },
  only: ({ address }) => address === MASTER,
  partly: true,
};

/** JBD UP series (rack packs with RS485 and CAN). */
export const jbdUp: BmsDriver = planned({
  id: 'jbd-up',
  family: 'jbd',
  name: 'JBD UP series',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [{ baudRate: 9600, gapMs: 50 }],
      addresses: Array.from({ length: 15 }, (_, index) => index + 1),
      answerMs: 200,
      rank: 'common',
    },
  },
  sends: { reads: [/^..78(1000|1c00|2810)/] },
  limits: 'operating',
  answersAs: ['jbd'],
  timeoutMs: 1500,
  queries: [STATUS_QUERY, IDENTITY_QUERY],
  probe: { tries: 1 },

  accept: acceptReply,
  addressOf: (request) => request[0],

  decode(request, reply) {
    const data = dataOf(reply);
    if (typeof data === 'number')
      throw new RefusedError(`refused: ${EXCEPTIONS[data] ?? `exception ${data}`}`);
    const block = readNumber(request, 2, 'u16be');
    if (block === BLOCK.status[0]) return decodeStatus(data);
    if (block === BLOCK.identity[0]) return decodeIdentity(data);
    return {};
  },
});

function decodeStatus(data: Uint8Array): PackReading {
  const reading = decodeFields(data, STATUS);
  const cells = reading.cellCount ?? 0;
  const sensorsAt = CELLS_AT + 2 + 2 * cells;
  const sensors = word(data, sensorsAt);
  const tail = data.subarray(sensorsAt + 2 + 2 * sensors);
  const cellBalancing = flagsOf(word(tail, TAIL_AT.balance), cells);
  const faults = decodeAlarms(readNumber(data, FAULTS_AT, 'u32be') ?? 0, FAULTS);
  const warnings = decodeAlarms(readNumber(data, WARNINGS_AT, 'u32be') ?? 0, WARNINGS);
  const firmware = word(tail, TAIL_AT.firmware);
  return {
    ...reading,
    ...decodeFields(tail, TAIL),
    cellVoltages: present(decodeRow(data, CELLS_AT + 2, cells, CELL)),
    temperatures: present(decodeRow(data, sensorsAt + 2, sensors, TEMPERATURE)),
    cellBalancing,
    balancing: cellBalancing.includes(true),
    firmwareVersion: `${firmware >>> 8}.${firmware & 0xff}`,
    alarms: mergeAlarms(faults, warnings),
  };
}

function decodeIdentity(data: Uint8Array): PackReading {
  const [year, month, day] = [0, 2, 4].map((at) => word(data, DATE_AT + at));
  const date = [year, month, day].map((part) => String(part).padStart(2, '0')).join('-');
  return { ...decodeFields(data, IDENTITY), ...(year === 0 ? {} : { productionDate: date }) };
}

function word(data: Uint8Array, at: number): number {
  const value = readNumber(data, at, 'u16be');
  if (value === undefined) throw new FrameError('length', `${data.length} bytes end before ${at}`, data);
  return value;
}
