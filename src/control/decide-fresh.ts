import { deriveAlarms, shownAlarms, watchAlarms } from './explain/alarms.ts';
import type { Notice } from './explain/notices.ts';
import { averageCurrent } from './explain/time-to-go.ts';
import type { CellPlan } from './input/cells.ts';
import { checkChemistry } from './input/chemistry-check.ts';
import { type Known, type Measured, MOST_DT_S, measure, usableSoc } from './input/measure.ts';
import type { FilterResult, Sample } from './input/reading-filter.ts';
import type { Heat } from './input/sensor-faults.ts';
import { watchSign } from './input/sign-flip.ts';
import { count } from './input/soc-counter.ts';
import type { ControlRequests, ControlSettings } from './law.ts';
import { softFloor } from './limits/ccl.ts';
import { sensorLimit } from './limits/dcl.ts';
import { chargeBan, dischargeBan, judge } from './limits/hard-stops.ts';
import { type Limit, lowest, zeroIf } from './limits/limit.ts';
import { bmsLimit, configLimit, type Direction, requestLimit, userMax } from './limits/user-max.ts';
import type { LawState, Live } from './memory/law-state.ts';
import { atRest, inForce, recover } from './outage/recovery.ts';
import { type Ladder, staleLimit } from './outage/stale.ts';
import type { Context, Profile, Proposal } from './profile.ts';

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
  const hard = judge(plan, before.hard, seen, t, dt);
  const flags = known.alarms ?? {};
  const derived = deriveAlarms(plan, seen, soc);
  const alarms = watchAlarms(before.alarms, flags, derived, t);
  const shown = shownAlarms(alarms, flags, derived);
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
  const max = {
    charge: userMax(settings, known, 'charge'),
    discharge: userMax(settings, known, 'discharge'),
  };
  const proposal =
    blocked === undefined && !waiting
      ? profile.decide(contextOf(settings, plan, seen, requests, max, soc, t, dt, was), before.charging)
      : holding(settings, plan, seen, was, max, before, ladder, blocked);

  const bounded = (direction: Direction, wanted: Limit, ban: Limit | undefined, rate: number): Limit =>
    lowest(
      wanted,
      zeroIf(blocked !== undefined, 'blocked'),
      ban,
      direction === 'discharge' ? sensorLimit(max.discharge, known) : undefined,
      requestLimit(requests, direction),
      bmsLimit(settings, known, direction),
      configLimit(settings, known, max[direction], direction),
      waiting ? staleLimit(rate, seen, max[direction], was?.[direction].amps ?? 0) : undefined,
    );
  const chargeLimit = bounded(
    'charge',
    proposal.charge,
    zeroIf(doubted !== undefined, 'blocked') ?? chargeBan(hard, known, shown, t),
    ladder.chargeRate,
  );
  const dischargeLimit = bounded(
    'discharge',
    proposal.discharge,
    dischargeBan(hard, known, shown, t),
    ladder.dischargeRate,
  );
  const ramp = (limit: Limit, direction: Direction) => ({
    t,
    dt,
    raw: limit.amps,
    max: max[direction],
    closedLoop: isClosedLoop(limit),
    floor: softFloor(known.capacity, max[direction]),
  });
  const charge = recover(was?.charge ?? atRest(), ramp(chargeLimit, 'charge'));
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
      charging: proposal.charging,
      becameFull: proposal.becameFull,
      average: averageCurrent(before.average, sample.current, dt),
    },
    live,
    notices: [
      ...proposal.notices,
      ...unusual(sample, known, blocked, settings),
      ...(check.drift === undefined ? [] : [{ key: 'soc-drift', text: check.drift }]),
      ...(sign.sign === 1
        ? []
        : [
            {
              key: 'sign',
              text: `The BMS tells the current with the wrong sign, and the driver turns it: set connection.invertCurrent = ${!settings.invertCurrent}, so that this is settled`,
            },
          ]),
      ...(ignored < IGNORED_S
        ? []
        : [
            {
              key: 'ignored',
              text: `${sample.current.toFixed(0)} A flow in where ${charge.amps.toFixed(0)} A are allowed: with feed-in of excess solar power the charge current limit has no effect`,
            },
          ]),
    ],
  };
}

const IGNORED_S = 30;

function contextOf(
  settings: ControlSettings,
  plan: CellPlan,
  seen: Measured,
  requests: ControlRequests,
  max: { readonly charge: number; readonly discharge: number },
  soc: number | undefined,
  t: number,
  dt: number,
  was: Live | undefined,
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
  };
}

/** What is wanted of a battery that is blocked, or has only just begun to answer again. */
function holding(
  settings: ControlSettings,
  plan: CellPlan,
  seen: Measured,
  was: Live | undefined,
  max: { readonly charge: number; readonly discharge: number },
  { charging, check }: LawState,
  ladder: Ladder,
  blocked: string | undefined,
): Proposal {
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
    mode: blocked === undefined ? 'Hold: the BMS answers again' : `Hold: ${blocked}`,
    becameFull: false,
    notices: [],
  };
}

/** The charger answers to these limits, so that they must not follow every sample. */
function isClosedLoop({ cause, amps }: Limit): boolean {
  return amps > 0 && (cause === 'cell' || cause === 'soc');
}

function unusual(
  sample: Sample,
  known: Known,
  blocked: string | undefined,
  settings: ControlSettings,
): readonly Notice[] {
  const notices: Notice[] = [];
  if (blocked !== undefined) {
    notices.push({ key: 'blocked', text: `Charging and discharging are blocked: ${blocked}` });
  }
  if (settings.configError !== undefined) {
    notices.push({
      key: 'config',
      text: `Charging is reduced until the configuration is right: ${settings.configError}`,
    });
  }
  if (sample.suspect) {
    notices.push({
      key: 'suspect',
      text: `The pack voltage (${sample.reading.voltage?.toFixed(2)} V) and the cells do not agree; the worse of both counts`,
    });
  }
  if (known.heat.count === 0) {
    notices.push({
      key: 'no-temperature',
      text: 'The BMS tells no temperature: charging in frost or heat is not prevented',
    });
  }
  for (const { kind, index, notice } of known.heat.faults)
    notices.push({ key: `sensor-${index}-${kind}`, text: notice });
  return notices;
}
