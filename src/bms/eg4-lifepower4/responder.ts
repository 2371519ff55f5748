import type { PackReading } from '../../model/reading.ts';
import { byteRow, wordRow } from '../../protocol/ascii-blocks.ts';
import { acceptFrame, buildFrame, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf, writeNumber } from '../../protocol/bytes.ts';
import { encodeFields, maskOf, unscaled } from '../../protocol/encode.ts';
import { packAt } from '../../protocol/packs.ts';
import { encodeStatus } from '../../protocol/status.ts';
import { ANALOG } from '../ascii-driver.ts';
import type { Responder } from '../driver.ts';
import {
  AFTER_ROWS,
  AFTER_ROWS_LENGTH,
  BALANCE_AT,
  CELLS_AT,
  COMMAND,
  DEVICE_CLASS,
  ITEMS,
  ITEMS_AT,
  STATUS,
  STATUS_COUNT,
  STATUS_COUNT_AT,
  STATUS_LENGTH,
  SWITCHES,
  TEMPERATURE,
  VENDOR,
  VENDOR_LENGTH,
  VERSION,
} from './fields.ts';

const USUAL_PACK = 1;

/** Packs in parallel; each answers to its address. */
export const responder: Responder = {
  accept: acceptFrame,
  reply(request, battery) {
    const { version, address, cid1, code, info } = parseFrame(request);
    const pack = packAt(battery, address, USUAL_PACK);
    const isOurs = version === VERSION && cid1 === DEVICE_CLASS && info.length === 0;
    const data = isOurs && pack && dataOf(code, pack);
    return data ? { bytes: buildFrame({ version, address, cid1, code: 0, info: data }) } : undefined;
  },
};

function dataOf(code: number, pack: PackReading): Uint8Array | undefined {
  if (code === ANALOG) return analog(pack);
  if (code === COMMAND.alarms) return alarms(pack);
  if (code !== COMMAND.vendor) return undefined;
  const data = new Uint8Array(VENDOR_LENGTH).fill(0x20);
  encodeFields(data, VENDOR, pack);
  return data;
}

const sensorsOf = ({ temperatures = [] }: PackReading): number[] =>
  temperatures.map((degrees) => unscaled(degrees, TEMPERATURE));

function analog(pack: PackReading): Uint8Array {
  const after = new Uint8Array(AFTER_ROWS_LENGTH);
  encodeFields(after, AFTER_ROWS, pack);
  after[ITEMS_AT] = ITEMS;
  const cells = (pack.cellVoltages ?? []).map((volts) => 1000 * volts);
  return bytesOf(new Uint8Array(CELLS_AT).fill(1), wordRow(cells), wordRow(sensorsOf(pack)), after);
}

function alarms(pack: PackReading): Uint8Array {
  const states = new Uint8Array(STATUS_COUNT_AT + 1);
  states[STATUS_COUNT_AT] = STATUS_COUNT;
  const status = new Uint8Array(STATUS_LENGTH);
  encodeStatus(status, STATUS, pack.alarms ?? {});
  encodeFields(status, SWITCHES, pack);
  status.set(writeNumber(maskOf(pack.cellBalancing ?? []), 'u32be'), BALANCE_AT);
  const normal = (count: number): Uint8Array => byteRow(new Array<number>(count).fill(0));
  const { length } = pack.cellVoltages ?? [];
  return bytesOf(
    new Uint8Array(CELLS_AT).fill(1),
    normal(length),
    normal(sensorsOf(pack).length),
    states,
    status,
  );
}
