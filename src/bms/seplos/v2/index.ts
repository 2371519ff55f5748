import type { PackReading } from '../../../model/reading.ts';
import { alarmRows, analogRows, expectRows } from '../../../protocol/ascii-blocks.ts';
import { LITHIUM } from '../../../protocol/ascii-frame.ts';
import { decodeFields, present, presentKeys, scaled } from '../../../protocol/fields.ts';
import { decodeMap } from '../../../protocol/register-map.ts';
import { ANALOG, asciiDriver } from '../../ascii-driver.ts';
import { ALL_ALARMS, type BmsDriver, LIMIT_KEYS } from '../../driver.ts';
import { cellVoltagesOf } from '../../plausible.ts';
import { cutToCells } from '../../register-plan.ts';
import { SEPLOS_V2 } from './dialect.ts';
import {
  ADDRESSES,
  AFTER_ROWS,
  CELL_SENSORS,
  CELLS_AT,
  COMMAND,
  PRODUCT,
  PRODUCT_LENGTH,
  PRODUCT_VERSION_AT,
  SETTINGS,
  SETTINGS_COUNTS,
  SETTINGS_LENGTH,
  STATES,
  STATUS,
  STATUS_COUNT,
  TEMPERATURE,
  VERSION,
} from './fields.ts';

export const seplosV2: BmsDriver = asciiDriver({
  id: 'seplos-v2',
  family: 'seplos-v2',
  name: 'Seplos V2 (EMU10, EMU11)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [
        { baudRate: 19_200, gapMs: 50 },
        { baudRate: 9600, gapMs: 50 },
      ],
      addresses: ADDRESSES,
      secondUsual: 1,
      answerMs: 50,
    },
  },
  cells: { min: 4, max: 16 },
  limits: 'trip',
  timeoutMs: 500,
  probe: { tries: 1, timeoutMs: 300 },
  dialect: SEPLOS_V2,
  version: VERSION,
  requestClass: LITHIUM,
  returnCodes: { 7: 'no data', 226: 'not done', 227: 'fault of the device', 228: 'not permitted' },
  commands: [
    { code: ANALOG, decode: decodeAnalog, ask: { tries: 2 } },
    {
      code: COMMAND.alarms,
      objection: ({ info }) => (statusOf(info) ? undefined : 'not an alarm reply'),
      decode: (info) => decodeMap(STATUS, expectRows(statusOf(info), info), 0),
      ask: {
        name: 'alarms and switches (44)',
        optional: ALL_ALARMS,
      },
    },
    {
      code: COMMAND.product,
      info: () => [],
      length: PRODUCT_LENGTH,
      decode: decodeProduct,
      ask: { tells: ['model', 'firmwareVersion'], rarely: { first: 0, attempts: 3 } },
    },
    {
      code: COMMAND.settings,
      length: SETTINGS_LENGTH,
      objection: ({ info }) => (hasCounts(info) ? undefined : 'no settings'),
      decode: (info) => decodeFields(info, SETTINGS),
      ask: {
        name: 'warning thresholds (47)',
        tells: LIMIT_KEYS,
        rarely: { first: 1, every: 3600, retry: 60 },
        confirmed: 'reading',
      },
    },
  ],
  finish,
});

function decodeAnalog(info: Uint8Array): PackReading {
  const rows = expectRows(analogRows(info, CELLS_AT), info);
  const degrees = rows.temperatures.map((raw) => scaled(raw, TEMPERATURE));
  const [ambientTemperature, mosfetTemperature, ...others] = degrees.slice(CELL_SENSORS);
  return {
    cellCount: rows.cells.length,
    cellVoltages: cellVoltagesOf(rows.cells),
    temperatures: present([...degrees.slice(0, CELL_SENSORS), ...others]),
    ...presentKeys({ ambientTemperature, mosfetTemperature }),
    ...decodeFields(info.subarray(rows.end), AFTER_ROWS),
  };
}

/** The status behind the rows; undefined when this is no alarm reply. */
function statusOf(info: Uint8Array): Uint8Array | undefined {
  const end = alarmRows(info, CELLS_AT)?.end ?? info.length;
  const status = info.subarray(end + STATES);
  return status[0] === STATUS_COUNT && status.length === 1 + STATUS_COUNT ? status : undefined;
}

const hasCounts = (info: Uint8Array): boolean =>
  [...SETTINGS_COUNTS].every(([at, count]) => info[at] === count);

function decodeProduct(info: Uint8Array): PackReading {
  const [major = 0, minor = 0] = info.subarray(PRODUCT_VERSION_AT);
  return { ...decodeFields(info, PRODUCT), firmwareVersion: `${major}.${minor}` };
}

/** A full pack that has ended its charge says that the charge voltage is too high: that is no fault. */
function finish(all: PackReading): PackReading {
  const merged = cutToCells(all);
  const { alarms, chargeEnabled, soc = 0 } = merged;
  const isFull = soc >= 99 && chargeEnabled === false && alarms?.highCellVoltage !== 2;
  return isFull && alarms?.highVoltage === 2 ? { ...merged, alarms: { ...alarms, highVoltage: 1 } } : merged;
}
