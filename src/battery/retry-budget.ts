/** Part of the line time that packs in trouble may cost the others: below the tenth that nobody notices. */
const SHARE = 0.06;
/** What may be saved up, ms: one failed poll of the slowest BMS. */
const MOST_SAVED_MS = 1500;

/**
 * The time that packs in trouble may cost all others together. It grows with the time that passes and is drawn down by what
 * their failed polls delayed the others; while it is in debt, they are not asked.
 */
export class RetryBudget {
  #savedMs = MOST_SAVED_MS;
  #at: number;

  constructor(now: number) {
    this.#at = now;
  }

  isLeft(now: number): boolean {
    this.#earn(now);
    return this.#savedMs > 0;
  }

  charge(ms: number, now: number): void {
    this.#earn(now);
    this.#savedMs -= ms;
  }

  #earn(now: number): void {
    this.#savedMs = Math.min(MOST_SAVED_MS, this.#savedMs + SHARE * (now - this.#at));
    this.#at = now;
  }
}
