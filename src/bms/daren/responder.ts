import type { PackReading } from '../../model/reading.ts';
import { wordRow } from '../../protocol/ascii-blocks.ts';
import { acceptFrame, buildFrame, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { encodeFields, maskOf, putNumber, unscaled } from '../../protocol/encode.ts';
import { packAt } from '../../protocol/packs.ts';
import { encodeStatus } from '../../protocol/status.ts';
import { ANALOG } from '../ascii-driver.ts';
import type { Responder } from '../driver.ts';
import { DEVICE_CLASS } from './dialect.ts';
import {
  AFTER_SENSORS,
  AFTER_SENSORS_LENGTH,
  BALANCE_AT,
  BOARD,
  BOARD_LENGTH,
  CAPACITIES,
  CAPACITY,
  CELLS_AT,
  COMMAND,
  HEAD,
  LIMITS,
  LIMITS_LENGTH,
  MODULE_HEAD,
  PRODUCT,
  PRODUCT_LENGTHS,
  SERIAL,
  SERIAL_NUMBER,
  SOFTWARE_AT,
  STATUS,
  TEMPERATURE,
  VERSION,
} from './fields.ts';

const USUAL_PACK = 1;

/** Packs in parallel; each answers to its address. */
export const responder: Responder = {
  accept: acceptFrame,
  reply(request, battery) {
    const { version, address, cid1, code, info } = parseFrame(request);
    const pack = packAt(battery, address, USUAL_PACK);
    if (version !== VERSION || cid1 !== DEVICE_CLASS || pack === undefined) return undefined;
    const data = dataOf(code, info, pack);
    return data && { bytes: buildFrame({ version, address, cid1, code: 0, info: data }) };
  },
};

/** INFO of the reply; undefined for a command that is not known. */
export function dataOf(code: number, asked: Uint8Array, pack: PackReading): Uint8Array | undefined {
  if (code === ANALOG) return analog(pack);
  if (code === COMMAND.parameters) return limits(pack);
  if (code === COMMAND.product) return product(pack);
  if (code !== COMMAND.module) return undefined;
  if (asked[2] === SERIAL.part) return module(SERIAL, SERIAL_NUMBER, pack, 0xff);
  return asked[2] === CAPACITY.part ? module(CAPACITY, CAPACITIES, pack, 0) : undefined;
}

function analog(pack: PackReading): Uint8Array {
  const head = new Uint8Array(CELLS_AT);
  encodeFields(head, HEAD, pack);
  const board = new Uint8Array(BOARD_LENGTH);
  encodeFields(board, BOARD, pack);
  const after = new Uint8Array(AFTER_SENSORS_LENGTH);
  encodeFields(after, AFTER_SENSORS, pack);
  const balance = maskOf(pack.cellBalancing ?? []);
  for (const [index, at] of BALANCE_AT.entries())
    putNumber(after, at, 'u16be', Math.floor(balance / 0x1_0000 ** index) % 0x1_0000);
  encodeStatus(after, STATUS, pack.alarms ?? {});
  const cells = (pack.cellVoltages ?? []).map((volts) => 1000 * volts);
  const sensors = (pack.temperatures ?? []).map((degrees) => unscaled(degrees, TEMPERATURE));
  return bytesOf(head, wordRow(cells), board, wordRow(sensors), after);
}

function limits(pack: PackReading): Uint8Array {
  const data = new Uint8Array(LIMITS_LENGTH);
  const { cellCount = 1, maxChargeVoltage = 0, minDischargeVoltage = 0 } = pack;
  encodeFields(data, LIMITS, {
    ...pack,
    maxChargeVoltage: maxChargeVoltage / cellCount,
    minDischargeVoltage: minDischargeVoltage / cellCount,
  });
  return data;
}

function product(pack: PackReading): Uint8Array {
  const data = new Uint8Array(PRODUCT_LENGTHS[0] ?? 0);
  encodeFields(data, PRODUCT, pack);
  data.set((pack.firmwareVersion ?? '').split('.').map(Number).slice(0, 3), SOFTWARE_AT);
  return data;
}

function module(
  { part, length }: typeof SERIAL | typeof CAPACITY,
  fields: Parameters<typeof encodeFields>[1],
  pack: PackReading,
  fill: number,
): Uint8Array {
  const data = new Uint8Array(length).fill(fill);
  encodeFields(data, fields, pack);
  data.set([COMMAND.module, 1, 1, part, 0xff, length - MODULE_HEAD]);
  return data;
}
