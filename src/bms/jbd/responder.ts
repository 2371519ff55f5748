import { CHARGE_BLOCKING, DISCHARGE_BLOCKING } from '../../model/alarms.ts';
import type { PackReading } from '../../model/reading.ts';
import { readNumber, writeText } from '../../protocol/bytes.ts';
import { encodeAlarms, encodeFields, maskOf, putNumber, unscaled } from '../../protocol/encode.ts';
import type { Answer, Responder } from '../driver.ts';
import {
  BASIC_AT,
  BASIC_INFO,
  CELL,
  FUNCTIONS_AT,
  LIMITS,
  PARAMETERS_AT,
  PROTECTIONS,
  REGISTER,
  SOFTWARE_LOCK_BIT,
  TAIL,
  TAIL_AT,
  TAIL_LENGTH,
  TEMPERATURE,
  TENFOLD_BIT,
  TENFOLD_FUNCTION,
  TENFOLD_KEYS,
  WARNINGS,
} from './fields.ts';
import { acceptRequest, reply, WRITE } from './frame.ts';

const UNKNOWN = 0x80;
const COUNTERS_LENGTH = 24;
const PARAMETER_SPACE = 512;
/** Full scale of a word in steps of 0.01 A (signed) and 0.01 Ah. */
const MOST_CURRENT = 327.67;
const MOST_CAPACITY = 655.35;

/** A board with newer firmware: 9-byte tail, direct parameter reads, no password. */
export const responder: Responder = {
  accept: acceptRequest,
  reply(request, battery) {
    const register = request[2] ?? 0;
    if (request[1] === WRITE) return write(register, request, battery);
    const data = read(register, request, battery);
    return { bytes: data === undefined ? reply(register, new Uint8Array(), UNKNOWN) : reply(register, data) };
  },
};

function read(register: number, request: Uint8Array, battery: PackReading): Uint8Array | undefined {
  switch (register) {
    case REGISTER.basicInfo:
      return basicInfo(battery);
    case REGISTER.cellVoltages:
      return words((battery.cellVoltages ?? []).map((cell) => unscaled(cell, CELL)));
    case REGISTER.name:
      return battery.model === undefined ? undefined : writeText(battery.model);
    case REGISTER.counters:
      return new Uint8Array(COUNTERS_LENGTH);
    case REGISTER.parameters:
      return parameters(request, battery);
    default:
      return undefined;
  }
}

function write(register: number, request: Uint8Array, battery: PackReading): Answer {
  const off = request.at(-4) ?? 0;
  if (register === REGISTER.leaveFactoryMode) return { bytes: reply(register, new Uint8Array()) };
  if (register !== REGISTER.fets || off > 3) return { bytes: reply(register, new Uint8Array(), UNKNOWN) };
  return {
    bytes: reply(register, new Uint8Array()),
    changes: {
      chargeEnabled: (off & 1) === 0 && !blocked(battery, CHARGE_BLOCKING),
      dischargeEnabled: (off & 2) === 0 && !blocked(battery, DISCHARGE_BLOCKING),
    },
  };
}

