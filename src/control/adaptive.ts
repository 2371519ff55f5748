import { fixed } from '../model/round.ts';
import {
  advancePhase,
  isFullChargeDue,
  isTailMet,
  type PhaseStep,
  type Phases,
  tailCurrent,
} from './charge/charge-phases.ts';
import { watchCeiling } from './charge/daily-ceiling.ts';
import type { Notice } from './explain/notices.ts';
import { type CellPlan, planTopBalance } from './input/cells.ts';
import type { Measured } from './input/measure.ts';
import { ampsAt, chargeLimit, softFloor } from './limits/ccl.ts';
import { resumeCvl, startCvl, stepCvl } from './limits/cvl.ts';
import { dischargeLimit } from './limits/dcl.ts';
import { type Limit, lowest } from './limits/limit.ts';
import type { Charging, Context, Profile, Proposal } from './profile.ts';

const BALANCE_RATE = 0.1;
const FLOAT_TOLERANCE = 0.005;
const SHORT_S = 900;
const SHORT_VOLTS = 0.1;
const SHORT_RATE = 0.01;
const CHARGING_AMPS = 0.2;
const CAPPED_IN_A_ROW = 3;

/** The law that finds the end of a charge by the cells themselves. */
export const adaptive: Profile = {
  decide(context: Context, before: Charging): Proposal {
    const { settings, plan, seen, requests, t, dt, soc, maxCharge, maxDischarge, resumedAt } = context;
    const { count, vsum } = seen;
    const { capacity } = seen.known;
    const held =
      resumedAt !== undefined
        ? resumeCvl(plan, count, resumedAt, vsum)
        : (before.cvl ?? startCvl(plan, count, vsum));
    const phased = planOf(plan, before.phases);
    const step = advancePhase(landing(before.phases, held, count * plan.float), {
      plan: phased,
      seen,
      t,
      dt,
      soc,
      atFloat: held <= count * plan.float + FLOAT_TOLERANCE,
      rebulkSoc: settings.rebulkSoc,
      fullChargeDays: settings.fullChargeDays,
      topBalanceDays: settings.topBalanceDays,
      fullChargeNow: requests.fullChargeNow === true,
      topBalanceNow: requests.topBalanceNow === true,
    });
    const { phases } = step;
    const { phase } = phases;
    const now = planOf(plan, phases);
    const ceiling = watchCeiling(
      before.ceiling,
      plan,
      seen,
      soc,
      settings.dailySocMax,
      requests.fullChargeNow === true || isFullChargeDue(phases, settings.fullChargeDays, t),
    );
    const isParked =
      phase === 'float' &&
      seen.vmaxFiltered > plan.absorb &&
      seen.currentFiltered > (capacity === undefined ? -2 : -0.005 * capacity);
    const parked = isParked ? before.parked + dt : 0;
    const free = stepCvl({
      cvl: held,
      phase,
      inPhase: phases.inPhase,
      parked,
      plan: now,
      seen,
      obeyed: context.obeyed,
      dt,
    });
    const cvl = Math.min(free, ceiling.volts ?? free);
    const short = shortOf(phases, cvl, seen) ? before.short + dt : 0;
    const floor = softFloor(capacity, maxCharge);
    const balance: Limit | undefined =
      phase === 'topBalance'
        ? { amps: ampsAt(BALANCE_RATE, capacity, maxCharge), cause: 'balance' }
        : undefined;
    const daily: Limit | undefined =
      ceiling.volts === undefined ? undefined : { amps: floor, cause: 'daily' };
    return {
      charging: { phases, cvl, ceiling, parked, short },
      charge: lowest(chargeLimit(settings, now, maxCharge, seen, soc), balance, daily),
      discharge: dischargeLimit(plan, maxDischarge, seen, soc),
      cvl,
      low: count * plan.softMin,
      state: phase,
      mode:
        ceiling.volts === undefined
          ? modeText(now, phases, seen)
          : `Daily ceiling of ${settings.dailySocMax} % reached`,
      becameFull: step.isFull,
      notices: noticesOf(step, short, cvl, seen),
    };
  },
};

/** A float whose CVL lies above float, after a silence, is still on its way down. */
function landing(phases: Phases, cvl: number, float: number): Phases {
  return phases.phase === 'float' && cvl > float + FLOAT_TOLERANCE
    ? { ...phases, phase: 'floatDown', inPhase: 0 }
    : phases;
}

function planOf(plan: CellPlan, { phase }: Phases): CellPlan {
  return phase === 'topBalance' ? planTopBalance(plan) : plan;
}

function shortOf(
  { phase }: Phases,
  cvl: number,
  { currentFiltered, vsumFiltered, known }: Measured,
): boolean {
  if (phase !== 'bulk' && phase !== 'absorb') return false;
  const little = known.capacity === undefined ? 2 : SHORT_RATE * known.capacity;
  return currentFiltered > CHARGING_AMPS && currentFiltered < little && cvl - vsumFiltered > SHORT_VOLTS;
}

/** What is going on and what is awaited, in plain words. */
function modeText(plan: CellPlan, { phase }: Phases, seen: Measured): string {
  switch (phase) {
    case 'bulk':
      return 'Bulk';
    case 'absorb':
      return `Absorption: ${awaited(plan, seen)}`;
    case 'topBalance':
      return `Top balance: spread ${(seen.spread * 1000).toFixed(0)} mV, done at 10 mV`;
    case 'floatDown':
      return 'Float Transition';
    case 'float':
      return 'Float';
  }
}

function awaited(
  plan: CellPlan,
  { vmaxFiltered, currentFiltered, vsumFiltered, count, spread, balancing, known }: Measured,
): string {
  const { capacity } = known;
  if (!isTailMet(plan, capacity, vmaxFiltered, currentFiltered)) {
    const tail = tailCurrent(plan, capacity, vmaxFiltered) ?? 2;
    return `${fixed(currentFiltered, 0)} A now, done below ${Math.max(0, tail).toFixed(1)} A`;
  }
  const target = count * (plan.absorb - 0.01);
  if (vsumFiltered < target) return `${vsumFiltered.toFixed(1)} V now, done at ${target.toFixed(1)} V`;
  if (balancing && spread > 0.02)
    return `balancing, spread ${(spread * 1000).toFixed(0)} mV now, done at 20 mV`;
  return 'finishing';
}

function noticesOf({ ending, phases }: PhaseStep, short: number, cvl: number, seen: Measured): Notice[] {
  const notices: Notice[] = [];
  if (ending === 'capped') {
    notices.push({
      key: 'capped',
      once: true,
      text: `The charge was ended by time, with a spread of ${(seen.spread * 1000).toFixed(0)} mV between the cells`,
    });
    if (phases.cappedInRow >= CAPPED_IN_A_ROW) {
      notices.push({
        key: 'imbalance',
        once: true,
        text: `${phases.cappedInRow} charges in a row were ended by time: the cells need balancing or one is weak`,
      });
    }
  }
  if (short >= SHORT_S) {
    notices.push({
      key: 'short-charger',
      text: `A charger holds ${seen.vsumFiltered.toFixed(2)} V where ${cvl.toFixed(2)} V are asked for: see the setting for the voltage drop`,
    });
  }
  return notices;
}
