import type { AlarmBit, Field, Scaling } from '../../../protocol/fields.ts';

/**
 * Register map of the PACE Modbus protocol V1.3 as the Hubble AM2 speaks it; register numbers are decimal. No captured
 * frame of an AM2 is public: the scalings are confirmed by values that owners published.
 */
/**
 * What is read. An answer names its length and nothing else of what was asked, so no two blocks are of the same length: a late
 * answer is then never taken for another.
 */
export const VALUES = { first: 0, count: 37 } as const;
export const TEXTS = { first: 150, count: 30 } as const;
/** Read in two blocks, because a hole in the map makes some firmware refuse a larger one. */
export const PARAMETERS = [
  { first: 60, count: 20 },
  { first: 90, count: 25 },
] as const;
/** The same in pieces around what limits need, for firmware that refuses a block. */
export const PARAMETER_PIECES = [
  { first: 60, count: 2 },
  { first: 65, count: 1 },
  { first: 68, count: 3 },
  { first: 76, count: 4 },
  { first: 107, count: 5 },
] as const;

const NOT_GIVEN = 0xffff;

export const FIELDS = [
  { key: 'current', at: 0, type: 's16be', scale: 0.01 },
  { key: 'voltage', at: 2, type: 'u16be', scale: 0.01 },
  { key: 'soc', at: 4, type: 'u16be', absent: [NOT_GIVEN] },
  { key: 'soh', at: 6, type: 'u16be', absent: [NOT_GIVEN] },
  { key: 'capacityRemaining', at: 8, type: 'u16be', scale: 0.01, absent: [NOT_GIVEN] },
  { key: 'capacityFull', at: 10, type: 'u16be', scale: 0.01, absent: [NOT_GIVEN] },
  { key: 'capacityDesign', at: 12, type: 'u16be', scale: 0.01, absent: [0, NOT_GIVEN] },
  { key: 'cycles', at: 14, type: 'u16be', absent: [NOT_GIVEN] },
  { key: 'chargeEnabled', at: 22, type: 'flag', of: 'u16be', bit: 10 },
  { key: 'dischargeEnabled', at: 22, type: 'flag', of: 'u16be', bit: 11 },
] as const satisfies readonly Field[];

export const WARNINGS_AT = 18;
export const PROTECTIONS_AT = 20;
export const STATUS_AT = 22;
export const BALANCE_AT = 24;
export const CELLS_AT = 30;
export const CELL_PLACES = 16;
/** No product with this map has fewer. */
export const FEWEST_CELLS = 8;
/** A place that holds no cell is 0 or 0xFFFF. */
export const CELL: Scaling = { type: 'u16be', scale: 0.001, absent: [0, NOT_GIVEN] };
export const TEMPERATURES_AT = 62;
export const CELL_SENSORS = 4;
/** Signed, so that 0xFFFF is -0.1 degC and no sentinel. */
export const TEMPERATURE: Scaling = { type: 's16be', scale: 0.1, min: -50, max: 150 };
export const MOSFET_AT = 70;
export const AMBIENT_AT = 72;
export const BOARD_TEMPERATURES = [
  { key: 'mosfetTemperature', at: MOSFET_AT, ...TEMPERATURE },
  { key: 'ambientTemperature', at: AMBIENT_AT, ...TEMPERATURE },
] as const satisfies readonly Field[];

export const FAULTS: readonly AlarmBit[] = [
  { bit: 0, alarm: 'contactor', level: 2 },
  { bit: 1, alarm: 'contactor', level: 2 },
  { bit: 2, alarm: 'internalFailure', level: 2 },
  { bit: 4, alarm: 'internalFailure', level: 2 },
  { bit: 5, alarm: 'internalFailure', level: 2 },
  { bit: 14, alarm: 'contactor', level: 2 },
];

/** Ten registers each, two characters in a register, padded with blanks or NUL. */
export const TEXT_FIELDS = [
  { key: 'firmwareVersion', at: 0, type: 'text', length: 20 },
  { key: 'serialNumber', at: 20, type: 'text', length: 20 },
] as const satisfies readonly Field[];

/** Registers that limits come from: voltages in mV, currents in A. */
export const PARAMETER = {
  packHighWarning: 60,
  packHighProtection: 61,
  cellHighProtection: 65,
  packLowWarning: 68,
  packLowProtection: 69,
  chargeCurrentWarning: 76,
  dischargeCurrentWarning: 79,
  fullChargeVoltage: 107,
} as const;
/** Stay this far below the high-voltage warning when the pack does not tell its full-charge voltage, mV. */
export const BELOW_WARNING = 200;
/** mV; cells that may go above are not iron phosphate. */
export const LFP_CELL_MAX = 3800;
/** No product has 13 iron phosphate cells in series. */
export const NMC_CELLS = 13;
