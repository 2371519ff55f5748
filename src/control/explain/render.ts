import { mergeAlarms } from '../../model/alarms.ts';
import type { CellPlan } from '../input/cells.ts';
import type { ControlOutput, ControlSettings } from '../law.ts';
import { publishCvl } from '../limits/cvl-publication.ts';
import { type Direction, isClosedLoop, type Limit } from '../limits/limit.ts';
import { roundDown, roundVoltage } from '../limits/rounding.ts';
import { userMaxima } from '../limits/user-max.ts';
import type { LawState, Live } from '../memory/law-state.ts';
import { goalOf } from '../outage/recovery.ts';
import { shownAlarms } from './alarms.ts';
import { type Notice, tell } from './notices.ts';
import { explainLimit } from './reasons.ts';
import { timeToGo } from './time-to-go.ts';

/** Victron's code for settings that cannot be right. */
const ERROR_SETTINGS = 119;

export interface Rendered {
  readonly state: LawState;
  readonly output: ControlOutput;
}

/** Turns what is in force into what is published: rounded, explained, each notice once. */
export function render(
  settings: ControlSettings,
  plan: CellPlan,
  state: LawState,
  live: Live,
  sampled: boolean,
  notices: readonly Notice[],
): Rendered {
  const t = state.t ?? 0;
  const { seen, ladder, derived, blocked, doubted, refused, soc, chargeLimit, dischargeLimit } = live;
  const ccl = roundDown(live.charge.amps);
  const dcl = roundDown(live.discharge.amps);
  const published = publishCvl(
    live.published,
    {
      cvl: settings.configError === undefined ? live.cvl : Math.min(live.cvl, live.floatVolts),
      count: trusted(settings, state, seen.count),
      // Of cells of another kind nobody knows the floor: CVL is where they are.
      floor: state.check.pin === undefined ? plan.floor : Math.min(plan.floor, state.check.pin / seen.count),
      voltageDrop: settings.voltageDrop,
      bmsMax: settings.honourBmsLimits ? seen.known.maxChargeVoltage : undefined,
      charging: ccl > 0,
      sampled,
    },
    t,
  );
  const shown = shownAlarms(state.alarms, seen.known.alarms ?? {}, derived);
  const { state: noticeState, told } = tell(state.notices, notices, t);
  const max = userMaxima(settings, seen.known);
  const explained = { plan, seen, shown, soc, age: ladder.age, refused, blocked: blocked ?? doubted };
  const goal = (direction: Direction, limit: Limit): number =>
    goalOf(live[direction], { raw: limit.amps, max: max[direction], closedLoop: isClosedLoop(limit) });
  const toGo = ladder.freshness === 'fresh' ? timeToGo(state.average, soc, seen.known.capacity) : undefined;
  const output: ControlOutput = {
    cvl: published.volts,
    ccl,
    dcl,
    low: roundVoltage(live.low),
    allowToCharge: ccl > 0,
    allowToDischarge: dcl > 0,
    state: live.state,
    chargeMode: live.mode,
    chargeReason: explainLimit({
      ...explained,
      direction: 'charge',
      amps: ccl,
      limit: chargeLimit,
      goal: goal('charge', chargeLimit),
    }),
    dischargeReason: explainLimit({
      ...explained,
      direction: 'discharge',
      amps: dcl,
      limit: dischargeLimit,
      goal: goal('discharge', dischargeLimit),
    }),
    alarms: mergeAlarms(shown, { bmsCable: ladder.bmsCable }),
    freshness: ladder.freshness,
    ...(blocked === undefined && settings.configError === undefined ? {} : { errorCode: ERROR_SETTINGS }),
    ...(sampled && state.becameFull ? { chargeCompleted: true } : {}),
    ...(ladder.freshness === 'fresh' && state.average !== undefined ? { averageCurrent: state.average } : {}),
    ...(soc === undefined ? {} : { soc }),
    ...(toGo === undefined ? {} : { timeToGo: toGo }),
    notices: told,
    ...(sampled && { standing: notices }),
  };
  return { state: { ...state, notices: noticeState, live: { ...live, published } }, output };
}

/** Cells for the floor of CVL: while the number told contradicts settings or past, a larger one must not raise CVL. */
function trusted(settings: ControlSettings, { readingFilter }: LawState, told: number): number {
  return Math.min(told, settings.cellCount ?? readingFilter.count ?? told);
}
