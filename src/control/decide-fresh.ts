import { deriveAlarms, shownAlarms, watchAlarms } from './explain/alarms.ts';
import type { Notice } from './explain/notices.ts';
import { averageCurrent } from './explain/time-to-go.ts';
import { unusual } from './explain/unusual.ts';
import type { CellPlan } from './input/cells.ts';
import { checkChemistry } from './input/chemistry-check.ts';
import { type Measured, MOST_DT_S, measure, usableSoc } from './input/measure.ts';
import type { FilterResult, Sample } from './input/reading-filter.ts';
import type { Heat } from './input/sensor-faults.ts';
import { watchSign } from './input/sign-flip.ts';
import { count } from './input/soc-counter.ts';
import type { ControlRequests, ControlSettings } from './law.ts';
import { softFloor } from './limits/ccl.ts';
import { sensorLimit } from './limits/dcl.ts';
import { givenLimits } from './limits/given-limits.ts';
import { hardStop, latch } from './limits/hard-stops.ts';
import { type Direction, isClosedLoop, type Limit, lowest, zeroIf } from './limits/limit.ts';
import { watchObedience } from './limits/obedience.ts';
import { userMaxima } from './limits/user-max.ts';
import type { LawState, Live } from './memory/law-state.ts';
import { holding } from './outage/holding.ts';
import { inForce, recover, takeOver } from './outage/recovery.ts';
import { type Ladder, staleLimit } from './outage/stale.ts';
import type { Context, Profile } from './profile.ts';

export interface BelievedReading {
  readonly sample: Sample;
  readonly filtered: FilterResult;
  readonly heat: Heat;
  readonly ladder: Ladder;
  readonly requests: ControlRequests;
  readonly t: number;
}

export interface Decided {
  readonly state: LawState;
  readonly live: Live;
  readonly notices: readonly Notice[];
}

