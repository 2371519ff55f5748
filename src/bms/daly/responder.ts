import type { PackReading } from '../../model/reading.ts';
import { bytesOf, writeText } from '../../protocol/bytes.ts';
import { encodeFields, maskOf, putNumber, unscaled } from '../../protocol/encode.ts';
import type { Answer, Responder } from '../driver.ts';
import { encodeFaults } from './faults.ts';
import {
  BALANCE_BITS,
  CELL,
  CELLS_PER_FRAME,
  CODE_PER_FRAME,
  COMMAND,
  FIELDS,
  SENSOR_COUNT_AT,
  SENSORS_PER_FRAME,
  TEMPERATURE,
} from './fields.ts';
import { acceptRequest, boardOf, dataOf, frame } from './frame.ts';

const MODE_AT = 0;
const IDLE = 0;
const CHARGING = 1;
const DISCHARGING = 2;
/** Frames of the battery code. */
const CODE_FRAMES = 5;

/** Boards on one RS485 line; a single battery is board 1. Values that do not fill a last frame leave stale ones behind. */
export const responder: Responder = {
  accept: acceptRequest,
  reply(request, battery) {
    const board = boardOf(request);
    const module = battery.modules?.find(({ address }) => address === board);
    const pack = module ?? (board === 1 ? battery : undefined);
    return pack === undefined || board === undefined ? undefined : answer(request, board, pack);
  },
};

function answer(request: Uint8Array, board: number, pack: PackReading): Answer | undefined {
  const command = request[2] ?? 0;
  const on = dataOf(request)[0] === 1;
  const one = (data: Uint8Array): Answer => ({ bytes: frame(board, command, data) });
  const several = (values: readonly Uint8Array[], perFrame: number): Answer => ({
    bytes: bytesOf(...numbered(values, perFrame).map((data) => frame(board, command, data))),
  });
  switch (command) {
    case COMMAND.cells:
      return several(
        (pack.cellVoltages ?? []).map((cell) => wordOf(unscaled(cell, CELL))),
        CELLS_PER_FRAME,
      );
    case COMMAND.temperatures:
      return several(
        (pack.temperatures ?? []).map((value) => Uint8Array.of(unscaled(value, TEMPERATURE))),
        SENSORS_PER_FRAME,
      );
    case COMMAND.batteryCode: {
      const code = writeText(pack.serialNumber ?? '', CODE_FRAMES * CODE_PER_FRAME, 0x20);
      return several(
        [...code].map((byte) => Uint8Array.of(byte)),
        CODE_PER_FRAME,
      );
    }
    case COMMAND.balancing: {
      const mask = maskOf(pack.cellBalancing ?? []);
      return one(
        Uint8Array.from({ length: BALANCE_BITS / 8 }, (_, index) => Math.floor(mask / 256 ** index) % 256),
      );
    }
    case COMMAND.faults:
      return one(encodeFaults(pack.alarms ?? {}));
    case COMMAND.chargeFet:
      return { ...one(Uint8Array.of(on ? 1 : 0)), changes: { chargeEnabled: on } };
    case COMMAND.dischargeFet:
      return { ...one(Uint8Array.of(on ? 1 : 0)), changes: { dischargeEnabled: on } };
    default: {
      const fields = FIELDS[command];
      if (fields === undefined) return undefined;
      const data = new Uint8Array(8);
      encodeFields(data, fields, pack);
      if (command === COMMAND.counts) data[SENSOR_COUNT_AT] = pack.temperatures?.length ?? 0;
      if (command === COMMAND.state) data[MODE_AT] = mode(pack.current ?? 0);
      return one(data);
    }
  }
}

/** The data of numbered frames; what is left over of the last one repeats the frame before, as real boards do. */
function numbered(values: readonly Uint8Array[], perFrame: number): Uint8Array[] {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < values.length; at += perFrame) {
    const slots = Array.from(
      { length: perFrame },
      (_, slot) => values[at + slot] ?? values[at + slot - perFrame] ?? 0,
    );
    frames.push(bytesOf(frames.length + 1, ...slots));
  }
  return frames;
}

function wordOf(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  putNumber(bytes, 0, 'u16be', value);
  return bytes;
}

function mode(current: number): number {
  if (current === 0) return IDLE;
  return current > 0 ? CHARGING : DISCHARGING;
}
