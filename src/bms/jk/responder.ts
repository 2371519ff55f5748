import type { PackReading } from '../../model/reading.ts';
import { bytesOf, writeNumber, writeText } from '../../protocol/bytes.ts';
import { encodeAlarms, encodeFields } from '../../protocol/encode.ts';
import type { Answer, Responder } from '../driver.ts';
import {
  ALARMS,
  CHARGING_FLAG,
  COLD_BIT,
  COMMAND,
  FREEZING,
  ID,
  LENGTHS,
  SENSOR_IDS,
  VALUES,
} from './fields.ts';
import { acceptRequest, commandOf, replyTo } from './frame.ts';

/** The JK side: one reply with every id that the battery can tell, in the order of the wire. */
export const responder: Responder = {
  accept: acceptRequest,
  reply: (request, truth) => tell(request, truth),
  variants: {
    'answers as 03': {
      accept: acceptRequest,
      reply: (request, truth) => tell(request, truth, COMMAND.readOne),
    },
    'answers 03 only': {
      accept: acceptRequest,
      reply: (request, truth) => (commandOf(request) === COMMAND.readOne ? tell(request, truth) : undefined),
    },
  },
};

function tell(request: Uint8Array, truth: PackReading, command?: number): Answer | undefined {
  if (commandOf(request) === COMMAND.activate) return undefined;
  // Cold cells open the charge FET; nothing else in the reply tells that charging is meant.
  const battery = truth.alarms?.lowChargeTemperature === 2 ? { ...truth, chargeEnabled: false } : truth;
  const cells = (battery.cellVoltages ?? []).map((volts, index) =>
    bytesOf(index + 1, writeNumber(volts * 1000, 'u16be')),
  );
  const payload = [bytesOf(ID.cells, 3 * cells.length, ...cells)];
  for (const id of Object.keys(LENGTHS).map(Number)) {
    const value = encodeValue(id, battery);
    if (value !== undefined) payload.push(bytesOf(id, value));
  }
  return { bytes: replyTo(request, bytesOf(...payload), command) };
}

/** The bytes of one id; settings that the canonical reading does not know are 0, unknown measurements are left out. */
function encodeValue(id: number, battery: PackReading): Uint8Array | undefined {
  const own = special(id, battery);
  if (own !== undefined) return own.length > 0 ? own : undefined;
  const fields = VALUES.filter(([of]) => of === id).map(([, field]) => field);
  if (fields.length > 0 && fields.every(({ key }) => battery[key] === undefined)) return undefined;
  const value = new Uint8Array(LENGTHS[id] ?? 0);
  encodeFields(value, fields, battery);
  return value;
}

/** Undefined: an ordinary value; empty: nothing to tell. */
function special(id: number, battery: PackReading): Uint8Array | undefined {
  const sensor = SENSOR_IDS.indexOf(id);
  if (sensor >= 0) return temperature(battery.temperatures?.[sensor]);
  switch (id) {
    case ID.mosfet:
      return temperature(battery.mosfetTemperature);
    case ID.current:
      return current(battery.current);
    case ID.alarms:
      return writeNumber(alarmWord(battery), 'u16be');
    case ID.productionDate:
      return writeText((battery.productionDate ?? '').replaceAll('-', '').slice(2, 6), 4);
    case ID.measuredCapacity:
      return writeNumber(battery.capacityFull ?? 0, 'u32be');
    case ID.currentEncoding:
      return Uint8Array.of(1);
    default:
      return undefined;
  }
}

function temperature(degrees: number | undefined): Uint8Array {
  if (degrees === undefined) return new Uint8Array();
  const raw = Math.round(degrees);
  return writeNumber(raw < 0 ? FREEZING - raw : Math.min(raw, FREEZING - 1), 'u16be');
}

function current(amperes: number | undefined): Uint8Array {
  if (amperes === undefined) return new Uint8Array();
  return writeNumber(Math.round(Math.abs(amperes) * 100) + (amperes > 0 ? CHARGING_FLAG : 0), 'u16be');
}

/** The protocol has one level for each alarm, and one bit for cold cells. */
function alarmWord({ alarms = {} }: PackReading): number {
  const lowSoc = alarms.lowSoc ? { lowSoc: 1 as const } : {};
  const cold = alarms.lowChargeTemperature === 2 ? 1 << COLD_BIT : 0;
  return encodeAlarms({ ...alarms, ...lowSoc }, ALARMS) | cold;
}