function basicInfo(battery: PackReading): Uint8Array {
  const sensors = battery.temperatures ?? [];
  const tailAt = BASIC_AT.sensors + 2 * sensors.length;
  const data = new Uint8Array(tailAt + TAIL_LENGTH);
  const tens = countsInTens(battery);
  const raw = inUnits(battery, tens);
  const balancing = maskOf(battery.cellBalancing ?? []);
  const alarms = battery.alarms ?? {};
  encodeFields(data, BASIC_INFO, raw);
  data[BASIC_AT.fets] = (data[BASIC_AT.fets] ?? 0) | (tens ? TENFOLD_BIT : 0);
  putNumber(data, BASIC_AT.date, 'u16be', packedDate(battery.productionDate));
  putNumber(data, BASIC_AT.balanceLow, 'u16be', balancing % 0x10000);
  putNumber(data, BASIC_AT.balanceHigh, 'u16be', Math.floor(balancing / 0x10000));
  const lock = softwareLocked(battery) ? SOFTWARE_LOCK_BIT : 0;
  putNumber(data, BASIC_AT.protection, 'u16be', encodeAlarms(alarms, PROTECTIONS) | lock);
  putNumber(data, BASIC_AT.firmware, 'u8', packedVersion(battery.firmwareVersion));
  putNumber(data, BASIC_AT.sensorCount, 'u8', sensors.length);
  sensors.forEach((value, index) => {
    putNumber(data, BASIC_AT.sensors + 2 * index, 'u16be', unscaled(value, TEMPERATURE));
  });
  const tail = data.subarray(tailAt);
  encodeFields(tail, TAIL, raw);
  putNumber(tail, TAIL_AT.warnings, 'u16be', encodeAlarms(alarms, WARNINGS));
  putNumber(tail, TAIL_AT.capacityRemaining, 'u16be', readNumber(data, 4, 'u16be') ?? 0);
  return data;
}

/** Only the parameters that a reading knows; the others are 0. A battery without trip points has old firmware. */
function parameters(request: Uint8Array, battery: PackReading): Uint8Array | undefined {
  const start = readNumber(request, 4, 'u16be') ?? 0;
  const count = request[6] ?? 0;
  if (request.length !== 10 || 2 * (start + count) > PARAMETER_SPACE) return undefined;
  if (LIMITS.every(({ key }) => battery[key] === undefined)) return undefined;
  const space = new Uint8Array(PARAMETER_SPACE);
  const tens = countsInTens(battery);
  encodeFields(space, LIMITS, inUnits(battery, tens));
  putNumber(space, FUNCTIONS_AT, 'u16be', tens ? TENFOLD_FUNCTION : 0);
  const data = new Uint8Array(PARAMETERS_AT + 2 * count);
  data.set(request.subarray(4, 4 + PARAMETERS_AT));
  data.set(space.subarray(2 * start, 2 * (start + count)), PARAMETERS_AT);
  return data;
}

function countsInTens(battery: PackReading): boolean {
  const { current = 0, capacityRemaining = 0, capacityFull = 0, capacityDesign = 0 } = battery;
  const most = Math.max(battery.maxChargeCurrent ?? 0, battery.maxDischargeCurrent ?? 0, Math.abs(current));
  return most > MOST_CURRENT || Math.max(capacityRemaining, capacityFull, capacityDesign) > MOST_CAPACITY;
}

function inUnits(battery: PackReading, tens: boolean): PackReading {
  if (!tens) return battery;
  const scaled = TENFOLD_KEYS.map((key) => [key, (battery[key] ?? 0) / 10] as const);
  return { ...battery, ...Object.fromEntries(scaled) };
}

/** A FET that is off although no protection holds it off. */
function softwareLocked(battery: PackReading): boolean {
  const charge = battery.chargeEnabled === false && !blocked(battery, CHARGE_BLOCKING);
  const discharge = battery.dischargeEnabled === false && !blocked(battery, DISCHARGE_BLOCKING);
  return charge || discharge;
}

function blocked(battery: PackReading, by: typeof CHARGE_BLOCKING | typeof DISCHARGE_BLOCKING): boolean {
  return by.some((name) => battery.alarms?.[name] === 2);
}

function packedDate(date = '2000-00-00'): number {
  const [year = 2000, month = 0, day = 0] = date.split('-').map(Number);
  return ((year - 2000) << 9) | (month << 5) | day;
}

function packedVersion(version = '0.0'): number {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return ((major & 15) << 4) | (minor & 15);
}

function words(values: readonly number[]): Uint8Array {
  const data = new Uint8Array(2 * values.length);
  values.forEach((value, index) => {
    putNumber(data, 2 * index, 'u16be', value);
  });
  return data;
}
