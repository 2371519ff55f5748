import { plainName } from './nearest.ts';
import type { Setting, SettingValue } from './table.ts';

/** Finds the value of another option of the same file, or its old default. */
export type Lookup = (option: string) => string;

export interface LegacyOption {
  readonly key: Setting['key'];
  /** The value when nobody changed it; it is left to this driver's own default. */
  readonly was: string;
  /** Taken over all the same, because the default of this driver may allow more than the owner had. */
  readonly binds?: true;
  /** What the old value means here, or why it cannot be taken over. */
  convert(value: string, other: Lookup): SettingValue | Refusal;
}

/** A value that means nothing here. */
export interface Refusal {
  readonly because: string;
}

export function isRefusal(converted: SettingValue | Refusal): converted is Refusal {
  return typeof converted === 'object' && 'because' in converted;
}

/** The options of the driver dbus-serialbattery (`config.ini`) that have a counterpart here. */
export const LEGACY_OPTIONS: Readonly<Record<string, LegacyOption>> = {
  LOGGING: { key: 'log.level', was: 'INFO', convert: level },
  MAX_BATTERY_CHARGE_CURRENT: { key: 'limits.maxChargeCurrent', was: '50.0', binds: true, convert: number },
  MAX_BATTERY_DISCHARGE_CURRENT: {
    key: 'limits.maxDischargeCurrent',
    was: '60.0',
    binds: true,
    convert: number,
  },
  MIN_CELL_VOLTAGE: { key: 'charge.minCellVoltage', was: '2.900', convert: number },
  MAX_CELL_VOLTAGE: { key: 'charge.absorbCellVoltage', was: '3.450', convert: number },
  FLOAT_CELL_VOLTAGE: { key: 'charge.floatCellVoltage', was: '3.375', convert: number },
  VOLTAGE_DROP: { key: 'charge.voltageDrop', was: '0.00', convert: number },
  SWITCH_TO_BULK_SOC_THRESHOLD: { key: 'charge.rebulkSoc', was: '80', convert: number },
  SOC_RESET_AFTER_DAYS: { key: 'charge.topBalanceDays', was: '', convert: number },
  BATTERY_CAPACITY: { key: 'battery.capacity', was: '99', convert: number },
  SOC_CALCULATION: {
    key: 'soc.socSource',
    was: 'False',
    convert: (value) => choose(value, 'counter', 'bms'),
  },
  BMS_TYPE: { key: 'connection.bms', was: '', convert: bmsType },
  BATTERY_ADDRESSES: { key: 'connection.address', was: '', convert: addresses },
  POLL_INTERVAL: { key: 'connection.pollInterval', was: '', convert: number },
  INVERT_CURRENT_MEASUREMENT: {
    key: 'connection.invertCurrent',
    was: '1',
    convert: (value) => Number(value) === -1 || { because: 'only 1 and -1 have a meaning' },
  },
  BLOCK_ON_DISCONNECT: {
    key: 'connection.blockOnDisconnect',
    was: 'False',
    convert: (value) => choose(value, true, false),
  },
  BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES: { key: 'connection.graceMinutes', was: '30', convert: number },
  TEMPERATURES_WHILE_CHARGING: {
    key: 'limits.temperatureTable',
    was: '0, 2, 5, 10, 40, 45, 50, 55',
    convert: (_value, other) => temperatureTable(other),
  },
  MAX_CHARGE_CURRENT_T_FRACTION: {
    key: 'limits.temperatureTable',
    was: '0, 0.25, 0.5, 1, 1, 0.5, 0.25, 0',
    convert: (_value, other) => temperatureTable(other),
  },
};

