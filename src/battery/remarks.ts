import type { Remark } from '../bms/driver.ts';
import { CONDITIONS, type ConditionName } from './condition-texts.ts';

/** The condition that a remark begins; undefined where it ends one. */
export function conditionOf({
  remains,
  state,
}: Remark): { readonly name: ConditionName; readonly cause: string } | undefined {
  switch (state) {
    case 'told':
      return undefined;
    case 'never':
      return { name: 'partNever', cause: 'the driver goes on without' };
    case 'silent':
      return {
        name: 'partSilent',
        cause: remains ? 'alarms and limits that it told last stay in force' : 'the rest is read without',
      };
  }
}

/** A remark in one line. */
export function remarkText(remark: Remark): string {
  const { cause, name } = conditionOf(remark) ?? {};
  if (name === undefined || cause === undefined) return `the BMS tells its ${remark.part} now`;
  return CONDITIONS[name].begin({ what: remark.part, cause });
}
