import type { Chemistry } from '../../model/chemistry.ts';
import { along, type Curve } from '../../model/curves.ts';

/**
 * Where a resting cell cannot be at the state of charge that is shown, [%, V]. Below the first and above the last row of a
 * border there is none: a pack that shows up to 20 % may be empty, one that shows 75 % or more may be full.
 */
export interface Borders {
  /** At or below: the cells are of another kind. */
  readonly low?: Curve;
  /** At or above: the cells are of another kind. */
  readonly high?: Curve;
  /** At or below (above): a cell of this kind, whose state of charge is not the one shown. */
  readonly doubtLow: Curve;
  readonly doubtHigh: Curve;
  /** V that a current of 1 C takes from or adds to an aged cell of 25 degC in the end. */
  readonly perRate: number;
}

/**
 * The open-circuit curves, moved by 20 points of drift to either side, with at least 0.08 V for makers, meters and
 * hysteresis. Where the curve of the preset is flat or another kind begins far away, the border for "another kind" lies far
 * outside: an owner whose counter is wrong by half the battery is to be told so, not to be left without current.
 * `perRate` is 2.5 times what a new large cell shows.
 */
export const BORDERS: Readonly<Record<Chemistry, Borders>> = {
  // Plateau 3.20 to 3.34 V. Below 2.9 V a cell holds 2 %; above 3.45 V it rests only when full.
  lfp: {
    low: [
      [21, 2.3],
      [25, 2.5],
      [30, 2.7],
      [40, 2.9],
      [100, 2.9],
    ],
    high: [
      [0, 3.48],
      [75, 3.48],
    ],
    doubtLow: [
      [25, 2.6],
      [35, 3.1],
      [45, 3.15],
      [100, 3.18],
    ],
    doubtHigh: [
      [0, 3.42],
      [70, 3.42],
    ],
    perRate: 0.45,
  },
  // Nothing that is known here rests higher; LiFePO4 rests lower, at most at 3.45 V.
  nmc: {
    low: [
      [21, 2.7],
      [30, 3.2],
      [40, 3.35],
      [60, 3.45],
      [80, 3.5],
      [100, 3.5],
    ],
    doubtLow: [
      [25, 3.05],
      [35, 3.32],
      [60, 3.5],
      [80, 3.62],
      [100, 3.8],
    ],
    doubtHigh: [
      [0, 3.7],
      [20, 3.78],
      [40, 3.93],
      [60, 4.1],
      [75, 4.22],
    ],
    perRate: 0.42,
  },
  // Nothing that is known here rests lower; every other kind rests higher as soon as it holds some charge.
  lto: {
    high: [
      [0, 2.42],
      [40, 2.45],
      [60, 2.55],
      [75, 2.72],
    ],
    doubtLow: [
      [25, 1.85],
      [40, 2.03],
      [80, 2.16],
      [100, 2.23],
    ],
    doubtHigh: [
      [0, 2.3],
      [40, 2.42],
      [60, 2.5],
      [75, 2.68],
    ],
    perRate: 0.25,
  },
  // Between LTO and LiFePO4, with the steepest curve and the widest scatter between makers.
  naion: {
    low: [
      [21, 1.5],
      [30, 2.1],
      [40, 2.4],
      [50, 2.6],
      [60, 2.75],
      [100, 2.8],
    ],
    high: [
      [0, 2.95],
      [10, 3.1],
      [20, 3.2],
      [40, 3.4],
      [60, 3.65],
      [75, 3.9],
    ],
    doubtLow: [
      [25, 2.05],
      [35, 2.35],
      [50, 2.65],
      [70, 2.85],
      [90, 3.1],
      [100, 3.2],
    ],
    doubtHigh: [
      [0, 2.87],
      [20, 3.1],
      [40, 3.35],
      [60, 3.6],
      [75, 3.85],
    ],
    perRate: 0.62,
  },
};

/** V at `soc` %; undefined where the border does not reach. */
export function borderAt(border: Curve | undefined, soc: number): number | undefined {
  const [first, last] = [border?.[0], border?.at(-1)];
  if (border === undefined || first === undefined || last === undefined) return undefined;
  return soc < first[0] || soc > last[0] ? undefined : along(border, soc);
}
