import type { OpenCircuit } from './open-circuit.ts';

/** One cell as it was built. Ah, %, ohm at 25 degC, s, A. */
export interface CellSpec {
  readonly capacity: number;
  readonly soc: number;
  readonly ohm: number;
  /** Two RC pairs: a fast and a slow part of the polarisation; 0 ohm leaves one out. */
  readonly pairs: readonly [RcPair, RcPair];
  /** What the cell loses by itself, A. */
  readonly leak: number;
}

export interface RcPair {
  readonly ohm: number;
  readonly seconds: number;
}

export interface StringSpec {
  readonly cells: readonly CellSpec[];
  readonly curve: OpenCircuit;
  /** Half the gap between the charging and the discharging open-circuit curve, V. */
  readonly hysteresis: number;
}

/** A cell is destroyed beyond these and its charge stays there, % of its capacity. */
const MOST_SOC = 110;
const LEAST_SOC = -4;
/** Share of the capacity that must flow to change from one hysteresis branch to the other. */
const HYSTERESIS_SHARE = 0.02;

/** Cells in series, as arrays: a simulated day is millions of cell steps. */
export class CellString {
  readonly count: number;
  /** Ah in each cell. */
  readonly charge: Float64Array;
  readonly capacity: Float64Array;
  /** Terminal voltage of each cell at the last current, V. */
  readonly voltage: Float64Array;
  /** Current that the balancer takes out of each cell, A. */
  readonly bleed: Float64Array;
  /** The same without the drop that follows the current at once, V. */
  readonly #inner: Float64Array;
  /** Sum of the voltages without the drop that follows the current at once, V. */
  emf = 0;
  /** The resistance that belongs to `emf`, ohm. */
  ohm = 0;
  /** Heat of the last step, W. */
  heat = 0;
  readonly #curve: OpenCircuit;
  readonly #hysteresis: number;
  readonly #branch: Float64Array;
  readonly #ohm: Float64Array;
  readonly #leak: Float64Array;
  readonly #fast: Polarisation;
  readonly #slow: Polarisation;

  constructor(spec: StringSpec) {
    const { cells } = spec;
    this.count = cells.length;
    this.capacity = Float64Array.from(cells, (cell) => cell.capacity);
    this.charge = Float64Array.from(cells, (cell) => (cell.capacity * cell.soc) / 100);
    this.voltage = new Float64Array(this.count);
    this.bleed = new Float64Array(this.count);
    this.#inner = new Float64Array(this.count);
    this.#curve = spec.curve;
    this.#hysteresis = spec.hysteresis;
    this.#branch = new Float64Array(this.count);
    this.#ohm = Float64Array.from(cells, (cell) => cell.ohm);
    this.#leak = Float64Array.from(cells, (cell) => cell.leak);
    this.#fast = new Polarisation(cells.map((cell) => cell.pairs[0]));
    this.#slow = new Polarisation(cells.map((cell) => cell.pairs[1]));
    this.step(0, 0, 25);
  }

  /** True state of charge of one cell, %; may leave 0..100 when the cell is abused. */
  soc(cell: number): number {
    return (100 * (this.charge[cell] ?? 0)) / (this.capacity[cell] ?? 1);
  }

  setSoc(cell: number, soc: number): void {
    this.charge[cell] = ((this.capacity[cell] ?? 0) * soc) / 100;
  }

  /** Lets `current` (A, > 0 charges) flow through all cells for `dt` seconds at a temperature of `celsius`. */
  step(dt: number, current: number, celsius: number): void {
    const factor = coldFactor(celsius);
    const fastShare = this.#fast.prepare(dt);
    const slowShare = this.#slow.prepare(dt);
    let emf = 0;
    let ohms = 0;
    let heat = 0;
    for (let cell = 0; cell < this.count; cell++) {
      const flow = current - (this.bleed[cell] ?? 0);
      const capacity = this.capacity[cell] ?? 1;
      const charge = (this.charge[cell] ?? 0) + ((flow - (this.#leak[cell] ?? 0)) * dt) / 3600;
      const kept = Math.min((capacity * MOST_SOC) / 100, Math.max((capacity * LEAST_SOC) / 100, charge));
      this.charge[cell] = kept;
      const fast = this.#fast.step(cell, flow, fastShare, factor);
      const slow = this.#slow.step(cell, flow, slowShare, factor);
      const branch = this.#hysteresis === 0 ? 0 : this.#follow(cell, flow, dt, capacity);
      const ohm = (this.#ohm[cell] ?? 0) * factor;
      const inner = this.#curve.at((100 * kept) / capacity) + branch + fast + slow;
      this.#inner[cell] = inner;
      this.voltage[cell] = inner + flow * ohm;
      emf += inner - (this.bleed[cell] ?? 0) * ohm;
      ohms += ohm;
      heat += flow * (flow * ohm + fast + slow + branch);
    }
    this.emf = emf;
    this.ohm = ohms;
    this.heat = heat;
  }

  /** The most current that takes no cell beyond `volts` now, A; negative when one is beyond already. */
  mostCurrent(volts: number, celsius: number): number {
    const factor = coldFactor(celsius);
    let most = Number.POSITIVE_INFINITY;
    for (let cell = 0; cell < this.count; cell++) {
      const ohm = Math.max(1e-6, (this.#ohm[cell] ?? 0) * factor);
      most = Math.min(most, (volts - (this.#inner[cell] ?? 0)) / ohm + (this.bleed[cell] ?? 0));
    }
    return most;
  }

  #follow(cell: number, flow: number, dt: number, capacity: number): number {
    const goal = Math.sign(flow) * this.#hysteresis;
    const share = 1 - Math.exp((-Math.abs(flow) * dt) / (3600 * HYSTERESIS_SHARE * capacity));
    const branch = (this.#branch[cell] ?? 0) + (goal - (this.#branch[cell] ?? 0)) * share;
    this.#branch[cell] = branch;
    return branch;
  }
}

/** One RC pair per cell. The voltage follows the current exactly, whatever the step. */
class Polarisation {
  readonly #ohm: Float64Array;
  readonly #volts: Float64Array;
  readonly #seconds: number;
  #dt = 0;
  #share = 0;

  constructor(pairs: readonly RcPair[]) {
    this.#ohm = Float64Array.from(pairs, (pair) => pair.ohm);
    this.#volts = new Float64Array(pairs.length);
    this.#seconds = pairs[0]?.seconds ?? 1;
  }

  /** The share of the way to the final voltage that `dt` seconds go; the time constant is one for all cells. */
  prepare(dt: number): number {
    if (dt !== this.#dt) {
      this.#dt = dt;
      this.#share = 1 - Math.exp(-dt / this.#seconds);
    }
    return this.#share;
  }

  step(cell: number, flow: number, share: number, factor: number): number {
    const now = this.#volts[cell] ?? 0;
    const next = now + (flow * (this.#ohm[cell] ?? 0) * factor - now) * share;
    this.#volts[cell] = next;
    return next;
  }
}

/** Inner resistance over temperature: about twice at 0 degC, a little less when warm. */
function coldFactor(celsius: number): number {
  return Math.exp(0.028 * Math.min(45, Math.max(-15, 25 - celsius)));
}
