import type { AlarmBit } from '../../protocol/fields.ts';

/**
 * Status words of PACE boards, the same in their ASCII and in their Modbus protocol. MOSFET heat is bit 14 among the warnings, but
 * bit 12 among the protections.
 */
export const WARNINGS: readonly AlarmBit[] = [
  { bit: 0, alarm: 'highCellVoltage', level: 1 },
  { bit: 1, alarm: 'lowCellVoltage', level: 1 },
  { bit: 2, alarm: 'highVoltage', level: 1 },
  { bit: 3, alarm: 'lowVoltage', level: 1 },
  { bit: 4, alarm: 'highChargeCurrent', level: 1 },
  { bit: 5, alarm: 'highDischargeCurrent', level: 1 },
  { bit: 8, alarm: 'highChargeTemperature', level: 1 },
  { bit: 9, alarm: 'highTemperature', level: 1 },
  { bit: 10, alarm: 'lowChargeTemperature', level: 1 },
  { bit: 11, alarm: 'lowTemperature', level: 1 },
  { bit: 12, alarm: 'highTemperature', level: 1 },
  { bit: 13, alarm: 'lowTemperature', level: 1 },
  { bit: 14, alarm: 'highInternalTemperature', level: 1 },
  { bit: 15, alarm: 'lowSoc', level: 1 },
];
/** Bit 15, fully charged, is a state. */
export const PROTECTIONS: readonly AlarmBit[] = [
  { bit: 0, alarm: 'highCellVoltage', level: 2 },
  { bit: 1, alarm: 'lowCellVoltage', level: 2 },
  { bit: 2, alarm: 'highVoltage', level: 2 },
  { bit: 3, alarm: 'lowVoltage', level: 2 },
  { bit: 4, alarm: 'highChargeCurrent', level: 2 },
  { bit: 5, alarm: 'highDischargeCurrent', level: 2 },
  { bit: 6, alarm: 'shortCircuit', level: 2 },
  { bit: 7, alarm: 'highVoltage', level: 2 },
  { bit: 8, alarm: 'highChargeTemperature', level: 2 },
  { bit: 9, alarm: 'highTemperature', level: 2 },
  { bit: 10, alarm: 'lowChargeTemperature', level: 2 },
  { bit: 11, alarm: 'lowTemperature', level: 2 },
  { bit: 12, alarm: 'highInternalTemperature', level: 2 },
  { bit: 13, alarm: 'highTemperature', level: 2 },
  { bit: 14, alarm: 'lowTemperature', level: 2 },
];
