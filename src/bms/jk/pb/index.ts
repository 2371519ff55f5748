import { ImplausibleError } from '../../../errors.ts';
import { mergeReadings, type PackReading } from '../../../model/reading.ts';
import { round } from '../../../model/round.ts';
import { flagsOf, readNumber, readText } from '../../../protocol/bytes.ts';
import { decodeAlarms, decodeFields, present, scaled } from '../../../protocol/fields.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  confirm,
  ifTold,
  LIMIT_KEYS,
  planned,
  type Query,
  type Turn,
} from '../../driver.ts';
import {
  ABOUT,
  ALARMS,
  ALARMS_AT,
  BALANCER_AT,
  CELL,
  CELL_MASK_AT,
  CELLS_AT,
  DATE_AT,
  DATE_LENGTH,
  FLOATING,
  FULL_BIT,
  MOST_CELLS,
  PHASE_AT,
  SENSORS,
  SETTINGS,
  SETTINGS_AT,
  STATUS,
  SWITCHES,
  type Switch,
} from './fields.ts';
import { acceptReply, addressOf, type RecordName, recordAskedBy, switchOf, triggerOf } from './frame.ts';

const SETTINGS_EVERY = 60;
const IDENTITY_KEYS = [
  'model',
  'hardwareVersion',
  'firmwareVersion',
  'serialNumber',
  'productionDate',
] as const;
const NOTHING = new Uint8Array();
const PROBE_TIMEOUT_MS = 300;
const CONFIRM_TRIES = 5;
const CONFIRM = { tries: 2, gapMs: 300 } as const;

const u32 = (record: Uint8Array, at: number): number => readNumber(record, at, 'u32le') ?? 0;
const slots = (status: Uint8Array): boolean[] => flagsOf(u32(status, CELL_MASK_AT), MOST_CELLS);
const fullOrOvervolted = (status: Uint8Array): boolean => (u32(status, ALARMS_AT) & (1 << FULL_BIT)) !== 0;

function decodeStatus(record: Uint8Array): PackReading {
  const cellVoltages = slots(record).flatMap((used, index) => {
    const volts = used ? scaled(readNumber(record, CELLS_AT + 2 * index, CELL.type) ?? 0, CELL) : undefined;
    return volts === undefined ? [] : [volts];
  });
  const sensors = SENSORS.map((sensor) => scaled(readNumber(record, sensor.at, sensor.type) ?? 0, sensor));
  return {
    ...decodeFields(record, STATUS),
    cellCount: cellVoltages.length,
    cellVoltages,
    temperatures: present(sensors),
    balancing: record[BALANCER_AT] !== 0,
    alarms: {
      ...decodeAlarms(u32(record, ALARMS_AT), ALARMS),
      // With the bit set only the settings can tell an over-voltage from a full battery.
      ...(fullOrOvervolted(record) ? {} : { highCellVoltage: 0 }),
    },
  };
}

/** V of the pack for a setting in mV per cell; absent where the firmware does not fill it. */
function packVoltage(
  key: 'maxChargeVoltage' | 'minDischargeVoltage',
  settings: Uint8Array,
  at: number,
): PackReading {
  const volts = (u32(settings, at) * (decodeFields(settings, SETTINGS).cellCount ?? 0)) / 1000;
  return volts > 0 ? { [key]: round(volts, 3) } : {};
}

function decodeSettings(record: Uint8Array): PackReading {
  const { cellUndervoltage, emptyCell, requestedCharge } = SETTINGS_AT;
  return {
    ...decodeFields(record, SETTINGS),
    ...packVoltage('minDischargeVoltage', record, cellUndervoltage),
    ...packVoltage('minDischargeVoltage', record, emptyCell),
    ...packVoltage('maxChargeVoltage', record, requestedCharge),
  };
}

/** What only status and settings together tell: the limit of the present charge phase, and what the full bit means. */
function decodeTogether(status: Uint8Array, settings: Uint8Array): PackReading {
  const highest = Math.max(0, ...(decodeStatus(status).cellVoltages ?? []));
  const over = fullOrOvervolted(status) && highest >= u32(settings, SETTINGS_AT.cellOvervoltage) / 1000;
  const floating = status[PHASE_AT] === FLOATING;
  return {
    ...(floating ? packVoltage('maxChargeVoltage', settings, SETTINGS_AT.requestedFloat) : {}),
    alarms: { highCellVoltage: over ? 2 : 0 },
  };
}

