import { along, type Curve, clamp } from '../../model/curves.ts';
import type { CellPlan } from '../input/cells.ts';
import type { Known, Measured } from '../input/measure.ts';
import { ampsAt, MOSFET, softFloor } from './ccl.ts';
import { type Limit, lowest } from './limit.ts';

/** C-rate over temperature, degC. */
const TEMPERATURE: Curve = [
  [-20, 0],
  [-10, 0.2],
  [0, 0.5],
  [10, 1],
  [45, 1],
  [55, 0.5],
  [60, 0],
];
/** Share of the maximum over SoC, %, as far as the cells confirm it. */
const SOC: Curve = [
  [5, 0.1],
  [10, 0.25],
  [15, 0.5],
  [20, 1],
];

/** Discharge current that the lowest cell leaves, A; `vmin` is its slow average. */
export function cellDischarge(plan: CellPlan, max: number, vmin: number): number {
  return (
    max *
    along(
      [
        [plan.hardMin, 0],
        [plan.softMin, 0.05],
        [plan.lowResume, 0.25],
        [plan.dischargeKnee, 1],
      ],
      vmin,
    )
  );
}

/** C-rate at which cells of `degrees` may be discharged. */
export function dischargeRate(degrees: number): number {
  return along(TEMPERATURE, degrees);
}

/** What a sensor that nobody can believe leaves of the discharge, at once and in every profile. */
export function sensorLimit(max: number, { capacity, coldest, heat }: Known): Limit | undefined {
  const { dischargeColdest } = heat;
  if (coldest === undefined || dischargeColdest === undefined || coldest >= dischargeColdest)
    return undefined;
  const amps = Math.max(softFloor(capacity, max), ampsAt(dischargeRate(dischargeColdest), capacity, max));
  return { amps: Math.min(max, amps), cause: 'sensor' };
}

/** The soft limits of discharging: each a taper that leaves at least the soft floor. */
export function dischargeLimit(plan: CellPlan, max: number, seen: Measured, soc: number | undefined): Limit {
  const { capacity, mosfet } = seen.known;
  const floor = softFloor(capacity, max);
  const soft = (amps: number): number => Math.max(floor, amps);
  const limits: Limit[] = [{ amps: soft(cellDischarge(plan, max, seen.vminSlow)), cause: 'cell' }];
  if (seen.dischargeColdSlow !== undefined && seen.hotSlow !== undefined) {
    const rate = Math.min(dischargeRate(seen.dischargeColdSlow), dischargeRate(seen.hotSlow));
    limits.push({ amps: soft(ampsAt(rate, capacity, max)), cause: 'temperature' });
  }
  if (mosfet !== undefined) limits.push({ amps: soft(max * along(MOSFET, mosfet)), cause: 'mosfet' });
  if (soc !== undefined) {
    const weight = seen.measuresCells
      ? clamp((plan.dischargeKnee - seen.vminSlow) / (plan.dischargeKnee - plan.lowResume), 0, 1)
      : 1;
    limits.push({ amps: soft(max * (1 - weight * (1 - along(SOC, soc)))), cause: 'soc' });
  }
  return lowest({ amps: max, cause: 'max' }, ...limits);
}
