import type { BmsDriver } from '../bms/driver.ts';
import { BmsError } from '../errors.ts';
import type { Reading } from '../model/reading.ts';
import type { Exchange } from '../transport/exchange.ts';

/** Failed polls in a row after which a pack of a bank is asked less often. */
const PATIENCE = 3;
const LONGEST_PAUSE_MS = 60_000;
/** A good poll that took so much longer than usual had to ask again: no BMS is given up before, ms. */
const ASKED_AGAIN_MS = 250;
/** How quickly the usual time follows: polls that also ask for slow facts are rare, and a line may become slower for good. */
const FOLLOWING = 0.1;
const FORGETTING = 1.01;

export type PollResult = { readonly reading: Reading } | { readonly error: BmsError };

/** Polls one battery at one address and remembers what a driver may take from earlier polls. */
export class Pack {
  readonly driver: BmsDriver;
  readonly address: number;
  #cycle = 0;
  #known: Reading = {};
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #usualMs: number | undefined;
  #wastedMs = 0;

  constructor(driver: BmsDriver, address: number) {
    this.driver = driver;
    this.address = address;
  }

  /** Failed polls in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** The last complete reading of this connection. */
  get known(): Reading {
    return this.#known;
  }

  /** What the last poll took beyond the usual, ms; above 0 the pack is in trouble. */
  get wastedMs(): number {
    return this.#wastedMs;
  }

  /** What a good poll of this pack takes, ms; 0 while that is not known. */
  get usualMs(): number {
    return this.#usualMs ?? 0;
  }

  /** Whether it is time to ask: a silent pack of a bank is asked ever more rarely, so that it does not starve the others. */
  isDue(now: number): boolean {
    return now >= this.#pausedUntil;
  }

  /** One poll. A reply error is a result; an error of the port passes through. */
  async poll(link: Exchange, now: () => number): Promise<PollResult> {
    const began = now();
    try {
      const reading = await this.driver.poll(link, this.address, { cycle: this.#cycle, known: this.#known });
      this.#cycle += 1;
      this.#known = reading;
      this.#failures = 0;
      this.#pausedUntil = Number.NEGATIVE_INFINITY;
      this.#measure(now() - began);
      return { reading };
    } catch (error) {
      if (!(error instanceof BmsError) || error.code.startsWith('PORT_')) throw error;
      this.#failures += 1;
      this.#wastedMs = now() - began;
      if (this.#failures >= PATIENCE) {
        this.#pausedUntil = now() + Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (this.#failures - PATIENCE));
        // A pack that comes back may be another one, or have been restarted: nothing is taken over.
        this.#cycle = 0;
        this.#known = {};
      }
      return { error };
    }
  }

  /** The only pack of a port is asked at every poll; there is nobody to starve. */
  keepAsking(): void {
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
  }

  #measure(tookMs: number): void {
    const usual = this.#usualMs ?? tookMs;
    const more = tookMs - usual;
    this.#wastedMs = more > ASKED_AGAIN_MS ? more : 0;
    this.#usualMs = this.#wastedMs > 0 ? usual * FORGETTING : usual + FOLLOWING * more;
  }
}
