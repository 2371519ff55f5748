import { RefusedError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import type { Talk, Turn } from './driver.ts';
import type { How, Query } from './query-plan.ts';

/** A switch that one write turns and a reading shows. */
export interface SwitchPlan {
  readonly write: (on: boolean, address: number) => Query;
  /** The query that shows it and under which key. */
  readonly shownBy: Query;
  readonly key: 'chargeEnabled' | 'dischargeEnabled' | 'balancing';
  /** How it is read back, and how often at most. */
  readonly how: How;
  readonly reads?: number;
  /** Why it counts as refused when no reading shows it. */
  readonly why?: (on: boolean) => string;
}

const USUAL_READS = 6;

/** Writes, and reads back until the battery shows it. */
export function turnOf({ write, shownBy, key, how, reads = USUAL_READS, why }: SwitchPlan): Turn {
  return async (talk: Talk, on: boolean): Promise<void> => {
    await talk.ask(write(on, talk.address));
    await confirm(reads, why?.(on) ?? FET_STAYED, async () => {
      const { reading }: { reading: PackReading } = await talk.ask(shownBy, how);
      return reading[key] === on;
    });
  };
}

/**
 * Ends a write: reads until the battery shows what was written. Throws RefusedError with `why` when none of `reads`
 * readings does.
 */
export async function confirm(reads: number, why: string, shows: () => Promise<boolean>): Promise<void> {
  for (let read = 0; read < reads; read += 1) {
    if (await shows()) return;
  }
  throw new RefusedError(why);
}

/** Why a FET switch counts as refused although the BMS took the command. */
export const FET_STAYED = 'the switch was acknowledged, but the FET did not follow';
