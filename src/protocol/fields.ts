import { FrameError } from '../errors.ts';
import type { AlarmLevel, AlarmName, Alarms } from '../model/alarms.ts';
import type { FlagKey, NumberKey, PackReading, TextKey } from '../model/reading.ts';
import { decimalsOf, round } from '../model/round.ts';
import { NUMBER_TYPES, type NumberType, readNumber, readText } from './bytes.ts';

/**
 * How one raw number becomes a quantity: (raw + offset) * scale, rounded to the resolution of the scale.
 * `absent` lists raw values that mean "not fitted" or "not known".
 */
export interface Scaling {
  readonly type: NumberType;
  /** Added to the raw number before scaling, e.g. -2731 for tenths of a kelvin. */
  readonly offset?: number;
  /** Unit per step, e.g. 0.01; negative turns the sign. */
  readonly scale?: number;
  /** Decimals to round to, where the wire is finer than anything that is measured; default: those of the scale. */
  readonly decimals?: number;
  readonly absent?: readonly number[];
  /** Values outside are not believed and are left out (sentinels of broken sensors). */
  readonly min?: number;
  readonly max?: number;
}

/** A number at a fixed place. */
export interface NumberField extends Scaling {
  readonly key: NumberKey;
  readonly at: number;
  /** The frame may end before this field (newer firmware only). */
  readonly optional?: boolean;
}

/** ASCII text at a fixed place. */
export interface TextField {
  readonly key: TextKey;
  readonly at: number;
  readonly type: 'text';
  /** Bytes; to the end of the frame when absent. */
  readonly length?: number;
  readonly optional?: boolean;
}

/** One bit (or, without `bit`, a byte or word that is 1 or 0). */
export interface FlagField {
  readonly key: FlagKey;
  readonly at: number;
  readonly type: 'flag';
  readonly of: NumberType;
  readonly bit?: number;
  /** The bit is set, or the number is 1, where the flag does not hold. */
  readonly inverse?: true;
  readonly optional?: boolean;
}

export type Field = NumberField | TextField | FlagField;

/** Applies `scaling` to a raw number; absent for sentinels and for values outside of min..max. */
export function scaled(raw: number, scaling: Omit<Scaling, 'type'>): number | undefined {
  if (scaling.absent?.includes(raw)) return undefined;
  const scale = scaling.scale ?? 1;
  const value = round((raw + (scaling.offset ?? 0)) * scale, scaling.decimals ?? decimalsOf(scale));
  if (value < (scaling.min ?? -Infinity) || value > (scaling.max ?? Infinity)) return undefined;
  return value;
}

/** Reads every field of the table from `bytes`. Throws a FrameError when a field that is not optional is missing. */
export function decodeFields(bytes: Uint8Array, fields: readonly Field[]): PackReading {
  const reading: Record<string, number | string | boolean> = {};
  for (const field of fields) {
    const value = decodeField(bytes, field);
    if (value !== undefined) reading[field.key] = value;
  }
  return reading;
}

function decodeField(bytes: Uint8Array, field: Field): number | string | boolean | undefined {
  if (field.type === 'text') {
    if (field.at > bytes.length && !field.optional) throw tooShort(bytes, field);
    return readText(bytes, field.at, field.length);
  }
  const raw = readNumber(bytes, field.at, field.type === 'flag' ? field.of : field.type);
  if (raw === undefined) {
    if (field.optional) return undefined;
    throw tooShort(bytes, field);
  }
  if (field.type === 'flag') {
    const set = field.bit === undefined ? raw === 1 : (raw & (1 << field.bit)) !== 0;
    return set !== (field.inverse ?? false);
  }
  return scaled(raw, field);
}

function tooShort(bytes: Uint8Array, field: Field): FrameError {
  return new FrameError('length', `${bytes.length} bytes end before ${field.key} at ${field.at}`, bytes);
}

/** `count` numbers of one scaling, one after the other from `at`; sentinels are kept as undefined. */
export function decodeRow(
  bytes: Uint8Array,
  at: number,
  count: number,
  scaling: Scaling,
): (number | undefined)[] {
  const width = NUMBER_TYPES[scaling.type];
  return Array.from({ length: count }, (_, index) => {
    const raw = readNumber(bytes, at + index * width, scaling.type);
    if (raw === undefined) {
      throw new FrameError('length', `${bytes.length} bytes end before item ${index + 1} of ${count}`, bytes);
    }
    return scaled(raw, scaling);
  });
}

/** Only the values that are there. */
export function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}

/** Only the keys that hold something: absent is absent. */
export function presentKeys(
  found: { readonly [key in keyof PackReading]: PackReading[key] | undefined },
): PackReading {
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined));
}

/** One bit of a flag word and what it means. */
export interface AlarmBit {
  readonly bit: number;
  readonly alarm: AlarmName;
  readonly level: AlarmLevel;
}

/**
 * Alarms from a flag word. Every alarm that the table names is reported, with 0 when none of its bits is set,
 * because "this BMS watches it and it is fine" differs from "this BMS cannot tell".
 */
export function decodeAlarms(word: number, bits: readonly AlarmBit[]): Alarms {
  const alarms: { [name in AlarmName]?: AlarmLevel } = {};
  for (const { bit, alarm, level } of bits) {
    const set = Math.floor(word / 2 ** bit) % 2 === 1;
    const now: AlarmLevel = set ? level : 0;
    if (now >= (alarms[alarm] ?? 0)) alarms[alarm] = now;
  }
  return alarms;
}
