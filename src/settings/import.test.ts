import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSettings } from './file.ts';
import { importConfig } from './import.ts';
import { LEGACY_OPTIONS, legacyReason } from './legacy.ts';
import { bmsTypes } from './load.ts';
import { DEFAULT_SETTINGS, SETTING_BY_NAME, type Settings, splitKey } from './table.ts';

const BMS_TYPES = ['jbd', 'jk', 'jk-pb', 'daly'];

function imported(text: string): { settings: Settings; why: Record<string, string>; errors: number } {
  const { toml, notTaken, problems } = importConfig(text, BMS_TYPES);
  return {
    settings: parseSettings(toml, 'dbus-bms.toml', { bmsTypes: BMS_TYPES }).forPort().settings,
    why: Object.fromEntries(notTaken.map(({ option, why }) => [option, why])),
    errors: problems.filter(({ severity }) => severity === 'error').length,
  };
}

/** All options of the established driver, version 2.1. */
const OPTIONS =
  `LOGGING MAX_BATTERY_CHARGE_CURRENT MAX_BATTERY_DISCHARGE_CURRENT MIN_CELL_VOLTAGE MAX_CELL_VOLTAGE
FLOAT_CELL_VOLTAGE SOC_RESET_CELL_VOLTAGE SOC_RESET_AFTER_DAYS SOC_CALCULATION CURRENT_REPORTED_BY_BMS
CURRENT_MEASURED_BY_USER EXTERNAL_SENSOR_DBUS_DEVICE EXTERNAL_SENSOR_DBUS_PATH_CURRENT EXTERNAL_SENSOR_DBUS_PATH_SOC
AUTO_RESET_SOC SOC_LOW_WARNING SOC_LOW_ALARM BATTERY_CAPACITY INVERT_CURRENT_MEASUREMENT BLUETOOTH_BMS
BLUETOOTH_USE_POLLING BLUETOOTH_FORCE_RESET_BLE_STACK BLUETOOTH_USE_USB CAN_PORT SERIAL_STARTER_ENABLED BATTERY_ADDRESSES
BMS_TYPE EXCLUDED_DEVICES POLL_INTERVAL USE_PORT_AS_UNIQUE_ID BLOCK_ON_DISCONNECT BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES
BLOCK_ON_DISCONNECT_VOLTAGE_MIN BLOCK_ON_DISCONNECT_VOLTAGE_MAX BMS_CABLE_ALARM CHARGE_MODE CVL_RECALCULATION_EVERY
CVL_RECALCULATION_ON_MAX_PERCENTAGE_CHANGE CVL_RECOVERY_HOLD_SEC CVL_RECOVERY_RATE_V_PER_SEC
CHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT DISCHARGE_CURRENT_RECOVERY_THRESHOLD_PERCENT CCL_RECOVERY_HOLD_SEC
DCL_RECOVERY_HOLD_SEC CCL_RECOVERY_RATE_A_PER_SEC DCL_RECOVERY_RATE_A_PER_SEC CVCM_ENABLE SWITCH_TO_FLOAT_WAIT_FOR_SEC
SWITCH_TO_FLOAT_CELL_VOLTAGE_DIFF SWITCH_TO_FLOAT_CELL_VOLTAGE_DEVIATION SWITCH_TO_BULK_SOC_THRESHOLD
SWITCH_TO_BULK_CELL_VOLTAGE_DIFF CVL_CONTROLLER_MODE CVL_ICONTROLLER_FACTOR VOLTAGE_DROP USE_BMS_DVCC_VALUES CCCM_CV_ENABLE
DCCM_CV_ENABLE CELL_VOLTAGES_WHILE_CHARGING MAX_CHARGE_CURRENT_CV_FRACTION CELL_VOLTAGES_WHILE_DISCHARGING
MAX_DISCHARGE_CURRENT_CV_FRACTION CCCM_T_ENABLE DCCM_T_ENABLE TEMPERATURES_WHILE_CHARGING MAX_CHARGE_CURRENT_T_FRACTION
TEMPERATURES_WHILE_DISCHARGING MAX_DISCHARGE_CURRENT_T_FRACTION CCCM_T_MOSFET_ENABLE DCCM_T_MOSFET_ENABLE
MOSFET_TEMPERATURES_WHILE_CHARGING MOSFET_TEMPERATURES_WHILE_DISCHARGING CCCM_SOC_ENABLE DCCM_SOC_ENABLE SOC_WHILE_CHARGING
MAX_CHARGE_CURRENT_SOC_FRACTION SOC_WHILE_DISCHARGING MAX_DISCHARGE_CURRENT_SOC_FRACTION TIME_TO_GO_ENABLE TIME_TO_SOC_POINTS
TIME_TO_SOC_VALUE_TYPE TIME_TO_SOC_RECALCULATE_EVERY TIME_TO_SOC_INC_FROM HISTORY_ENABLE PUBLISH_CONFIG_VALUES
PUBLISH_BATTERY_DATA_AS_JSON BATTERY_CELL_DATA_FORMAT MIDPOINT_ENABLE TEMPERATURE_SOURCE_BATTERY TEMPERATURE_1_NAME
TEMPERATURE_4_NAME TEMPERATURE_1_ADJUST TEMPERATURE_MOS_ADJUST GUI_PARAMETERS_SHOW_ADDITIONAL_INFO GUI_INSTALL_CUSTOMIZATIONS
TELEMETRY UP16S_REQUIRE_DIRECT_CONNECTION GREENMETER_ADDRESS LIPRO_START_ADDRESS LIPRO_END_ADDRESS LIPRO_CELL_COUNT
UBMS_CAN_MODULE_SERIES UBMS_CAN_MODULE_PARALLEL MQTT_TOPIC MQTT_BROKER_ADDRESS MQTT_BROKER_PORT MQTT_TLS_ENABLED
MQTT_TLS_PATH_TO_CA MQTT_TLS_INSECURE MQTT_USERNAME MQTT_PASSWORD BMS_CAPTURE_RAW_DATA BMS_CAPTURE_RAW_DATA_MAX_SIZE_MB
BMS_CAPTURE_RAW_DATA_BACKUP_COUNT`.split(/\s+/);

