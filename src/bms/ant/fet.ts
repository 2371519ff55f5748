import type { AlarmName, Alarms } from '../../model/alarms.ts';

/**
 * State codes of the charge and discharge FET of ANT boards, the same in the 140-byte and in the 7E A1 protocol. They
 * are the only alarms with a published meaning: the 64-bit protection words of the newer protocol have no table.
 * Code 1 is on; codes without an alarm (0 off, 4 full, 14 waiting, 15 switched off by hand) are ordinary states.
 */
export const FET_ON = 1;
export const FET_MANUALLY_OFF = 15;

type CodeAlarms = readonly (readonly [code: number, alarm: AlarmName])[];

export const CHARGE_FET_ALARMS: CodeAlarms = [
  [2, 'highCellVoltage'],
  [3, 'highChargeCurrent'],
  [5, 'highVoltage'],
  [6, 'highChargeTemperature'],
  [7, 'highInternalTemperature'],
  [8, 'internalFailure'],
  [9, 'internalFailure'],
  [10, 'highInternalTemperature'],
  [12, 'internalFailure'],
  [13, 'internalFailure'],
  [16, 'highCellVoltage'],
  [17, 'lowChargeTemperature'],
  [18, 'cellImbalance'],
  [20, 'internalFailure'],
];

export const DISCHARGE_FET_ALARMS: CodeAlarms = [
  [2, 'lowCellVoltage'],
  [3, 'highDischargeCurrent'],
  [4, 'highDischargeCurrent'],
  [5, 'lowVoltage'],
  [6, 'highTemperature'],
  [7, 'highInternalTemperature'],
  [8, 'internalFailure'],
  [9, 'internalFailure'],
  [10, 'highInternalTemperature'],
  [12, 'shortCircuit'],
  [13, 'internalFailure'],
  [14, 'internalFailure'],
  [16, 'lowCellVoltage'],
  [17, 'lowTemperature'],
  [18, 'cellImbalance'],
  [19, 'internalFailure'],
];

/** Every alarm that a FET code can tell: 2 when one of the two codes says so, else 0. */
export function fetAlarms(charge: number, discharge: number): Alarms {
  const alarms: { [name in AlarmName]?: 0 | 2 } = {};
  const note = (table: CodeAlarms, code: number): void => {
    for (const [known, alarm] of table) alarms[alarm] = known === code ? 2 : (alarms[alarm] ?? 0);
  };
  note(CHARGE_FET_ALARMS, charge);
  note(DISCHARGE_FET_ALARMS, discharge);
  return alarms;
}

/** The counterpart for simulated replies. A FET that an alarm opened shows the alarm, whatever the switch says. */
export function fetCode(on: boolean | undefined, alarms: Alarms | undefined, table: CodeAlarms): number {
  const opened = table.find(([, alarm]) => alarms?.[alarm] === 2);
  return opened?.[0] ?? (on === false ? FET_MANUALLY_OFF : FET_ON);
}
