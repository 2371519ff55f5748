import type { Alarms } from '../../model/alarms.ts';
import { mergeReadings, type PackReading } from '../../model/reading.ts';
import { readNumber, readText } from '../../protocol/bytes.ts';
import { decodeFields, present, scaled } from '../../protocol/fields.ts';
import { decodeStatus } from '../../protocol/status.ts';
import { type BmsDriver, type DriverPlan, planned, type Query } from '../driver.ts';
import { cellVoltagesOf } from '../plausible.ts';
import { CELL_MASK, COMMAND, GROUP, KIND, OVER_CURRENT, STATUS, TEMPERATURE, VALUES } from './fields.ts';
import { acceptReply, acceptWhole, dataOf, expectGroups, frameOf, type Group } from './frame.ts';

const wordsOf = (data: Uint8Array): number[] =>
  Array.from({ length: data.length / 2 }, (_, index) => readNumber(data, 2 * index, 'u16be') ?? 0);

function decodeGroup({ id, data }: Group): PackReading {
  const field = VALUES.get(id);
  if (field !== undefined) return decodeFields(data, [field]);
  if (id === GROUP.temperatures) return decodeTemperatures(data);
  if (id === GROUP.status) return { alarms: decodeStatus(data, STATUS) };
  if (id !== GROUP.cells) return {};
  const cellVoltages = cellVoltagesOf(wordsOf(data).map((word) => word & CELL_MASK));
  return { cellCount: cellVoltages.length, cellVoltages };
}

/** Each says of what kind it is. */
function decodeTemperatures(data: Uint8Array): PackReading {
  const of = (kinds: readonly number[]): number[] =>
    present(
      wordsOf(data).map((word) => (kinds.includes(word >> 8) ? scaled(word & 0xff, TEMPERATURE) : undefined)),
    );
  const [mosfetTemperature] = of(KIND.mosfet);
  const [ambientTemperature] = of([KIND.ambient]);
  return {
    temperatures: of([KIND.cell]),
    ...(mosfetTemperature !== undefined && { mosfetTemperature }),
    ...(ambientTemperature !== undefined && { ambientTemperature }),
  };
}

function decodeValues(groups: readonly Group[]): PackReading {
  const values = mergeReadings(...groups.map(decodeGroup));
  const status = groups.find(({ id }) => id === GROUP.status)?.data;
  return {
    ...values,
    alarms: { ...values.alarms, ...overCurrent(status, values.current ?? 0, values.alarms ?? {}) },
  };
}

/** One bit for both directions: that in which current flows, or both. */
function overCurrent(status: Uint8Array | undefined, current: number, alarms: Alarms): Alarms {
  const isSet = ((status?.[OVER_CURRENT.at] ?? 0) & (1 << OVER_CURRENT.bit)) !== 0;
  return {
    highChargeCurrent: isSet && current >= 0 ? 2 : (alarms.highChargeCurrent ?? 0),
    highDischargeCurrent: isSet && current <= 0 ? 2 : (alarms.highDischargeCurrent ?? 0),
  };
}

/** A barcode has a row of digits; other boards tell a version with the same command. */
function decodeBarcode(text: string | undefined): PackReading {
  if (text === undefined) return {};
  return /\d{5}/.test(text) ? { serialNumber: text } : { hardwareVersion: text };
}

/** The driver of boards that begin their frames with `start`. */
export function lifePowerDriver(
  start: number,
  names: Pick<DriverPlan, 'id' | 'name' | 'responder'>,
  rank?: 'last',
): BmsDriver {
  const asks =
    (command: number): Query['asks'] =>
    (address) =>
      frameOf(start, address, command);
  // The checksum does not see half of all errors of one bit, so nothing is believed that was told once.
  const told = { rarely: { first: 0, attempts: 3 }, confirmed: 'reading' } as const;
  return planned({
    ...names,
    family: 'lifepower',
    reach: {
      serial: {
        lines: [{ baudRate: 9600, gapMs: 100 }],
        addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        answerMs: 50,
        ...(rank !== undefined && { rank }),
      },
    },
    sends: { reads: [new RegExp(`^${start.toString(16)}0[0-9a-f](01|33|42)00..0d$`)] },
    limits: 'none',
    timeoutMs: 500,
    queries: [
      { asks: asks(COMMAND.values), agreed: true, tries: 2, gapMs: 300 },
      { asks: asks(COMMAND.version), tells: ['firmwareVersion'], ...told },
      { asks: asks(COMMAND.barcode), tells: ['serialNumber', 'hardwareVersion'], ...told },
    ],
    probe: { tries: 1, timeoutMs: 300, gapMs: 100 },

    accept: (request) => acceptReply(start, request),

    decode(request, frame) {
      if (request[2] === COMMAND.values) return decodeValues(expectGroups(frame));
      const text = readText(dataOf(frame));
      if (request[2] === COMMAND.barcode) return decodeBarcode(text);
      return text === undefined ? {} : { firmwareVersion: text };
    },

    addressOf: (request) => (acceptWhole(start)(request) === request.length ? request[1] : undefined),
  });
}

/** The start byte of the ASCII families, who wait for the rest of a line. */
export const START = 0x7e;

export const lifePower: BmsDriver = lifePowerDriver(
  START,
  {
    id: 'lifepower',
    name: 'EG4 LifePower, Tian Power, Basengreen (binary)',
    responder: async () => (await import('./responder.ts')).responder,
  },
  'last',
);
