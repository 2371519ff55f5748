import type { PackReading } from '../../../model/reading.ts';
import { readNumber, writeText } from '../../../protocol/bytes.ts';
import { encodeFields, maskOf, putNumber, unscaled } from '../../../protocol/encode.ts';
import { acceptRegisterRequest, answerRead } from '../../../protocol/registers.ts';
import type { Answer, Responder } from '../../driver.ts';
import { encodeCurrentLimit, encodeFaults } from '../faults.ts';
import {
  ADDRESS,
  BLOCK,
  CELL,
  CURRENT_LIMITS,
  REGISTER,
  SETTINGS,
  STATUS,
  TEMPERATURE,
  VERSION,
} from './fields.ts';

const REGISTERS = 0x100;
const WRITE = 6;

/** A board with a balancer; blocks that it does not have read as FF. */
export const responder: Responder = {
  accept: acceptRegisterRequest([ADDRESS]),
  reply(request, battery) {
    return request[1] === WRITE
      ? write(request)
      : { bytes: answerRead(request, registersOf(battery), ADDRESS) };
  },
};

/** The acknowledgement is the request itself; only the three switches do anything. */
function write(request: Uint8Array): Answer {
  const on = readNumber(request, 4, 'u16be') === 1;
  switch (readNumber(request, 2, 'u16be')) {
    case REGISTER.chargeSwitch:
      return { bytes: request, changes: { chargeEnabled: on } };
    case REGISTER.dischargeSwitch:
      return { bytes: request, changes: { dischargeEnabled: on } };
    case REGISTER.balancerSwitch:
      return { bytes: request, changes: { balancing: on } };
    default:
      return { bytes: request };
  }
}

function registersOf(battery: PackReading): Uint8Array {
  const space = new Uint8Array(2 * REGISTERS).fill(0xff);
  const put = (register: number, value: number): void => putNumber(space, 2 * register, 'u16be', value);
  for (const [start, count] of Object.values(BLOCK)) space.fill(0, 2 * start, 2 * (start + count));
  encodeFields(space, STATUS, battery);
  encodeFields(space, SETTINGS, battery);
  (battery.cellVoltages ?? []).forEach((cell, index) => {
    put(REGISTER.cells + index, unscaled(cell, CELL));
  });
  (battery.temperatures ?? []).forEach((value, index) => {
    put(REGISTER.temperatures + index, unscaled(value, TEMPERATURE));
  });
  put(REGISTER.sensorCount, battery.temperatures?.length ?? 0);
  const faults = encodeFaults(battery.alarms ?? {});
  for (let word = 0; 2 * word < faults.length; word += 1) {
    put(REGISTER.faults + word, (faults[2 * word] ?? 0) + 256 * (faults[2 * word + 1] ?? 0));
  }
  const mask = maskOf(battery.cellBalancing ?? []);
  put(REGISTER.balanceMask, mask % 0x10000);
  put(REGISTER.balanceMask + 1, Math.floor(mask / 0x10000));
  for (const { key, register } of CURRENT_LIMITS) put(register, encodeCurrentLimit(battery[key]));
  space.set(
    writeText(battery.firmwareVersion ?? '', VERSION.length),
    2 * REGISTER.version + VERSION.software,
  );
  space.set(
    writeText(battery.hardwareVersion ?? '', VERSION.length),
    2 * REGISTER.version + VERSION.hardware,
  );
  put(REGISTER.balancerSwitch, battery.balancing ? 1 : 0);
  return space;
}
