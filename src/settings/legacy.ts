import { CELL_LIMITS } from '../model/chemistry.ts';
import { temperatureTable } from './legacy-temperature.ts';
import { plainName } from './nearest.ts';
import type { Setting, SettingValue } from './table.ts';

/** The value that the file states for another option, by the newest name of that option. */
export type Lookup = (option: string) => string | undefined;

/** An option of the old driver that has a counterpart here. */
export interface LegacyOption {
  readonly key: Setting['key'];
  /** What the old value means here, or why it cannot be taken over. */
  convert(value: string, other: Lookup): SettingValue | Refusal;
  /** It limits nothing: when it is not taken over, no limit is lost. */
  readonly isHarmless?: true;
  /** The option that switches it on and off. */
  readonly needs?: string;
  /** An empty value is no way to leave it out; what it limits would then be unknown. */
  readonly isRequired?: true;
}

/** A value that means nothing here. */
export interface Refusal {
  readonly because: string;
}

export function isRefusal(converted: SettingValue | Refusal): converted is Refusal {
  return typeof converted === 'object' && 'because' in converted;
}

/** The options of the driver dbus-serialbattery (`config.ini`, version 2.1) that have a counterpart here. */
export const LEGACY_OPTIONS: Readonly<Record<string, LegacyOption>> = {
  LOGGING: { key: 'log.level', convert: level, isHarmless: true },
  MAX_BATTERY_CHARGE_CURRENT: { key: 'limits.maxChargeCurrent', convert: number, isRequired: true },
  MAX_BATTERY_DISCHARGE_CURRENT: { key: 'limits.maxDischargeCurrent', convert: number, isRequired: true },
  MIN_CELL_VOLTAGE: { key: 'charge.minCellVoltage', convert: number },
  MAX_CELL_VOLTAGE: { key: 'charge.absorbCellVoltage', convert: number },
  FLOAT_CELL_VOLTAGE: { key: 'charge.floatCellVoltage', convert: number },
  VOLTAGE_DROP: { key: 'charge.voltageDrop', convert: number },
  SWITCH_TO_BULK_SOC_THRESHOLD: { key: 'charge.rebulkSoc', convert: number },
  SOC_RESET_AFTER_DAYS: { key: 'charge.topBalanceDays', convert: topBalanceDays },
  BATTERY_CAPACITY: { key: 'battery.capacity', convert: capacity },
  SOC_CALCULATION: { key: 'soc.socSource', convert: (value) => choose(value, 'counter', 'bms') },
  BMS_TYPE: { key: 'connection.bms', convert: bmsType, isHarmless: true },
  BATTERY_ADDRESSES: { key: 'connection.address', convert: addresses, isHarmless: true },
  POLL_INTERVAL: { key: 'connection.pollInterval', convert: number, isHarmless: true },
  INVERT_CURRENT_MEASUREMENT: { key: 'connection.invertCurrent', convert: inverted },
  BLOCK_ON_DISCONNECT: {
    key: 'connection.blockOnDisconnect',
    convert: (value) => choose(value, true, false),
  },
  BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES: { key: 'connection.graceMinutes', convert: number },
  TEMPERATURES_WHILE_CHARGING: temperatureOption(),
  MAX_CHARGE_CURRENT_T_FRACTION: temperatureOption(),
  MAX_CHARGE_CURRENT_T: temperatureOption(),
};

/** What options of version 1.x, and of the time before, are called since. */
const RENAMED: Readonly<Record<string, string>> = {
  BULK_AFTER_DAYS: 'SOC_RESET_AFTER_DAYS',
  BULK_CELL_VOLTAGE: 'SOC_RESET_CELL_VOLTAGE',
  CELL_VOLTAGE_DIFF_KEEP_MAX_VOLTAGE_TIME_RESTART: 'SWITCH_TO_FLOAT_CELL_VOLTAGE_DEVIATION',
  CELL_VOLTAGE_DIFF_KEEP_MAX_VOLTAGE_UNTIL: 'SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF',
  CELL_VOLTAGE_DIFF_TO_RESET_VOLTAGE_LIMIT: 'SWITCH_TO_BULK_CELL_VOLTAGE_DIFF',
  CVL_ICONTROLLER_MODE: 'CVL_CONTROLLER_MODE',
  EXTERNAL_CURRENT_SENSOR_DBUS_DEVICE: 'EXTERNAL_SENSOR_DBUS_DEVICE',
  EXTERNAL_CURRENT_SENSOR_DBUS_PATH: 'EXTERNAL_SENSOR_DBUS_PATH_CURRENT',
  EXTERNAL_SOC_SENSOR_DBUS_DEVICE: 'EXTERNAL_SENSOR_DBUS_DEVICE',
  EXTERNAL_SOC_SENSOR_DBUS_PATH: 'EXTERNAL_SENSOR_DBUS_PATH_SOC',
  LINEAR_LIMITATION_ENABLE: 'CHARGE_MODE',
  LINEAR_RECALCULATION_EVERY: 'CVL_RECALCULATION_EVERY',
  LINEAR_RECALCULATION_ON_PERC_CHANGE: 'CVL_RECALCULATION_ON_MAX_PERCENTAGE_CHANGE',
  MAX_VOLTAGE_TIME_SEC: 'SWITCH_TO_FLOAT_WAIT_FOR_SEC',
  MODBUS_ADDRESSES: 'BATTERY_ADDRESSES',
  SEPLOS_USE_BMS_VALUES: 'USE_BMS_DVCC_VALUES',
  SOC_CALC_CURRENT_MEASURED_BY_USER: 'CURRENT_MEASURED_BY_USER',
  SOC_CALC_CURRENT_REPORTED_BY_BMS: 'CURRENT_REPORTED_BY_BMS',
  SOC_LEVEL_TO_RESET_VOLTAGE_LIMIT: 'SWITCH_TO_BULK_SOC_THRESHOLD',
  SOC_RESET_VOLTAGE: 'SOC_RESET_CELL_VOLTAGE',
  TEMPERATURE_LIMITS_WHILE_CHARGING: 'TEMPERATURES_WHILE_CHARGING',
  TEMPERATURE_LIMITS_WHILE_DISCHARGING: 'TEMPERATURES_WHILE_DISCHARGING',
  TEMP_BATTERY: 'TEMPERATURE_SOURCE_BATTERY',
  TEMP_1_NAME: 'TEMPERATURE_1_NAME',
  TEMP_2_NAME: 'TEMPERATURE_2_NAME',
  TEMP_3_NAME: 'TEMPERATURE_3_NAME',
  TEMP_4_NAME: 'TEMPERATURE_4_NAME',
};

