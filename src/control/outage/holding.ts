import type { CellPlan } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';
import type { ControlSettings } from '../law.ts';
import type { Direction } from '../limits/limit.ts';
import type { LawState } from '../memory/law-state.ts';
import type { Proposal } from '../profile.ts';
import type { Ladder } from './stale.ts';

/** A battery that answers, but whose charge does not go on yet. */
export interface Held {
  readonly settings: ControlSettings;
  readonly plan: CellPlan;
  readonly seen: Measured;
  /** A that the owner allows at most. */
  readonly max: Readonly<Record<Direction, number>>;
  readonly before: LawState;
  readonly ladder: Ladder;
  /** Why everything is blocked. */
  readonly blocked: string | undefined;
}

/** What is wanted of a battery that is blocked, or has only just begun to answer again. */
export function holding({ settings, plan, seen, max, before, ladder, blocked }: Held): Proposal {
  const { live: was, charging, check } = before;
  const count = Math.min(seen.count, settings.cellCount ?? seen.count, was?.seen.count ?? seen.count);
  const float = count * plan.float;
  return {
    charging,
    charge: { amps: max.charge, cause: 'max' },
    discharge: { amps: max.discharge, cause: 'max' },
    cvl:
      was === undefined
        ? float
        : blocked !== undefined || ladder.floatOnly
          ? Math.min(was.cvl, float)
          : // Where cells of another kind were kept means nothing once they are not.
            Math.min(was.cvl, check.pin === undefined ? was.cvl : float),
    low: was?.low ?? seen.count * plan.softMin,
    state: 'hold',
    mode:
      blocked === undefined ? 'Hold: the BMS answers again, waiting for 3 good readings' : `Hold: ${blocked}`,
    becameFull: false,
    notices: [],
  };
}
