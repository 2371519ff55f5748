import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALARM_NAMES, type Alarms } from '../model/alarms.ts';
import { flagsOf } from './bytes.ts';
import { encodeAlarms, encodeFields, maskOf, putNumber, unscaled } from './encode.ts';
import { type AlarmBit, decodeAlarms, decodeFields, type Field, scaled } from './fields.ts';

const RUNS = { numRuns: Math.ceil(300 * Number(process.env['FUZZ_FACTOR'] ?? 1)) };

const FIELDS = [
  { key: 'voltage', at: 0, type: 'u16be', scale: 0.01 },
  { key: 'current', at: 2, type: 's32le', scale: -0.001 },
  { key: 'soc', at: 6, type: 'u8', absent: [255] },
  { key: 'mosfetTemperature', at: 7, type: 'u16le', offset: -2731, scale: 0.1 },
  { key: 'chargeEnabled', at: 9, type: 'flag', of: 'u8', bit: 0 },
  { key: 'dischargeEnabled', at: 9, type: 'flag', of: 'u8', bit: 3 },
  { key: 'balancing', at: 10, type: 'flag', of: 'u16be' },
  { key: 'model', at: 12, type: 'text', length: 6 },
] as const satisfies readonly Field[];

const steps = (min: number, max: number, digits: number): fc.Arbitrary<number> =>
  fc.integer({ min: min * 10 ** digits, max: max * 10 ** digits }).map((n) => n / 10 ** digits);

describe('encodeFields', () => {
  it('writes what decodeFields reads', () => {
    const reading = fc.record({
      voltage: steps(0, 655, 2),
      current: steps(-2000, 2000, 3),
      soc: fc.nat(100),
      mosfetTemperature: steps(-40, 120, 1),
      chargeEnabled: fc.boolean(),
      dischargeEnabled: fc.boolean(),
      balancing: fc.boolean(),
      model: fc.constantFrom('A', 'BMS-16', 'x y z'),
    });
    fc.assert(
      fc.property(reading, (truth) => {
        const bytes = new Uint8Array(18);
        encodeFields(bytes, FIELDS, truth);
        expect(decodeFields(bytes, FIELDS)).toEqual(truth);
      }),
      RUNS,
    );
  });

  it('writes the sentinel for a value that is not known', () => {
    const bytes = new Uint8Array(18);
    encodeFields(bytes, FIELDS, {});
    expect(bytes[6]).toBe(255);
    expect(decodeFields(bytes, FIELDS)).not.toHaveProperty('soc');
  });

  it('leaves out what lies behind the end', () => {
    const bytes = new Uint8Array(7);
    encodeFields(bytes, FIELDS, { voltage: 1, model: 'ABC', balancing: true });
    expect([...bytes]).toEqual([0, 100, 0, 0, 0, 0, 255]);
  });

  it('keeps the bits of other flags in the same byte', () => {
    const bytes = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0);
    encodeFields(bytes, [FIELDS[4], FIELDS[5]], { chargeEnabled: true, dischargeEnabled: true });
    expect(bytes[9]).toBe(0x89);
  });
});

describe('unscaled', () => {
  it.each([
    [12.5, { scale: 0.1 }, 125],
    [-10, { scale: 1, offset: -40 }, 30],
    [undefined, { absent: [0xffff] }, 0xffff],
    [undefined, { scale: 0.1 }, 0],
  ])('turns %s with %o into %s', (value, scaling, raw) => {
    expect(unscaled(value, scaling)).toBe(raw);
    if (value !== undefined) expect(scaled(raw, scaling)).toBe(value);
  });
});

describe('putNumber', () => {
  it.each([-1, 3, 4])('writes nothing where it does not fit: at %s of 4', (at) => {
    const bytes = new Uint8Array(4);
    putNumber(bytes, at, 'u16be', 0xffff);
    expect([...bytes]).toEqual([0, 0, 0, 0]);
  });
});

describe('encodeAlarms', () => {
  const BITS: readonly AlarmBit[] = ALARM_NAMES.flatMap((alarm, index) => [
    { bit: 2 * index, alarm, level: 1 },
    { bit: 2 * index + 1, alarm, level: 2 },
  ]);

  it('sets the bits in which decodeAlarms finds the same levels', () => {
    const alarms: fc.Arbitrary<Alarms> = fc
      .array(fc.constantFrom(0, 1, 2), { minLength: ALARM_NAMES.length, maxLength: ALARM_NAMES.length })
      .map((levels) => Object.fromEntries(ALARM_NAMES.map((name, index) => [name, levels[index] ?? 0])));
    fc.assert(
      fc.property(alarms, (truth) => {
        expect(decodeAlarms(encodeAlarms(truth, BITS), BITS)).toEqual(truth);
      }),
      RUNS,
    );
  });

  it('sets one bit of several with the same meaning, and none for a level that the table lacks', () => {
    const bits: readonly AlarmBit[] = [
      { bit: 3, alarm: 'internalFailure', level: 2 },
      { bit: 4, alarm: 'internalFailure', level: 2 },
    ];
    expect(encodeAlarms({ internalFailure: 2 }, bits)).toBe(8);
    expect(encodeAlarms({ internalFailure: 1, lowSoc: 2 }, bits)).toBe(0);
  });
});

it('maskOf makes the mask that flagsOf reads', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 48 }), (flags) => {
      expect(flagsOf(maskOf(flags), flags.length)).toEqual(flags);
    }),
    RUNS,
  );
});