/** Decides afresh from a reading that the reading filter let through. */
export function decideFresh(
  profile: Profile,
  settings: ControlSettings,
  plan: CellPlan,
  before: LawState,
  { sample, filtered, heat, ladder, requests, t }: BelievedReading,
): Decided {
  const was = before.live;
  const dt = before.sampledAt === undefined ? 0 : Math.min(t - before.sampledAt, MOST_DT_S);
  const seen = measure(settings, was?.seen, sample, heat, t, dt);
  const { known } = seen;
  const counter = count(before.counter, {
    chemistry: settings.chemistry,
    capacity: known.capacity,
    told: sample.reading.soc,
    current: sample.current,
    vmin: sample.vmin,
    softMin: plan.softMin,
    dt,
    becameFull: before.becameFull,
  });
  const counted = settings.socSource === 'counter' && known.capacity !== undefined ? counter.soc : undefined;
  const soc = counted ?? usableSoc(known, t);
  const check = checkChemistry(before.check, {
    plan,
    sample,
    known,
    // Not the counted one first: cells of another kind lead the counter astray.
    soc: usableSoc(known, t) ?? counted,
    chemistry: settings.chemistry,
    signProved: before.sign.proved,
    t,
    dt: was === undefined ? undefined : dt,
  });
  const flags = known.alarms ?? {};
  const derived = deriveAlarms(plan, seen, soc);
  const alarms = watchAlarms(before.alarms, flags, derived, t);
  const shown = shownAlarms(alarms, flags, derived);
  const hard = latch(plan, before.hard, seen, shown, t, dt);
  const sign = watchSign(before.sign, {
    t,
    amps: sample.current,
    volts: sample.vsum,
    count: sample.count,
    capacity: known.capacity,
  });

  const blocked = settings.blocked ?? filtered.blocked ?? (check.confirmed ? check.reason : undefined);
  const doubted = blocked === undefined ? check.reason : undefined;
  const waiting = ladder.freshness !== 'fresh';
  const max = userMaxima(settings, known);
  const obedience = watchObedience(
    before.obedience,
    sample.current,
    was?.charge.amps ?? Number.POSITIVE_INFINITY,
    dt,
  );
  const proposal =
    blocked === undefined && !waiting
      ? profile.decide(
          contextOf(settings, plan, seen, requests, max, soc, t, dt, was, obedience.distrust === 0),
          before.charging,
        )
      : holding({ settings, plan, seen, max, before, ladder, blocked });

  const bounded = (direction: Direction, rate: number, doubt?: Limit): Limit =>
    lowest(
      proposal[direction],
      zeroIf(blocked !== undefined, 'blocked'),
      doubt,
      hardStop(hard, direction, t),
      direction === 'discharge' ? sensorLimit(max.discharge, known) : undefined,
      ...givenLimits(settings, requests, known, max[direction], direction),
      waiting ? staleLimit(rate, seen, max[direction], was?.[direction].amps ?? 0) : undefined,
    );
  const chargeLimit = bounded('charge', ladder.chargeRate, zeroIf(doubted !== undefined, 'blocked'));
  const dischargeLimit = bounded('discharge', ladder.dischargeRate);
  const ramp = (limit: Limit, direction: Direction) => ({
    t,
    dt,
    raw: limit.amps,
    max: max[direction],
    closedLoop: isClosedLoop(limit),
    floor: softFloor(known.capacity, max[direction]),
  });
  // Beginning with nothing would interrupt a charge at every restart; cells below the knee need no wait.
  const isCalm = seen.vmax < plan.chargeKnee;
  const returns = was !== undefined && was.ladder.freshness !== 'fresh' && !waiting;
  // What flows against the limit of a silence is no reason to raise it.
  const flowing = was === undefined ? Math.max(sample.current, 0) : was.charge.amps;
  const charge =
    was === undefined || returns
      ? takeOver(chargeLimit.amps, flowing, isCalm, t)
      : recover(was.charge, ramp(chargeLimit, 'charge'));
  // Under a wrong sign every load looks like a charge that nobody allowed.
  const ignored = sign.proved && sample.current > 1.1 * charge.amps + 1 ? before.ignored + dt : 0;
  const live: Live = {
    seen,
    charge,
    // Beginning with a ramp would switch an inverter off at every restart.
    discharge:
      was === undefined
        ? inForce(dischargeLimit.amps, t)
        : recover(was.discharge, ramp(dischargeLimit, 'discharge')),
    chargeLimit,
    dischargeLimit,
    cvl: check.pin ?? proposal.cvl,
    published: was?.published,
    low: proposal.low,
    floatVolts: check.pin ?? seen.count * plan.float,
    state: doubted === undefined ? proposal.state : 'hold',
    mode: doubted === undefined ? proposal.mode : `Hold: ${doubted}`,
    soc: counted ?? known.soc,
    derived,
    blocked,
    doubted,
    refused: false,
    ladder,
  };
  return {
    state: {
      ...before,
      sampledAt: t,
      hard,
      alarms,
      check,
      sign,
      counter,
      ignored,
      obedience,
      charging: proposal.charging,
      becameFull: proposal.becameFull,
      average: averageCurrent(before.average, sample.current, dt),
    },
    live,
    notices: [
      ...proposal.notices,
      ...unusual({
        settings,
        sample,
        known,
        blocked,
        drift: check.drift,
        sign,
        ignored,
        charge: charge.amps,
      }),
    ],
  };
}

function contextOf(
  settings: ControlSettings,
  plan: CellPlan,
  seen: Measured,
  requests: ControlRequests,
  max: Readonly<Record<Direction, number>>,
  soc: number | undefined,
  t: number,
  dt: number,
  was: Live | undefined,
  obeyed: boolean,
): Context {
  // During a block the pack was seen all the time: the charge goes on where it stood. After a silence it has to be found again.
  const resumedAt = was?.state === 'hold' && (was.blocked ?? was.doubted) === undefined ? was.cvl : undefined;
  return {
    settings,
    plan,
    seen,
    requests,
    t,
    dt,
    soc,
    maxCharge: max.charge,
    maxDischarge: max.discharge,
    resumedAt,
    obeyed,
  };
}
