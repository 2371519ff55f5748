import type { BankReading, PackReading } from '../../model/reading.ts';
import { byteRow, wordRow } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS } from '../../protocol/ascii-dialect.ts';
import { acceptFrame, buildFrame, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf, writeText } from '../../protocol/bytes.ts';
import { encodeAlarms, encodeFields, unscaled } from '../../protocol/encode.ts';
import { packAt } from '../../protocol/packs.ts';
import type { Responder } from '../driver.ts';
import {
  AFTER_ROWS,
  ALARM_LENGTH,
  CELL,
  CHARGE_REQUESTS,
  COMMAND,
  ITEMS_AT,
  LARGE,
  LARGE_ITEMS,
  LARGE_LENGTH,
  MANAGEMENT,
  MANAGEMENT_LENGTH,
  MANAGEMENT_STATUS_AT,
  MANUFACTURER,
  MANUFACTURER_VERSION_AT,
  SERIAL_NUMBER,
  SERIAL_NUMBER_LENGTH,
  STATE,
  STATUS_1,
  SWITCHES,
  TEMPERATURE,
  VENDOR,
  VERSION,
} from './fields.ts';

const MASTER = 2;
const FLAG = 0x11;
/** As newer modules do whatever their size: capacities in 24 bits, the 16-bit places filled. */
const FILLED = 0xff;

/** Stacks on RS485: every module answers at its address and names its place in the group, the master also for the group. */
export const responder: Responder = {
  accept: acceptFrame,
  reply(request, battery) {
    const { cid1, address, code, info: asked } = parseFrame(request);
    const pack = packAt(battery, address, MASTER);
    if (pack === undefined) return undefined;
    const place = address & 0x0f;
    const answer = (...data: (number | Uint8Array)[]): { bytes: Uint8Array } => ({
      bytes: buildFrame({ version: VERSION, address, cid1, code: 0, info: bytesOf(...data) }),
    });
    const group: readonly PackReading[] | undefined =
      asked[0] === ALL_PACKS && place === MASTER ? groupOf(battery, address) : undefined;
    switch (code) {
      case COMMAND.analog:
        return answer(FLAG, group?.length ?? place, ...(group ?? [pack]).map(analogBlock));
      case COMMAND.alarms:
        return answer(FLAG, group?.length ?? place, ...(group ?? [pack]).map(alarmBlock));
      case COMMAND.management:
        return answer(place, management(pack));
      case COMMAND.manufacturer:
        return answer(manufacturer(pack));
      case COMMAND.serialNumber:
        return answer(place, serialNumber(pack));
      default:
        return undefined;
    }
  },
};

/** The modules whose addresses have the high half of `master`. */
function groupOf({ modules, ...alone }: BankReading, master: number): readonly PackReading[] {
  return modules?.filter(({ address }) => address >> 4 === master >> 4) ?? [alone];
}

function sensors({ mosfetTemperature, temperatures = [] }: PackReading): number[] {
  return [mosfetTemperature, ...temperatures].map((degrees) => unscaled(degrees, TEMPERATURE));
}

function analogBlock(pack: PackReading): Uint8Array {
  const after = new Uint8Array(LARGE_LENGTH).fill(FILLED);
  // The state of charge is the ratio of the two capacities, so the ratio has to be right.
  const { soc, capacityFull: full, capacityRemaining } = pack;
  const exact = soc === undefined || full === undefined ? capacityRemaining : (full * soc) / 100;
  encodeFields(after, [...AFTER_ROWS, ...LARGE], {
    ...pack,
    ...(exact !== undefined && { capacityRemaining: exact }),
  });
  after[ITEMS_AT] = LARGE_ITEMS;
  const cells = (pack.cellVoltages ?? []).map((volts) => unscaled(volts, CELL));
  return bytesOf(wordRow(cells), wordRow(sensors(pack)), after);
}

function alarmBlock(pack: PackReading): Uint8Array {
  const { alarms = {}, cellVoltages = [] } = pack;
  const cells = new Array<number>(cellVoltages.length).fill(0);
  if (alarms.highCellVoltage === 2) cells[0] = 2;
  if (alarms.lowCellVoltage === 2) cells[cells.length - 1] = 1;
  const degrees = new Array<number>(sensors(pack).length).fill(0);
  if (alarms.highInternalTemperature === 2) degrees[0] = 2;
  if (alarms.lowTemperature === 2 || alarms.lowChargeTemperature === 2) degrees[1] = 1;
  const after = new Uint8Array(ALARM_LENGTH);
  const status = after.subarray(STATE.status);
  status[0] = encodeAlarms(alarms, STATUS_1);
  encodeFields(status, SWITCHES, pack);
  status[3] = alarms.internalFailure === 2 ? 1 : 0;
  return bytesOf(byteRow(cells), byteRow(degrees), after);
}

function management(pack: PackReading): Uint8Array {
  const { maxDischargeCurrent = 0, alarms = {} } = pack;
  const data = new Uint8Array(MANAGEMENT_LENGTH);
  encodeFields(data, MANAGEMENT, { ...pack, maxDischargeCurrent: -maxDischargeCurrent });
  data[MANAGEMENT_STATUS_AT] = (data[MANAGEMENT_STATUS_AT] ?? 0) | encodeAlarms(alarms, CHARGE_REQUESTS);
  return data;
}

function manufacturer(pack: PackReading): Uint8Array {
  const name = new Uint8Array(MANUFACTURER_VERSION_AT);
  encodeFields(name, MANUFACTURER, pack);
  const [major = 0, minor = 0] = (pack.firmwareVersion ?? '').split('.').map(Number);
  return bytesOf(name, major, minor, writeText(VENDOR, 20, 0x2d));
}

function serialNumber(pack: PackReading): Uint8Array {
  const text = new Uint8Array(SERIAL_NUMBER_LENGTH);
  encodeFields(text, SERIAL_NUMBER, pack);
  return text;
}
