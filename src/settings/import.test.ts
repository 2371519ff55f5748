import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSettings } from './file.ts';
import { importConfig, notConfigIni } from './import.ts';
import { LEGACY_OPTIONS, legacyOption } from './legacy.ts';
import { legacyReason } from './legacy-reasons.ts';
import { bmsTypes } from './load.ts';
import { DEFAULT_SETTINGS, SETTING_BY_NAME, type Settings, splitKey } from './table.ts';

const BMS_TYPES = ['jbd', 'jk', 'jk-pb', 'daly'];

interface Result {
  readonly settings: Settings;
  readonly why: Record<string, string>;
  readonly errors: number;
  /** Options whose limit is lost. */
  readonly lost: string[];
}

function imported(text: string): Result {
  const { toml, notTaken, problems } = importConfig(text, BMS_TYPES);
  return {
    lost: notTaken.filter(({ isLost }) => isLost).map(({ option }) => option),
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

/** Options of versions 0.14 to 2.0 that 2.1 has no more, or has under another name. */
const OLDER = `BULK_CELL_VOLTAGE BULK_AFTER_DAYS SOC_RESET_VOLTAGE SOC_RESET_CURRENT SOC_RESET_TIME
SOC_LEVEL_TO_RESET_VOLTAGE_LIMIT MAX_VOLTAGE_TIME_SEC LINEAR_LIMITATION_ENABLE LINEAR_RECALCULATION_EVERY
LINEAR_RECALCULATION_ON_PERC_CHANGE CELL_VOLTAGE_DIFF_KEEP_MAX_VOLTAGE_UNTIL
CELL_VOLTAGE_DIFF_KEEP_MAX_VOLTAGE_TIME_RESTART CELL_VOLTAGE_DIFF_TO_RESET_VOLTAGE_LIMIT CVL_ICONTROLLER_MODE
TEMPERATURE_LIMITS_WHILE_CHARGING TEMPERATURE_LIMITS_WHILE_DISCHARGING MAX_CHARGE_CURRENT_T MAX_DISCHARGE_CURRENT_T
MAX_CHARGE_CURRENT_CV MAX_DISCHARGE_CURRENT_CV PENALTY_AT_CELL_VOLTAGE PENALTY_BATTERY_VOLTAGE
CC_SOC_LIMIT1 CC_SOC_LIMIT2 CC_SOC_LIMIT3 CC_CURRENT_LIMIT1 CC_CURRENT_LIMIT1_FRACTION CC_CURRENT_LIMIT2_FRACTION
CC_CURRENT_LIMIT3_FRACTION DC_SOC_LIMIT1 DC_SOC_LIMIT2 DC_SOC_LIMIT3 DC_CURRENT_LIMIT3 DC_CURRENT_LIMIT1_FRACTION
DC_CURRENT_LIMIT2_FRACTION DC_CURRENT_LIMIT3_FRACTION MODBUS_ADDRESSES SEPLOS_USE_BMS_VALUES
SOC_CALC_CURRENT_REPORTED_BY_BMS SOC_CALC_CURRENT_MEASURED_BY_USER EXTERNAL_CURRENT_SENSOR_DBUS_DEVICE
EXTERNAL_CURRENT_SENSOR_DBUS_PATH EXTERNAL_SOC_SENSOR_DBUS_DEVICE EXTERNAL_SOC_SENSOR_DBUS_PATH TEMP_BATTERY TEMP_1_NAME
TIME_TO_SOC_LOOP_CYCLES HELTEC_MODBUS_ADDR JKBMS_CAN_CELL_COUNT CUSTOM_BATTERY_NAMES`.split(/\s+/);

/** What limits charge or discharge, by current, voltage, temperature or state of charge, with a value of an owner. */
const LIMITS: readonly (readonly [option: string, value: string])[] = [
  ['MAX_BATTERY_CHARGE_CURRENT', '35'],
  ['MAX_BATTERY_DISCHARGE_CURRENT', '45'],
  ['MIN_CELL_VOLTAGE', '3.0'],
  ['MAX_CELL_VOLTAGE', '3.42'],
  ['FLOAT_CELL_VOLTAGE', '3.375'],
  ['SOC_RESET_CELL_VOLTAGE', '3.58'],
  ['SOC_RESET_VOLTAGE', '3.58'],
  ['BULK_CELL_VOLTAGE', '3.58'],
  ['SOC_RESET_AFTER_DAYS', '20'],
  ['BULK_AFTER_DAYS', '20'],
  ['SWITCH_TO_BULK_SOC_THRESHOLD', '80'],
  ['SOC_LEVEL_TO_RESET_VOLTAGE_LIMIT', '80'],
  ['SWITCH_TO_FLOAT_WAIT_FOR_SEC', '900'],
  ['MAX_VOLTAGE_TIME_SEC', '900'],
  ['BLOCK_ON_DISCONNECT', 'True'],
  ['BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES', '5'],
  ['BLOCK_ON_DISCONNECT_VOLTAGE_MIN', '3.25'],
  ['BLOCK_ON_DISCONNECT_VOLTAGE_MAX', '3.35'],
  ['CELL_VOLTAGES_WHILE_CHARGING', '3.55, 3.50, 3.45, 3.30'],
  ['MAX_CHARGE_CURRENT_CV_FRACTION', '0, 0.05, 0.5, 1'],
  ['MAX_CHARGE_CURRENT_CV', '0, 2, 30, 60'],
  ['CELL_VOLTAGES_WHILE_DISCHARGING', '2.70, 2.80, 2.90, 3.10'],
  ['MAX_DISCHARGE_CURRENT_CV_FRACTION', '0, 0.1, 0.5, 1'],
  ['MAX_DISCHARGE_CURRENT_CV', '0, 5, 30, 60'],
  ['TEMPERATURES_WHILE_CHARGING', '0, 2, 5, 10, 40, 45, 50, 55'],
  ['TEMPERATURE_LIMITS_WHILE_CHARGING', '0, 2, 5, 10, 15, 20, 35, 40, 55'],
  ['MAX_CHARGE_CURRENT_T_FRACTION', '0, 0.1, 0.2, 0.4, 0.8, 1, 1, 0.4, 0'],
  ['MAX_CHARGE_CURRENT_T', '0, 28, 60, 60, 28, 0'],
  ['TEMPERATURES_WHILE_DISCHARGING', '-20, 0, 5, 10, 15, 45, 55'],
  ['TEMPERATURE_LIMITS_WHILE_DISCHARGING', '-20, 0, 5, 10, 15, 45, 55'],
  ['MAX_DISCHARGE_CURRENT_T_FRACTION', '0, 0.2, 0.3, 0.4, 1, 1, 0'],
  ['MAX_DISCHARGE_CURRENT_T', '0, 28, 60, 60, 28, 0'],
  ['MOSFET_TEMPERATURES_WHILE_CHARGING', '60, 70, 80'],
  ['MOSFET_TEMPERATURES_WHILE_DISCHARGING', '60, 70, 80'],
  ['SOC_WHILE_CHARGING', '98, 95, 90, 85'],
  ['MAX_CHARGE_CURRENT_SOC_FRACTION', '0.1, 0.2, 0.5, 1'],
  ['SOC_WHILE_DISCHARGING', '5, 10, 15, 20'],
  ['MAX_DISCHARGE_CURRENT_SOC_FRACTION', '0.1, 0.2, 0.5, 1'],
  ['CC_SOC_LIMIT1', '98'],
  ['CC_CURRENT_LIMIT1', '5'],
  ['CC_CURRENT_LIMIT1_FRACTION', '0.1'],
  ['DC_SOC_LIMIT1', '10'],
  ['DC_CURRENT_LIMIT1_FRACTION', '0.1'],
  ['PENALTY_AT_CELL_VOLTAGE', '3.45, 3.55, 3.6'],
];

describe('the options of the established driver', () => {
  it.each([...OPTIONS, ...OLDER])('%s has a counterpart, or a reason why not', (option) => {
    const legacy = legacyOption(option);
    if (legacy === undefined) expect(legacyReason(option)?.why).toMatch(/[a-z]/);
    else expect(SETTING_BY_NAME.has(splitKey(legacy.key)[1])).toBe(true);
  });

  it('each have one name here, and nothing here that is no option there', () => {
    const known = [...OPTIONS, ...OLDER];
    expect(Object.keys(LEGACY_OPTIONS).filter((option) => !known.includes(option))).toEqual([]);
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
    ['FLOAT_CELL_VOLTAGE = 3.375', { floatCellVoltage: 3.375 }],
    ['SWITCH_TO_BULK_SOC_THRESHOLD = 80', { rebulkSoc: 80 }],
    ['BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES = 30', { graceMinutes: 30 }],
    ['INVERT_CURRENT_MEASUREMENT = 1', { invertCurrent: false }],
    ['BULK_AFTER_DAYS = 14', { topBalanceDays: 14 }],
    ['SOC_LEVEL_TO_RESET_VOLTAGE_LIMIT = 85', { rebulkSoc: 85 }],
    ['MODBUS_ADDRESSES = 0x30, 0x31', { address: [48, 49] }],
  ])('takes over %j', (text, settings) => {
    const result = imported(`\uFEFF[DEFAULT]\r\n${text.replaceAll('\n', '\r\n')}\r\n`);
    expect(result).toEqual({ settings: { ...DEFAULT_SETTINGS, ...settings }, why: {}, errors: 0, lost: [] });
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
  });

  it.each<[string, string, readonly (readonly [number, number])[]]>([
    [
      'both lists of version 1.x',
      'TEMPERATURE_LIMITS_WHILE_CHARGING = 0, 10, 55\nMAX_CHARGE_CURRENT_T_FRACTION = 0, 1, 0',
      [
        [0, 0],
        [10, 0.5],
        [55, 0],
      ],
    ],
    [
      'temperatures of version 1.x alone, with the fractions of that version',
      'TEMPERATURE_LIMITS_WHILE_CHARGING = 1, 2, 5, 10, 15, 20, 35, 40, 50',
      [
        [1, 0],
        [2, 0.05],
        [5, 0.1],
        [10, 0.2],
        [15, 0.4],
        [20, 0.5],
        [35, 0.5],
        [40, 0.2],
        [50, 0],
      ],
    ],
    [
      'fractions of version 2.x alone, with the temperatures of that version',
      'MAX_CHARGE_CURRENT_T_FRACTION = 0, 0, 0.5, 1, 1, 0.5, 0, 0',
      [
        [0, 0],
        [2, 0],
        [5, 0.25],
        [10, 0.5],
        [40, 0.5],
        [45, 0.25],
        [50, 0],
        [55, 0],
      ],
    ],
    [
      'amperes of version 0.14',
      'TEMPERATURE_LIMITS_WHILE_CHARGING = 55,35,5,0\nMAX_CHARGE_CURRENT_T = 0,70,14,0',
      [
        [0, 0],
        [5, 0.05],
        [35, 0.25],
        [55, 0],
      ],
    ],
  ])('takes over %s', (_what, lists, table) => {
    const { settings, lost } = imported(`MAX_BATTERY_CHARGE_CURRENT = 140\nBATTERY_CAPACITY = 280\n${lists}`);
    expect(settings.temperatureTable).toEqual(table);
    expect(lost).toEqual([]);
  });

  it.each<[string, string, RegExp]>([
    ['no capacity', '', /BATTERY_CAPACITY is not stated/],
    ['a capacity that nobody chose', 'BATTERY_CAPACITY = 99', /BATTERY_CAPACITY is not stated/],
    [
      'lists that do not go together',
      'BATTERY_CAPACITY = 280\nTEMPERATURES_WHILE_CHARGING = 0, 55',
      /TEMPERATURES_WHILE_CHARGING has 2 values and MAX_CHARGE_CURRENT_T_FRACTION has 3/,
    ],
    [
      'one list whose partner nobody knows',
      'BATTERY_CAPACITY = 280',
      /MAX_CHARGE_CURRENT_T_FRACTION has 3 values, and TEMPERATURES_WHILE_CHARGING is not in the file/,
    ],
    [
      'a word among the numbers',
      'BATTERY_CAPACITY = 280\nTEMPERATURES_WHILE_CHARGING = 0, x, 5',
      /TEMPERATURES_WHILE_CHARGING is not a list of numbers/,
    ],
    ['no current', 'BATTERY_CAPACITY = 280\nMAX_BATTERY_CHARGE_CURRENT = no', /which is no current/],
  ])('loses a temperature table for %s, and says so truly', (_what, others, reason) => {
    const { settings, why, lost } = imported(`${others}\nMAX_CHARGE_CURRENT_T_FRACTION = 0, 0.5, 1`);
    expect(settings.temperatureTable).toBeUndefined();
    expect(why['MAX_CHARGE_CURRENT_T_FRACTION']).toMatch(reason);
    expect(lost).toContain('MAX_CHARGE_CURRENT_T_FRACTION');
  });

  it('does not balance higher than the owner charged for it', () => {
    const { settings, lost } = imported('BULK_AFTER_DAYS = 14\nBULK_CELL_VOLTAGE = 3.48');
    expect(settings.topBalanceDays).toBe(0);
    expect(lost).toEqual(['BULK_AFTER_DAYS', 'BULK_CELL_VOLTAGE']);
  });

  it('names a capacity that every file of the old driver states, and leaves it to the BMS', () => {
    const { settings, why } = imported('BATTERY_CAPACITY = 99');
    expect(settings.capacity).toBeUndefined();
    expect(why['BATTERY_CAPACITY']).toMatch(/99 Ah is what the file of the old driver states/);
  });

  it.each([
    ['MAX_BATTERY_CHARGE_CURRENT = 30\nMAX_BATTERY_CHARGE_CURRENT = 300', { maxChargeCurrent: 30 }, 2],
    ['MAX_BATTERY_CHARGE_CURRENT = 300\nMAX_BATTERY_CHARGE_CURRENT = 30', { maxChargeCurrent: 30 }, 1],
    ['MIN_CELL_VOLTAGE = 3.0\nMIN_CELL_VOLTAGE = 2.8', { minCellVoltage: 3 }, 2],
    ['BLOCK_ON_DISCONNECT = True\nBLOCK_ON_DISCONNECT = False', { blockOnDisconnect: true }, 2],
    ['SOC_LEVEL_TO_RESET_VOLTAGE_LIMIT = 70\nSWITCH_TO_BULK_SOC_THRESHOLD = 90', { rebulkSoc: 70 }, 2],
  ])('takes the more careful of two values in %j and names the other', (text, settings, line) => {
    const { notTaken } = importConfig(text, BMS_TYPES);
    expect(imported(text).settings).toMatchObject(settings);
    expect(notTaken).toMatchObject([{ line, why: expect.stringContaining('says otherwise'), isLost: false }]);
  });

  it.each([
    ['CCCM_SOC_ENABLE', 'SOC_WHILE_CHARGING = 98, 95\nMAX_CHARGE_CURRENT_SOC_FRACTION = 0.1, 1'],
    ['CCCM_T_ENABLE', 'TEMPERATURES_WHILE_CHARGING = 0, 55\nMAX_CHARGE_CURRENT_T_FRACTION = 0, 1'],
    ['DCCM_CV_ENABLE', 'CELL_VOLTAGES_WHILE_DISCHARGING = 2.7, 3.1'],
  ])('a curve that %s switched off limited nothing, so nothing is lost', (needs, text) => {
    expect(imported(text).lost.length).toBeGreaterThan(0);
    const { lost, why } = imported(`${needs} = False\n${text}`);
    expect(lost).toEqual([]);
    expect(Object.values(why).join()).toContain(`it had no effect, because ${needs} is False`);
  });

  it('an option that nobody knows may be a limit: it is named, with one that looks like it', () => {
    const { lost, why } = imported('MAX_BATERY_CHARGE_CURRENT = 20\nFOO = 1\nsomething else');
    expect(lost).toEqual(['MAX_BATERY_CHARGE_CURRENT', 'FOO', '"something else"']);
    expect(why['MAX_BATERY_CHARGE_CURRENT']).toContain('the nearest is MAX_BATTERY_CHARGE_CURRENT');
    expect(why['FOO']).toBe('this option is not known');
  });

  it('every limit of any version is in the result, or is named as lost', () => {
    fc.assert(
      fc.property(fc.subarray([...LIMITS], { minLength: 1 }), fc.boolean(), (chosen, hasCapacity) => {
        const lines = chosen.map(([option, value]) => `${option} = ${value}`);
        const { toml, notTaken } = importConfig(
          ['[DEFAULT]', ...(hasCapacity ? ['BATTERY_CAPACITY = 280'] : []), ...lines].join('\n'),
          BMS_TYPES,
        );
        const taken = toml
          .split('\n')
          .flatMap((line) => /^\w+ = .* {2}# (.*)$/.exec(line)?.[1]?.split(', ') ?? []);
        const named = notTaken.map(({ option }) => option);
        expect(
          chosen.map(([option]) => option).filter((o) => !taken.includes(o) && !named.includes(o)),
        ).toEqual([]);
        for (const { why } of notTaken) expect(toml).toContain(why);
      }),
    );
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
    ['MAX_BATTERY_CHARGE_CURRENT = 0', { maxChargeCurrent: 0.5 }],
    ['MAX_BATTERY_CHARGE_CURRENT =', { maxChargeCurrent: 10 }],
    ['MAX_BATTERY_DISCHARGE_CURRENT = many', { maxDischargeCurrent: 20 }],
    ['BLOCK_ON_DISCONNECT_TIMEOUT_MINUTES = 60', { graceMinutes: 10 }],
  ])('never makes %j a looser limit', (text, settings) => {
    const result = imported(text);
    expect(result.settings).toMatchObject(settings);
    expect(result.lost).toEqual(Object.keys(result.why));
    expect(result.lost).toHaveLength(1);
  });

  it.each(['jk-280ah', 'two-dalys', 'rack', 'version-1-temperatures', 'version-1-top-balance'])(
    'writes of the file of an owner, %s, exactly this',
    (name) => {
      const folder = 'test/vectors/config-ini';
      const { toml, problems } = importConfig(readFileSync(`${folder}/${name}.ini`, 'utf8'), bmsTypes());
      expect(toml).toBe(readFileSync(`${folder}/${name}.toml`, 'utf8'));
      expect(problems).toEqual([]);
    },
  );

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
      fc.constantFrom(...OPTIONS, ...OLDER, 'FOO', '', ' ', '__proto__', '[x'),
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

describe('what is no config.ini', () => {
  it.each([
    ['# Batteries\n\nThis driver reads batteries.\n\n* JBD\n* Daly\n', /none of its lines is an option/],
    ['Set these:\nMAX_CELL_VOLTAGE = 3.5\nand then\nrestart the driver', /most of its lines/],
    ['[limits]\nmaxChargeCurrent = 40\n', /settings of this driver already/],
    ['[package]\nname = "x"\nversion = "1.0"\n', /none of its lines is an option/],
    ['{ "maxChargeCurrent": 40 }', /none of its lines is an option/],
    ['', /the file is empty/],
    ['\u0000\u0001\u0002', /not a text/],
  ])('is told from one: %j', (text, reason) => {
    expect(notConfigIni(text)).toMatch(reason);
    expect(notConfigIni(text)).toContain('expected the config.ini of dbus-serialbattery');
  });

  it.each([
    '[DEFAULT]\n\n; If you want to add custom values, insert them below.\n',
    'MAX_CELL_VOLTAGE = 3.5\nFOO = 1\nBAR\n',
    '[limits]\nMAX_CELL_VOLTAGE = 3.5\nFLOAT_CELL_VOLTAGE = 3.4\n',
  ])('is not confused with one that is short or odd: %j', (text) => {
    expect(notConfigIni(text)).toBeUndefined();
  });
});
