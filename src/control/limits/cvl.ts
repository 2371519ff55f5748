import { clamp } from '../../model/curves.ts';
import type { Phase } from '../charge/charge-phases.ts';
import type { CellPlan } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';

/** What the voltage controller sees; volts of the pack but for `plan`. */
export interface CvlInput {
  /** V in force before. */
  readonly cvl: number;
  readonly phase: Phase;
  /** Seconds in floatDown. */
  readonly inPhase: number;
  /** Seconds for which the highest cell was above the absorption voltage in float, without a discharge. */
  readonly parked: number;
  readonly plan: CellPlan;
  readonly seen: Measured;
  /** Chargers keep to the charge current limit, which holds the highest cell more quickly than CVL. */
  readonly obeyed: boolean;
  readonly dt: number;
}

const UNCONDITIONAL_S = 90 * 60;
const PARKED_S = 600;
/** Where the highest cell is held: a little above the absorption voltage, so that the pack itself gets there. */
const TARGET_ABOVE = 0.005;
/** V/s per cell at which CVL climbs while every cell is below the knee. */
const COMFORT_RATE = 0.001;
/**
 * V per cell above the pack to which CVL comes down while nothing charges a highest cell that is at most this much, V, above
 * its target: at the pack itself a charger that stands low would draw from it.
 */
const REST_ABOVE = 0.02;
const REST_ERROR = 0.015;
const LEAD_S = 6;
const MOST_LEAD = 0.04;
const LEAST_SLOPE = 0.0005;

/** V per cell above the pack with which charging starts: a charger that stands 0.3 V low must not draw from 16 cells. */
const START_ABOVE = 0.02;

/** V with which charging starts: a little above where the pack is. */
export function startCvl(plan: CellPlan, count: number, vsum: number): number {
  return Math.min(count * plan.absorb, Math.max(vsum + START_ABOVE * count, count * plan.floor));
}

/** V after a silence: never below the pack, which would only discharge it. */
export function resumeCvl(plan: CellPlan, count: number, cvl: number, vsum: number): number {
  return Math.min(count * plan.absorb, Math.max(cvl, vsum));
}

/**
 * One step of the charge voltage in velocity form. The integral finds the right voltage when chargers sit above or below
 * what is asked; it reacts to the highest cell in every phase, and never digs below the pack while nothing charges.
 */
export function stepCvl({ cvl: before, phase, inPhase, parked, plan, seen, obeyed, dt }: CvlInput): number {
  const { count: n, vsumFiltered, currentFiltered, vsum } = seen;
  const { capacity } = seen.known;
  const little = capacity === undefined ? 2 : 0.005 * capacity;
  const top = n * plan.absorb;
  const float = n * plan.float;
  const deep = n * plan.deepFloor;
  const lead = leadOf(plan, seen);
  const room = plan.absorb + TARGET_ABOVE - Math.max(seen.vmaxFiltered, seen.vmaxConfirmed) - lead;
  const error = plan.absorb + TARGET_ABOVE - seen.vmaxConfirmed - lead;
  let cvl = Math.min(before, top);

  if (phase === 'floatDown') {
    if (vsumFiltered <= cvl + 0.005 * n || inPhase >= UNCONDITIONAL_S) {
      const surge =
        vsumFiltered > cvl - 0.005 * n && capacity !== undefined
          ? clamp(2 + currentFiltered / (0.01 * capacity), 0, 1)
          : 1;
      cvl = Math.max(Math.min(cvl, float), cvl - 0.00003 * n * surge * dt);
    }
  } else if (phase === 'float') {
    if (parked >= PARKED_S) cvl = Math.max(Math.min(cvl, deep), cvl - 0.00003 * n * dt);
    else if (cvl < float && room > 0.0015) cvl = Math.min(float, cvl + 0.0001 * n * dt);
  } else if (obeyed && seen.vmaxFiltered < plan.chargeKnee) {
    // The current limit holds what flows: CVL must only be out of its way.
    cvl = Math.min(top, cvl + COMFORT_RATE * n * dt);
  } else if (room > 0.0015 && cvl < top && (cvl < vsumFiltered + 0.015 * n || room > 0.03)) {
    cvl = Math.min(top, cvl + Math.min(0.001 * n, 0.003 * n * (room - 0.0015)) * dt);
  }

  // The filtered current lags: digging on after a charger has let go would pull the pack down.
  const charging = Math.min(currentFiltered, seen.current) > little;
  if (error < 0 && charging) {
    const gain = 0.02 * (1 + Math.abs(error) / 0.02);
    cvl = Math.min(cvl, Math.max(vsumFiltered, deep));
    cvl = Math.min(cvl, Math.max(deep, vsumFiltered - 0.05 * n, cvl + gain * n * error * dt));
  } else if (error < 0) {
    // A cell that rises while nothing seems to charge it is being charged: the sign of the current may be wrong.
    const rests = obeyed && error > -REST_ERROR && seen.slope <= LEAST_SLOPE / 2;
    cvl = Math.min(cvl, Math.max(vsumFiltered + (rests ? REST_ABOVE * n : 0), float));
  }
  const highest = Math.min(seen.vmax, seen.vmaxBefore);
  if (seen.measuresCells && highest >= plan.ceiling) {
    cvl = Math.min(cvl, Math.max(deep, vsum + n * (plan.absorb + TARGET_ABOVE - highest)));
  }
  return cvl;
}

/** V that the highest cell will gain before a charger can answer. */
function leadOf(plan: CellPlan, { vmaxFiltered, currentFiltered, slope, known }: Measured): number {
  const charging = known.capacity !== undefined && currentFiltered > 0.02 * known.capacity;
  return charging && vmaxFiltered > plan.chargeKnee && slope > LEAST_SLOPE
    ? Math.min(MOST_LEAD, LEAD_S * slope)
    : 0;
}
