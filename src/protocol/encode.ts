import type { AlarmLevel, Alarms } from '../model/alarms.ts';
import type { PackReading } from '../model/reading.ts';
import { type NumberType, readNumber, writeNumber, writeText } from './bytes.ts';
import type { AlarmBit, Field, FlagField, Scaling } from './fields.ts';

/** The raw number that `scaled` reads as `value`; for an unknown value the first sentinel, else 0 raw steps. */
export function unscaled(value: number | undefined, scaling: Omit<Scaling, 'type'>): number {
  if (value === undefined) return scaling.absent?.[0] ?? 0;
  return Math.round(value / (scaling.scale ?? 1) - (scaling.offset ?? 0));
}

/** Puts `value` at `at` of `into`; what does not fit any more is left out. */
export function putNumber(into: Uint8Array, at: number, type: NumberType, value: number): void {
  const bytes = writeNumber(value, type);
  if (at >= 0 && at + bytes.length <= into.length) into.set(bytes, at);
}

/** Writes what `decodeFields` would read: the simulated side of a field table. Fields beyond the end are left out. */
export function encodeFields(into: Uint8Array, fields: readonly Field[], reading: PackReading): void {
  for (const field of fields) {
    if (field.type === 'text') {
      const text = writeText(reading[field.key] ?? '', field.length ?? into.length - field.at);
      into.set(text.subarray(0, Math.max(0, into.length - field.at)), Math.min(field.at, into.length));
    } else if (field.type === 'flag') {
      if (reading[field.key] === !field.inverse) setFlag(into, field);
    } else {
      putNumber(into, field.at, field.type, unscaled(reading[field.key], field));
    }
  }
}

function setFlag(into: Uint8Array, field: FlagField): void {
  const before = field.bit === undefined ? 0 : (readNumber(into, field.at, field.of) ?? 0);
  putNumber(into, field.at, field.of, before | (1 << (field.bit ?? 0)));
}

/**
 * The flag word in which `decodeAlarms` finds these alarms again: for each alarm its first bit of exactly that level.
 * Levels for which the table has no bit are lost, as they are in the real device.
 */
export function encodeAlarms(alarms: Alarms, bits: readonly AlarmBit[]): number {
  let word = 0;
  const told = new Set<string>();
  for (const { bit, alarm, level } of bits) {
    const now: AlarmLevel = alarms[alarm] ?? 0;
    if (now !== level || now === 0 || told.has(alarm)) continue;
    told.add(alarm);
    word += 2 ** bit;
  }
  return word;
}

/** The mask of which `flagsOf` reads these flags, flag 0 in bit 0; masks up to 53 bits. */
export function maskOf(flags: readonly boolean[]): number {
  return flags.reduce((mask, flag, index) => (flag ? mask + 2 ** index : mask), 0);
}
