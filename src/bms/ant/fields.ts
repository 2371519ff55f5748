import type { Field } from '../../protocol/fields.ts';

/** Where the 7E A1 status (function 11) begins its rows, and how many values each row may have. */
export const STATUS = { probes: 8, cells: 9, rows: 34, mostProbes: 8, mostCells: 32 } as const;
/** Status length without cells and probes, and the block that newer firmware appends (content unknown). */
export const STATUS_LENGTH = 106;
export const STATUS_EXTRA = [0, 14] as const;

/** Behind the rows of cells and probes; offsets count from there. Little endian; positive on the wire = discharge. */
export const AFTER_ROWS = [
  { key: 'mosfetTemperature', at: 0, type: 's16le', absent: [-40] },
  { key: 'voltage', at: 4, type: 'u16le', scale: 0.01 },
  { key: 'current', at: 6, type: 's16le', scale: -0.1 },
  { key: 'soc', at: 8, type: 'u16le' },
  { key: 'soh', at: 10, type: 'u16le' },
  { key: 'capacityDesign', at: 16, type: 'u32le', scale: 1e-6, decimals: 3, absent: [0] },
  { key: 'capacityFull', at: 16, type: 'u32le', scale: 1e-6, decimals: 3, absent: [0] },
  { key: 'capacityRemaining', at: 20, type: 'u32le', scale: 1e-6, decimals: 3 },
  { key: 'power', at: 28, type: 's32le', scale: -1 },
] as const satisfies readonly Field[];

/** FET bytes in the order proven by switching them: discharge first. The third byte is the balancer. */
export const DISCHARGE_FET_AT = 12;
export const CHARGE_FET_AT = 13;
export const BALANCER_AT = 14;
/** Bit 0 = cell 1. */
export const BALANCE_MASK_AT = 36;

/** 32 bytes of text; the digits at the end of the software text are its date. */
export const DEVICE = [
  { key: 'model', at: 0, type: 'text', length: 16 },
  { key: 'firmwareVersion', at: 16, type: 'text', length: 16 },
] as const satisfies readonly Field[];

/** Settings by byte address; FFFF means not used. All are trip points. */
export const SETTINGS = [
  { key: 'maxChargeVoltage', at: 0x08, type: 'u16le', scale: 0.1, absent: [0, 0xffff] },
  { key: 'minDischargeVoltage', at: 0x14, type: 'u16le', scale: 0.1, absent: [0, 0xffff] },
  { key: 'maxChargeCurrent', at: 0x68, type: 'u16le', scale: 0.1, absent: [0, 0xffff] },
  { key: 'maxDischargeCurrent', at: 0x6c, type: 'u16le', scale: 0.1, absent: [0, 0xffff] },
] as const satisfies readonly Field[];

/** Commands (function 51) that a driver may send. Zeroing, restart, shutdown and factory defaults are not here. */
export const COMMAND = {
  charge: { on: 0x0006, off: 0x0004 },
  discharge: { on: 0x0003, off: 0x0001 },
  balancer: { on: 0x000d, off: 0x000e },
} as const;
