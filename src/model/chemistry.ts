export const CHEMISTRIES = ['lfp', 'nmc', 'lto', 'naion'] as const;
export type Chemistry = (typeof CHEMISTRIES)[number];

/** Voltages of one cell, V, and the temperatures between which it may be charged, degC (charge-control law, preset table). */
export interface CellLimits {
  readonly hardMin: number;
  readonly softMin: number;
  /** Full discharge current above. */
  readonly dischargeKnee: number;
  /** Full charge current below. */
  readonly chargeKnee: number;
  /** Absorption target. */
  readonly absorb: number;
  /** No charge current at or above. */
  readonly ceiling: number;
  readonly hardMax: number;
  readonly float: number;
  readonly topBalance: number;
  /** The line of the end of charge: done when the cell less its resistive rise is at `tailMin`. */
  readonly tailMin: number;
  readonly tailMax: number;
  /** Back to bulk when the highest cell rests below. */
  readonly rebulk: number;
  /** CVL is never put below this per cell. */
  readonly floor: number;
  readonly chargeMinC: number;
  readonly chargeMaxC: number;
}

export const CELL_LIMITS: Readonly<Record<Chemistry, CellLimits>> = {
  lfp: {
    hardMin: 2.8,
    softMin: 2.9,
    dischargeKnee: 3.15,
    chargeKnee: 3.4,
    absorb: 3.45,
    ceiling: 3.55,
    hardMax: 3.6,
    float: 3.35,
    topBalance: 3.5,
    tailMin: 3.37,
    tailMax: 3.65,
    rebulk: 3.32,
    floor: 3.0,
    chargeMinC: 0,
    chargeMaxC: 55,
  },
  nmc: {
    hardMin: 3.0,
    softMin: 3.3,
    dischargeKnee: 3.5,
    chargeKnee: 4.0,
    absorb: 4.1,
    ceiling: 4.17,
    hardMax: 4.2,
    float: 4.0,
    topBalance: 4.15,
    tailMin: 3.9,
    tailMax: 4.2,
    rebulk: 3.9,
    floor: 3.3,
    chargeMinC: 0,
    chargeMaxC: 45,
  },
  lto: {
    hardMin: 1.8,
    softMin: 2.0,
    dischargeKnee: 2.15,
    chargeKnee: 2.5,
    absorb: 2.6,
    ceiling: 2.75,
    hardMax: 2.8,
    float: 2.45,
    topBalance: 2.65,
    tailMin: 2.55,
    tailMax: 2.85,
    rebulk: 2.4,
    floor: 2.0,
    chargeMinC: -20,
    chargeMaxC: 55,
  },
  naion: {
    hardMin: 1.8,
    softMin: 2.2,
    dischargeKnee: 2.6,
    chargeKnee: 3.7,
    absorb: 3.8,
    ceiling: 3.9,
    hardMax: 3.95,
    float: 3.65,
    topBalance: 3.85,
    tailMin: 3.6,
    tailMax: 3.95,
    rebulk: 3.45,
    floor: 2.2,
    chargeMinC: -10,
    chargeMaxC: 50,
  },
};
