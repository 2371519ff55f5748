import { CELL_LIMITS } from '../model/chemistry.ts';
import { type Lookup, newestName } from './legacy.ts';

/** Why an option of the old driver has no counterpart, and whether the owner loses a limit by it. */
export interface Reason {
  readonly why: string;
  readonly isLost: boolean;
}

interface Row {
  readonly pattern: RegExp;
  readonly why: string;
  /** Absent: it limits nothing. Else whether this driver may allow more than the value did. */
  readonly isLost?: (value: string) => boolean;
  /** Without this option it had no effect: absent, empty or False. */
  readonly needs?: string;
}

const always = (): boolean => true;
/** The first and the last volt per cell between which a silent battery may go on for a while. */
const WINDOW = { least: CELL_LIMITS.lfp.dischargeKnee + 0.05, most: CELL_LIMITS.lfp.chargeKnee - 0.025 };
const CURVES = '`dbus-bms limits` shows it';

/** The first pattern that fits counts. */
const ROWS: readonly Row[] = [
  { pattern: /^BLUETOOTH_/, why: 'batteries over Bluetooth are not supported' },
  { pattern: /^(CAN_PORT|UBMS_|JKBMS_CAN_)/, why: 'batteries on a CAN bus are not supported' },
  { pattern: /^MQTT_/, why: 'batteries over MQTT are not supported' },
  {
    pattern: /^(GREENMETER_|LIPRO_|UP16S_|HELTEC_)/,
    why: 'it concerns a single BMS type and is found out or not supported',
  },
  {
    pattern: /^SOC_RESET_CELL_VOLTAGE$/,
    why: `the voltage of a top balance is fixed by the chemistry: ${CELL_LIMITS.lfp.topBalance} V per cell for lfp, or the absorption voltage where that is higher`,
    isLost: always,
    needs: 'SOC_RESET_AFTER_DAYS',
  },
  {
    pattern: /^SOC_RESET_(CURRENT|TIME)$/,
    why: 'the counter is set to 100 % when the battery is full by its cells and its current',
    needs: 'SOC_CALCULATION',
  },
  {
    pattern: /^(CURRENT_REPORTED_BY_BMS|CURRENT_MEASURED_BY_USER)$/,
    why: 'calibrate the current in the BMS',
  },
  { pattern: /^EXTERNAL_SENSOR_/, why: 'current and state of charge come from the BMS only' },
  { pattern: /^AUTO_RESET_SOC$/, why: 'nothing is written to a BMS on its own account' },
  { pattern: /^SOC_LOW_/, why: 'the thresholds of the low state of charge alarm are fixed' },
  { pattern: /^(SERIAL_STARTER_ENABLED|EXCLUDED_DEVICES)$/, why: 'which ports are used is up to Venus OS' },
  {
    pattern: /^USE_PORT_AS_UNIQUE_ID$/,
    why: 'set identity.batteryId under [ports."ttyUSB0"] to fix an identity to a port',
  },
  {
    pattern: /^BLOCK_ON_DISCONNECT_VOLTAGE_MIN$/,
    why: `the window follows the chemistry; for lfp it begins at ${WINDOW.least.toFixed(3)} V per cell`,
    isLost: (value) => !(Number(value) <= WINDOW.least),
  },
  {
    pattern: /^BLOCK_ON_DISCONNECT_VOLTAGE_MAX$/,
    why: `the window follows the chemistry; for lfp it ends at ${WINDOW.most.toFixed(3)} V per cell`,
    isLost: (value) => !(Number(value) >= WINDOW.most),
  },
  { pattern: /^BMS_CABLE_ALARM$/, why: 'the alarm is always on' },
  {
    pattern: /^USE_BMS_DVCC_VALUES$/,
    why: 'limits of the BMS always lower ours; limits.honourBmsLimits = false ignores them',
  },
  { pattern: /^CVCM_ENABLE$/, why: 'a full battery is always taken down to its float voltage' },
  {
    pattern: /^(CCCM|DCCM)_(CV|T|T_MOSFET|SOC)_ENABLE$/,
    why: 'these limits cannot be switched off; their curves are those of the charge profile',
  },
  {
    pattern: /^MOSFET_TEMPERATURES_WHILE_|_T_MOSFET(_FRACTION)?$|^MAX_(DIS)?CHARGE_CURRENT_MOSFET/,
    why: `the curve over the temperature of the power switches is fixed; ${CURVES}`,
    isLost: (value) => !['70,80,90', '1,0.25,0'].includes(plainList(value)),
  },
  {
    pattern: /^TEMPERATURES_WHILE_DISCHARGING$|^MAX_DISCHARGE_CURRENT_T(_FRACTION)?$/,
    why: `the curve of the discharge current over the temperature is fixed; ${CURVES}`,
    isLost: always,
    needs: 'DCCM_T_ENABLE',
  },
  {
    pattern: /^CELL_VOLTAGES_WHILE_CHARGING$|^MAX_CHARGE_CURRENT_CV(_FRACTION)?$/,
    why: `the charge profile has its own curve over the highest cell; ${CURVES}`,
    isLost: always,
    needs: 'CCCM_CV_ENABLE',
  },
  {
    pattern: /^CELL_VOLTAGES_WHILE_DISCHARGING$|^MAX_DISCHARGE_CURRENT_CV(_FRACTION)?$/,
    why: `the charge profile has its own curve over the lowest cell; ${CURVES}`,
    isLost: always,
    needs: 'DCCM_CV_ENABLE',
  },
  {
    pattern: /^SOC_WHILE_CHARGING$|^MAX_CHARGE_CURRENT_SOC|^CC_(SOC|CURRENT)_LIMIT/,
    why: `the charge profile has its own curve of the charge current over the state of charge; ${CURVES}`,
    isLost: always,
    needs: 'CCCM_SOC_ENABLE',
  },
  {
    pattern: /^SOC_WHILE_DISCHARGING$|^MAX_DISCHARGE_CURRENT_SOC|^DC_(SOC|CURRENT)_LIMIT/,
    why: `the charge profile has its own curve of the discharge current over the state of charge; ${CURVES}`,
    isLost: always,
    needs: 'DCCM_SOC_ENABLE',
  },
  {
    pattern: /^PENALTY_/,
    why: 'the highest cell lowers the charge voltage by a controller of the charge profile',
    isLost: always,
  },
  {
    pattern: /^SWITCH_TO_FLOAT_/,
    why: 'absorption ends when the cells take only the current of a full battery, not after a set time or spread',
    isLost: always,
  },
  {
    pattern: /^SWITCH_TO_BULK_CELL_VOLTAGE_DIFF$/,
    why: 'cells that drift apart are levelled by the charge profile',
  },
  {
    pattern: /^CHARGE_MODE$/,
    why: 'currents always run in straight lines between the points of a curve; charge.profile = "soc-steps" has steps',
  },
  { pattern: /^CVL_RECALCULATION_/, why: 'limits follow at every reading' },
  {
    pattern: /^CVL_I?CONTROLLER_/,
    why: 'the highest cell lowers the charge voltage by a controller of the charge profile',
  },
  {
    pattern: /^(CVL|CCL|DCL)_|_RECOVERY_/,
    why: 'the charge profile has its own ways to raise a limit again',
  },
  { pattern: /^(TIME_TO_|HISTORY_|MIDPOINT_|BATTERY_CELL_DATA_FORMAT)/, why: 'what is shown is fixed' },
  { pattern: /^PUBLISH_/, why: 'the settings are shown by check-config, the values by read --json' },
  { pattern: /^TEMPERATURE_/, why: 'sensors are shown and used as the BMS reports them' },
  { pattern: /^GUI_/, why: 'no system file is changed' },
  { pattern: /^TELEMETRY$/, why: 'nothing is ever sent to anyone' },
  { pattern: /^BMS_CAPTURE_/, why: 'read, probe and run write every frame down with --capture FILE' },
  {
    pattern: /^CUSTOM_BATTERY_NAMES$/,
    why: 'the device remembers the names; identity.customName sets one',
  },
];

/** Why an option of the old driver has no counterpart; undefined when it never was one. */
export function legacyReason(
  option: string,
  value = '',
  other: Lookup = () => undefined,
): Reason | undefined {
  const name = newestName(option);
  const row = ROWS.find(({ pattern }) => pattern.test(name));
  if (row === undefined) return undefined;
  const off = row.needs === undefined ? undefined : noEffect(row.needs, other);
  if (off !== undefined) return { why: off, isLost: false };
  return { why: row.why, isLost: row.isLost?.(value) ?? false };
}

/** Options that switch others on; where nothing is written, some version of the old driver had them on. */
export function noEffect(needs: string, other: Lookup): string | undefined {
  const value = other(needs);
  const isOff =
    needs === 'SOC_RESET_AFTER_DAYS' ? (value ?? '') === '' : /^(false|no|off|0)$/i.test(value ?? '');
  if (!isOff) return undefined;
  return value === undefined || value === ''
    ? `it has no effect without ${needs}`
    : `it had no effect, because ${needs} is ${value}`;
}

/** `70, 80.0,90` as `70,80,90`. */
function plainList(value: string): string {
  return value
    .split(',')
    .map((part) => String(Number(part)))
    .join();
}
