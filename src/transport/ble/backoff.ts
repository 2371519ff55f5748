/** Pauses after failures in a row, ms. The controller of a GX device is slow, and every connect costs the bus memory. */
const PAUSES_MS = [1000, 2000, 5000, 10_000, 30_000, 60_000] as const;
/** A battery that is not there is looked for ever more rarely, ms. */
const LONGEST_MS = 300_000;
const JITTER = 0.2;

/** How long to wait before the next connect. `random` gives 0 to 1: several batteries must not come at once for ever. */
export class Backoff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** One more failure: the pause after it, ms. `isAbsent`: it was not there, rather than difficult. */
  next(isAbsent: boolean): number {
    const last = PAUSES_MS.length - 1;
    const pause = PAUSES_MS[Math.min(this.#failures, last)] ?? LONGEST_MS;
    const beyond = Math.max(0, this.#failures - last);
    this.#failures += 1;
    const wanted = isAbsent ? Math.min(LONGEST_MS, pause * 1.5 ** beyond) : pause;
    return Math.round(wanted * (1 + JITTER * (2 * this.#random() - 1)));
  }

  succeeded(): void {
    this.#failures = 0;
  }
}
