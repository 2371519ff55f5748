import type { ControlOutput } from '../law.ts';
import { bankOutput, type Member } from './bank-limits.ts';
import type { Direction } from './limit.ts';
import { type Carrier, type Habits, learnHabits, type SharedLimit, sharedLimit } from './sharing.ts';

/** A pack whose current is seen. */
export interface MeasuredMember extends Member {
  /** A, positive = charging. */
  readonly current?: number;
}

/** How packs share, learnt while they are seen. */
export interface BankHabits {
  readonly charge: Habits;
  readonly discharge: Habits;
}

export const NO_HABITS: BankHabits = { charge: {}, discharge: {} };

/** Habits after `dtS` seconds. Only packs that answer and conduct say anything of how the current is shared. */
export function learn(before: BankHabits, members: readonly MeasuredMember[], dtS: number): BankHabits {
  const of = (direction: Direction): Habits =>
    learnHabits(before[direction], sides(members, direction).taking, dtS);
  return { charge: of('charge'), discharge: of('discharge') };
}

/**
 * Limits of packs whose sharing is seen: those of `bankOutput`, and lower where one pack takes more than its equal part.
 * Undefined without packs. Nothing here raises a limit of `bankOutput`.
 */
export function sharedBank(
  members: readonly MeasuredMember[],
  habits: BankHabits,
): ControlOutput | undefined {
  const output = bankOutput(members);
  if (output === undefined) return undefined;
  const charge = lowered(output.ccl, members, habits, 'charge');
  const discharge = lowered(output.dcl, members, habits, 'discharge');
  return {
    ...output,
    ...(charge !== undefined && {
      ccl: charge.amps,
      allowToCharge: charge.amps > 0,
      chargeReason: charge.reason,
    }),
    ...(discharge !== undefined && {
      dcl: discharge.amps,
      allowToDischarge: discharge.amps > 0,
      dischargeReason: discharge.reason,
    }),
  };
}

/** Undefined where the sharing lowers nothing. */
function lowered(
  amps: number,
  members: readonly MeasuredMember[],
  habits: BankHabits,
  direction: Direction,
): { readonly amps: number; readonly reason: string } | undefined {
  const { lost, taking } = sides(members, direction);
  const limit = sharedLimit(taking, lost, habits[direction]);
  const shared = floored(limit.amps);
  if (limit.by === undefined || shared >= amps) return undefined;
  return { amps: shared, reason: reasonOf(shared, limit, direction) };
}

/** Whole amperes, or a slow habit would move the limit every second. */
function floored(amps: number): number {
  return amps >= 10 ? Math.floor(amps) : Math.floor(amps * 10) / 10;
}

function reasonOf(amps: number, { by, share }: SharedLimit, direction: Direction): string {
  const word = direction === 'charge' ? 'Charge' : 'Discharge';
  return `${word} limited to ${amps} A; ${by} takes ${Math.round(100 * share)} % of the current of the bank`;
}

/** Packs that carry current now, and those that fell silent while others answer. */
function sides(
  members: readonly MeasuredMember[],
  direction: Direction,
): { readonly taking: readonly Carrier[]; readonly lost: readonly Carrier[] } {
  const someFresh = members.some(({ output }) => output.freshness === 'fresh');
  const taking: Carrier[] = [];
  const lost: Carrier[] = [];
  for (const { chargeIsolated, current, dischargeIsolated, lastFresh, name, output } of members) {
    if (direction === 'charge' ? chargeIsolated : dischargeIsolated) continue;
    const now = direction === 'charge' ? output.ccl : output.dcl;
    const before = direction === 'charge' ? lastFresh?.ccl : lastFresh?.dcl;
    if (someFresh && output.freshness !== 'fresh') lost.push({ name, limit: before ?? now });
    else {
      const flowing = current === undefined ? undefined : direction === 'charge' ? current : -current;
      taking.push({ name, limit: now, ...(flowing !== undefined && { current: flowing }) });
    }
  }
  return { taking, lost };
}
