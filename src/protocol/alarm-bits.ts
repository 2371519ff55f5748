import type { AlarmName } from '../model/alarms.ts';
import type { AlarmBit } from './fields.ts';

/** A bit that means an alarm, or undefined for one that means none. */
export type Named = AlarmName | undefined;

/** Bits that follow each other from bit `first`, one for each name, all of one level. */
export function alarmBits(level: AlarmBit['level'], names: readonly Named[], first = 0): AlarmBit[] {
  return names.flatMap((alarm, index) => (alarm === undefined ? [] : [{ bit: first + index, alarm, level }]));
}

/** Two bits for each name from bit `first`: the warning, then the protection. */
export function alarmPairs(names: readonly Named[], first = 0): AlarmBit[] {
  return names.flatMap((alarm, index) =>
    alarm === undefined
      ? []
      : [
          { bit: first + 2 * index, alarm, level: 1 },
          { bit: first + 2 * index + 1, alarm, level: 2 },
        ],
  );
}
