import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError } from '../errors.ts';
import {
  bytesOf,
  flagsOf,
  fromHex,
  NUMBER_TYPES,
  type NumberType,
  readNumber,
  readText,
  sameBytes,
  writeNumber,
  writeText,
} from './bytes.ts';
import { decodeAlarms, decodeFields, decodeRow, type Field, present } from './fields.ts';

const TABLE = [
  { key: 'voltage', at: 0, type: 'u16be', scale: 0.01 },
  { key: 'current', at: 2, type: 's16be', scale: -0.1 },
  {
    key: 'mosfetTemperature',
    at: 4,
    type: 'u16be',
    offset: -2731,
    scale: 0.1,
    absent: [0],
    min: -40,
    max: 150,
  },
  { key: 'chargeEnabled', at: 6, type: 'flag', of: 'u8', bit: 1 },
  { key: 'dischargeEnabled', at: 6, type: 'flag', of: 'u8', bit: 0 },
  { key: 'model', at: 7, type: 'text', length: 4 },
  { key: 'soh', at: 11, type: 'u8', optional: true },
] as const satisfies readonly Field[];
const FRAME = bytesOf([0x14, 0xc5], [0x00, 0x0f], [0x0b, 0xb8], 0b10, [0x41, 0x42, 0x20, 0x00]);

describe('decodeFields', () => {
  it('scales, signs, offsets and rounds every field of the table', () => {
    expect(decodeFields(FRAME, TABLE)).toEqual({
      voltage: 53.17,
      current: -1.5,
      mosfetTemperature: 26.9,
      chargeEnabled: true,
      dischargeEnabled: false,
      model: 'AB',
    });
  });

  it('leaves sentinels and impossible values out', () => {
    const open = bytesOf(FRAME.subarray(0, 4), [0, 0], FRAME.subarray(6));
    const hot = bytesOf(FRAME.subarray(0, 4), [0xff, 0xff], FRAME.subarray(6));
    expect(decodeFields(open, TABLE)).not.toHaveProperty('mosfetTemperature');
    expect(decodeFields(hot, TABLE)).not.toHaveProperty('mosfetTemperature');
  });

  it('reads a flag that is set where it does not hold', () => {
    const inverse = { key: 'chargeEnabled', at: 0, type: 'flag', of: 'u8', inverse: true } as const;
    for (const [byte, bit, expected] of [
      [0b10, 1, false],
      [0b01, 1, true],
      [1, undefined, false],
      [0, undefined, true],
    ] as const) {
      const field = { ...inverse, ...(bit !== undefined && { bit }) };
      expect(decodeFields(Uint8Array.of(byte), [field]).chargeEnabled).toBe(expected);
    }
  });

  it('reads an optional field only when the frame has it', () => {
    expect(decodeFields(FRAME, TABLE)).not.toHaveProperty('soh');
    expect(decodeFields(bytesOf(FRAME, 99), TABLE).soh).toBe(99);
  });

  it('names the field at which a frame is too short', () => {
    expect(() => decodeFields(FRAME.subarray(0, 3), TABLE)).toThrow(/3 bytes end before current at 2/);
    expect(() => decodeFields(FRAME.subarray(0, 6), TABLE)).toThrow(FrameError);
    expect(() => decodeFields(new Uint8Array(3), [{ key: 'model', at: 4, type: 'text' }])).toThrow(
      FrameError,
    );
    expect(decodeFields(new Uint8Array(3), [{ key: 'model', at: 4, type: 'text', optional: true }])).toEqual(
      {},
    );
  });

  it('reads a flag that is a whole byte', () => {
    expect(decodeFields(Uint8Array.of(1), [{ key: 'balancing', at: 0, type: 'flag', of: 'u8' }])).toEqual({
      balancing: true,
    });
  });
});

describe('decodeRow', () => {
  it('reads numbers one after the other and keeps the place of absent ones', () => {
    const row = decodeRow(bytesOf([0x0c, 0xfe], [0xff, 0xff], [0x0c, 0xf6]), 0, 3, {
      type: 'u16be',
      scale: 0.001,
      absent: [0xffff],
    });
    expect(row).toEqual([3.326, undefined, 3.318]);
    expect(present(row)).toEqual([3.326, 3.318]);
  });

  it('refuses a row that the frame does not hold', () => {
    expect(() => decodeRow(new Uint8Array(3), 0, 2, { type: 'u16be' })).toThrow(/before item 2 of 2/);
  });
});

describe('decodeAlarms', () => {
  const BITS = [
    { bit: 0, alarm: 'highVoltage', level: 1 },
    { bit: 1, alarm: 'highVoltage', level: 2 },
    { bit: 33, alarm: 'lowSoc', level: 1 },
  ] as const;

  it.each([
    [0, { highVoltage: 0, lowSoc: 0 }],
    [1, { highVoltage: 1, lowSoc: 0 }],
    [3, { highVoltage: 2, lowSoc: 0 }],
    [2 ** 33, { highVoltage: 0, lowSoc: 1 }],
  ])('reads the flag word %s', (word, alarms) => {
    expect(decodeAlarms(word, BITS)).toEqual(alarms);
  });
});

describe('bytes', () => {
  it.each([
    ['u24be', [1, 2, 3], 0x010203],
    ['s8', [0xff], -1],
    ['s16le', [0xfe, 0xff], -2],
    ['s32be', [0xff, 0xff, 0xff, 0xfd], -3],
    ['u32le', [1, 0, 0, 0x80], 0x80000001],
    ['u32lw', [0x6b, 0x40, 0x80, 1], 0x80016b40],
    ['s32lw', [0xff, 0xf3, 0xff, 0xff], -13],
  ] as const)('reads %s', (type, bytes, value) => {
    expect(readNumber(Uint8Array.from(bytes), 0, type)).toBe(value);
  });

  it('reads nothing before the start or past the end', () => {
    expect(readNumber(new Uint8Array(2), 1, 'u16be')).toBeUndefined();
    expect(readNumber(new Uint8Array(2), -1, 'u8')).toBeUndefined();
  });

  it('writes what it reads, for every type', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(NUMBER_TYPES) as NumberType[])),
        fc.integer(),
        (type, number) => {
          const value = readNumber(writeNumber(number, type), 0, type) ?? Number.NaN;
          const bits = 8 * NUMBER_TYPES[type];
          expect(BigInt.asUintN(bits, BigInt(value))).toBe(BigInt.asUintN(bits, BigInt(number)));
        },
      ),
    );
  });

  it('reads text up to the first NUL and only what can be printed', () => {
    expect(readText(bytesOf(0x20, 0x41, 0x01, 0x42, 0, 0x43))).toBe('AB');
    expect(readText(new Uint8Array(4))).toBeUndefined();
    expect(readText(writeText('UP16S', 8))).toBe('UP16S');
  });

  it('reads hex and nothing else', () => {
    expect(fromHex('dd A5 03')).toEqual(Uint8Array.of(0xdd, 0xa5, 3));
    expect(fromHex('dda')).toBeUndefined();
    expect(fromHex('zz')).toBeUndefined();
  });

  it('takes flags from the low bit up, beyond 32 bits too', () => {
    expect(flagsOf(0b1010, 4)).toEqual([false, true, false, true]);
    expect(flagsOf(2 ** 40, 41)[40]).toBe(true);
  });

  it('compares bytes', () => {
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(sameBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(sameBytes(Uint8Array.of(1), Uint8Array.of(1, 3))).toBe(false);
  });
});
