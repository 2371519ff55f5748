import type { Alarms } from '../../model/alarms.ts';
import type { BankReading, PackReading } from '../../model/reading.ts';
import { byteRow, wordRow } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS } from '../../protocol/ascii-dialect.ts';
import { acceptFrame, buildFrame, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { encodeAlarms, encodeFields, maskOf, putNumber, unscaled } from '../../protocol/encode.ts';
import { packAt } from '../../protocol/packs.ts';
import type { Answer, Responder } from '../driver.ts';
import {
  AFTER_ROWS,
  AFTER_ROWS_LENGTH,
  CELL,
  CELL_SENSORS,
  COMMAND,
  FACTS,
  FACTS_LENGTH,
  FAULTS,
  INDICATION,
  ITEMS,
  ITEMS_AT,
  LIMITS,
  LIMITS_LENGTH,
  STATUS,
  TAIL,
  TAIL_LENGTH,
  TEMPERATURE,
  VERSION,
} from './fields.ts';
import { PROTECTIONS, WARNINGS } from './status.ts';

const MASTER = 1;
const ENABLED = 1;
const BLANK = 0x20;
/** The only level at which this protocol tells it. */
const LOW_SOC_LEVEL = 1;

/** A master on RS232 with the packs behind it: it always answers as 01, and INFO names the pack. */
export const responder: Responder = {
  accept: acceptFrame,
  reply(request, battery) {
    const { version, address, cid1, code, info } = parseFrame(request);
    if (version !== VERSION) return undefined;
    const answer = (...data: (number | Uint8Array)[]): Answer => ({
      bytes: buildFrame({ version, address: MASTER, cid1, code: 0, info: bytesOf(...data) }),
    });
    const packs = battery.modules ?? [battery];
    if (code === COMMAND.chargeFet || code === COMMAND.dischargeFet)
      return switched(battery, code, info[0] === 0, answer);
    if (code === COMMAND.packCount) return answer(packs.length);
    const wanted = info[0] ?? address;
    if (code === COMMAND.analog || code === COMMAND.alarms) {
      const block = code === COMMAND.analog ? analogBlock : alarmBlock;
      if (wanted === ALL_PACKS) return answer(0, packs.length, ...packs.map(block));
      const pack = packAt(battery, wanted, MASTER);
      return pack && answer(0, wanted, block(pack));
    }
    // Everything else is told by the master, of itself.
    const master = packAt(battery, MASTER, MASTER) ?? packs[0];
    const table = LIMITS.get(code) ?? FACTS.get(code);
    return master && table && answer(facts(code, table, master));
  },
};

/** The reply to a switch is the indication byte as it is then. */
function switched(
  battery: BankReading,
  code: number,
  on: boolean,
  answer: (data: Uint8Array) => Answer,
): Answer {
  const changes = code === COMMAND.chargeFet ? { chargeEnabled: on } : { dischargeEnabled: on };
  const indication = new Uint8Array(1);
  encodeFields(indication, INDICATION, { ...battery, ...changes });
  return { ...answer(indication), changes };
}

/** Sensors in wire order; the two of the board come only with four between the cells. */
function sensors({ temperatures = [], mosfetTemperature, ambientTemperature }: PackReading): number[] {
  const board = [mosfetTemperature, ambientTemperature];
  const placed =
    temperatures.length < CELL_SENSORS
      ? temperatures
      : [...temperatures.slice(0, CELL_SENSORS), ...board, ...temperatures.slice(CELL_SENSORS)];
  return placed.map((degrees) => unscaled(degrees, TEMPERATURE));
}

function analogBlock(pack: PackReading): Uint8Array {
  const after = new Uint8Array(AFTER_ROWS_LENGTH + TAIL_LENGTH);
  encodeFields(after, AFTER_ROWS, pack);
  encodeFields(after.subarray(AFTER_ROWS_LENGTH), TAIL, pack);
  after[ITEMS_AT] = ITEMS;
  const cells = (pack.cellVoltages ?? []).map((volts) => unscaled(volts, CELL));
  return bytesOf(wordRow(cells), wordRow(sensors(pack)), after);
}

function alarmBlock(pack: PackReading): Uint8Array {
  const { cellVoltages = [], cellBalancing = [] } = pack;
  const alarms: Alarms = { ...pack.alarms, ...(pack.alarms?.lowSoc && { lowSoc: LOW_SOC_LEVEL }) };
  const status = new Uint8Array(STATUS.tail);
  putNumber(status, STATUS.protections, 'u16le', encodeAlarms(alarms, PROTECTIONS));
  encodeFields(status.subarray(STATUS.indication), INDICATION, pack);
  status[STATUS.fault] = encodeAlarms(alarms, FAULTS);
  putNumber(status, STATUS.balance, 'u16le', maskOf(cellBalancing.slice(0, 16)));
  putNumber(status, STATUS.warnings, 'u16le', encodeAlarms(alarms, WARNINGS));
  const normal = (count: number): Uint8Array => byteRow(new Array<number>(count).fill(0));
  return bytesOf(normal(cellVoltages.length), normal(sensors(pack).length), status);
}

function facts(code: number, table: Parameters<typeof encodeFields>[1], master: PackReading): Uint8Array {
  const length = LIMITS_LENGTH.get(code);
  const data = new Uint8Array(length ?? FACTS_LENGTH.get(code) ?? 0).fill(length === undefined ? BLANK : 0);
  if (code !== COMMAND.fullCharge && length !== undefined) data[0] = ENABLED;
  const { maxDischargeCurrent = 0 } = master;
  encodeFields(data, table, { ...master, maxDischargeCurrent: -maxDischargeCurrent });
  return data;
}
