import { FrameError } from '../../errors.ts';
import { type AlarmLevel, type Alarms, mergeAlarms } from '../../model/alarms.ts';
import type { BankReading, ModuleReading, PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import { alarmRows, analogRows, expectRows } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS, firstBlock } from '../../protocol/ascii-dialect.ts';
import type { AsciiExchange } from '../../protocol/ascii-frame.ts';
import { decodeAlarms, decodeFields, present, scaled } from '../../protocol/fields.ts';
import { ASCII_DIALECTS } from '../ascii-dialects.ts';
import { PYLONTECH } from './dialect.ts';
import {
  AFTER_ROWS,
  ALARM_LENGTH,
  CELL,
  CHARGE_REQUESTS,
  ITEMS_AT,
  LARGE,
  LARGE_ITEMS,
  LARGE_LENGTH,
  MANAGEMENT,
  MANAGEMENT_STATUS_AT,
  MANUFACTURER,
  MANUFACTURER_VERSION_AT,
  SMALL,
  SMALL_LENGTH,
  STATE,
  STATUS_1,
  SWITCHES,
  TEMPERATURE,
} from './fields.ts';

/** One module, or all of a group in the order of their addresses from the master on. */
export function decodeAnalogReply({ asked, reply }: AsciiExchange): PackReading {
  const { info, address } = reply;
  const modules: ModuleReading[] = [];
  const count = asked.info[0] === ALL_PACKS ? Math.max(1, info[1] ?? 1) : 1;
  for (let at = firstBlock(reply, PYLONTECH, ASCII_DIALECTS); modules.length < count; ) {
    const { module, end } = decodeModule(info, at);
    modules.push({ address: address + modules.length, ...module });
    at = end;
  }
  return oneOrModules(modules);
}

/** Blocks of a group are told apart by their equal size, because their tails differ between firmware versions. */
export function decodeAlarmReply({ asked, reply }: AsciiExchange): PackReading {
  const { info, address } = reply;
  const count = asked.info[0] === ALL_PACKS ? Math.max(1, info[1] ?? 1) : 1;
  const size = Math.floor((info.length - FIRST_BLOCK) / count);
  const modules = Array.from({ length: count }, (_, index) => ({
    address: address + index,
    ...decodeAlarmBlock(info, FIRST_BLOCK + index * size),
  }));
  return oneOrModules(modules);
}

function oneOrModules(modules: readonly ModuleReading[]): BankReading {
  const [first, ...others] = modules;
  if (first === undefined || others.length > 0) return { modules };
  const { address: _, ...alone } = first;
  return alone;
}

/** INFOFLAG and the module (or count) stand before it. */
const FIRST_BLOCK = 2;

function decodeModule(info: Uint8Array, at: number): { readonly module: PackReading; readonly end: number } {
  const rows = expectRows(analogRows(info, at), info);
  const after = info.subarray(rows.end);
  const large = after[ITEMS_AT] === LARGE_ITEMS;
  const fields = decodeFields(after, [...AFTER_ROWS, ...(large ? LARGE : SMALL)]);
  const [board, ...groups] = rows.temperatures.map((raw) => scaled(raw, TEMPERATURE));
  const { capacityRemaining: rest, capacityFull: full } = fields;
  const module = {
    cellCount: rows.cells.length,
    cellVoltages: present(rows.cells.map((raw) => scaled(raw, CELL))),
    temperatures: present(groups),
    ...(board !== undefined && { mosfetTemperature: board }),
    ...fields,
    ...(rest !== undefined && full && { soc: Math.min(100, round((100 * rest) / full, 2)) }),
  };
  return { module, end: rows.end + (large ? LARGE_LENGTH : SMALL_LENGTH) };
}

/** One module of an alarm reply. Every alarm of this protocol is a protection: there are no warnings. */
function decodeAlarmBlock(info: Uint8Array, at: number): PackReading {
  const rows = expectRows(alarmRows(info, at), info);
  const after = info.subarray(rows.end);
  if (after.length < ALARM_LENGTH)
    throw new FrameError('length', 'the alarm reply ends before its status', info);
  const status = after.subarray(STATE.status);
  const [board, ...groups] = rows.temperatures;
  const { cells } = rows;
  const when = (alarm: boolean): AlarmLevel => (alarm ? 2 : 0);
  const faulty = [...cells, ...rows.temperatures].includes(0xf0);
  const byState: Alarms = {
    lowVoltage: when(after[STATE.voltage] === 1),
    highVoltage: when(after[STATE.voltage] === 2),
    lowCellVoltage: when(cells.includes(1)),
    highCellVoltage: when(cells.includes(2)),
    lowChargeTemperature: when(groups.includes(1)),
    lowTemperature: when(groups.includes(1)),
    highInternalTemperature: when(board === 2),
    highChargeCurrent: when(after[STATE.chargeCurrent] === 2),
    highDischargeCurrent: when(after[STATE.dischargeCurrent] === 2),
    internalFailure: when(faulty || status[3] !== 0 || status[4] !== 0),
  };
  return {
    ...decodeFields(status, SWITCHES),
    alarms: mergeAlarms(byState, decodeAlarms(status[0] ?? 0, STATUS_1)),
  };
}

/** Limits as the BMS wants them now; a current whose enable bit is off is 0. */
export function decodeManagement(data: Uint8Array): PackReading {
  const { maxChargeCurrent = 0, maxDischargeCurrent = 0, ...fields } = decodeFields(data, MANAGEMENT);
  return {
    ...fields,
    maxChargeCurrent: fields.chargeEnabled ? Math.abs(maxChargeCurrent) : 0,
    maxDischargeCurrent: fields.dischargeEnabled ? Math.abs(maxDischargeCurrent) : 0,
    alarms: decodeAlarms(data[MANAGEMENT_STATUS_AT] ?? 0, CHARGE_REQUESTS),
  };
}

export function decodeManufacturer(info: Uint8Array): PackReading {
  const [major, minor] = info.subarray(MANUFACTURER_VERSION_AT);
  const version = major !== undefined && minor !== undefined && { firmwareVersion: `${major}.${minor}` };
  return { ...decodeFields(info, MANUFACTURER), ...version };
}

/**
 * What several replies say together. Charging needs the FET and the permission of the management; a module that is
 * full closes with over-voltage "protection", which is its normal end of charge.
 */
export function finish(merged: PackReading): PackReading {
  const { chargeEnabled, dischargeEnabled, maxChargeCurrent, maxDischargeCurrent, soc = 0, alarms } = merged;
  const switched = {
    ...(chargeEnabled !== undefined && { chargeEnabled: chargeEnabled && maxChargeCurrent !== 0 }),
    ...(dischargeEnabled !== undefined && {
      dischargeEnabled: dischargeEnabled && maxDischargeCurrent !== 0,
    }),
  };
  const full = soc >= 99 && switched.chargeEnabled === false;
  return { ...merged, ...switched, ...(alarms && full && { alarms: endOfCharge(alarms) }) };
}

function endOfCharge(alarms: Alarms): Alarms {
  const lower = (level: AlarmLevel | undefined): AlarmLevel => (level === 2 ? 1 : (level ?? 0));
  return {
    ...alarms,
    highVoltage: lower(alarms.highVoltage),
    highCellVoltage: lower(alarms.highCellVoltage),
  };
}
