import type { AlarmName } from '../../model/alarms.ts';
import { places, type RegisterMap, reg } from '../../protocol/register-map.ts';
import { bitsFrom, statusWord } from '../../protocol/status.ts';
import type { Block } from '../register-plan.ts';

/** The vendor's document V01.06. An answer tells its length only, so no two blocks have the same length. */
export const BLOCK = {
  values: { start: 0, count: 39 },
  settings: { start: 45, count: 91 },
  identity: { start: 105, count: 23 },
} as const satisfies Readonly<Record<string, Block>>;

/** The address with all DIP switches on: a master, or a battery that is alone. */
export const ALONE = 16;
export const ADDRESSES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, ALONE] as const;

/** degC of the first sensor below which the others may truly be at 0. */
export const MAY_BE_FREEZING = 10;

/** Warnings and protections have the same bits up to 12. */
const BITS: readonly AlarmName[] = [
  'highVoltage',
  'highCellVoltage',
  'lowVoltage',
  'lowCellVoltage',
  'highChargeCurrent',
  'highDischargeCurrent',
  'highTemperature', // surroundings
  'highInternalTemperature',
  'highChargeTemperature',
  'highTemperature',
  'lowChargeTemperature',
  'lowTemperature',
  'lowSoc',
];
export const PROTECTIONS_AT = reg(27);
/** Protections that close the way into the battery, and those that close the way out of it. The FETs themselves are not told. */
export const CHARGE_CLOSED_BY = [0, 1, 4, 8, 10];
export const DISCHARGE_CLOSED_BY = [2, 3, 5, 9, 11, 13];

export const MAP: RegisterMap = {
  fields: [
    { key: 'voltage', at: reg(0), type: 'u16be', scale: 0.01 },
    { key: 'current', at: reg(1), type: 's16be', scale: 0.01 },
    { key: 'mosfetTemperature', at: reg(18), type: 's16be' },
    { key: 'maxChargeCurrent', at: reg(22), type: 'u16be' },
    { key: 'soh', at: reg(23), type: 'u16be' },
    { key: 'soc', at: reg(24), type: 'u16be' },
    { key: 'cycles', at: reg(29), type: 'u32be' },
    // mA s
    { key: 'capacityFull', at: reg(31), type: 'u32be', scale: 1 / 3_600_000, decimals: 2, absent: [0] },
    { key: 'capacityDesign', at: reg(37), type: 'u16be', scale: 0.1, absent: [0] },
    { key: 'minDischargeVoltage', at: reg(64), type: 'u16be', scale: 0.01, absent: [0] },
    { key: 'maxChargeVoltage', at: reg(70), type: 'u16be', scale: 0.01, absent: [0] },
    { key: 'model', at: reg(105), type: 'text', length: 24 },
    { key: 'firmwareVersion', at: reg(117), type: 'text', length: 6 },
    { key: 'serialNumber', at: reg(120), type: 'text', length: 16 },
  ],
  cells: places(reg(2), 16, { type: 'u16be', scale: 0.001 }),
  cellCount: { at: reg(36), type: 'u16be' },
  // -56 stands where no sensor is fitted.
  temperatures: places(reg(33), 4, { type: 's8', absent: [-56], min: -49 }),
  balancing: { at: reg(38), type: 'u16be', cells: 16 },
  alarms: [
    statusWord(reg(26), bitsFrom(0, 1, ...BITS)),
    statusWord(PROTECTIONS_AT, bitsFrom(0, 2, ...BITS, 'shortCircuit')),
    statusWord(
      reg(28),
      bitsFrom(0, 2, 'internalFailure', 'internalFailure', 'internalFailure', undefined, 'cellImbalance'),
    ),
  ],
};
