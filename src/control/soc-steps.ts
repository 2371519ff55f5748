import { advancePhase } from './charge/charge-phases.ts';
import type { CellPlan } from './input/cells.ts';
import type { ControlSettings } from './law.ts';
import { chargeLimit } from './limits/ccl.ts';
import { dischargeLimit } from './limits/dcl.ts';
import type { Limit } from './limits/limit.ts';
import type { Charging, Context, Profile, Proposal } from './profile.ts';

/** Battery low voltage of the classic table, V per cell. */
const CLASSIC_LOW = 3.1;

/** Charge current of the classic SoC table, A: (98,100] 1 A, (95,98] 4 A, (91,95] half, below all. */
export function socStepCharge(soc: number, max: number): number {
  if (soc > 98) return Math.min(1, max);
  if (soc > 95) return Math.min(4, max);
  return soc > 91 ? max / 2 : max;
}

/** Discharge current of the classic SoC table, A. */
export function socStepDischarge(soc: number, max: number): number {
  if (soc <= 20) return Math.min(5, max);
  if (soc <= 30) return max / 4;
  return soc <= 35 ? max / 2 : max;
}

/** Battery low voltage, V per cell. */
export function classicLow(settings: ControlSettings, plan: CellPlan): number {
  return settings.minCellVoltage !== undefined || settings.chemistry !== 'lfp' ? plan.softMin : CLASSIC_LOW;
}

/**
 * The classic law: currents by bands of SoC, one charge voltage. The table has no row for a forbidden charge: above 99 %
 * 1 A stays allowed, because permission and limit must say the same, and ending a charge is the business of CVL. Without
 * a SoC the cells and temperatures limit the currents.
 */
export const socSteps: Profile = {
  decide(context: Context, before: Charging): Proposal {
    const { settings, plan, seen, requests, t, dt, soc, maxCharge, maxDischarge } = context;
    const cvl = seen.count * plan.absorb;
    const { phases, isFull } = advancePhase(before.phases, {
      plan,
      seen,
      t,
      dt,
      soc,
      atFloat: true,
      rebulkSoc: settings.rebulkSoc,
      fullChargeDays: settings.fullChargeDays,
      topBalanceDays: 0,
      fullChargeNow: requests.fullChargeNow === true,
      topBalanceNow: false,
    });
    return {
      charging: { ...before, phases, cvl },
      charge:
        soc === undefined
          ? chargeLimit(settings, plan, maxCharge, seen, undefined)
          : banded(socStepCharge(soc, maxCharge), maxCharge),
      discharge:
        soc === undefined
          ? dischargeLimit(plan, maxDischarge, seen, undefined)
          : banded(socStepDischarge(soc, maxDischarge), maxDischarge),
      cvl,
      low: seen.count * classicLow(settings, plan),
      state: phases.phase === 'bulk' ? 'bulk' : 'absorb',
      mode: phases.phase === 'bulk' ? 'Bulk' : 'Absorption',
      becameFull: isFull,
      notices: [],
    };
  },
};

function banded(amps: number, max: number): Limit {
  return { amps, cause: amps < max ? 'step' : 'max' };
}
