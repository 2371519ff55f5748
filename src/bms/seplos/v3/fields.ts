import type { NumberType } from '../../../protocol/bytes.ts';
import type { Field, Scaling } from '../../../protocol/fields.ts';
import { places, type RegisterMap, reg } from '../../../protocol/register-map.ts';
import {
  bitsFrom,
  HEAT_ALARMS,
  pairsFrom,
  type StatusField,
  statusByte,
  VOLTAGE_ALARMS,
} from '../../../protocol/status.ts';
import type { Block } from '../../register-plan.ts';

export const FIRST = 1;
/** A pack that stands alone, and a master, answer to this address too. */
export const ALIAS = 0;
/** DIP switches. */
export const ADDRESSES = [FIRST, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, ALIAS] as const;

/** What is read. An answer tells its function and its length only, so no two blocks of one function have the same length. */
export const BLOCK = {
  pack: { code: 4, start: 0x1000, count: 0x11 },
  cells: { code: 4, start: 0x1100, count: 0x1a },
  state: { code: 1, start: 0x1200, count: 0x90 },
  thresholds: { code: 4, start: 0x1300, count: 0x0a },
  requested: { code: 4, start: 0x1335, count: 0x35 },
  identity: { code: 4, start: 0x1700, count: 0x33 },
} as const satisfies Readonly<Record<string, Block>>;

const CELL: Scaling = { type: 'u16be', scale: 0.001, absent: [0] };
/** 2731, 0 degC, stands where no sensor is fitted. */
const TEMPERATURE: Scaling = { type: 'u16be', offset: -2731, scale: 0.1, absent: [2731] };

const PACK: readonly Field[] = [
  { key: 'voltage', at: reg(0x1000), type: 'u16be', scale: 0.01 },
  { key: 'current', at: reg(0x1001), type: 's16be', scale: 0.01 },
  { key: 'capacityRemaining', at: reg(0x1002), type: 'u16be', scale: 0.01 },
  { key: 'capacityFull', at: reg(0x1003), type: 'u16be', scale: 0.01 },
  { key: 'soc', at: reg(0x1005), type: 'u16be', scale: 0.1 },
  { key: 'soh', at: reg(0x1006), type: 'u16be', scale: 0.1 },
  { key: 'cycles', at: reg(0x1007), type: 'u16be' },
  { key: 'maxDischargeCurrent', at: reg(0x100f), type: 'u16be' },
  { key: 'maxChargeCurrent', at: reg(0x1010), type: 'u16be' },
  { key: 'ambientTemperature', at: reg(0x1118), ...TEMPERATURE },
  { key: 'mosfetTemperature', at: reg(0x1119), ...TEMPERATURE },
];
const SETTINGS: readonly Field[] = [
  { key: 'cellCount', at: reg(0x1301), type: 'u16be' },
  // The warning of a low pack: the whole battery asks for the same in register 2015.
  { key: 'minDischargeVoltage', at: reg(0x1307), type: 'u16be', scale: 0.01, absent: [0] },
  { key: 'capacityDesign', at: reg(0x1358), type: 'u16be', scale: 0.01, absent: [0] },
  { key: 'maxChargeVoltage', at: reg(0x1365), type: 'u16be', scale: 0.01, absent: [0] },
];
const IDENTITY: readonly Field[] = [
  { key: 'model', at: reg(0x170a), type: 'text', length: 20 },
  { key: 'firmwareVersion', at: reg(0x1714), type: 'text', length: 2 },
  { key: 'serialNumber', at: reg(0x1715), type: 'text', length: 30 },
];
/** All packs together, as the master tells them at address 0; in logs only, because each pack is asked by itself. */
const SYSTEM: readonly Field[] = [
  { key: 'voltage', at: reg(0x2000), type: 'u32lw', scale: 0.01 },
  { key: 'current', at: reg(0x2002), type: 's32lw', scale: 0.1 },
  { key: 'capacityRemaining', at: reg(0x2004), type: 'u32lw', scale: 0.01 },
  { key: 'capacityFull', at: reg(0x2006), type: 'u32lw', scale: 0.01 },
  { key: 'capacityDesign', at: reg(0x200a), type: 'u32lw', scale: 0.01 },
  { key: 'maxDischargeCurrent', at: reg(0x2010), type: 'u32lw', scale: 0.1 },
  { key: 'maxChargeCurrent', at: reg(0x2012), type: 'u32lw', scale: 0.1 },
  { key: 'maxChargeVoltage', at: reg(0x2014), type: 'u16be', scale: 0.1 },
  { key: 'minDischargeVoltage', at: reg(0x2015), type: 'u16be', scale: 0.1 },
  { key: 'cycles', at: reg(0x2017), type: 'u16be' },
  { key: 'soc', at: reg(0x2018), type: 'u16be', scale: 0.1 },
  { key: 'soh', at: reg(0x2019), type: 'u16be', scale: 0.1 },
];

const coil = (number: number): number => number / 8;
/** Ten bytes of state begin at the coils 1240 of a pack and 2200 of all packs: TB09, 02, 03, 04, 05, 16, 06, 07, 08, 15. */
const STATES = [coil(0x1240), coil(0x2200)];
const ALARMS = STATES.flatMap((from): StatusField[] => [
  statusByte(from + 1, pairsFrom(0, ...VOLTAGE_ALARMS)),
  statusByte(from + 2, pairsFrom(0, ...HEAT_ALARMS)),
  statusByte(from + 3, pairsFrom(0, 'highTemperature', 'lowTemperature', 'highInternalTemperature')),
  statusByte(
    from + 4,
    pairsFrom(0, 'highChargeCurrent'),
    bitsFrom(2, 2, 'highChargeCurrent'),
    pairsFrom(3, 'highDischargeCurrent'),
    bitsFrom(5, 2, 'highDischargeCurrent', 'shortCircuit'),
  ),
  statusByte(
    from + 5,
    bitsFrom(0, 2, 'shortCircuit', undefined, 'highChargeCurrent', 'highDischargeCurrent'),
  ),
  statusByte(from + 6, pairsFrom(2, 'lowSoc'), bitsFrom(4, 1, 'cellImbalance')),
  statusByte(from + 8, bitsFrom(0, 1, 'lowSoc'), bitsFrom(5, 2, 'lowSoc')),
  statusByte(
    from + 9,
    bitsFrom(0, 2, 'internalFailure', 'internalFailure', 'contactor', 'contactor', 'cellImbalance'),
    bitsFrom(5, 2, 'internalFailure'),
    bitsFrom(6, 1, 'internalFailure'),
    bitsFrom(7, 2, 'internalFailure'),
  ),
]);
const of: NumberType = 'u8';
const SWITCHES = STATES.flatMap((from): Field[] => [
  { key: 'dischargeEnabled', at: from + 7, type: 'flag', of, bit: 0 },
  { key: 'chargeEnabled', at: from + 7, type: 'flag', of, bit: 1 },
]);

/** By function: 1 coils, 4 registers. */
export const MAPS = {
  1: {
    fields: SWITCHES,
    balancing: { at: coil(0x1230), type: 'u16le', cells: 16 },
    alarms: ALARMS,
  },
  4: {
    fields: [...PACK, ...SETTINGS, ...IDENTITY, ...SYSTEM],
    cells: places(reg(0x1100), 16, CELL),
    temperatures: places(reg(0x1110), 4, TEMPERATURE),
  },
} as const satisfies Readonly<Record<number, RegisterMap>>;