/** Why the other options have no counterpart; the first pattern that fits counts. */
const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/^BLUETOOTH_/, 'batteries over Bluetooth are not supported'],
  [/^(CAN_PORT|UBMS_)/, 'batteries on a CAN bus are not supported'],
  [/^MQTT_/, 'batteries over MQTT are not supported'],
  [/^(GREENMETER_|LIPRO_|UP16S_)/, 'it concerns a single BMS type and is found out or not supported'],
  [/^SOC_RESET_CELL_VOLTAGE$/, 'the voltage of a top balance is fixed by the chemistry'],
  [/^(CURRENT_REPORTED_BY_BMS|CURRENT_MEASURED_BY_USER)$/, 'calibrate the current in the BMS'],
  [/^EXTERNAL_SENSOR_/, 'current and state of charge come from the BMS only'],
  [/^AUTO_RESET_SOC$/, 'nothing is written to a BMS on its own account'],
  [/^SOC_LOW_/, 'the thresholds of the low state of charge alarm are fixed'],
  [/^(SERIAL_STARTER_ENABLED|EXCLUDED_DEVICES)$/, 'which ports are used is up to Venus OS'],
  [/^USE_PORT_AS_UNIQUE_ID$/, 'set identity.batteryId under [ports."ttyUSB0"] to fix an identity to a port'],
  [/^BLOCK_ON_DISCONNECT_VOLTAGE_/, 'the window follows the chemistry'],
  [/^BMS_CABLE_ALARM$/, 'the alarm is always on'],
  [
    /^USE_BMS_DVCC_VALUES$/,
    'limits of the BMS always lower ours; limits.honourBmsLimits = false ignores them',
  ],
  [/MOSFET|^(CCCM|DCCM)_T_|_T_FRACTION$|^TEMPERATURES_/, 'temperature limits are always on'],
  [/^(CCCM|DCCM)_|^(CELL_VOLTAGES|SOC)_WHILE_|_(CV|SOC)_FRACTION$/, 'the charge profile has its own curves'],
  [/^(CHARGE_MODE$|CVCM_|CVL_|CCL_|DCL_|SWITCH_TO_)|_RECOVERY_/, 'the charge profile does this by itself'],
  [/^(TIME_TO_|HISTORY_|MIDPOINT_|BATTERY_CELL_DATA_FORMAT)/, 'what is shown is fixed'],
  [/^PUBLISH_/, 'the settings are shown by check-config, the values by read --json'],
  [/^TEMPERATURE_/, 'sensors are shown and used as the BMS reports them'],
  [/^GUI_/, 'no system file is changed'],
  [/^TELEMETRY$/, 'nothing is ever sent to anyone'],
  [/^BMS_CAPTURE_/, 'read, probe and run write every frame down with --capture FILE'],
  [/^CUSTOM_BATTERY_NAMES$/, 'the device remembers the names; identity.customName sets one'],
];

/** Why an option of the old driver has no counterpart; undefined when it never was one. */
export function legacyReason(option: string): string | undefined {
  return REASONS.find(([pattern]) => pattern.test(option))?.[1];
}

const BMS_TYPES: Readonly<Record<string, string>> = {
  lltjbd: 'jbd',
  lltjbdup16s: 'jbd-up',
  jkbms: 'jk',
  jkbmspb: 'jk-pb',
  seplos: 'seplos-v2',
  seplosv3: 'seplos-v3',
};

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

/** The old table counts in fractions of the charge current setting, ours in fractions of the capacity. */
function temperatureTable(other: Lookup): SettingValue | Refusal {
  const capacity = Number(other('BATTERY_CAPACITY'));
  if (other('BATTERY_CAPACITY') === LEGACY_OPTIONS['BATTERY_CAPACITY']?.was || !(capacity > 0)) {
    return { because: 'its rows become fractions of the capacity, and BATTERY_CAPACITY is not stated' };
  }
  const most = Number(other('MAX_BATTERY_CHARGE_CURRENT'));
  const [degrees, fractions] = [
    other('TEMPERATURES_WHILE_CHARGING'),
    other('MAX_CHARGE_CURRENT_T_FRACTION'),
  ].map((list) => list.split(',').map(Number));
  if (degrees === undefined || fractions === undefined || degrees.length !== fractions.length) {
    return { because: 'TEMPERATURES_WHILE_CHARGING and MAX_CHARGE_CURRENT_T_FRACTION differ in length' };
  }
  // Rounding down keeps the table on the careful side.
  const rate = (fraction: number): number => Math.floor(((fraction * most) / capacity) * 1000 + 1e-6) / 1000;
  const rows = degrees.map((celsius, row) => [celsius, rate(fractions[row] ?? 0)] as const);
  return rows.toSorted((a, b) => a[0] - b[0]);
}
