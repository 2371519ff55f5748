import { chargeStateNamed } from '../battery/charge-state.ts';
import { flag } from '../battery/derived-values.ts';
import { amps, computed, type PathLine, real, text, volts, whole } from './path-line.ts';
import { intoFlag, numberAt, put, textAt } from './view-field.ts';

/** A service that has this path hands limits to a bank. */
export const HANDED_VOLTAGE = '/Bank/MaxChargeVoltage';

/** On a battery that is a member of a bank, whether the bank is there or not. */
export const MEMBER: readonly PathLine[] = [text('/Bank/Name', textAt('bank', 'name'))];

/**
 * What a battery hands to the bank that leads it: its own limits, on paths that the system controller does not look at. It
 * has none of the paths below /Info then, because the mere existence of a limit there makes a service steer.
 */
export const LED: readonly PathLine[] = [
  real(HANDED_VOLTAGE, volts(2), 0.01, numberAt('control', 'cvl')),
  real('/Bank/MaxChargeCurrent', amps(1), 0.1, numberAt('control', 'ccl')),
  real('/Bank/MaxDischargeCurrent', amps(1), 0.1, numberAt('control', 'dcl')),
  real('/Bank/BatteryLowVoltage', volts(2), 0.01, numberAt('control', 'low')),
  text(
    '/Bank/ChargeState',
    computed(
      ({ control }) => control?.state,
      ({ control }, value: string) => {
        const state = chargeStateNamed(value);
        if (state !== undefined) put(control, 'state', state);
      },
    ),
  ),
  text('/Bank/ChargeMode', textAt('control', 'chargeMode')),
  text('/Bank/ChargeLimitation', textAt('control', 'chargeReason')),
  text('/Bank/DischargeLimitation', textAt('control', 'dischargeReason')),
  // The switches themselves: 0 takes the battery out of the current path, which a limit of 0 A does not.
  whole(
    '/Bank/ChargeSwitch',
    computed(({ reading }) => flag(reading?.chargeEnabled), intoFlag('reading', 'chargeEnabled')),
  ),
  whole(
    '/Bank/DischargeSwitch',
    computed(({ reading }) => flag(reading?.dischargeEnabled), intoFlag('reading', 'dischargeEnabled')),
  ),
];
