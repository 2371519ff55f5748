import type { Field, Scaling } from '../../protocol/fields.ts';

/** Commands that this driver sends. */
export const COMMAND = {
  ratings: 0x50,
  batteryCode: 0x57,
  packLimits: 0x5a,
  pack: 0x90,
  state: 0x93,
  counts: 0x94,
  cells: 0x95,
  temperatures: 0x96,
  balancing: 0x97,
  faults: 0x98,
  dischargeFet: 0xd9,
  chargeFet: 0xda,
} as const;

/** Answers of several frames, numbered from 1 in their first byte: how many there can be, and what each carries. */
export const MOST_FRAMES: Readonly<Record<number, number>> = {
  [COMMAND.cells]: 16,
  [COMMAND.temperatures]: 3,
  [COMMAND.batteryCode]: 5,
};
export const CELLS_PER_FRAME = 3;
export const SENSORS_PER_FRAME = 7;
export const CODE_PER_FRAME = 7;

export const CELL: Scaling = { type: 'u16be', scale: 0.001 };
/** Places without a sensor read 0 or 0xFF. */
export const TEMPERATURE: Scaling = { type: 'u8', offset: -40, absent: [0, 0xff] };
export const BALANCE_BITS = 48;
/** Number of temperature sensors in the answer to 0x94. */
export const SENSOR_COUNT_AT = 1;

/** What one-frame answers carry in their eight data bytes. On this wire a raw current above 30000 is a discharge. */
export const FIELDS: Readonly<Record<number, readonly Field[]>> = {
  [COMMAND.pack]: [
    { key: 'voltage', at: 0, type: 'u16be', scale: 0.1 },
    { key: 'current', at: 4, type: 'u16be', offset: -30000, scale: -0.1 },
    { key: 'soc', at: 6, type: 'u16be', scale: 0.1 },
  ],
  [COMMAND.state]: [
    { key: 'chargeEnabled', at: 1, type: 'flag', of: 'u8' },
    { key: 'dischargeEnabled', at: 2, type: 'flag', of: 'u8' },
    { key: 'capacityRemaining', at: 4, type: 'u32be', scale: 0.001 },
  ],
  [COMMAND.counts]: [
    { key: 'cellCount', at: 0, type: 'u8' },
    { key: 'cycles', at: 5, type: 'u16be' },
  ],
  [COMMAND.ratings]: [{ key: 'capacityDesign', at: 0, type: 'u32be', scale: 0.001, absent: [0] }],
  [COMMAND.packLimits]: [
    { key: 'maxChargeVoltage', at: 2, type: 'u16be', scale: 0.1, absent: [0], max: 160 },
    { key: 'minDischargeVoltage', at: 6, type: 'u16be', scale: 0.1, absent: [0], max: 160 },
  ],
};
