import type { Alarms } from '../model/alarms.ts';
import { type AlarmState, deriveAlarms, shownAlarms, watchAlarms } from './alarms.ts';
import { type Bound, lowest } from './bound.ts';
import { ampsAt, softFloor } from './ccl.ts';
import { type CellPlan, planCells } from './cells.ts';
import { type PublishedCvl, publishCvl } from './cvl-publication.ts';
import { type Admission, admit, type GateState, initialGate } from './gate.ts';
import type {
  ChargeState,
  ControlInput,
  ControlOutput,
  ControlRequests,
  ControlSettings,
  Step,
} from './law.ts';
import { learn, type Measured, MOST_DT_S, measure, usableSoc } from './measure.ts';
import { type Notice, type NoticeState, tell } from './notices.ts';
import { chargeBan, dischargeBan, doubtfulBans, type HardState, initialHard, judge } from './permissions.ts';
import type { Profile } from './profile.ts';
import { explainLimit, since } from './reasons.ts';
import { atRest, inForce, lower, type RecoveryState, recover } from './recovery.ts';
import { roundDown, roundVoltage } from './rounding.ts';
import { climb, initialStale, type Ladder, type StaleState } from './stale.ts';
import { bmsBound, requestBound, userMax } from './user-max.ts';

/** Everything the law remembers between steps: plain data. */
export interface LawState<Machine> {
  /** Monotonic seconds of the last step and of the last good sample. */
  readonly t: number | undefined;
  readonly sampledAt: number | undefined;
  readonly gate: GateState;
  readonly stale: StaleState;
  readonly hard: HardState;
  readonly alarms: AlarmState;
  readonly notices: NoticeState;
  readonly machine: Machine;
  /** Undefined before the first good sample. */
  readonly live: Live | undefined;
}

interface Live {
  readonly seen: Measured;
  readonly charge: RecoveryState;
  readonly discharge: RecoveryState;
  readonly chargeBound: Bound;
  readonly dischargeBound: Bound;
  /** V at the pack, before losses and rounding. */
  readonly cvl: number;
  readonly published: PublishedCvl;
  readonly low: number;
  /** CVL at which a pack of this size floats, V. */
  readonly floatVolts: number;
  readonly state: ChargeState;
  readonly mode: string;
  readonly derived: Alarms;
  /** Why everything is blocked. */
  readonly blocked: string | undefined;
  readonly ladder: Ladder;
}

export function initialState<Machine>(
  profile: Profile<Machine>,
  settings: ControlSettings,
): LawState<Machine> {
  return {
    t: undefined,
    sampledAt: undefined,
    gate: initialGate(),
    stale: initialStale(),
    hard: initialHard(),
    alarms: {},
    notices: {},
    machine: profile.initial(settings),
    live: undefined,
  };
}

/** One step: with a believable reading decide anew, else keep what is and let it only fall. */
export function stepLaw<Machine>(
  profile: Profile<Machine>,
  settings: ControlSettings,
  before: LawState<Machine>,
  input: ControlInput,
): Step<LawState<Machine>> {
  const now = Number.isFinite(input.t) ? input.t : (before.t ?? 0);
  const t = before.t === undefined ? now : Math.max(before.t, now);
  const requests = input.requests ?? {};
  const plan = planCells(settings);
  const sign = settings.invertCurrent ? -1 : 1;
  const admission =
    input.reading === undefined ? undefined : admit(settings, before.gate, input.reading, sign);
  const cells = before.live?.seen;
  const ladder = climb(settings, plan, before.stale, t, admission?.sample !== undefined, cells);
  const state: LawState<Machine> = {
    ...before,
    t,
    gate: admission?.state ?? before.gate,
    stale: ladder.state,
  };
  const rejected = admission?.rejected === undefined ? {} : { rejected: admission.rejected };
  if (admission?.sample === undefined) {
    if (state.live === undefined) return { state, ...rejected };
    const live = keep(settings, plan, state.live, { t, requests, ladder, admission });
    const kept = { ...state, live };
    return { ...render(settings, plan, kept, live, t, []), ...rejected };
  }
  return decideAnew(profile, settings, plan, state, admission, ladder, requests, t);
}

