import { silence } from './explain/reasons.ts';
import type { CellPlan } from './input/cells.ts';
import { learn } from './input/measure.ts';
import type { FilterResult } from './input/reading-filter.ts';
import type { Heat } from './input/sensor-faults.ts';
import type { ControlRequests, ControlSettings } from './law.ts';
import { givenLimits } from './limits/given-limits.ts';
import { rejectedStop } from './limits/hard-stops.ts';
import { type Direction, type Limit, lowest, zeroIf } from './limits/limit.ts';
import { userMaxima } from './limits/user-max.ts';
import type { Live } from './memory/law-state.ts';
import { lower } from './outage/recovery.ts';
import { type Ladder, staleLimit } from './outage/stale.ts';

export interface MissingReading {
  readonly t: number;
  readonly requests: ControlRequests;
  readonly ladder: Ladder;
  /** A reading that came but was refused. */
  readonly filtered: FilterResult | undefined;
  /** What the sensors say with the temperatures of that reading. */
  readonly heat: Heat;
}

/** Without a believable reading everything stays as it is, or falls. */
export function decideMissing(
  settings: ControlSettings,
  plan: CellPlan,
  live: Live,
  missing: MissingReading,
): Live {
  const { t, requests, ladder, filtered, heat } = missing;
  const { seen } = live;
  const rejected = filtered?.rejectedReading;
  const known = rejected === undefined ? seen.known : learn(settings, seen.known, rejected.reading, heat, t);
  const silent = ladder.freshness !== 'fresh';
  const blocked = settings.blocked ?? live.blocked;
  const max = userMaxima(settings, seen.known);
  const bounded = (direction: Direction, before: Limit, amps: number, rate: number): Limit =>
    lowest(
      before,
      zeroIf(blocked !== undefined, 'blocked'),
      { amps: max[direction], cause: 'max' },
      ...givenLimits(settings, requests, known, max[direction], direction),
      rejected === undefined ? undefined : rejectedStop(plan, known, rejected, direction),
      silent ? staleLimit(rate, seen, max[direction], amps) : undefined,
    );
  const chargeLimit = bounded('charge', live.chargeLimit, live.charge.amps, ladder.chargeRate);
  const dischargeLimit = bounded('discharge', live.dischargeLimit, live.discharge.amps, ladder.dischargeRate);
  return {
    ...live,
    charge: lower(live.charge, t, chargeLimit.amps, max.charge),
    discharge: lower(live.discharge, t, dischargeLimit.amps, max.discharge),
    chargeLimit,
    dischargeLimit,
    cvl: ladder.floatOnly || blocked !== undefined ? Math.min(live.cvl, live.floatVolts) : live.cvl,
    state: silent ? 'hold' : live.state,
    mode: silent ? `Hold: ${silence(ladder.age, rejected !== undefined)}` : live.mode,
    blocked,
    refused: rejected !== undefined,
    ladder,
  };
}
