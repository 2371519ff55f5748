import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALARM_NAMES, type AlarmLevel } from '../model/alarms.ts';
import {
  bitsFrom,
  decodeStatus,
  encodeStatus,
  HEAT_ALARMS,
  pairsFrom,
  statusByte,
  statusWord,
} from './status.ts';

const FIELDS = [
  statusWord(0, bitsFrom(0, 2, ...HEAT_ALARMS), bitsFrom(8, 1, ...HEAT_ALARMS)),
  statusByte(2, bitsFrom(1, 1, 'lowSoc', undefined, 'cellImbalance'), bitsFrom(7, 2, 'cellImbalance')),
];

describe('status words', () => {
  it('give a name to a bit after the other, and none to those without', () => {
    expect(bitsFrom(3, 1, 'lowSoc', undefined, 'contactor')).toEqual([
      { bit: 3, alarm: 'lowSoc', level: 1 },
      { bit: 5, alarm: 'contactor', level: 1 },
    ]);
  });

  it('have the warning of a name in one bit and its protection in the next', () => {
    expect(pairsFrom(2, 'lowVoltage', 'highVoltage')).toEqual([
      { bit: 2, alarm: 'lowVoltage', level: 1 },
      { bit: 3, alarm: 'lowVoltage', level: 2 },
      { bit: 4, alarm: 'highVoltage', level: 1 },
      { bit: 5, alarm: 'highVoltage', level: 2 },
    ]);
  });

  it.each([
    ['000000', {}],
    ['000100', { highChargeTemperature: 2 }],
    ['010000', { highChargeTemperature: 1 }],
    ['0f0200', { highChargeTemperature: 1, lowChargeTemperature: 2, highTemperature: 1, lowTemperature: 1 }],
    ['000088', { cellImbalance: 2 }],
    ['000002', { lowSoc: 1 }],
  ])('%s tells %j and that everything else is fine', (digits, set) => {
    const alarms = decodeStatus(Uint8Array.from(Buffer.from(digits, 'hex')), FIELDS);
    const fine = [...HEAT_ALARMS, 'lowSoc', 'cellImbalance'].map((name) => [name, 0]);
    expect(alarms).toEqual({ ...Object.fromEntries(fine), ...set });
  });

  it('that are missing at the end tell nothing', () => {
    expect(decodeStatus(Uint8Array.of(0, 0), FIELDS)).not.toHaveProperty('lowSoc');
  });

  it('are read as they were written, at the level that the device has', () => {
    const anyAlarms = fc.dictionary(fc.constantFrom(...ALARM_NAMES), fc.constantFrom<AlarmLevel>(0, 1, 2));
    fc.assert(
      fc.property(anyAlarms, (alarms) => {
        const bytes = new Uint8Array(3);
        encodeStatus(bytes, FIELDS, alarms);
        const read = decodeStatus(bytes, FIELDS);
        for (const name of HEAT_ALARMS) expect(read[name]).toBe(alarms[name] ?? 0);
        expect(read.cellImbalance).toBe(alarms['cellImbalance'] ?? 0);
        expect(read.lowSoc).toBe(alarms['lowSoc'] ? 1 : 0);
      }),
    );
  });
});
