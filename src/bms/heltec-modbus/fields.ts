import { places, type RegisterMap, reg } from '../../protocol/register-map.ts';
import { bitsFrom } from '../../protocol/status.ts';
import type { Block } from '../register-plan.ts';

/**
 * Register numbers are decimal; what is in the registers is little endian. Those who read this board read small pieces; larger
 * ones are asked for first, because an answer tells its length only and many of the pieces have the same.
 */
export const BLOCK = {
  values: { start: 75, count: 5 },
  temperatures: { start: 112, count: 2 },
  charge: { start: 118, count: 3 },
  full: { start: 126, count: 1 },
  /** Never further: the Bluetooth password stands at 47. */
  identity: { start: 2, count: 39 },
  model: { start: 7, count: 13 },
  limits: { start: 169, count: 26 },
} as const satisfies Readonly<Record<string, Block>>;
/** Balancing, run state and alarms; without balancing; the alarms alone. */
export const STATES = [
  { start: 139, count: 19 },
  { start: 152, count: 6 },
  { start: 156, count: 2 },
] as const satisfies readonly Block[];
export const CELLS_START = 81;
export const MOST_CELLS = 24;

export const ADDRESSES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] as const;

/** Cell chemistry by its number. */
export const CHEMISTRY = { at: reg(75) + 1, type: 'u8', kinds: ['nmc', 'lfp', 'lto'] } as const;
/** Of the FETs and of the balancer, degC from -40 on. */
export const BOARD = places(reg(112), 2, { type: 'u8' });
export const BOARD_OFFSET = -40;
/** Year, day, month. */
export const DATE = [
  { at: reg(39), type: 'u16le' },
  { at: reg(40), type: 'u8' },
  { at: reg(40) + 1, type: 'u8' },
] as const;
/** Groups of hexadecimal digits. */
export const SERIAL = places(reg(2), 4, { type: 'u16be' });
export const HARDWARE = { at: reg(38), type: 'u8' } as const;
/** Trip points of one cell, V. */
export const CELL_LIMITS = {
  high: { at: reg(169), type: 'u16le', scale: 0.001 },
  low: { at: reg(172), type: 'u16le', scale: 0.001 },
} as const;

export const MAP: RegisterMap = {
  fields: [
    { key: 'cellCount', at: reg(75), type: 'u8' },
    { key: 'voltage', at: reg(76), type: 's32le', scale: 0.001 },
    // Positive while discharging.
    { key: 'current', at: reg(78), type: 's32le', scale: -0.01 },
    { key: 'capacityDesign', at: reg(118), type: 'u16le', scale: 0.1, absent: [0] },
    { key: 'soc', at: reg(120), type: 'u8' },
    { key: 'soh', at: reg(120) + 1, type: 'u8' },
    { key: 'capacityFull', at: reg(126), type: 'u16le', scale: 0.1, absent: [0] },
    { key: 'chargeEnabled', at: reg(152), type: 'flag', of: 'u32le', bit: 28, inverse: true },
    { key: 'dischargeEnabled', at: reg(152), type: 'flag', of: 'u32le', bit: 29, inverse: true },
    { key: 'maxChargeCurrent', at: reg(191), type: 'u16le', scale: 0.01, absent: [0] },
    { key: 'maxDischargeCurrent', at: reg(194), type: 'u16le', scale: 0.01, absent: [0] },
    { key: 'model', at: reg(7), type: 'text', length: 26 },
  ],
  cells: places(reg(CELLS_START), MOST_CELLS, { type: 'u16le', scale: 0.001 }),
  // The first sensor stands behind the second.
  temperatures: [1, 0].map((byte) => ({ at: reg(113) + byte, type: 'u8', offset: -40 })),
  balancing: { at: reg(139), type: 'u32le', cells: MOST_CELLS },
  alarms: [
    {
      at: reg(156),
      type: 'u32le',
      bits: [
        ...bitsFrom(0, 2, 'highCellVoltage', 'lowCellVoltage', undefined, 'highVoltage', 'lowVoltage'),
        ...bitsFrom(5, 2, 'highChargeCurrent'),
        ...bitsFrom(6, 1, 'highDischargeCurrent'),
        ...bitsFrom(7, 2, 'highDischargeCurrent', 'shortCircuit', 'highChargeTemperature'),
        ...bitsFrom(10, 2, 'lowChargeTemperature', 'highTemperature', 'lowTemperature'),
        ...bitsFrom(13, 2, 'highInternalTemperature'),
        ...bitsFrom(14, 1, 'lowSoc'),
        // Bit 15, full, is a state.
        ...bitsFrom(16, 2, ...new Array<'internalFailure'>(16).fill('internalFailure')),
      ],
    },
  ],
};