function decideAnew<Machine>(
  profile: Profile<Machine>,
  settings: ControlSettings,
  plan: CellPlan,
  state: LawState<Machine>,
  admission: Admission,
  ladder: Ladder,
  requests: ControlRequests,
  t: number,
): Step<LawState<Machine>> {
  const { sample } = admission;
  if (sample === undefined) return { state };
  const before = state.live;
  const dt = state.sampledAt === undefined ? 0 : Math.min(t - state.sampledAt, MOST_DT_S);
  const seen = measure(settings, before?.seen, sample, t, dt);
  const { known } = seen;
  const soc = usableSoc(known, t);
  const hard = judge(plan, state.hard, seen, t, dt);
  const flags = known.alarms ?? {};
  const derived = deriveAlarms(plan, seen, soc);
  const alarms = watchAlarms(state.alarms, flags, derived, t);
  const shown = shownAlarms(alarms, flags, derived);
  const blocked = settings.blocked ?? admission.blocked;
  const waiting = ladder.freshness !== 'fresh';
  const notices: Notice[] = [];

  const max = {
    charge: userMax(settings, known, 'charge'),
    discharge: userMax(settings, known, 'discharge'),
  };
  let { machine } = state;
  let charge: Bound = { amps: max.charge, cause: 'max' };
  let discharge: Bound = { amps: max.discharge, cause: 'max' };
  let cvl = before?.cvl ?? Number.POSITIVE_INFINITY;
  let low = before?.low ?? seen.count * plan.softMin;
  let chargeState: ChargeState = 'hold';
  let mode = 'Hold';
  if (blocked === undefined && !waiting) {
    const resumed = before?.state === 'hold';
    const wish = profile.decide(
      {
        settings,
        plan,
        seen,
        requests,
        t,
        dt,
        soc,
        maxCharge: max.charge,
        maxDischarge: max.discharge,
        resumed,
      },
      machine,
    );
    ({ machine, charge, discharge, cvl, low, mode } = wish);
    chargeState = wish.state;
    notices.push(...wish.notices);
  } else {
    const count = settings.cellCount === undefined ? seen.count : Math.min(seen.count, settings.cellCount);
    if (blocked !== undefined || ladder.floatOnly || before === undefined) {
      cvl = Math.min(cvl, Math.min(count, before?.seen.count ?? count) * plan.float);
    }
    mode = blocked === undefined ? 'Hold: the BMS answers again' : `Hold: ${blocked}`;
    if (blocked !== undefined)
      notices.push({ key: 'blocked', text: `Charging and discharging are blocked: ${blocked}` });
  }
  if (sample.suspect) {
    notices.push({
      key: 'suspect',
      text: `The pack voltage (${sample.reading.voltage?.toFixed(2)} V) and the cells do not agree; the worse of both counts`,
    });
  }
  if (known.sensors === 0) {
    notices.push({
      key: 'no-temperature',
      text: 'The BMS tells no temperature: charging in frost or heat is not prevented',
    });
  } else if ((sample.reading.temperatures?.length ?? 0) < known.sensors) {
    notices.push({
      key: 'temperature-lost',
      text: 'A temperature sensor is missing; its last value goes on to limit the currents',
    });
  }

  const chargeBound = lowest(
    charge,
    blocked === undefined ? undefined : { amps: 0, cause: 'blocked' },
    chargeBan(hard, known, shown, t),
    requestBound(requests, 'charge'),
    bmsBound(settings, known, 'charge'),
    waiting ? staleBound(ladder.chargeRate, seen, max.charge, before?.charge.amps ?? 0) : undefined,
  );
  const dischargeBound = lowest(
    discharge,
    blocked === undefined ? undefined : { amps: 0, cause: 'blocked' },
    dischargeBan(hard, known, shown, t),
    requestBound(requests, 'discharge'),
    bmsBound(settings, known, 'discharge'),
    waiting ? staleBound(ladder.dischargeRate, seen, max.discharge, before?.discharge.amps ?? 0) : undefined,
  );
  const live: Live = {
    seen,
    charge: recover(before?.charge ?? atRest(), {
      t,
      dt,
      raw: chargeBound.amps,
      max: max.charge,
      closedLoop: isClosedLoop(chargeBound),
      floor: softFloor(known.capacity, max.charge),
    }),
    discharge:
      before === undefined
        ? inForce(dischargeBound.amps, t)
        : recover(before.discharge, {
            t,
            dt,
            raw: dischargeBound.amps,
            max: max.discharge,
            closedLoop: isClosedLoop(dischargeBound),
            floor: softFloor(known.capacity, max.discharge),
          }),
    chargeBound,
    dischargeBound,
    cvl,
    published: before?.published ?? { volts: Number.POSITIVE_INFINITY, raisedAt: t },
    low,
    floatVolts: seen.count * plan.float,
    state: chargeState,
    mode,
    derived,
    blocked,
    ladder,
  };
  const next: LawState<Machine> = { ...state, sampledAt: t, hard, alarms, machine, live };
  return { ...render(settings, plan, next, live, t, notices), sample: sample.reading };
}