/** The newest name of an option, whichever version of the old driver it was written for. */
export function newestName(option: string): string {
  return Object.hasOwn(RENAMED, option) ? (RENAMED[option] ?? option) : option;
}

/** Counterpart of an option under any of its names. */
export function legacyOption(option: string): LegacyOption | undefined {
  const name = newestName(option);
  return Object.hasOwn(LEGACY_OPTIONS, name) ? LEGACY_OPTIONS[name] : undefined;
}

const BMS_TYPES: Readonly<Record<string, string>> = {
  lltjbd: 'jbd',
  lltjbdup16s: 'jbd-up',
  jkbms: 'jk',
  jkbmspb: 'jk-pb',
  seplos: 'seplos-v2',
  seplosv3: 'seplos-v3',
};

/** Capacities, Ah, that the files of the old driver state when nobody changed them. */
const SHIPPED_CAPACITIES = [50, 99];

/** It would count before what the BMS tells, so a value that nobody chose is left out. */
function capacity(value: string): SettingValue | Refusal {
  const ah = number(value);
  return typeof ah === 'number' && SHIPPED_CAPACITIES.includes(ah)
    ? {
        because: `${ah} Ah is what the file of the old driver states for every battery; write battery.capacity = ${ah} where it is true`,
      }
    : ah;
}

/** A top balance must not go higher than the voltage to which the owner charged for it. */
function topBalanceDays(value: string, other: Lookup): SettingValue | Refusal {
  const days = number(value);
  const most = Number(other('SOC_RESET_CELL_VOLTAGE') ?? Number.POSITIVE_INFINITY);
  const ours = Math.max(CELL_LIMITS.lfp.topBalance, Number(other('MAX_CELL_VOLTAGE') ?? 0));
  return isRefusal(days) || most >= ours
    ? days
    : { because: `a top balance goes to ${ours} V per cell here, above the ${most} V of the old file` };
}

function inverted(value: string): SettingValue | Refusal {
  const sign = Number(value);
  return Math.abs(sign) === 1 ? sign === -1 : { because: 'only 1 and -1 have a meaning' };
}

function number(value: string): SettingValue | Refusal {
  const parsed = value === '' ? Number.NaN : Number(value);
  return Number.isNaN(parsed) ? { because: 'it is not a number' } : parsed;
}

function choose<T extends SettingValue>(value: string, yes: T, no: T): T | Refusal {
  if (/^(true|yes|on|1)$/i.test(value)) return yes;
  if (/^(false|no|off|0)$/i.test(value)) return no;
  return { because: 'it is neither True nor False' };
}

function level(value: string): SettingValue {
  const name = value.toLowerCase();
  return { warning: 'warn', critical: 'error' }[name] ?? name;
}

function bmsType(value: string): SettingValue | Refusal {
  const names = value.split(/[\s,]+/).filter((name) => name !== '');
  const [name] = names;
  if (name === undefined || names.length > 1) {
    return { because: 'one BMS type can be stated, or none; all known types are tried quickly' };
  }
  return BMS_TYPES[plainName(name)] ?? name.toLowerCase();
}

/** Hexadecimal with or without 0x, as the old driver reads them. */
function addresses(value: string): SettingValue | Refusal {
  const parts = value.split(/[\s,]+/).filter((part) => part !== '');
  if (!parts.every((part) => /^(0x)?[\da-f]+$/i.test(part)))
    return { because: 'it is not a list of addresses' };
  return parts.map((part) => Number.parseInt(part, 16));
}

function temperatureOption(): LegacyOption {
  return {
    key: 'limits.temperatureTable',
    needs: 'CCCM_T_ENABLE',
    convert(_value, other) {
      const ah = capacity(other('BATTERY_CAPACITY') ?? '');
      return temperatureTable(other, typeof ah === 'number' ? ah : undefined);
    },
  };
}
