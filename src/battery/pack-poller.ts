import type { BmsDriver, Remark, Session } from '../bms/driver.ts';
import { BmsError, PortError } from '../errors.ts';
import type { Exchange } from '../transport/exchange.ts';
import type { PollResult } from './battery.ts';
import { OverrunMeter } from './overrun-meter.ts';

/** Failed polls in a row after which a pack of a bank is asked less often. */
const PATIENCE = 3;
const LONGEST_PAUSE_MS = 60_000;
/** How quickly the usual time of a poll follows: those that also ask for slow facts are rare. */
const FOLLOWING = 0.1;

/** Polls one battery at one address, and says when it is to be asked. */
export class PackPoller {
  readonly driver: BmsDriver;
  readonly address: number;
  #failures = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  #usualMs: number | undefined;
  #wastedMs = 0;
  readonly #now: () => number;
  readonly #wasted = new OverrunMeter();
  readonly #session: Session;

  /** `now` in monotonic ms. */
  constructor(driver: BmsDriver, address: number, now: () => number) {
    this.#now = now;
    this.driver = driver;
    this.address = address;
    this.#session = driver.open(this.#wasted, address);
  }

  /** Failed polls in a row. */
  get failures(): number {
    return this.#failures;
  }

  /** What the last poll took beyond the usual, ms; above 0 the pack is in trouble. */
  get wastedMs(): number {
    return this.#wastedMs;
  }

  /** What a good poll of this pack takes, ms; 0 while that is not known. */
  get usualMs(): number {
    return this.#usualMs ?? 0;
  }

  /** What the owner should know of the answers since this was last asked, each once. */
  takeRemarks(): readonly Remark[] {
    return this.#session.takeRemarks();
  }

  /** Whether it is time to ask: a silent pack of a bank is asked ever more rarely, so that it does not starve the others. */
  isDue(now: number): boolean {
    return now >= this.#pausedUntil;
  }

  /** One poll. A reply error is a result; an error of the port passes through. */
  async poll(link: Exchange): Promise<PollResult> {
    const began = this.#now();
    this.#wasted.take();
    const session = this.over(link);
    try {
      const reading = await session.read();
      this.#failures = 0;
      this.#pausedUntil = Number.NEGATIVE_INFINITY;
      this.#measure(this.#now() - began);
      return { reading };
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof PortError) throw error;
      this.#failures += 1;
      this.#wastedMs = this.#now() - began;
      if (this.#failures >= PATIENCE) {
        this.#pausedUntil = this.#now() + Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (this.#failures - PATIENCE));
      }
      return { error };
    }
  }

  /** The conversation with this battery over a line. */
  over(line: Exchange): Session {
    if (this.#wasted.over(line)) this.#session.reconnected();
    return this.#session;
  }

  /** The only pack of a port is asked at every poll; there is nobody to starve. */
  keepAsking(): void {
    this.#pausedUntil = Number.NEGATIVE_INFINITY;
  }

  #measure(tookMs: number): void {
    this.#wastedMs = this.#wasted.take();
    const neededMs = tookMs - this.#wastedMs;
    this.#usualMs =
      this.#usualMs === undefined ? neededMs : this.#usualMs + FOLLOWING * (neededMs - this.#usualMs);
  }
}
