import { mergeAlarms } from '../../../model/alarms.ts';
import type { PackReading } from '../../../model/reading.ts';
import { flagsOf, readNumber } from '../../../protocol/bytes.ts';
import {
  decodeAlarms,
  decodeFields,
  decodeRow,
  present,
  presentKeys,
  scaled,
} from '../../../protocol/fields.ts';
import { register } from '../../../protocol/registers.ts';
import { assertPlausible } from '../../driver.ts';
import { PROTECTIONS, WARNINGS } from '../status.ts';
import {
  AMBIENT_AT,
  BALANCE_AT,
  BELOW_WARNING,
  BOARD_TEMPERATURES,
  CELL,
  CELL_PLACES,
  CELL_SENSORS,
  CELLS_AT,
  FAULTS,
  FIELDS,
  LFP_CELL_MAX,
  MOSFET_AT,
  NMC_CELLS,
  PARAMETER,
  PROTECTIONS_AT,
  STATUS_AT,
  TEMPERATURE,
  TEMPERATURES_AT,
  TEXT_FIELDS,
  WARNINGS_AT,
} from './fields.ts';

/**
 * Everything that changes. The count of cells is not sent: it is that of the leading places that hold one. Throws an
 * ImplausibleError when they do not sum up to the pack voltage, as with a cell that reads nothing.
 */
export function decodeValues(data: Uint8Array): PackReading {
  const places = decodeRow(data, CELLS_AT, CELL_PLACES, CELL);
  const fitted = places.indexOf(undefined);
  const cellVoltages = present(places.slice(0, fitted < 0 ? CELL_PLACES : fitted));
  const word = (at: number): number => readNumber(data, at, 'u16be') ?? 0;
  const balance = word(BALANCE_AT);
  return assertPlausible({
    ...decodeFields(data, FIELDS),
    cellCount: cellVoltages.length,
    cellVoltages,
    temperatures: present(decodeRow(data, TEMPERATURES_AT, CELL_SENSORS, TEMPERATURE)),
    ...boardTemperatures(data),
    balancing: balance !== 0,
    cellBalancing: flagsOf(balance, cellVoltages.length),
    ...(cellVoltages.length === NMC_CELLS && { chemistry: 'nmc' as const }),
    alarms: [
      decodeAlarms(word(WARNINGS_AT), WARNINGS),
      decodeAlarms(word(PROTECTIONS_AT), PROTECTIONS),
      decodeAlarms(word(STATUS_AT), FAULTS),
    ].reduce(mergeAlarms),
  });
}

/** Boards without these two sensors tell 0.0 for both. */
function boardTemperatures(data: Uint8Array): PackReading {
  const [mosfet, ambient] = [MOSFET_AT, AMBIENT_AT].map((at) => readNumber(data, at, TEMPERATURE.type) ?? 0);
  if (mosfet === 0 && ambient === 0) return {};
  return decodeFields(data, BOARD_TEMPERATURES);
}

/** Texts as far as they are texts: a map that holds something else here is not this one. */
export function decodeTexts(data: Uint8Array): PackReading {
  const printable = data.subarray(0, 20).every((byte) => byte === 0 || (byte >= 0x20 && byte < 0x7f));
  return printable ? decodeFields(data, TEXT_FIELDS) : {};
}

/** Limits and chemistry, as far as the registers from `first` on tell them; 0xFFFF and 0 tell nothing. */
export function decodeParameters(data: Uint8Array, first: number): PackReading {
  const at = (number: number): number | undefined => register(data, first, number) || undefined;
  const volts = (millivolts: number | undefined): number | undefined =>
    millivolts === undefined ? undefined : scaled(millivolts, { scale: 0.001 });
  const warning = at(PARAMETER.packHighWarning);
  const cellHigh = at(PARAMETER.cellHighProtection);
  return presentKeys({
    maxChargeVoltage: volts(at(PARAMETER.fullChargeVoltage) ?? (warning && warning - BELOW_WARNING)),
    minDischargeVoltage: volts(at(PARAMETER.packLowWarning) ?? at(PARAMETER.packLowProtection)),
    maxChargeCurrent: at(PARAMETER.chargeCurrentWarning),
    maxDischargeCurrent: at(PARAMETER.dischargeCurrentWarning),
    chemistry: cellHigh === undefined ? undefined : cellHigh > LFP_CELL_MAX ? 'nmc' : 'lfp',
  });
}
