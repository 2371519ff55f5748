import { since } from '../explain/reasons.ts';
import type { CellPlan } from '../input/cells.ts';
import { learn, type Measured } from '../input/measure.ts';
import type { Admission } from '../input/reading-filter.ts';
import type { Heat } from '../input/sensor-faults.ts';
import type { ControlRequests, ControlSettings } from '../law.ts';
import { ampsAt } from '../limits/ccl.ts';
import { doubtfulBans } from '../limits/hard-stops.ts';
import { type Bound, lowest, zeroIf } from '../limits/limit.ts';
import { bmsBound, configBound, type Direction, requestBound, userMax } from '../limits/user-max.ts';
import type { Live } from '../memory/law-state.ts';
import { lower } from './recovery.ts';
import type { Ladder } from './stale.ts';

export interface Silence {
  readonly t: number;
  readonly requests: ControlRequests;
  readonly ladder: Ladder;
  /** A reading that came but was refused. */
  readonly admission: Admission | undefined;
  /** What the sensors say with the temperatures of that reading. */
  readonly heat: Heat;
}

/** Without a believable reading everything stays as it is, or falls. */
export function keep(settings: ControlSettings, plan: CellPlan, live: Live, silence: Silence): Live {
  const { t, requests, ladder, admission, heat } = silence;
  const { seen } = live;
  const doubt = admission?.doubt;
  const known = doubt === undefined ? seen.known : learn(settings, seen.known, doubt.reading, heat, t);
  const bans = doubt === undefined ? undefined : doubtfulBans(plan, known, doubt.vmax);
  const silent = ladder.freshness !== 'fresh';
  const blocked = settings.blocked ?? live.blocked;
  const max = {
    charge: userMax(settings, seen.known, 'charge'),
    discharge: userMax(settings, seen.known, 'discharge'),
  };
  const bounded = (direction: Direction, before: Bound, amps: number, rate: number): Bound =>
    lowest(
      before,
      zeroIf(blocked !== undefined, 'blocked'),
      { amps: max[direction], cause: 'max' },
      requestBound(requests, direction),
      bmsBound(settings, known, direction),
      configBound(settings, known, max[direction], direction),
      bans?.[direction],
      silent ? staleBound(rate, seen, max[direction], amps) : undefined,
    );
  const chargeBound = bounded('charge', live.chargeBound, live.charge.amps, ladder.chargeRate);
  const dischargeBound = bounded('discharge', live.dischargeBound, live.discharge.amps, ladder.dischargeRate);
  return {
    ...live,
    charge: lower(live.charge, t, chargeBound.amps, max.charge),
    discharge: lower(live.discharge, t, dischargeBound.amps, max.discharge),
    chargeBound,
    dischargeBound,
    cvl: ladder.floatOnly || blocked !== undefined ? Math.min(live.cvl, live.floatVolts) : live.cvl,
    state: silent ? 'hold' : live.state,
    mode: silent ? `Hold: no answer from the BMS for ${since(ladder.age)}` : live.mode,
    blocked,
    ladder,
  };
}

/** The bound of the stale ladder: never above what was in force. */
export function staleBound(rate: number, seen: Measured, max: number, before: number): Bound {
  return { amps: Math.min(before, ampsAt(rate, seen.known.capacity, max)), cause: 'stale' };
}