/** The charger answers to these limits, so that they must not follow every sample. */
function isClosedLoop({ cause, amps }: Bound): boolean {
  return amps > 0 && cause === 'cell';
}

interface Silence {
  readonly t: number;
  readonly requests: ControlRequests;
  readonly ladder: Ladder;
  /** A reading that came but was refused. */
  readonly admission: Admission | undefined;
}

/** Without a believable reading the limits stay as they are, or fall. */
function keep(settings: ControlSettings, plan: CellPlan, live: Live, silence: Silence): Live {
  const { t, requests, ladder, admission } = silence;
  const { seen } = live;
  const maxCharge = userMax(settings, seen.known, 'charge');
  const maxDischarge = userMax(settings, seen.known, 'discharge');
  const doubt = admission?.doubt;
  const known = doubt === undefined ? seen.known : learn(settings, seen.known, doubt.reading, t);
  const bans = doubt === undefined ? undefined : doubtfulBans(plan, known, doubt.vmax);
  const silent = ladder.freshness !== 'fresh';
  const blocked = settings.blocked ?? live.blocked;
  const chargeBound = lowest(
    live.chargeBound,
    blocked === undefined ? undefined : { amps: 0, cause: 'blocked' },
    { amps: maxCharge, cause: 'max' },
    requestBound(requests, 'charge'),
    bmsBound(settings, known, 'charge'),
    bans?.charge,
    silent ? staleBound(ladder.chargeRate, seen, maxCharge, live.charge.amps) : undefined,
  );
  const dischargeBound = lowest(
    live.dischargeBound,
    blocked === undefined ? undefined : { amps: 0, cause: 'blocked' },
    { amps: maxDischarge, cause: 'max' },
    requestBound(requests, 'discharge'),
    bmsBound(settings, known, 'discharge'),
    bans?.discharge,
    silent ? staleBound(ladder.dischargeRate, seen, maxDischarge, live.discharge.amps) : undefined,
  );
  return {
    ...live,
    charge: lower(live.charge, t, chargeBound.amps, maxCharge),
    discharge: lower(live.discharge, t, dischargeBound.amps, maxDischarge),
    chargeBound,
    dischargeBound,
    cvl: ladder.floatOnly || blocked !== undefined ? Math.min(live.cvl, seen.count * plan.float) : live.cvl,
    state: silent ? 'hold' : live.state,
    mode: silent ? `Hold: no answer from the BMS for ${since(ladder.age)}` : live.mode,
    blocked,
    ladder,
  };
}

function staleBound(rate: number, seen: Measured, max: number, before: number): Bound {
  return { amps: Math.min(before, ampsAt(rate, seen.known.capacity, max)), cause: 'stale' };
}

function render<Machine>(
  settings: ControlSettings,
  plan: CellPlan,
  state: LawState<Machine>,
  live: Live,
  t: number,
  notices: readonly Notice[],
): { readonly state: LawState<Machine>; readonly output: ControlOutput } {
  const { seen, ladder, derived, blocked } = live;
  const ccl = roundDown(live.charge.amps);
  const dcl = roundDown(live.discharge.amps);
  const published = publishCvl(
    Number.isFinite(live.published.volts) ? live.published : undefined,
    {
      cvl: live.cvl,
      count: seen.count,
      floor: plan.floor,
      voltageDrop: settings.voltageDrop,
      bmsMax: settings.honourBmsLimits ? seen.known.maxChargeVoltage : undefined,
      charging: ccl > 0,
      sampled: state.sampledAt === t,
    },
    t,
  );
  const shown = shownAlarms(state.alarms, seen.known.alarms ?? {}, derived);
  const { state: noticeState, told } = tell(state.notices, notices, t);
  const explained = { plan, seen, shown, soc: seen.known.soc, age: ladder.age, blocked };
  const output: ControlOutput = {
    cvl: published.volts,
    ccl,
    dcl,
    low: roundVoltage(live.low),
    allowToCharge: ccl > 0,
    allowToDischarge: dcl > 0,
    state: live.state,
    chargeMode: live.mode,
    chargeReason: explainLimit({ ...explained, direction: 'charge', amps: ccl, bound: live.chargeBound }),
    dischargeReason: explainLimit({
      ...explained,
      direction: 'discharge',
      amps: dcl,
      bound: live.dischargeBound,
    }),
    alarms: ladder.bmsCable === 0 ? { ...shown, bmsCable: 0 } : { ...shown, bmsCable: ladder.bmsCable },
    freshness: ladder.freshness,
    ...(seen.known.soc === undefined ? {} : { soc: seen.known.soc }),
    notices: told,
  };
  return { state: { ...state, notices: noticeState, live: { ...live, published } }, output };
}
