import type { AlarmBit, Field, Scaling } from '../../../protocol/fields.ts';

/** First and last block number of the requests that this driver makes. */
export const BLOCK = {
  /** Measurements; every pack answers it. */
  status: [0x1000, 0x10a0],
  /** Names and dates; only the pack with the cable answers it. */
  identity: [0x1c00, 0x1ca0],
} as const;

const TENTHS = { type: 'u16be', offset: -500, scale: 0.1 } as const;
export const TEMPERATURE: Scaling = TENTHS;
export const CELL: Scaling = { type: 'u16be', scale: 0.001 };

/** The fixed part of the status block. The FET bits stand the other way round than in the classic protocol. */
export const STATUS = [
  { key: 'voltage', at: 0, type: 'u16be', scale: 0.01 },
  { key: 'current', at: 4, type: 'u32be', offset: -300000, scale: 0.01 },
  { key: 'soc', at: 8, type: 'u16be', scale: 0.01 },
  { key: 'capacityRemaining', at: 10, type: 'u16be', scale: 0.01 },
  { key: 'capacityFull', at: 12, type: 'u16be', scale: 0.01 },
  { key: 'capacityDesign', at: 14, type: 'u16be', scale: 0.01 },
  { key: 'mosfetTemperature', at: 16, ...TENTHS },
  { key: 'ambientTemperature', at: 18, ...TENTHS },
  { key: 'soh', at: 22, type: 'u16be' },
  { key: 'dischargeEnabled', at: 32, type: 'flag', of: 'u16be', bit: 0 },
  { key: 'chargeEnabled', at: 32, type: 'flag', of: 'u16be', bit: 1 },
  { key: 'cycles', at: 36, type: 'u16be' },
  { key: 'maxChargeVoltage', at: 58, type: 'u16be', scale: 0.1 },
  { key: 'maxChargeCurrent', at: 60, type: 'u16be', scale: 0.1 },
  { key: 'minDischargeVoltage', at: 62, type: 'u16be', scale: 0.1 },
  { key: 'maxDischargeCurrent', at: 64, type: 'u16be', scale: 0.1 },
  { key: 'cellCount', at: 66, type: 'u16be' },
] as const satisfies readonly Field[];

export const FAULTS_AT = 24;
export const WARNINGS_AT = 28;
/** Cell count, then that many cells, then the sensor count and that many sensors. */
export const CELLS_AT = 66;

/** What follows the sensors, counted from there. */
export const TAIL_AT = { balance: 2, firmware: 4, serial: 6 } as const;
export const TAIL = [
  { key: 'serialNumber', at: TAIL_AT.serial, type: 'text', length: 30 },
] as const satisfies readonly Field[];
export const TAIL_LENGTH = 36;
/** Behind the tail the pack with the cable sends 12 more bytes, the others 4. */
export const TRAILING = { master: 12, slave: 4 } as const;

/** The identity block; the board's own serial number stands behind the model. */
export const IDENTITY = [
  { key: 'model', at: 16, type: 'text', length: 8 },
  { key: 'serialNumber', at: 52, type: 'text', length: 30 },
] as const satisfies readonly Field[];
/** Year, month and day of the pack, a word each. */
export const DATE_AT = 82;
export const IDENTITY_LENGTH = 134;

const bits = (level: AlarmBit['level'], names: readonly (AlarmBit['alarm'] | undefined)[]): AlarmBit[] =>
  names.flatMap((alarm, bit) => (alarm === undefined ? [] : [{ bit, alarm, level }]));

/** Fault word at 24, bit 0 first. */
export const FAULTS: readonly AlarmBit[] = bits(2, [
  'highCellVoltage',
  'lowCellVoltage',
  'highVoltage',
  'lowVoltage',
  'highChargeCurrent',
  'highChargeCurrent',
  'highDischargeCurrent',
  'highDischargeCurrent',
  'highChargeTemperature',
  'lowChargeTemperature',
  'highTemperature',
  'lowTemperature',
  'highInternalTemperature',
  undefined, // surroundings too hot
  undefined, // surroundings too cold
  'cellImbalance',
  undefined, // temperature difference
  'lowSoc',
  'shortCircuit',
  'internalFailure', // cell wire lost
  'internalFailure', // probe
  'internalFailure', // charge FET
  'internalFailure', // discharge FET
  'internalFailure', // limiter
  'internalFailure', // aerosol
  undefined, // full
  'internalFailure', // front end
  'internalFailure', // reverse connection
]);

/** Warning word at 28, bit 0 first. */
export const WARNINGS: readonly AlarmBit[] = bits(1, [
  'highCellVoltage',
  'lowCellVoltage',
  'highVoltage',
  'lowVoltage',
  'highChargeCurrent',
  'highDischargeCurrent',
  'highChargeTemperature',
  'lowChargeTemperature',
  'highTemperature',
  'lowTemperature',
  'highInternalTemperature',
  undefined, // surroundings too hot
  undefined, // surroundings too cold
  'cellImbalance',
  undefined, // temperature difference
  'lowSoc',
  'internalFailure', // EEPROM
  'internalFailure', // clock
]);