function decodeAbout(record: Uint8Array): PackReading {
  const date = readText(record, DATE_AT, DATE_LENGTH) ?? '';
  const [, year, month, day] = /^(\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])$/.exec(date) ?? [];
  return {
    ...decodeFields(record, ABOUT),
    ...(day === undefined ? {} : { productionDate: `20${year}-${month}-${day}` }),
  };
}

const DECODERS: Readonly<Record<RecordName, (record: Uint8Array) => PackReading>> = {
  status: decodeStatus,
  settings: decodeSettings,
  about: decodeAbout,
};

const asks = (name: RecordName): Query['asks'] => {
  return (address) => triggerOf(address, name);
};
const STATUS_QUERY: Query = { asks: asks('status'), tries: 2 };
const SETTINGS_QUERY: Query = {
  asks: asks('settings'),
  name: 'settings (161E)',
  tells: ['capacityDesign', ...LIMIT_KEYS],
  rarely: { first: 0, every: SETTINGS_EVERY },
  confirmed: 'reading',
  partly: true,
  urgent: (poll) => fullOrOvervolted(poll.now(STATUS_QUERY)?.reply ?? NOTHING),
  decode: (_request, reply, poll) =>
    mergeReadings(decodeSettings(reply), decodeTogether(poll.now(STATUS_QUERY)?.reply ?? NOTHING, reply)),
};
const ABOUT_QUERY: Query = {
  asks: asks('about'),
  tells: IDENTITY_KEYS,
  rarely: { first: 0, retry: SETTINGS_EVERY, until: ['serialNumber'] },
  partly: true,
};

/** Writes the switch and reads the settings back. The write itself is never repeated. */
function turn(name: Switch): Turn {
  return async (talk, on) => {
    const { address } = talk;
    // The settings that are read back decide, so a lost acknowledgement does not matter.
    await ifTold(talk.ask({ asks: () => switchOf(address, name, on) }));
    const why = `the settings of ${address} do not show the ${name} switch ${on ? 'on' : 'off'}`;
    await confirm(CONFIRM_TRIES, why, async () => {
      const { reply } = await talk.ask({ asks: asks('settings') }, CONFIRM);
      return u32(reply, SWITCHES[name].at) === (on ? 1 : 0);
    });
  };
}

export const jkPb: BmsDriver = planned({
  id: 'jk-pb',
  family: 'jk',
  name: 'JK PB inverter series (RS485)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [{ baudRate: 115200, gapMs: 120 }],
      addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0],
      answerMs: 40,
      rank: 'common',
    },
  },
  sends: {
    // A write of zero to one of three trigger registers is how this protocol asks for a record; it stores nothing.
    reads: [/^..1016(1c|1e|20)0001020000/],
    switches: {
      charge: [/^..1010700002040000000[01]/],
      discharge: [/^..1010740002040000000[01]/],
      balancer: [/^..1010780002040000000[01]/],
    },
  },
  limits: 'trip',
  // The answer begins after about 40 ms.
  timeoutMs: 500,
  queries: [STATUS_QUERY, SETTINGS_QUERY, ABOUT_QUERY],
  probe: { timeoutMs: PROBE_TIMEOUT_MS, tries: 2 },

  accept: acceptReply,
  addressOf,

  decode(request, reply) {
    const name = recordAskedBy(request);
    return name === undefined ? {} : DECODERS[name](reply);
  },

  /** Cells that are measured count, not those that are configured. */
  finish(merged) {
    return merged.cellVoltages === undefined ? merged : { ...merged, cellCount: merged.cellVoltages.length };
  },

  async prove(talk, { reading, reply }) {
    const fitted = slots(reply);
    if (fitted.lastIndexOf(true) + 1 !== fitted.filter(Boolean).length)
      throw new ImplausibleError('the mask of fitted cells has holes');
    assertPlausible(reading);
    const about = await ifTold(talk.ask(ABOUT_QUERY, { timeoutMs: PROBE_TIMEOUT_MS }));
    return assemble(jkPb, [reading, about?.reading ?? {}]);
  },

  switches: { charge: turn('charge'), discharge: turn('discharge'), balancer: turn('balancer') },
});
