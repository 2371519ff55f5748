import { FrameError, ImplausibleError } from '../../errors.ts';
import type { Alarms } from '../../model/alarms.ts';
import type { PackReading } from '../../model/reading.ts';
import { readNumber, readText } from '../../protocol/bytes.ts';
import { decodeAlarms, decodeFields, present, presentKeys, scaled } from '../../protocol/fields.ts';
import { assertCarries, assertPlausible, type BmsDriver, planned, type Query } from '../driver.ts';
import {
  ALARMS,
  CHARGING_FLAG,
  COLD_BIT,
  COMMAND,
  FREEZING,
  ID,
  MOST_CELLS,
  REQUIRED,
  SENSOR_IDS,
  VALUES,
  ZERO_CURRENT,
} from './fields.ts';
import { ACTIVATE, acceptReply, commandOf, READ_ID_0, READS, valuesOf } from './frame.ts';

const NOTHING = new Uint8Array();

type Values = ReadonlyMap<number, Uint8Array>;

const word = (values: Values, id: number): number | undefined =>
  readNumber(values.get(id) ?? NOTHING, 0, 'u16be');

function temperature(values: Values, id: number): number | undefined {
  const raw = word(values, id);
  return raw === undefined || raw < FREEZING ? raw : FREEZING - raw;
}

/** C0 stands behind the current in the list, so it must be known before. */
function current(values: Values): number | undefined {
  const raw = word(values, ID.current);
  if (raw === undefined) return undefined;
  if (values.get(ID.currentEncoding)?.[0] !== 1) return scaled(raw, { offset: -ZERO_CURRENT, scale: -0.01 });
  const amount = raw & ~CHARGING_FLAG;
  return scaled((raw & CHARGING_FLAG) === 0 ? -amount : amount, { scale: 0.01 });
}

/** Index byte and mV for each cell. */
function cellVoltages(list: Uint8Array): number[] {
  return Array.from({ length: Math.floor(list.length / 3) }, (_, index) =>
    scaled(readNumber(list, 3 * index + 1, 'u16be') ?? 0, { scale: 0.001 }),
  ).filter((volts) => volts !== undefined);
}

/** Cold cells forbid charging; it is an alarm for the charger when the charge FET is really open. */
function alarms(flags: number, chargeEnabled: boolean | undefined): Alarms {
  const cold = (flags & (1 << COLD_BIT)) !== 0 && chargeEnabled === false;
  return { ...decodeAlarms(flags, ALARMS), lowChargeTemperature: cold ? 2 : 0 };
}

/** YYMM; empty on some units. */
function productionDate(digits: Uint8Array = new Uint8Array()): string | undefined {
  const [, year, month] = /^(\d\d)(0[1-9]|1[0-2])$/.exec(readText(digits) ?? '') ?? [];
  return month === undefined ? undefined : `20${year}-${month}`;
}

/**
 * No frame shows a measured capacity: with 280 Ah set, one firmware tells 256 for ever and others tell 0. It counts only where
 * it agrees with the capacity that is set.
 */
function fullCapacity(values: Values, capacityDesign: number | undefined): number | undefined {
  const measured = readNumber(values.get(ID.measuredCapacity) ?? NOTHING, 0, 'u32be');
  return measured !== undefined && measured === capacityDesign ? measured : undefined;
}

function decodeValues(values: Values): PackReading {
  let reading: PackReading = {};
  for (const [id, field] of VALUES) {
    const value = values.get(id);
    if (value !== undefined) reading = { ...reading, ...decodeFields(value, [field]) };
  }
  const cells = values.get(ID.cells);
  const flags = word(values, ID.alarms);
  const sensors = present(SENSOR_IDS.map((id) => temperature(values, id)));
  const others = presentKeys({
    cellVoltages: cells && cellVoltages(cells),
    current: current(values),
    capacityFull: fullCapacity(values, reading.capacityDesign),
    mosfetTemperature: temperature(values, ID.mosfet),
    temperatures: sensors.length > 0 ? sensors : undefined,
    alarms: flags === undefined ? undefined : alarms(flags, reading.chargeEnabled),
    productionDate: productionDate(values.get(ID.productionDate)),
  });
  return { ...reading, ...others };
}

/** A sleeping unit ignores reads until it was activated. Whether that is acknowledged is not documented. */
const WAKE: Query = { asks: () => ACTIVATE, timeoutMs: 150 };
/** A unit answers one of the two reads. */
const ALL: Query = {
  asks: () => READS.map((request) => ({ id: `${commandOf(request)}`, request })),
  tries: 2,
  wake: WAKE,
  decode(request, reply) {
    const reading = decodeValues(valuesOf(reply));
    // Most units may take the second form for a question after a value that does not exist.
    if (request === READ_ID_0 && reading.voltage === undefined)
      throw new FrameError('incomplete', 'the answer to id 00 carries no values');
    return reading;
  },
};

export const jk: BmsDriver = planned({
  id: 'jk',
  family: 'jk',
  name: 'JK (TTL / RS485 adapter)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: { lines: [{ baudRate: 115200, gapMs: 100 }], addresses: [0], answerMs: 70, rank: 'common' },
  },
  sends: { reads: [/^4e57001300000000(01|03|06)03000000000000680000/] },
  limits: 'trip',
  // The reply begins after 50 to 100 ms.
  timeoutMs: 500,
  queries: [ALL],
  probe: { tries: 1 },

  accept: acceptReply,

  decode(request, reply) {
    return commandOf(request) === COMMAND.activate ? {} : decodeValues(valuesOf(reply));
  },

  async prove(_talk, { reading }) {
    const { cellVoltages: cells = [] } = assertCarries(reading, REQUIRED);
    if (cells.length > MOST_CELLS)
      throw new ImplausibleError(`${cells.length} cells; ${MOST_CELLS} are possible`);
    return assertPlausible(reading);
  },
});
