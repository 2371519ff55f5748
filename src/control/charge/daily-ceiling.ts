import type { CellPlan } from '../input/cells.ts';

/** Whether the daily SoC ceiling holds the charge, and at which voltage. */
export interface DailyCeiling {
  /** V of the pack when the ceiling was reached; undefined while it is not. */
  readonly volts: number | undefined;
}

const RELEASE = 5;

/** At the ceiling the pack is held where it is until it has lost 5 %; a due full charge has the right of way. */
export function watchCeiling(
  state: DailyCeiling,
  plan: CellPlan,
  seen: { readonly count: number; readonly vsum: number },
  soc: number | undefined,
  most: number,
  fullChargeDue: boolean,
): DailyCeiling {
  if (!(most < 100) || fullChargeDue) return state.volts === undefined ? state : { volts: undefined };
  if (soc === undefined) return state;
  if (state.volts !== undefined) return soc <= most - RELEASE ? { volts: undefined } : state;
  return soc >= most ? { volts: Math.min(seen.count * plan.float, seen.vsum) } : state;
}
