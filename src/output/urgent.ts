import type { BatteryView } from '../battery/battery-view.ts';
import { power } from '../battery/derived-values.ts';
import { type BridgedBattery, isOnline } from './output.ts';
import { problems } from './values.ts';

/** A load jumps when its power changes by so much of what it was, measured from a floor that keeps small ones quiet, W. */
const JUMP = 0.15;
const JUMP_FLOOR = 120;

/** Whether `after` holds something that an automation waits for, seen from what was told last. */
export function isUrgent(before: BridgedBattery, after: BridgedBattery): boolean {
  return (
    isOnline(before) !== isOnline(after) ||
    switches(before.view) !== switches(after.view) ||
    problems(before.view).join() !== problems(after.view).join() ||
    isJump(power(before.view), power(after.view))
  );
}

/** The mode without what is awaited in it, and everything that is on or off. */
function switches({ control, reading, requests }: BatteryView): string {
  const mode = control?.chargeMode?.split(/[^A-Za-z ]/)[0]?.trim();
  const fets = [
    control?.allowToCharge,
    control?.allowToDischarge,
    reading?.chargeEnabled,
    reading?.dischargeEnabled,
  ];
  return JSON.stringify([mode, ...fets, requests]);
}

function isJump(before: number | undefined, after: number | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  return Math.abs(after - before) / (Math.abs(before) + JUMP_FLOOR) > JUMP;
}
