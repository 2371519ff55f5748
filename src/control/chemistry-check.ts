import type { CellPlan } from './cells.ts';
import type { Sample } from './gate.ts';

/** Whether the cells contradict the chemistry that is set. */
export interface ChemistryCheck {
  /** Samples in a row that contradict. */
  readonly run: number;
  /** Monotonic seconds of the last contradiction, while it counts. */
  readonly at: number | undefined;
  readonly reason: string | undefined;
}

const SAMPLES = 2;
const CLEAR_S = 60;
/** V beyond the hard limits that no sound cell of the chemistry shows. */
const ABOVE = 0.15;
const BELOW = 0.3;
const BELOW_WITH_SOC = 20;

export function initialCheck(): ChemistryCheck {
  return { run: 0, at: undefined, reason: undefined };
}

export function checkChemistry(
  state: ChemistryCheck,
  plan: CellPlan,
  sample: Sample,
  soc: number | undefined,
  name: string,
  t: number,
): ChemistryCheck {
  const found = contradiction(plan, sample, soc, name);
  if (found !== undefined) {
    const run = Math.min(state.run + 1, SAMPLES);
    return run < SAMPLES ? { ...state, run } : { run, at: t, reason: found };
  }
  if (state.at !== undefined && t - state.at < CLEAR_S) return state.run === 0 ? state : { ...state, run: 0 };
  return state.run === 0 && state.at === undefined ? state : initialCheck();
}

function contradiction(
  plan: CellPlan,
  sample: Sample,
  soc: number | undefined,
  name: string,
): string | undefined {
  if (sample.vmax > plan.hardMax + ABOVE) {
    return `a cell of ${sample.vmax.toFixed(2)} V cannot be ${name}: set the chemistry`;
  }
  if (sample.vmin < plan.hardMin - BELOW && soc !== undefined && soc > BELOW_WITH_SOC) {
    return `a cell of ${sample.vmin.toFixed(2)} V at ${soc.toFixed(0)} % cannot be ${name}: set the chemistry`;
  }
  return undefined;
}
