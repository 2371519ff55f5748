import { type AlarmLevel, type AlarmName, type Alarms, mergeAlarms } from '../model/alarms.ts';
import { type NumberType, readNumber } from './bytes.ts';
import { encodeAlarms, putNumber } from './encode.ts';
import { type AlarmBit, decodeAlarms } from './fields.ts';

/** A byte or word at a fixed place, and what its bits mean. */
export interface StatusField {
  readonly at: number;
  readonly type: NumberType;
  readonly bits: readonly AlarmBit[];
}

/** Bits of one level from bit `first` on, one a name; a bit without a name means no alarm. */
export function bitsFrom(
  first: number,
  level: AlarmLevel,
  ...names: readonly (AlarmName | undefined)[]
): AlarmBit[] {
  return names.flatMap((alarm, index) => (alarm === undefined ? [] : [{ bit: first + index, alarm, level }]));
}

/** Two bits a name from bit `first` on: the warning, then the protection. */
export function pairsFrom(first: number, ...names: readonly AlarmName[]): AlarmBit[] {
  return names.flatMap((alarm, index): AlarmBit[] => [
    { bit: first + 2 * index, alarm, level: 1 },
    { bit: first + 2 * index + 1, alarm, level: 2 },
  ]);
}

/** The order in which most boards tell of cells and pack, and of charging and discharging in heat and cold. */
export const VOLTAGE_ALARMS = [
  'highCellVoltage',
  'lowCellVoltage',
  'highVoltage',
  'lowVoltage',
] as const satisfies readonly AlarmName[];
export const HEAT_ALARMS = [
  'highChargeTemperature',
  'lowChargeTemperature',
  'highTemperature',
  'lowTemperature',
] as const satisfies readonly AlarmName[];

/** A word, high byte first, with all these bits. */
export function statusWord(at: number, ...bits: readonly (readonly AlarmBit[])[]): StatusField {
  return { at, type: 'u16be', bits: bits.flat() };
}

/** A byte with all these bits. */
export function statusByte(at: number, ...bits: readonly (readonly AlarmBit[])[]): StatusField {
  return { at, type: 'u8', bits: bits.flat() };
}

/** Alarms from several places, the worse level of each. A place beyond the end of the bytes tells none. */
export function decodeStatus(bytes: Uint8Array, fields: readonly StatusField[]): Alarms {
  return fields.reduce<Alarms>((all, { at, type, bits }) => {
    const word = readNumber(bytes, at, type);
    return word === undefined ? all : mergeAlarms(all, decodeAlarms(word, bits));
  }, {});
}

/** Writes what `decodeStatus` would read. An alarm that no bit tells at its level is written at the level that one has. */
export function encodeStatus(into: Uint8Array, fields: readonly StatusField[], alarms: Alarms): void {
  const all = fields.flatMap(({ bits }) => bits);
  const told = Object.fromEntries(
    Object.entries(alarms).map(([name, level]) => {
      const levels = all.filter(({ alarm }) => alarm === name).map((bit) => bit.level);
      return [name, level === 0 || levels.includes(level) ? level : (levels[0] ?? 0)];
    }),
  );
  for (const { at, type, bits } of fields) {
    const before = readNumber(into, at, type) ?? 0;
    putNumber(into, at, type, (before | encodeAlarms(told, bits)) >>> 0);
  }
}
