import type { BmsDriver } from '../bms/driver.ts';

/** The first look over all addresses goes quickly, later ones are rare: an absent pack costs a deadline each time. */
const FIRST_ROUND_MS = 3000;
const LATER_MS = 60_000;

/** Chooses the addresses at which further packs of a line may have appeared, one at a time. */
export class Scan {
  readonly #addresses: readonly number[];
  #index = 0;
  #dueAt: number | undefined;
  #round = 0;

  constructor(driver: Pick<BmsDriver, 'reach'>, wanted: readonly number[]) {
    this.#addresses = driver.reach.serial.addresses.length > 1 ? wanted : [];
  }

  /** The address to look at now; undefined when it is not time, or there is none. */
  next(now: number, known: readonly number[]): number | undefined {
    this.#dueAt ??= now + FIRST_ROUND_MS;
    if (now < this.#dueAt) return undefined;
    for (let tries = 0; tries < this.#addresses.length; tries += 1) {
      const address = this.#addresses[this.#index];
      this.#index += 1;
      if (this.#index >= this.#addresses.length) {
        this.#index = 0;
        this.#round += 1;
      }
      if (address !== undefined && !known.includes(address)) {
        this.#dueAt = now + (this.#round === 0 ? FIRST_ROUND_MS : LATER_MS);
        return address;
      }
    }
    return undefined;
  }
}
