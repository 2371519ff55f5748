import type { PackReading } from '../../../model/reading.ts';
import { byteRow, wordRow } from '../../../protocol/ascii-blocks.ts';
import { acceptFrame, buildFrame, LITHIUM, parseFrame } from '../../../protocol/ascii-frame.ts';
import { bytesOf } from '../../../protocol/bytes.ts';
import { encodeFields, unscaled } from '../../../protocol/encode.ts';
import { packAt } from '../../../protocol/packs.ts';
import { encodeMap } from '../../../protocol/register-map.ts';
import { ANALOG } from '../../ascii-driver.ts';
import type { Responder } from '../../driver.ts';
import {
  AFTER_ROWS,
  AFTER_ROWS_LENGTH,
  CELL_SENSORS,
  COMMAND,
  ITEMS,
  ITEMS_AT,
  PRODUCT,
  PRODUCT_LENGTH,
  PRODUCT_VERSION_AT,
  SETTINGS,
  SETTINGS_COUNTS,
  SETTINGS_LENGTH,
  STATES,
  STATUS,
  STATUS_COUNT,
  TEMPERATURE,
  VERSION,
} from './fields.ts';

const ALONE = 0;

/** Packs on one line, each at the address of its DIP switches. */
export const responder: Responder = {
  accept: acceptFrame,
  reply(request, battery) {
    const { version, address, cid1, code } = parseFrame(request);
    const pack = packAt(battery, address, ALONE);
    const data = version === VERSION && cid1 === LITHIUM && pack && dataOf(code, pack, address);
    return data ? { bytes: buildFrame({ version, address, cid1, code: 0, info: data }) } : undefined;
  },
};

function dataOf(code: number, pack: PackReading, group: number): Uint8Array | undefined {
  switch (code) {
    case ANALOG:
      return analog(pack, group);
    case COMMAND.alarms:
      return alarms(pack, group);
    case COMMAND.settings:
      return settings(pack);
    case COMMAND.product:
      return product(pack);
    default:
      return undefined;
  }
}

/** Sensors in wire order; those of the board come only with four between the cells. */
function sensors({ temperatures = [], ambientTemperature, mosfetTemperature }: PackReading): number[] {
  const board = temperatures.length === CELL_SENSORS ? [ambientTemperature, mosfetTemperature] : [];
  return [...temperatures, ...board].map((degrees) => unscaled(degrees, TEMPERATURE));
}

function analog(pack: PackReading, group: number): Uint8Array {
  const after = new Uint8Array(AFTER_ROWS_LENGTH);
  encodeFields(after, AFTER_ROWS, pack);
  after[ITEMS_AT] = ITEMS;
  const cells = (pack.cellVoltages ?? []).map((volts) => 1000 * volts);
  return bytesOf(0, group, wordRow(cells), wordRow(sensors(pack)), after);
}

function alarms(pack: PackReading, group: number): Uint8Array {
  const status = new Uint8Array(1 + STATUS_COUNT);
  status[0] = STATUS_COUNT;
  encodeMap(STATUS, status, 0, pack);
  const normal = (count: number): Uint8Array => byteRow(new Array<number>(count).fill(0));
  const { length } = pack.cellVoltages ?? [];
  return bytesOf(0, group, normal(length), normal(sensors(pack).length), new Uint8Array(STATES), status);
}

function settings(pack: PackReading): Uint8Array {
  const data = new Uint8Array(SETTINGS_LENGTH);
  encodeFields(data, SETTINGS, pack);
  for (const [at, count] of SETTINGS_COUNTS) data[at] = count;
  return data;
}

function product(pack: PackReading): Uint8Array {
  const data = new Uint8Array(PRODUCT_LENGTH).fill(0x20);
  encodeFields(data, PRODUCT, pack);
  const [major = 0, minor = 0] = (pack.firmwareVersion ?? '')
    .split('.')
    .map((part) => Number.parseInt(part, 10) || 0);
  data.set([major, minor], PRODUCT_VERSION_AT);
  return data;
}
