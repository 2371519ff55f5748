import type { AlarmBit, Field, Scaling } from '../../protocol/fields.ts';

/**
 * TopBMS, protocol V1.7 (2019). Captured frames confirm the analog reply, the switches of status 6 and the absence of
 * INFOFLAG; every other alarm bit is the document's word.
 */
export const VERSION = 0x21;
/** Replies carry 52 where the document says 21. */
export const REPLY_VERSION = 0x52;
export const REPLY_VERSIONS: readonly number[] = [VERSION, REPLY_VERSION];

export const COMMAND = { analog: 0x42, alarms: 0x44, product: 0xf1 } as const;

export const CELL: Scaling = { type: 'u16be', scale: 0.001 };
export const TEMPERATURE: Scaling = { type: 'u16be', offset: -40, scale: 1 };
/** From six sensors on: four between the cells, then ambient and MOSFET in the order of the alarm list. */
export const CELL_SENSORS = 4;

/** After the rows of cells and temperatures. */
export const AFTER_ROWS = [
  { key: 'current', at: 0, type: 's16be', scale: 0.01 },
  { key: 'voltage', at: 2, type: 'u16be', scale: 0.01 },
  { key: 'capacityRemaining', at: 4, type: 'u16be', scale: 0.01 },
  { key: 'capacityFull', at: 7, type: 'u16be', scale: 0.01 },
  { key: 'cycles', at: 9, type: 'u16be' },
  { key: 'soc', at: 11, type: 'u8' },
  { key: 'soh', at: 12, type: 'u8' },
] as const satisfies readonly Field[];
export const ITEMS_AT = 6;
export const ITEMS = 6;
/** Bit 0 = cell 1; older firmware may end before it. */
export const BALANCE_AT = 13;
export const BALANCE_CELLS = 16;
/** Length of a block after the rows, as captured. */
export const AFTER_ROWS_LENGTH = 19;

/** Alarm reply after the rows: state bytes of current and voltage, a short-circuit word, a count, then the status bytes. */
export const STATUS_COUNT_AT = 4;
export const STATUS_COUNT = 15;

/** Status 6. */
export const SWITCHES_STATUS = 6;
export const SWITCHES = [
  { key: 'dischargeEnabled', at: 0, type: 'flag', of: 'u8', bit: 0 },
  { key: 'chargeEnabled', at: 0, type: 'flag', of: 'u8', bit: 1 },
] as const satisfies readonly Field[];

const ANY_FAILED_CELL: readonly AlarmBit[] = [0, 1, 2, 3, 4, 5, 6, 7].map((bit) => ({
  bit,
  alarm: 'internalFailure',
  level: 2,
}));

/** What the status bytes say, by their number from 1. */
export const STATUS_ALARMS: ReadonlyMap<number, readonly AlarmBit[]> = new Map<number, readonly AlarmBit[]>([
  [
    1,
    [
      { bit: 0, alarm: 'highCellVoltage', level: 1 },
      { bit: 1, alarm: 'lowCellVoltage', level: 1 },
      { bit: 2, alarm: 'highVoltage', level: 1 },
      { bit: 3, alarm: 'lowVoltage', level: 1 },
      { bit: 4, alarm: 'highChargeCurrent', level: 1 },
      { bit: 5, alarm: 'highDischargeCurrent', level: 1 },
      { bit: 6, alarm: 'cellImbalance', level: 1 },
      { bit: 7, alarm: 'cellImbalance', level: 2 },
    ],
  ],
  [
    2,
    [
      { bit: 0, alarm: 'highCellVoltage', level: 2 },
      { bit: 1, alarm: 'lowCellVoltage', level: 2 },
      { bit: 2, alarm: 'highVoltage', level: 2 },
      { bit: 3, alarm: 'lowVoltage', level: 2 },
      { bit: 4, alarm: 'highChargeCurrent', level: 2 },
      { bit: 5, alarm: 'highDischargeCurrent', level: 2 },
      { bit: 6, alarm: 'highDischargeCurrent', level: 2 },
      { bit: 7, alarm: 'shortCircuit', level: 2 },
    ],
  ],
  [3, temperatureAlarms(1)],
  [4, temperatureAlarms(2)],
  [
    5,
    [
      { bit: 0, alarm: 'internalFailure', level: 2 },
      { bit: 1, alarm: 'lowSoc', level: 1 },
      { bit: 2, alarm: 'contactor', level: 2 },
      { bit: 3, alarm: 'contactor', level: 2 },
      { bit: 4, alarm: 'highTemperature', level: 1 },
      { bit: 5, alarm: 'lowTemperature', level: 1 },
    ],
  ],
  [8, ANY_FAILED_CELL],
  [9, ANY_FAILED_CELL],
  [10, ANY_FAILED_CELL],
  [11, ANY_FAILED_CELL],
  [12, ANY_FAILED_CELL],
  [13, ANY_FAILED_CELL],
  [
    14,
    [
      { bit: 0, alarm: 'contactor', level: 2 },
      { bit: 1, alarm: 'contactor', level: 2 },
      { bit: 2, alarm: 'internalFailure', level: 2 },
      { bit: 3, alarm: 'internalFailure', level: 1 },
      { bit: 4, alarm: 'internalFailure', level: 1 },
      { bit: 5, alarm: 'internalFailure', level: 2 },
      { bit: 6, alarm: 'highVoltage', level: 2 },
      { bit: 7, alarm: 'contactor', level: 2 },
    ],
  ],
  [15, ANY_FAILED_CELL.slice(0, 4)],
]);

/** Status 3 warns, status 4 protects: charge and discharge heat and cold, ambient heat and cold, MOSFET heat and cold. */
function temperatureAlarms(level: 1 | 2): readonly AlarmBit[] {
  return [
    { bit: 0, alarm: 'highChargeTemperature', level },
    { bit: 1, alarm: 'lowChargeTemperature', level },
    { bit: 2, alarm: 'highTemperature', level },
    { bit: 3, alarm: 'lowTemperature', level },
    { bit: 4, alarm: 'highTemperature', level },
    { bit: 5, alarm: 'lowTemperature', level },
    { bit: 6, alarm: 'highInternalTemperature', level },
    { bit: 7, alarm: 'lowTemperature', level },
  ];
}

/** Reply to F1 behind the pack byte: seven texts of 30 characters (company, date, module, version, type, serial, remark). */
export const PRODUCT = [
  { key: 'model', at: 60, type: 'text', length: 30 },
  { key: 'firmwareVersion', at: 90, type: 'text', length: 30 },
  { key: 'serialNumber', at: 150, type: 'text', length: 30 },
] as const satisfies readonly Field[];
export const PRODUCT_LENGTH = 210;
