import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ImplausibleError } from '../../errors.ts';
import {
  assertBelievable,
  assertCellsFit,
  decodeCurrentLimit,
  decodeFaults,
  encodeCurrentLimit,
  encodeFaults,
  finishDaly,
} from './faults.ts';

const RUNS = { numRuns: Math.ceil(300 * Number(process.env['FUZZ_FACTOR'] ?? 1)) };
const PAIRED = [
  'highCellVoltage',
  'lowCellVoltage',
  'highVoltage',
  'lowVoltage',
  'highChargeTemperature',
  'lowChargeTemperature',
  'highTemperature',
  'lowTemperature',
  'highChargeCurrent',
  'highDischargeCurrent',
  'lowSoc',
  'cellImbalance',
  'internalFailure',
] as const;

describe('fault bytes', () => {
  it.each([
    [[0x01], { highCellVoltage: 1 }],
    [[0x03], { highCellVoltage: 2 }],
    [[0, 0x20], { highTemperature: 2 }],
    [[0, 0, 0x30], {}],
    [[0, 0, 0, 0x0c], {}],
    [[0, 0, 0, 0, 0x02], { highInternalTemperature: 2 }],
    [[0, 0, 0, 0, 0, 0x10], { internalFailure: 1 }],
    [[0, 0, 0, 0, 0, 0x50], { internalFailure: 1 }],
    [[0, 0, 0, 0, 0, 0, 0x04], { shortCircuit: 2 }],
    [[0, 0, 0, 0, 0, 0, 0xf8, 0xff], {}],
  ])('%j say %o', (bytes, alarms) => {
    const decoded = decodeFaults(Uint8Array.from(bytes));
    expect(Object.fromEntries(Object.entries(decoded).filter(([, level]) => level > 0))).toEqual(alarms);
    expect(Object.keys(decoded)).toHaveLength(15);
  });

  it('are found again after having been written', () => {
    const levels = fc.array(fc.constantFrom<0 | 1 | 2>(0, 1, 2), { minLength: 13, maxLength: 13 });
    fc.assert(
      fc.property(levels, (list) => {
        const alarms = Object.fromEntries(PAIRED.map((name, index) => [name, list[index] ?? 0]));
        expect(decodeFaults(encodeFaults(alarms))).toMatchObject(alarms);
      }),
      RUNS,
    );
  });

  it('are read without loss when all are set', () => {
    const all = Object.values(decodeFaults(new Uint8Array(8).fill(0xff)));
    expect(all).toEqual(Array(15).fill(2));
  });
});

describe('what is believed', () => {
  it.each([{ current: 3000 }, { current: -3000 }, { soc: 100.1 }, { cellCount: 0 }, { cellCount: 49 }])(
    'not %o',
    (reading) => {
      expect(() => assertBelievable(reading)).toThrow(ImplausibleError);
    },
  );

  it('a reading without these fields, and one at their ends', () => {
    expect(assertBelievable({})).toEqual({});
    expect(() => assertBelievable({ current: 2999, soc: 100, cellCount: 48 })).not.toThrow();
  });

  it.each([
    [{ voltage: 11.4, cellCount: 3 }, true],
    [{ voltage: 11.4, cellCount: 2 }, false],
    [{ voltage: 0, cellCount: 16 }, false],
    [{ voltage: 52 }, false],
    [{ cellCount: 16 }, false],
  ])('%o as a pack: %s', (reading, fits) => {
    if (fits) expect(assertCellsFit(reading)).toBe(reading);
    else expect(() => assertCellsFit(reading)).toThrow(ImplausibleError);
  });
});

describe('finishDaly', () => {
  it('cuts cells and balancing to the count', () => {
    const merged = { cellCount: 2, cellVoltages: [3.3, 3.4, 3.5], cellBalancing: [true, false, true] };
    expect(finishDaly(merged)).toEqual({
      cellCount: 2,
      cellVoltages: [3.3, 3.4],
      cellBalancing: [true, false],
    });
  });

  it('leaves out cells that are not all there, and a balance mask without a count', () => {
    expect(finishDaly({ cellCount: 4, cellVoltages: [3.3] })).toEqual({ cellCount: 4 });
    expect(finishDaly({ cellBalancing: [true], balancing: true })).toEqual({ balancing: true });
  });

  it('does not believe 0 V with living cells', () => {
    expect(() => finishDaly({ voltage: 0, cellVoltages: [0, 3.3] })).toThrow(ImplausibleError);
    expect(finishDaly({ voltage: 0 })).toEqual({ voltage: 0 });
  });
});

describe('current limits', () => {
  it.each([
    [undefined, undefined],
    [30000, undefined],
    [30100, 10],
    [29840, 16],
  ])('%s are %s A', (raw, limit) => {
    expect(decodeCurrentLimit(raw)).toBe(limit);
  });

  it('are written on either side of the offset', () => {
    expect([encodeCurrentLimit(10), encodeCurrentLimit(10, -1), encodeCurrentLimit(undefined)]).toEqual([
      30100, 29900, 30000,
    ]);
  });
});
