import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../test/support/batteries.ts';
import { agree } from './agree.ts';

describe('two answers to one question', () => {
  it.each([
    ['the same', {}],
    ['a current that moved a little', { current: -14.1 }],
    ['a pack voltage that moved a little', { voltage: (BATTERY.voltage ?? 0) + 0.3 }],
    ['a cell that moved a little', { cellVoltages: BATTERY.cellVoltages?.map((cell) => cell + 0.02) ?? [] }],
    ['a sensor that moved a degree', { temperatures: [22, 22, 23, 24] }],
  ])('agree: %s', (_, changes) => {
    expect(agree(BATTERY, { ...BATTERY, ...changes })).toBe(true);
  });

  it.each([
    ['a current that leaped', { current: 12.3 }],
    [
      'a cell that leaped',
      { cellVoltages: BATTERY.cellVoltages?.map((cell, at) => (at === 3 ? 3.6 : cell)) ?? [] },
    ],
    ['a cell less', { cellVoltages: BATTERY.cellVoltages?.slice(1) ?? [] }],
    ['another capacity', { capacityFull: 281 }],
    ['another count of cycles', { cycles: 124 }],
    ['another alarm', { alarms: { highVoltage: 2 } as const }],
    ['a switch', { chargeEnabled: false }],
    ['another text', { model: 'SIM13T' }],
  ])('do not agree: %s', (_, changes) => {
    expect(agree(BATTERY, { ...BATTERY, ...changes })).toBe(false);
    expect(agree({ ...BATTERY, ...changes }, BATTERY)).toBe(false);
  });

  it('do not agree when one of them tells a value that the other does not', () => {
    const { current: _, ...without } = BATTERY;
    expect(agree(BATTERY, without)).toBe(false);
    expect(agree(without, BATTERY)).toBe(false);
  });

  it('let a large current move by a tenth', () => {
    fc.assert(
      fc.property(fc.double({ min: 60, max: 500, noNaN: true }), (current) => {
        expect(agree({ current }, { current: current * 0.91 })).toBe(true);
        expect(agree({ current }, { current: current * 0.85 })).toBe(false);
      }),
    );
  });
});
