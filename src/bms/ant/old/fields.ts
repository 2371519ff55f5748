import type { Field, Scaling } from '../../../protocol/fields.ts';

/** The 140-byte status. Big endian; positive current and power on the wire = discharge. */
export const STATUS = [
  { key: 'voltage', at: 4, type: 'u16be', scale: 0.1 },
  { key: 'current', at: 70, type: 's32be', scale: -0.1 },
  { key: 'soc', at: 74, type: 'u8' },
  { key: 'capacityDesign', at: 75, type: 'u32be', scale: 1e-6, decimals: 3, absent: [0] },
  { key: 'capacityFull', at: 75, type: 'u32be', scale: 1e-6, decimals: 3, absent: [0] },
  { key: 'capacityRemaining', at: 79, type: 'u32be', scale: 1e-6, decimals: 3 },
  { key: 'mosfetTemperature', at: 91, type: 's16be', absent: [-40] },
  { key: 'power', at: 111, type: 's32be', scale: -1 },
  { key: 'cellCount', at: 123, type: 'u8' },
] as const satisfies readonly Field[];

export const CELLS = { at: 6, most: 32, type: 'u16be', scale: 0.001 } as const satisfies Scaling & {
  at: number;
  most: number;
};
/** -40 = not fitted. The oldest firmware shows 0 instead, which cannot be told from a real 0. */
export const PROBES = { at: 95, count: 4, type: 's16be', absent: [-40] } as const satisfies Scaling & {
  at: number;
  count: number;
};

/** FET bytes: charge first, unlike the newer protocol. */
export const CHARGE_FET_AT = 103;
export const DISCHARGE_FET_AT = 104;
export const BALANCER_AT = 105;
export const CELL_COUNT_AT = 123;
/** Bit 0 = cell 1. */
export const BALANCE_MASK_AT = 132;

/** The unit's own idea of its highest and lowest cell: number and mV. */
export const EXTREMES = [
  { cellAt: 115, at: 116, of: Math.max },
  { cellAt: 118, at: 119, of: Math.min },
] as const;
