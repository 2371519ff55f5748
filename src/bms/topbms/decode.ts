import { FrameError } from '../../errors.ts';
import { type Alarms, mergeAlarms } from '../../model/alarms.ts';
import type { BankReading, PackReading } from '../../model/reading.ts';
import { alarmRows, analogRows, expectRows } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS, firstBlock } from '../../protocol/ascii-dialect.ts';
import type { AsciiExchange } from '../../protocol/ascii-frame.ts';
import { flagsOf, readNumber } from '../../protocol/bytes.ts';
import { decodeAlarms, decodeFields, present, scaled } from '../../protocol/fields.ts';
import { ASCII_DIALECTS } from '../ascii-dialects.ts';
import { TOPBMS } from './dialect.ts';
import {
  AFTER_ROWS,
  BALANCE_AT,
  BALANCE_CELLS,
  CELL,
  CELL_SENSORS,
  STATUS_ALARMS,
  STATUS_COUNT_AT,
  SWITCHES,
  SWITCHES_STATUS,
  TEMPERATURE,
} from './fields.ts';

/** One pack, or all packs in the order of their numbers, told apart by their equal size: tails differ between firmwares. */
export function decodeAnalogReply({ asked, reply }: AsciiExchange): BankReading {
  const { info } = reply;
  const first = firstBlock(reply, TOPBMS, ASCII_DIALECTS);
  if (asked.info[0] !== ALL_PACKS) return decodePack(info.subarray(first));
  const count = Math.max(1, info[first - 1] ?? 1);
  const size = Math.floor((info.length - first) / count);
  const packs = Array.from({ length: count }, (_, index) => decodePack(info.subarray(first + index * size)));
  return { modules: packs.map((pack, index) => ({ address: index + 1, ...pack })) };
}

function decodePack(block: Uint8Array): PackReading {
  const rows = expectRows(analogRows(block, 0), block);
  const after = block.subarray(rows.end);
  const degrees = present(rows.temperatures.map((raw) => scaled(raw, TEMPERATURE)));
  const [ambientTemperature, mosfetTemperature] = degrees.slice(CELL_SENSORS);
  const placed = ambientTemperature !== undefined && mosfetTemperature !== undefined;
  const balance = readNumber(after, BALANCE_AT, 'u16be');
  const count = rows.cells.length;
  return {
    cellCount: count,
    cellVoltages: present(rows.cells.map((raw) => scaled(raw, CELL))),
    temperatures: placed ? degrees.slice(0, CELL_SENSORS) : degrees,
    ...(placed && { ambientTemperature, mosfetTemperature }),
    ...decodeFields(after, AFTER_ROWS),
    ...(balance !== undefined && { balancing: balance !== 0 }),
    ...(balance !== undefined && count <= BALANCE_CELLS && { cellBalancing: flagsOf(balance, count) }),
  };
}

/** Where the rows of an alarm reply begin: as in the analog reply, firmware that sends INFOFLAG has it here too. */
export function alarmBlockAt(info: Uint8Array): 1 | 2 | undefined {
  if (alarmRows(info, 1) !== undefined) return 1;
  return alarmRows(info, 2) === undefined ? undefined : 2;
}

export function decodeAlarmReply({ reply: { info } }: AsciiExchange): BankReading {
  const rows = expectRows(alarmRows(info, alarmBlockAt(info) ?? 1), info);
  const after = info.subarray(rows.end + STATUS_COUNT_AT);
  const status = after.subarray(1, 1 + (after[0] ?? 0));
  if (status.length < SWITCHES_STATUS)
    throw new FrameError(
      'length',
      `${status.length} status bytes; at least ${SWITCHES_STATUS} are needed`,
      info,
    );
  const alarms = [...status].reduce<Alarms>(
    (all, byte, index) => mergeAlarms(all, decodeAlarms(byte, STATUS_ALARMS.get(index + 1) ?? [])),
    {},
  );
  return { ...decodeFields(status.subarray(SWITCHES_STATUS - 1), SWITCHES), alarms };
}
