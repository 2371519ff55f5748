import { along, type Curve, clamp } from '../../model/curves.ts';
import type { CellPlan } from '../input/cells.ts';
import type { Measured } from '../input/measure.ts';
import type { ControlSettings } from '../law.ts';
import { type Limit, lowest } from './limit.ts';

/** C-rate over the distance from the hard limits of the temperature at which cells may be charged. */
const COLD_SIDE: Curve = [
  [0, 0],
  [2, 0.05],
  [5, 0.1],
  [10, 0.2],
  [15, 0.35],
  [20, 0.5],
];
const HOT_SIDE: Curve = [
  [0, 0],
  [5, 0.25],
  [10, 0.5],
];
/** Share of the maximum over the temperature of the power switches, degC. */
export const MOSFET: Curve = [
  [70, 1],
  [80, 0.25],
  [90, 0],
];
/** Share of the maximum over SoC, %, as far as the cells confirm it. */
const SOC: Curve = [
  [90, 1],
  [95, 0.5],
  [98, 0.25],
  [100, 0.1],
];
/** Without a capacity a C-rate counts as this share of the maximum per 1 C. */
export const UNKNOWN_CAPACITY_RATE = 0.5;
/** V by which the ceiling is lower when only the mean of the cells is known. */
const BLIND_MARGIN = 0.05;

/** V of the highest cell at which charging stops. */
export function ceilingOf(plan: CellPlan, measuresCells: boolean): number {
  return measuresCells ? plan.ceiling : plan.ceiling - BLIND_MARGIN;
}

/** The least that a soft limiter leaves, A: enough to finish, and to keep an inverter from calling the battery empty. */
export function softFloor(capacity: number | undefined, max: number): number {
  return Math.min(max, capacity !== undefined && capacity < 50 ? 0.5 : 1);
}

/** Charge current that the highest cell leaves, A; `vmaxFiltered` is its filtered voltage. */
export function cellCharge(plan: CellPlan, max: number, vmaxFiltered: number, measuresCells = true): number {
  const ceiling = ceilingOf(plan, measuresCells);
  return (
    max *
    along(
      [
        [plan.chargeKnee, 1],
        [plan.absorb, 0.3],
        [Math.min(plan.absorb + 0.05, ceiling), 0.1],
        [ceiling, 0],
      ],
      vmaxFiltered,
    )
  );
}

/** C-rate at which cells of `degrees` may be charged. */
export function chargeRate(settings: ControlSettings, plan: CellPlan, degrees: number): number {
  if (degrees <= plan.chargeMinC || degrees >= plan.chargeMaxC) return 0;
  if (settings.temperatureTable !== undefined && settings.temperatureTable.length > 0) {
    return Math.max(0, along(settings.temperatureTable, degrees));
  }
  return Math.min(along(COLD_SIDE, degrees - plan.chargeMinC), along(HOT_SIDE, plan.chargeMaxC - degrees));
}

/** A that a C-rate means for this pack. */
export function ampsAt(rate: number, capacity: number | undefined, max: number): number {
  return capacity === undefined ? (max * rate) / UNKNOWN_CAPACITY_RATE : rate * capacity;
}

/** The soft limits of charging: each a taper that leaves at least the soft floor. */
export function chargeLimit(
  settings: ControlSettings,
  plan: CellPlan,
  max: number,
  seen: Measured,
  soc: number | undefined,
): Limit {
  const { capacity, mosfet } = seen.known;
  const floor = softFloor(capacity, max);
  const soft = (amps: number): number => Math.max(floor, amps);
  const limits: Limit[] = [
    { amps: soft(cellCharge(plan, max, seen.vmaxFiltered, seen.measuresCells)), cause: 'cell' },
  ];
  if (seen.coldSlow !== undefined && seen.hotSlow !== undefined) {
    const rate = Math.min(
      chargeRate(settings, plan, seen.coldSlow),
      chargeRate(settings, plan, seen.hotSlow),
    );
    limits.push({ amps: soft(ampsAt(rate, capacity, max)), cause: 'temperature' });
  }
  if (mosfet !== undefined) limits.push({ amps: soft(max * along(MOSFET, mosfet)), cause: 'mosfet' });
  if (soc !== undefined) {
    const weight = seen.measuresCells
      ? clamp((seen.vmaxFiltered - plan.chargeKnee) / (plan.absorb - plan.chargeKnee), 0, 1)
      : 1;
    limits.push({ amps: soft(max * (1 - weight * (1 - along(SOC, soc)))), cause: 'soc' });
  }
  return lowest({ amps: max, cause: 'max' }, ...limits);
}
