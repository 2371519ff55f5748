/** 0 fine, 1 warning, 2 alarm (protection). */
export type AlarmLevel = 0 | 1 | 2;

/** Canonical alarm names, in the order in which they are shown. */
export const ALARM_NAMES = [
  'lowVoltage',
  'highVoltage',
  'lowCellVoltage',
  'highCellVoltage',
  'lowSoc',
  'highChargeCurrent',
  'highDischargeCurrent',
  'cellImbalance',
  'internalFailure',
  'highChargeTemperature',
  'lowChargeTemperature',
  'highTemperature',
  'lowTemperature',
  'highInternalTemperature',
  'contactor',
  'shortCircuit',
  'bmsCable',
] as const;
export type AlarmName = (typeof ALARM_NAMES)[number];

/** An absent name means that this source cannot tell. */
export type Alarms = { readonly [name in AlarmName]?: AlarmLevel };

/** BMS alarms at level 2 that forbid charging (or discharging) whatever else is said. */
export const CHARGE_BLOCKING = [
  'highVoltage',
  'highCellVoltage',
  'highChargeCurrent',
  'highChargeTemperature',
  'lowChargeTemperature',
  'highInternalTemperature',
  'internalFailure',
  'shortCircuit',
  'contactor',
] as const satisfies readonly AlarmName[];
export const DISCHARGE_BLOCKING = [
  'lowVoltage',
  'lowCellVoltage',
  'highDischargeCurrent',
  'highTemperature',
  'lowTemperature',
  'highInternalTemperature',
  'internalFailure',
  'shortCircuit',
  'contactor',
] as const satisfies readonly AlarmName[];

/** The worse of two sources, name by name. */
export function mergeAlarms(a: Alarms, b: Alarms): Alarms {
  const merged: { [name in AlarmName]?: AlarmLevel } = { ...a };
  for (const name of ALARM_NAMES) {
    const level = b[name];
    if (level !== undefined && level > (merged[name] ?? -1)) merged[name] = level;
  }
  return merged;
}
