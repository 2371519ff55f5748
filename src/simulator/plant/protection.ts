import type { AlarmLevel, AlarmName } from '../../model/alarms.ts';
import { CELL_LIMITS, type Chemistry } from '../../model/chemistry.ts';

/** What the protections of a BMS look at: true values, V, degC, A (> 0 charges). */
export interface Measured {
  highestCell: number;
  lowestCell: number;
  warmest: number;
  coldest: number;
  current: number;
}

/** One protection: where it warns, opens a FET and lets go again. */
interface Guard {
  readonly alarm: AlarmName;
  readonly watches: keyof Measured;
  /** 1: too much is dangerous, -1: too little. */
  readonly direction: 1 | -1;
  readonly warn: number;
  readonly trip: number;
  readonly release: number;
  /** Seconds beyond the trip point until the FET opens. */
  readonly delay: number;
  readonly opens: 'charge' | 'discharge';
}

/** The trip points of a typical BMS for cells of this kind and a longest current of `limit` A. */
function guards(chemistry: Chemistry, limit: number): readonly Guard[] {
  const cell = CELL_LIMITS[chemistry];
  const over = { direction: 1, opens: 'charge', delay: 2 } as const;
  const under = { direction: -1, opens: 'discharge', delay: 2 } as const;
  return [
    {
      ...over,
      alarm: 'highCellVoltage',
      watches: 'highestCell',
      warn: cell.hardMax,
      trip: cell.hardMax + 0.05,
      release: cell.absorb,
    },
    {
      ...under,
      alarm: 'lowCellVoltage',
      watches: 'lowestCell',
      warn: cell.hardMin,
      trip: cell.hardMin - 0.2,
      release: cell.softMin,
    },
    {
      ...over,
      alarm: 'highChargeTemperature',
      watches: 'warmest',
      warn: cell.chargeMaxC,
      trip: cell.chargeMaxC + 5,
      release: cell.chargeMaxC - 3,
    },
    {
      ...over,
      direction: -1,
      alarm: 'lowChargeTemperature',
      watches: 'coldest',
      warn: cell.chargeMinC,
      trip: cell.chargeMinC - 3,
      release: cell.chargeMinC + 2,
    },
    { ...under, direction: 1, alarm: 'highTemperature', watches: 'warmest', warn: 60, trip: 65, release: 55 },
    { ...under, alarm: 'lowTemperature', watches: 'coldest', warn: -20, trip: -25, release: -15 },
    {
      ...over,
      alarm: 'highChargeCurrent',
      watches: 'current',
      warn: limit * 1.05,
      trip: limit * 1.2,
      release: limit * 0.1,
      delay: 5,
    },
    {
      ...under,
      alarm: 'highDischargeCurrent',
      watches: 'current',
      warn: -limit * 1.05,
      trip: -limit * 1.2,
      release: -limit * 0.1,
      delay: 5,
    },
  ];
}

/** The minute that a FET stays open after an over-current, s. */
const OVERCURRENT_REST = 60;

/** Watches the cells as a BMS does and opens a FET when a trip point is passed for long enough. */
export class Protections {
  /** How often each direction was opened. */
  chargeTrips = 0;
  dischargeTrips = 0;
  readonly #guards: readonly Guard[];
  readonly #levels: AlarmLevel[];
  readonly #beyond: Float64Array;
  readonly #tripped: Float64Array;

  constructor(chemistry: Chemistry, limit: number) {
    this.#guards = guards(chemistry, limit);
    this.#levels = this.#guards.map(() => 0);
    this.#beyond = new Float64Array(this.#guards.length);
    this.#tripped = new Float64Array(this.#guards.length);
  }

  step(dt: number, measured: Measured): void {
    for (let index = 0; index < this.#guards.length; index++) {
      const guard = this.#guards[index];
      if (guard === undefined) continue;
      const value = measured[guard.watches];
      if (this.#levels[index] === 2) {
        this.#tripped[index] = (this.#tripped[index] ?? 0) + dt;
        const rested = guard.watches !== 'current' || (this.#tripped[index] ?? 0) >= OVERCURRENT_REST;
        if (rested && (guard.release - value) * guard.direction > 0) this.#levels[index] = 0;
        continue;
      }
      if ((value - guard.trip) * guard.direction >= 0) {
        this.#beyond[index] = (this.#beyond[index] ?? 0) + dt;
        if ((this.#beyond[index] ?? 0) >= guard.delay) this.#open(index, guard);
      } else {
        this.#beyond[index] = 0;
        this.#levels[index] = (value - guard.warn) * guard.direction >= 0 ? 1 : 0;
      }
    }
  }

  #open(index: number, guard: Guard): void {
    this.#levels[index] = 2;
    this.#beyond[index] = 0;
    this.#tripped[index] = 0;
    if (guard.opens === 'charge') this.chargeTrips++;
    else this.dischargeTrips++;
  }

  /** Whether no protection holds this direction open. */
  allows(direction: 'charge' | 'discharge'): boolean {
    return this.#guards.every((guard, index) => guard.opens !== direction || this.#levels[index] !== 2);
  }

  /** Level of every alarm that this BMS knows. */
  alarms(): { [name in AlarmName]?: AlarmLevel } {
    return Object.fromEntries(this.#guards.map((guard, index) => [guard.alarm, this.#levels[index] ?? 0]));
  }
}
