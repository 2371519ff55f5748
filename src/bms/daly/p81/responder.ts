import type { Alarms } from '../../../model/alarms.ts';
import type { PackReading } from '../../../model/reading.ts';
import { readNumber } from '../../../protocol/bytes.ts';
import { encodeFields, maskOf, putNumber, unscaled } from '../../../protocol/encode.ts';
import { withCrc } from '../../../protocol/modbus.ts';
import { acceptRegisterRequest, answerRead } from '../../../protocol/registers.ts';
import type { Answer, Responder } from '../../driver.ts';
import { encodeCurrentLimit } from '../faults.ts';
import {
  ANSWERS_LOWER_BY,
  ASKED_FROM,
  BLOCK,
  BOARDS,
  CELL,
  CURRENT_LIMITS,
  FAULT_BITS,
  FAULT_LEVELS,
  MOST_SENSORS,
  REGISTER,
  SETTINGS,
  STATUS,
  TEMPERATURE,
  VERSION,
  VERSION_REGISTER,
} from './fields.ts';

const REGISTERS = 0x200;
const WRITE = 6;
const NOT_FITTED = 0xff;

/** Boards on one line; a single battery is board 1. Blocks that do not exist read as FF. */
export const responder: Responder = {
  accept: acceptRegisterRequest(BOARDS.map((board) => ASKED_FROM + board)),
  reply(request, battery) {
    const asked = request[0] ?? 0;
    const board = asked - ASKED_FROM;
    const pack =
      battery.modules?.find(({ address }) => address === board) ?? (board === 1 ? battery : undefined);
    if (pack === undefined) return undefined;
    const replyAddress = asked - ANSWERS_LOWER_BY;
    return request[1] === WRITE
      ? write(request, replyAddress)
      : { bytes: answerRead(request, registersOf(pack), replyAddress) };
  },
};

/** The acknowledgement is the request under the board's own address. */
function write(request: Uint8Array, replyAddress: number): Answer {
  const body = request.slice(0, -2);
  body[0] = replyAddress;
  const bytes = withCrc(body);
  const on = readNumber(request, 4, 'u16be') === 1;
  switch (readNumber(request, 2, 'u16be')) {
    case REGISTER.chargeSwitch:
      return { bytes, changes: { chargeEnabled: on } };
    case REGISTER.dischargeSwitch:
      return { bytes, changes: { dischargeEnabled: on } };
    default:
      return { bytes };
  }
}

function registersOf(pack: PackReading): Uint8Array {
  const space = new Uint8Array(2 * REGISTERS).fill(0xff);
  const put = (register: number, value: number): void => putNumber(space, 2 * register, 'u16be', value);
  for (const [start, count] of Object.values(BLOCK)) space.fill(0, 2 * start, 2 * (start + count));
  encodeFields(space, STATUS, pack);
  encodeFields(space, SETTINGS, pack);
  encodeFields(space.subarray(2 * VERSION_REGISTER), VERSION, pack);
  (pack.cellVoltages ?? []).forEach((cell, index) => {
    put(REGISTER.cells + index, unscaled(cell, CELL));
  });
  const sensors = pack.temperatures ?? [];
  for (let index = 0; index < MOST_SENSORS; index += 1) {
    const value = sensors[index];
    put(REGISTER.temperatures + index, value === undefined ? NOT_FITTED : unscaled(value, TEMPERATURE));
  }
  put(REGISTER.sensorCount, sensors.length);
  const mask = maskOf(pack.cellBalancing ?? []);
  for (const word of [0, 1, 2])
    put(REGISTER.balanceMask + word, Math.floor(mask / 0x10000 ** word) % 0x10000);
  for (const { key, register } of CURRENT_LIMITS) {
    put(register, encodeCurrentLimit(pack[key], key === 'maxChargeCurrent' ? 1 : -1));
  }
  putFaults(space, pack.alarms ?? {});
  return space;
}

/** The first place that means exactly this alarm at this level. */
function putFaults(space: Uint8Array, alarms: Alarms): void {
  const set = (code: number, bits: number): void => {
    const place = 2 * (REGISTER.faults + (code >>> 1)) + (code % 2 === 0 ? 1 : 0);
    space[place] = (space[place] ?? 0) | bits;
  };
  for (const { code, bit, alarm } of FAULT_LEVELS) set(code, (alarms[alarm] ?? 0) << bit);
  const graded = new Set(FAULT_LEVELS.map(({ alarm }) => alarm));
  for (const [alarm, level] of Object.entries(alarms)) {
    const place = FAULT_BITS.find((bits) => bits.alarm === alarm && bits.level === level);
    if (place !== undefined && !graded.has(place.alarm)) set(place.code, place.mask & -place.mask);
  }
}
