import { places, type RegisterMap, reg } from '../../protocol/register-map.ts';
import { bitsFrom, statusWord } from '../../protocol/status.ts';
import type { Block } from '../register-plan.ts';

/**
 * Renogy Modbus V1.7; register numbers are decimal. Registers 5034 and 5053 to 5099 do not exist. An answer tells its length
 * only, so no two blocks that a pack is usually asked for have the same length.
 */
export const BLOCK = {
  cells: { start: 5000, count: 34 },
  board: { start: 5035, count: 7 },
  values: { start: 5042, count: 11 },
  states: { start: 5100, count: 10 },
  identity: { start: 5110, count: 22 },
  // As others read it, where the longer block is refused.
  model: { start: 5122, count: 10 },
} as const satisfies Readonly<Record<string, Block>>;

/** Packs with Bluetooth and 48 V packs, packs without, and where other devices of Renogy were seen to put them. */
export const ADDRESSES = [48, 247, 1, 49, 72] as const;
export const SECOND_USUAL = 247;

/** In the block of the cells. They are told in 0.1 V: enough to prove a battery, too coarse to be shown or to steer by. */
export const CELLS_AT = 2;
export const CELL = { type: 'u16be', scale: 0.1 } as const;
export const CAPACITY = {
  left: { at: reg(5044), type: 'u32be' },
  full: { at: reg(5046), type: 'u32be' },
} as const;
/** Told where the count of its sensors is not 0. */
export const SURROUNDINGS = {
  at: reg(5037),
  type: 's16be',
  scale: 0.1,
  count: { at: reg(5036), type: 'u16be' },
} as const;
/** Models of which the current is told in tenths, where others tell hundredths. */
export const COARSE_CURRENT = /^RNGRBP/;

/** Status 1. */
export const STATUS = { at: reg(5106), type: 'u16be' } as const;
export const FETS = { charge: 1, discharge: 2 } as const;

/** Two bits for each of `count` things from pair `first`: 1 too low, 2 too high, 3 something else. */
export const PAIRS = [
  { at: reg(5100), type: 'u32be', first: 0, count: 16, low: 'lowCellVoltage', high: 'highCellVoltage' },
  { at: reg(5102), type: 'u32be', first: 0, count: 16, low: 'lowTemperature', high: 'highTemperature' },
  {
    at: reg(5104),
    type: 'u32be',
    first: 9,
    count: 1,
    low: 'highDischargeCurrent',
    high: 'highDischargeCurrent',
  },
  { at: reg(5104), type: 'u32be', first: 10, count: 1, low: 'highChargeCurrent', high: 'highChargeCurrent' },
  { at: reg(5104), type: 'u32be', first: 13, count: 2, low: 'lowTemperature', high: 'highTemperature' },
  {
    at: reg(5104),
    type: 'u32be',
    first: 15,
    count: 1,
    low: 'lowTemperature',
    high: 'highInternalTemperature',
  },
] as const;

export const MAP: RegisterMap = {
  fields: [
    { key: 'cellCount', at: reg(5000), type: 'u16be' },
    { key: 'mosfetTemperature', at: reg(5035), type: 's16be', scale: 0.1, absent: [0] },
    { key: 'current', at: reg(5042), type: 's16be', scale: 0.01 },
    { key: 'voltage', at: reg(5043), type: 'u16be', scale: 0.1 },
    { key: 'capacityRemaining', at: reg(5044), type: 'u32be', scale: 0.001 },
    { key: 'capacityFull', at: reg(5046), type: 'u32be', scale: 0.001, absent: [0] },
    { key: 'cycles', at: reg(5048), type: 'u16be' },
    { key: 'maxChargeVoltage', at: reg(5049), type: 'u16be', scale: 0.1 },
    { key: 'minDischargeVoltage', at: reg(5050), type: 'u16be', scale: 0.1 },
    { key: 'maxChargeCurrent', at: reg(5051), type: 's16be', scale: 0.01 },
    { key: 'maxDischargeCurrent', at: reg(5052), type: 's16be', scale: -0.01 },
    { key: 'serialNumber', at: reg(5110), type: 'text', length: 16 },
    { key: 'model', at: reg(5122), type: 'text', length: 16 },
    { key: 'firmwareVersion', at: reg(5130), type: 'text', length: 4 },
  ],
  temperatures: places(reg(5018), 16, { type: 's16be', scale: 0.1 }),
  sensorCount: { at: reg(5017), type: 'u16be' },
  alarms: [
    // Bit 3, electronics powered by the battery, is normal.
    statusWord(
      STATUS.at,
      bitsFrom(0, 2, 'shortCircuit'),
      bitsFrom(4, 2, 'highChargeCurrent', 'highDischargeCurrent', 'highVoltage', 'lowCellVoltage'),
      bitsFrom(8, 2, 'highCellVoltage', 'highChargeCurrent', 'highDischargeCurrent', 'lowTemperature'),
      bitsFrom(12, 2, 'highTemperature', 'lowChargeTemperature', 'highChargeTemperature', 'lowVoltage'),
    ),
    // Status 2; higher bits are states.
    statusWord(
      reg(5107),
      bitsFrom(0, 1, 'lowCellVoltage', 'highCellVoltage', 'lowVoltage', 'highVoltage'),
      bitsFrom(4, 1, 'lowChargeTemperature', 'highChargeTemperature', 'lowTemperature', 'highTemperature'),
    ),
  ],
};