describe('the options of the established driver', () => {
  it.each(OPTIONS)('%s has a counterpart, or a reason why not', (option) => {
    const legacy = LEGACY_OPTIONS[option];
    if (legacy === undefined) expect(legacyReason(option)).toMatch(/[a-z]/);
    else expect(SETTING_BY_NAME.has(splitKey(legacy.key)[1])).toBe(true);
  });

  it('each have one name here, and nothing here that is no option there', () => {
    expect(Object.keys(LEGACY_OPTIONS).filter((option) => !OPTIONS.includes(option))).toEqual([]);
  });
});

describe('importing a config.ini', () => {
  it.each<[string, Partial<Settings>]>([
    ['MAX_BATTERY_CHARGE_CURRENT = 70.0', { maxChargeCurrent: 70 }],
    ['max_battery_discharge_current: 90', { maxDischargeCurrent: 90 }],
    [
      'MAX_CELL_VOLTAGE = 3.5 ; volts\nFLOAT_CELL_VOLTAGE = 3.4',
      { absorbCellVoltage: 3.5, floatCellVoltage: 3.4 },
    ],
    ['MIN_CELL_VOLTAGE = 3.0  # volts', { minCellVoltage: 3 }],
    ['BATTERY_CAPACITY = 280', { capacity: 280 }],
    ['SOC_CALCULATION = True', { socSource: 'counter' }],
    ['INVERT_CURRENT_MEASUREMENT = -1', { invertCurrent: true }],
    ['BLOCK_ON_DISCONNECT = true', { blockOnDisconnect: true }],
    ['BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES = 5', { graceMinutes: 5 }],
    ['BATTERY_ADDRESSES = 0x40, 0x41', { address: [64, 65] }],
    ['BATTERY_ADDRESSES =\n  40,\n  41', { address: [64, 65] }],
    ['BMS_TYPE = LltJbd', { bms: 'jbd' }],
    ['BMS_TYPE = Jkbms_Pb', { bms: 'jk-pb' }],
    ['LOGGING = WARNING', { level: 'warn' }],
    ['SOC_RESET_AFTER_DAYS = 30', { topBalanceDays: 30 }],
    ['SWITCH_TO_BULK_SOC_THRESHOLD = 70', { rebulkSoc: 70 }],
    ['POLL_INTERVAL = 5', { pollInterval: 5 }],
    ['VOLTAGE_DROP = 0.1', { voltageDrop: 0.1 }],
  ])('takes over %j', (text, settings) => {
    const result = imported(`\uFEFF[DEFAULT]\r\n${text.replaceAll('\n', '\r\n')}\r\n`);
    expect(result).toEqual({ settings: { ...DEFAULT_SETTINGS, ...settings }, why: {}, errors: 0 });
  });

  it('turns fractions of the charge current into fractions of the capacity', () => {
    const { settings } = imported(
      'MAX_BATTERY_CHARGE_CURRENT = 140\nBATTERY_CAPACITY = 280\nTEMPERATURES_WHILE_CHARGING = 50, 20, 0\nMAX_CHARGE_CURRENT_T_FRACTION = 0, 1, 0.1',
    );
    expect(settings.temperatureTable).toEqual([
      [0, 0.05],
      [20, 0.5],
      [50, 0],
    ]);
    const unknown = imported('MAX_CHARGE_CURRENT_T_FRACTION = 0, 0, 0, 0.5, 0.5, 0, 0, 0');
    expect(unknown.why['MAX_CHARGE_CURRENT_T_FRACTION']).toContain('BATTERY_CAPACITY');
    expect(unknown.settings.temperatureTable).toBeUndefined();
  });

  it('leaves out what nobody changed: a copy of the whole default file keeps the currents, and nothing else', () => {
    const text = Object.entries(LEGACY_OPTIONS)
      .map(([name, { was }]) => `${name} = ${was}`)
      .join('\n');
    const settings = { ...DEFAULT_SETTINGS, maxChargeCurrent: 50, maxDischargeCurrent: 60 };
    expect(imported(`[DEFAULT]\n${text}`)).toEqual({ settings, why: {}, errors: 0 });
  });

  it('names what has no counterpart, without showing secrets', () => {
    const text =
      'BLUETOOTH_BMS = Jkbms_Ble C8:47:8C:00:00:00\nMQTT_PASSWORD = secret\nFOO = 1\nBMS_TYPE = Sinowealth';
    const { toml, notTaken } = importConfig(text, BMS_TYPES);
    expect(notTaken.map(({ option, line }) => [option, line])).toEqual([
      ['BLUETOOTH_BMS', 1],
      ['MQTT_PASSWORD', 2],
      ['FOO', 3],
      ['BMS_TYPE', 4],
    ]);
    for (const { why } of notTaken) expect(toml).toContain(why);
    expect(toml).not.toContain('secret');
  });

  it.each([
    ['MAX_BATTERY_CHARGE_CURRENT = 0', { maxChargeCurrent: 10 }],
    ['MAX_BATTERY_DISCHARGE_CURRENT = many', { maxDischargeCurrent: 20 }],
    ['BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES = 60', { graceMinutes: 10 }],
  ])('never makes %j a looser limit', (text, settings) => {
    const result = imported(text);
    expect(result.settings).toMatchObject(settings);
    expect(Object.keys(result.why)).toHaveLength(1);
  });

  it.each(['jk-280ah', 'two-dalys', 'rack'])('writes of the file of an owner, %s, exactly this', (name) => {
    const folder = 'test/vectors/config-ini';
    const { toml, problems } = importConfig(readFileSync(`${folder}/${name}.ini`, 'utf8'), bmsTypes());
    expect(toml).toBe(readFileSync(`${folder}/${name}.toml`, 'utf8'));
    expect(problems).toEqual([]);
  });

  it('shows contradictions that the old file held', () => {
    expect(imported('MAX_CELL_VOLTAGE = 4.1\nFLOAT_CELL_VOLTAGE = 4.0').errors).toBeGreaterThan(0);
  });

  it('never throws, and writes a file without anything unknown in it', () => {
    const value = fc.oneof(
      fc.string({ maxLength: 20 }),
      fc.double().map(String),
      fc.constantFrom('True', '-1', '0x40,', '1,2'),
    );
    const line = fc.tuple(
      fc.constantFrom(...OPTIONS, 'FOO', '', ' ', '__proto__', '[x'),
      fc.constantFrom('=', ':', ''),
      value,
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
        const { problems } = importConfig(lines.map((parts) => parts.join(' ')).join('\n'), BMS_TYPES);
        expect(problems.filter(({ severity }) => severity === 'warning')).toEqual([]);
      }),
      { numRuns: 300 * Number(process.env['FUZZ_FACTOR'] ?? 1) },
    );
  });
});
