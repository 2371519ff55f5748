import type { Chemistry } from '../../model/chemistry.ts';

/**
 * Open-circuit voltage over state of charge, [%, V]. LFP is the table of the closed-loop check of the charge control
 * law, continued to the empty side; the others follow the typical shape of their kind, so that the absorption
 * voltage of the preset stands close to 100 %. Beyond 0 and 100 % the curve shows what a cell suffers.
 */
const CURVES: Readonly<Record<Chemistry, readonly (readonly [number, number])[]>> = {
  lfp: [
    [-4, 1.5],
    [0, 2.6],
    [2, 2.92],
    [5, 3.1],
    [10, 3.2],
    [20, 3.25],
    [50, 3.295],
    [70, 3.32],
    [90, 3.333],
    [97, 3.338],
    [98.5, 3.345],
    [99.3, 3.37],
    [99.7, 3.42],
    [100, 3.5],
    [100.3, 3.62],
    [100.6, 3.8],
    [103, 4.8],
  ],
  nmc: [
    [-4, 2.0],
    [0, 3.0],
    [3, 3.3],
    [10, 3.45],
    [20, 3.55],
    [40, 3.64],
    [60, 3.78],
    [80, 3.95],
    [90, 4.05],
    [96, 4.1],
    [100, 4.15],
    [104, 4.22],
    [112, 4.45],
  ],
  lto: [
    [-4, 1.2],
    [0, 1.8],
    [5, 2.05],
    [10, 2.12],
    [30, 2.2],
    [60, 2.28],
    [80, 2.36],
    [92, 2.44],
    [97, 2.52],
    [100, 2.65],
    [101, 2.75],
    [104, 3.2],
  ],
  naion: [
    [-4, 1.0],
    [0, 1.8],
    [5, 2.3],
    [15, 2.6],
    [30, 2.85],
    [50, 3.05],
    [70, 3.3],
    [85, 3.5],
    [95, 3.7],
    [100, 3.85],
    [103, 3.95],
    [110, 4.3],
  ],
};

const STEP = 0.05;
const FIRST = -4;
const LAST = 112;

/** Open-circuit voltage of one chemistry on an even grid: one multiplication finds the place. */
export class OpenCircuit {
  readonly #volts: Float64Array;

  constructor(chemistry: Chemistry) {
    this.#volts = new Float64Array(Math.round((LAST - FIRST) / STEP) + 2);
    for (let index = 0; index < this.#volts.length; index++) {
      this.#volts[index] = interpolate(CURVES[chemistry], FIRST + index * STEP);
    }
  }

  /** V of a resting cell; beyond the ends of the table the voltage stays what it is there. */
  at(soc: number): number {
    const place = (Math.min(LAST, Math.max(FIRST, soc)) - FIRST) / STEP;
    const index = Math.floor(place);
    const low = this.#volts[index] ?? 0;
    const high = this.#volts[index + 1] ?? low;
    return low + (high - low) * (place - index);
  }

  /** The state of charge, %, at which a resting cell shows `volts`. */
  socAt(volts: number): number {
    let low = FIRST;
    let high = LAST;
    for (let halving = 0; halving < 50; halving++) {
      const middle = (low + high) / 2;
      if (this.at(middle) < volts) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }
}

/** Straight lines between the points; the last slope goes on at the end, so that the curve keeps rising. */
function interpolate(points: readonly (readonly [number, number])[], x: number): number {
  let [x0, y0] = points[0] ?? [0, 0];
  let [x1, y1] = points[1] ?? [1, 0];
  for (const [x2, y2] of points.slice(2)) {
    if (x <= x1) break;
    [x0, y0, x1, y1] = [x1, y1, x2, y2];
  }
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

const known = new Map<Chemistry, OpenCircuit>();

/** The curve of a chemistry, computed once. */
export function openCircuit(chemistry: Chemistry): OpenCircuit {
  const curve = known.get(chemistry) ?? new OpenCircuit(chemistry);
  known.set(chemistry, curve);
  return curve;
}
