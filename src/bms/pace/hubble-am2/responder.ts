import type { Alarms } from '../../../model/alarms.ts';
import type { PackReading } from '../../../model/reading.ts';
import type { Accept } from '../../../protocol/accept.ts';
import { bytesOf, readNumber } from '../../../protocol/bytes.ts';
import { encodeAlarms, encodeFields, maskOf, putNumber, unscaled } from '../../../protocol/encode.ts';
import { crcMatches, EXCEPTION_FLAG, withCrc } from '../../../protocol/modbus.ts';
import { packAt } from '../../../protocol/packs.ts';
import type { Responder } from '../../driver.ts';
import { PROTECTIONS, WARNINGS } from '../status.ts';
import {
  AMBIENT_AT,
  BALANCE_AT,
  BELOW_WARNING,
  CELL,
  CELLS_AT,
  FAULTS,
  FIELDS,
  LFP_CELL_MAX,
  MOSFET_AT,
  NMC_CELLS,
  PARAMETER,
  PROTECTIONS_AT,
  STATUS_AT,
  TEMPERATURE,
  TEMPERATURES_AT,
  TEXT_FIELDS,
  TEXTS,
  WARNINGS_AT,
} from './fields.ts';

const USUAL_ADDRESS = 1;
const READ = 0x03;
const ILLEGAL_ADDRESS = 2;
const REGISTERS = 181;
/** The only level at which this protocol tells it. */
const LOW_SOC_LEVEL = 1;
const NOT_SUPPORTED = 0xffff;
/** Cell over-voltage protection of the two chemistries, mV. */
const NMC_CELL_HIGH = 4250;
const LFP_CELL_HIGH = LFP_CELL_MAX - 100;

const acceptRead: Accept = (received) => {
  if (received.length < 2) return 'more';
  if (received[1] !== READ) return { refused: 'command' };
  if (received.length < 8) return 'more';
  return crcMatches(received.subarray(0, 8)) ? 8 : { refused: 'checksum' };
};

/** Batteries on one bus, each at its own address; every one answers reads of its whole map. */
export const responder: Responder = {
  accept: acceptRead,
  reply(request, battery) {
    const address = request[0] ?? 0;
    const pack = packAt(battery, address, USUAL_ADDRESS);
    if (pack === undefined) return undefined;
    const first = readNumber(request, 2, 'u16be') ?? 0;
    const count = readNumber(request, 4, 'u16be') ?? 0;
    if (count === 0 || first + count > REGISTERS)
      return { bytes: withCrc(bytesOf(address, READ | EXCEPTION_FLAG, ILLEGAL_ADDRESS)) };
    const data = map(pack).subarray(2 * first, 2 * (first + count));
    return { bytes: withCrc(bytesOf(address, READ, data.length, data)) };
  },
};

function map(pack: PackReading): Uint8Array {
  const data = new Uint8Array(2 * REGISTERS);
  const { cellVoltages = [], cellBalancing = [], temperatures = [] } = pack;
  const alarms: Alarms = { ...pack.alarms, ...(pack.alarms?.lowSoc && { lowSoc: LOW_SOC_LEVEL }) };
  encodeFields(data, FIELDS, pack);
  putNumber(data, WARNINGS_AT, 'u16be', encodeAlarms(alarms, WARNINGS));
  putNumber(data, PROTECTIONS_AT, 'u16be', encodeAlarms(alarms, PROTECTIONS));
  const switches = readNumber(data, STATUS_AT, 'u16be') ?? 0;
  putNumber(data, STATUS_AT, 'u16be', switches | encodeAlarms(alarms, FAULTS));
  putNumber(data, BALANCE_AT, 'u16be', maskOf(cellBalancing.slice(0, 16)));
  for (const [index, cell] of cellVoltages.entries())
    putNumber(data, CELLS_AT + 2 * index, 'u16be', unscaled(cell, CELL));
  for (const [index, degrees] of temperatures.entries())
    putNumber(data, TEMPERATURES_AT + 2 * index, 's16be', unscaled(degrees, TEMPERATURE));
  putNumber(data, MOSFET_AT, 's16be', unscaled(pack.mosfetTemperature, TEMPERATURE));
  putNumber(data, AMBIENT_AT, 's16be', unscaled(pack.ambientTemperature, TEMPERATURE));
  encodeFields(data.subarray(2 * TEXTS.first), TEXT_FIELDS, pack);
  for (const [register, value] of parameters(pack)) putNumber(data, 2 * register, 'u16be', value);
  return data;
}

function parameters(pack: PackReading): readonly (readonly [register: number, value: number])[] {
  const millivolts = (volts: number | undefined): number =>
    volts === undefined ? NOT_SUPPORTED : volts * 1000;
  const full = millivolts(pack.maxChargeVoltage);
  const nmc =
    pack.chemistry === undefined ? pack.cellVoltages?.length === NMC_CELLS : pack.chemistry === 'nmc';
  return [
    [PARAMETER.packHighWarning, full === NOT_SUPPORTED ? full : full + BELOW_WARNING],
    [PARAMETER.cellHighProtection, nmc ? NMC_CELL_HIGH : LFP_CELL_HIGH],
    [PARAMETER.packLowWarning, millivolts(pack.minDischargeVoltage)],
    [PARAMETER.chargeCurrentWarning, pack.maxChargeCurrent ?? NOT_SUPPORTED],
    [PARAMETER.dischargeCurrentWarning, pack.maxDischargeCurrent ?? NOT_SUPPORTED],
    [PARAMETER.fullChargeVoltage, full],
  ];
}
