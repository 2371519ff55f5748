import type { Alarms } from '../../model/alarms.ts';
import type { PackReading } from '../../model/reading.ts';
import { byteRow, wordRow } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS } from '../../protocol/ascii-dialect.ts';
import { acceptFrame, buildFrame, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { encodeAlarms, encodeFields, maskOf, putNumber, unscaled } from '../../protocol/encode.ts';
import { packAt } from '../../protocol/packs.ts';
import type { Responder } from '../driver.ts';
import {
  AFTER_ROWS,
  AFTER_ROWS_LENGTH,
  BALANCE_AT,
  BALANCE_CELLS,
  CELL,
  CELL_SENSORS,
  COMMAND,
  ITEMS,
  ITEMS_AT,
  PRODUCT,
  PRODUCT_LENGTH,
  REPLY_VERSION,
  STATUS_ALARMS,
  STATUS_COUNT,
  SWITCHES,
  SWITCHES_STATUS,
  TEMPERATURE,
} from './fields.ts';

const USUAL_PACK = 1;
/** The only level at which this protocol tells it. */
const LOW_SOC_LEVEL = 1;

/** Packs in parallel; each answers to its number, and all together to a request for all. */
export const responder: Responder = {
  accept: acceptFrame,
  reply(request, battery) {
    const { cid1, code, info } = parseFrame(request);
    const number = info[0] ?? 0;
    const answer = (data: Uint8Array): { bytes: Uint8Array } => ({
      bytes: buildFrame({ version: REPLY_VERSION, address: number, cid1, code: 0, info: data }),
    });
    if (number === ALL_PACKS && code === COMMAND.analog) {
      const packs = battery.modules ?? [battery];
      return answer(bytesOf(packs.length, ...packs.map(analogBlock)));
    }
    const pack = packAt(battery, number, USUAL_PACK);
    if (pack === undefined) return undefined;
    if (code === COMMAND.analog) return answer(bytesOf(number, analogBlock(pack)));
    if (code === COMMAND.alarms) return answer(bytesOf(number, alarmBlock(pack)));
    if (code === COMMAND.product) return answer(bytesOf(number, product(pack)));
    return undefined;
  },
};

/** Sensors in wire order; the two of the board come only with four between the cells. */
function sensors({ temperatures = [], ambientTemperature, mosfetTemperature }: PackReading): number[] {
  const board = temperatures.length === CELL_SENSORS ? [ambientTemperature ?? 0, mosfetTemperature ?? 0] : [];
  return [...temperatures, ...board].map((degrees) => unscaled(degrees, TEMPERATURE));
}

function analogBlock(pack: PackReading): Uint8Array {
  const after = new Uint8Array(AFTER_ROWS_LENGTH);
  encodeFields(after, AFTER_ROWS, pack);
  after[ITEMS_AT] = ITEMS;
  putNumber(after, BALANCE_AT, 'u16be', maskOf((pack.cellBalancing ?? []).slice(0, BALANCE_CELLS)));
  const cells = (pack.cellVoltages ?? []).map((volts) => unscaled(volts, CELL));
  return bytesOf(wordRow(cells), wordRow(sensors(pack)), after);
}

function alarmBlock(pack: PackReading): Uint8Array {
  const status = new Uint8Array(STATUS_COUNT);
  encodeFields(status.subarray(SWITCHES_STATUS - 1), SWITCHES, pack);
  const alarms: Alarms = { ...pack.alarms, ...(pack.alarms?.lowSoc && { lowSoc: LOW_SOC_LEVEL }) };
  const told = new Set<string>();
  for (const [number, bits] of STATUS_ALARMS) {
    const fresh = bits.filter(({ alarm }) => !told.has(alarm));
    const word = encodeAlarms(alarms, fresh);
    for (const { bit, alarm } of fresh) if (((word >> bit) & 1) === 1) told.add(alarm);
    status[number - 1] = (status[number - 1] ?? 0) | word;
  }
  const normal = (count: number): Uint8Array => byteRow(new Array<number>(count).fill(0));
  const counts = { cells: pack.cellVoltages?.length ?? 0, sensors: sensors(pack).length };
  return bytesOf(normal(counts.cells), normal(counts.sensors), 0, 0, 0, 0, STATUS_COUNT, status, 0);
}

function product(pack: PackReading): Uint8Array {
  const texts = new Uint8Array(PRODUCT_LENGTH).fill(0x20);
  encodeFields(texts, PRODUCT, pack);
  return texts;
}
