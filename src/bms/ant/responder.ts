import type { PackReading } from '../../model/reading.ts';
import { encodeFields, maskOf, putNumber } from '../../protocol/encode.ts';
import type { Answer, Responder } from '../driver.ts';
import { CHARGE_FET_ALARMS, DISCHARGE_FET_ALARMS, fetCode } from './fet.ts';
import {
  AFTER_ROWS,
  BALANCE_MASK_AT,
  BALANCER_AT,
  CHARGE_FET_AT,
  COMMAND,
  DEVICE,
  DISCHARGE_FET_AT,
  SETTINGS,
  STATUS,
  STATUS_LENGTH,
} from './fields.ts';
import {
  acceptRequest,
  addressOf,
  DEVICE_REQUEST,
  FUNCTION,
  frameOf,
  functionOf,
  HEADER,
  REPLY,
  TRAILER_OF_READ,
} from './frame.ts';

const BALANCER_AUTOMATIC = 4;
/** The settings area ends here; addresses that mean nothing read as FF. */
const SETTINGS_BYTES = 0xc8;
const DONE = Uint8Array.of(1, 0);
/** Seen as the answer to a command that was not carried out. */
const NOT_DONE = Uint8Array.of(2, 3);

function statusFrame(battery: PackReading): Uint8Array {
  const cells = battery.cellVoltages ?? [];
  const probes = battery.temperatures ?? [];
  const size = 2 * (cells.length + probes.length);
  // The tables count from the start of the frame, so the data is built with room for the header in front.
  const image = new Uint8Array(HEADER + STATUS_LENGTH + size);
  image[STATUS.probes] = probes.length;
  image[STATUS.cells] = cells.length;
  for (const [index, volts] of cells.entries())
    putNumber(image, STATUS.rows + 2 * index, 'u16le', volts * 1000);
  for (const [index, degrees] of probes.entries())
    putNumber(image, STATUS.rows + 2 * (cells.length + index), 's16le', degrees);
  const after = image.subarray(STATUS.rows + size);
  encodeFields(after, AFTER_ROWS, battery);
  after[CHARGE_FET_AT] = fetCode(battery.chargeEnabled, battery.alarms, CHARGE_FET_ALARMS);
  after[DISCHARGE_FET_AT] = fetCode(battery.dischargeEnabled, battery.alarms, DISCHARGE_FET_ALARMS);
  after[BALANCER_AT] = battery.balancing ? BALANCER_AUTOMATIC : 0;
  putNumber(after, BALANCE_MASK_AT, 'u32le', battery.balancing ? maskOf(battery.cellBalancing ?? []) : 0);
  const data = image.subarray(HEADER);
  return frameOf(FUNCTION.status + REPLY, 0, data.length, data);
}

function readFrame(request: Uint8Array, battery: PackReading): Uint8Array {
  const address = addressOf(request);
  const length = request[HEADER - 1] ?? 0;
  const data = new Uint8Array(length).fill(0xff);
  if (address === addressOf(DEVICE_REQUEST)) {
    encodeFields(data, DEVICE, battery);
  } else {
    const settings = new Uint8Array(SETTINGS_BYTES).fill(0xff);
    encodeFields(settings, SETTINGS, battery);
    data.set(settings.subarray(address, address + length));
  }
  return frameOf(FUNCTION.read + REPLY, address, length, data, TRAILER_OF_READ);
}

function obey(address: number): Answer {
  const answer = (result: Uint8Array): Uint8Array =>
    frameOf(FUNCTION.command + REPLY, address, result.length, result);
  const { charge, discharge, balancer } = COMMAND;
  for (const on of [true, false]) {
    const key = on ? 'on' : 'off';
    if (address === charge[key]) return { bytes: answer(DONE), changes: { chargeEnabled: on } };
    if (address === discharge[key]) return { bytes: answer(DONE), changes: { dischargeEnabled: on } };
    if (address === balancer[key]) return { bytes: answer(DONE), changes: { balancing: on } };
  }
  return { bytes: answer(NOT_DONE) };
}

/** The ANT side of the 7E A1 protocol. */
export const responder: Responder = {
  accept: acceptRequest,
  reply(request, battery) {
    switch (functionOf(request)) {
      case FUNCTION.status:
        return { bytes: statusFrame(battery) };
      case FUNCTION.read:
        return { bytes: readFrame(request, battery) };
      case FUNCTION.command:
        return obey(addressOf(request));
      default:
        return undefined;
    }
  },
};
