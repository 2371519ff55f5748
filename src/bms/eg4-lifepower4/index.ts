import type { PackReading } from '../../model/reading.ts';
import { alarmRows, expectRows } from '../../protocol/ascii-blocks.ts';
import { flagsOf, readNumber } from '../../protocol/bytes.ts';
import { decodeFields, present, scaled } from '../../protocol/fields.ts';
import { decodeStatus } from '../../protocol/status.ts';
import { ANALOG, asciiDriver } from '../ascii-driver.ts';
import type { BmsDriver } from '../driver.ts';
import { cellVoltagesOf } from '../plausible.ts';
import { EG4_LIFEPOWER4, rowsOf } from './dialect.ts';
import {
  AFTER_ROWS,
  BALANCE_AT,
  CELLS_AT,
  COMMAND,
  DEVICE_CLASS,
  STATUS,
  STATUS_COUNT_AT,
  STATUS_LENGTH,
  SWITCHES,
  TEMPERATURE,
  VENDOR,
  VENDOR_LENGTH,
  VERSION,
} from './fields.ts';

function decodeAnalog(info: Uint8Array): PackReading {
  const { cells, temperatures, end } = expectRows(rowsOf(info), info);
  return {
    cellCount: cells.length,
    cellVoltages: cellVoltagesOf(cells),
    temperatures: present(temperatures.map((raw) => scaled(raw, TEMPERATURE))),
    ...decodeFields(info.subarray(end), AFTER_ROWS),
  };
}

/** Where the status begins and for how many cells; undefined when this is no alarm reply. */
function statusOf(info: Uint8Array): { readonly status: Uint8Array; readonly cells: number } | undefined {
  const rows = alarmRows(info, CELLS_AT);
  const status = rows && info.subarray(rows.end + STATUS_COUNT_AT + 1);
  return status?.length === STATUS_LENGTH ? { status, cells: rows?.cells.length ?? 0 } : undefined;
}

function decodeAlarms(info: Uint8Array): PackReading {
  const { status, cells } = expectRows(statusOf(info), info);
  const balance = readNumber(status, BALANCE_AT, 'u32be') ?? 0;
  return {
    ...decodeFields(status, SWITCHES),
    cellBalancing: flagsOf(balance, cells),
    balancing: balance !== 0,
    alarms: decodeStatus(status, STATUS),
  };
}

const NO_INFO = { info: () => [] } as const;

export const eg4LifePower4: BmsDriver = asciiDriver({
  id: 'eg4-lifepower4',
  family: 'eg4-lifepower4',
  name: 'EG4 LifePower4 and other Qualtech boards (ASCII)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      // Some boards lock up when they are asked sooner.
      lines: [{ baudRate: 9600, gapMs: 200 }],
      addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
      answerMs: 100,
    },
  },
  limits: 'none',
  timeoutMs: 1000,
  probe: { tries: 1, timeoutMs: 400 },
  dialect: EG4_LIFEPOWER4,
  version: VERSION,
  requestClass: DEVICE_CLASS,
  commands: [
    { ...NO_INFO, code: ANALOG, decode: decodeAnalog, ask: { tries: 2 } },
    {
      ...NO_INFO,
      code: COMMAND.alarms,
      objection: ({ info }) => (statusOf(info) ? undefined : 'not an alarm reply'),
      decode: decodeAlarms,
      ask: {
        name: 'alarms and switches (44)',
        optional: {
          toldBy: ({ known }) => known.alarms?.highVoltage !== undefined,
          alarms: (alarms) => alarms,
        },
      },
    },
    {
      ...NO_INFO,
      code: COMMAND.vendor,
      length: VENDOR_LENGTH,
      decode: (info) => decodeFields(info, VENDOR),
      ask: { tells: ['model'], rarely: { first: 0, attempts: 3 } },
    },
  ],
});
