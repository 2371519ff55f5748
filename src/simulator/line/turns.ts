/** The window in which turns are counted, s. */
const WINDOW = 600;

/** Counts how often a value changes its direction by more than a band: the measure of hunting. */
export class Turns {
  /** The most turns within any ten minutes so far. */
  worst = 0;
  readonly #band: number;
  readonly #times: number[] = [];
  #extreme: number | undefined;
  #direction: -1 | 0 | 1 = 0;

  constructor(band: number) {
    // Published limits are decimal: a move of exactly the band must not count because of its binary form.
    this.#band = band + 1e-9;
  }

  add(time: number, value: number): void {
    this.#extreme ??= value;
    const moved = value - this.#extreme;
    if (moved * this.#direction > 0) this.#extreme = value;
    if (Math.abs(moved) <= this.#band || moved * this.#direction > 0) return;
    // The first movement has no direction to turn from.
    if (this.#direction !== 0) this.#count(time);
    this.#direction = moved > 0 ? 1 : -1;
    this.#extreme = value;
  }

  #count(time: number): void {
    this.#times.push(time);
    while ((this.#times[0] ?? time) <= time - WINDOW) this.#times.shift();
    this.worst = Math.max(this.worst, this.#times.length);
  }
}
