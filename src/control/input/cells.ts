import { CELL_LIMITS, type CellLimits } from '../../model/chemistry.ts';
import { clamp } from '../../model/curves.ts';
import { round } from '../../model/round.ts';
import type { ControlSettings } from '../law.ts';

/** The numbers of one cell that the law works with: the preset, with the owner's wishes as far as they are safe. */
export interface CellPlan extends CellLimits {
  /** V at which discharging may begin again after the hard minimum, and where the discharge taper is at a quarter. */
  readonly lowResume: number;
  /** V below which the cell controller never puts CVL: pulling further would only discharge the pack. */
  readonly deepFloor: number;
  /** Temperatures between which the pack may be discharged, degC. */
  readonly dischargeMinC: number;
  readonly dischargeMaxC: number;
}

/** An absorption below the line of the end of charge could never be told to be finished. */
const ABSORB_ABOVE_TAIL = 0.01;
/** A cell reading that equals a limit must equal it in binary too. */
const DIGITS = 4;
const ABSORB_BELOW_HARD_MAX = 0.05;

export function planCells(settings: ControlSettings): CellPlan {
  const preset = CELL_LIMITS[settings.chemistry];
  const absorb = chosen(
    settings.absorbCellVoltage,
    preset.absorb,
    preset.tailMin + ABSORB_ABOVE_TAIL,
    preset.hardMax - ABSORB_BELOW_HARD_MAX,
  );
  return shape(
    settings,
    preset,
    absorb,
    chosen(settings.floatCellVoltage, preset.float, preset.rebulk + 0.01, absorb - 0.02),
  );
}

/** The same plan with a top balance as its absorption. */
export function planTopBalance(plan: CellPlan): CellPlan {
  const absorb = round(Math.min(Math.max(plan.topBalance, plan.absorb), plan.hardMax - 0.02), DIGITS);
  return { ...plan, absorb, ceiling: ceilingAbove(plan.hardMax, plan.ceiling, absorb) };
}

function shape(settings: ControlSettings, preset: CellLimits, absorb: number, float: number): CellPlan {
  const softMin = chosen(
    settings.minCellVoltage,
    preset.softMin,
    preset.hardMin + 0.02,
    preset.dischargeKnee - 0.02,
  );
  return {
    ...preset,
    absorb,
    float,
    softMin,
    ceiling: ceilingAbove(preset.hardMax, preset.ceiling, absorb),
    chargeKnee: Math.min(preset.chargeKnee, absorb - 0.02),
    lowResume: round(softMin + 0.4 * (preset.dischargeKnee - softMin), DIGITS),
    deepFloor: Math.min(preset.float, float) - 0.05,
    dischargeMinC: -20,
    dischargeMaxC: 60,
  };
}

/** Room above the absorption voltage in which the charge current tapers to nothing. */
function ceilingAbove(hardMax: number, preset: number, absorb: number): number {
  return round(Math.min(hardMax, Math.max(preset, absorb + 0.05)), DIGITS);
}

function chosen(wish: number | undefined, preset: number, low: number, high: number): number {
  return round(clamp(wish !== undefined && Number.isFinite(wish) ? wish : preset, low, high), DIGITS);
}
