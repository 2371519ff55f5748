import { type Clock, sleep } from '../../clock.ts';
import { PortError, PortMissingError, PortRestingError } from '../../errors.ts';
import { Backoff } from './backoff.ts';
import type { Bluetooth } from './bluetooth.ts';
import { deviceName, NotThereError, type Wanted, WrongPinError } from './connect.ts';
import type { GattLink } from './gatt-link.ts';
import type { Turns } from './turns.ts';

/** A link that was up for so long was a good one, ms; what breaks sooner is made anew ever more slowly. */
const GOOD_MS = 120_000;
/** With so many links or fewer a connect does not fail because the radio carries no more. */
const FEW_LINKS = 2;
/** A radio that carried no more links is asked again after so long, ms. */
const TRY_MORE_MS = 3_600_000;
/** An adapter that has just come is given so long, ms. */
const ADAPTER_MS = 1000;

export interface KeeperOptions {
  readonly bluetooth: Bluetooth;
  readonly clock: Clock;
  readonly wanted: Wanted;
  readonly adapter?: string;
  /** 0 to 1. */
  readonly random: () => number;
  /** Told when the links of the adapter turned out to be fewer than the batteries. */
  readonly onFewLinks?: (most: number) => void;
}

/** Keeps the link to one device: connects, waits for its end, connects again, at a pace that the radio bears. */
export class LinkKeeper {
  readonly #options: KeeperOptions;
  readonly #backoff: Backoff;
  readonly #name: string;
  #link: GattLink | undefined;
  #why: PortError;
  #changed: (() => void)[] = [];
  #end: () => void = () => {};
  #restingUntil = Number.NEGATIVE_INFINITY;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#name = deviceName(options.wanted);
    this.#why = new PortMissingError(`${this.#name} is being connected`);
  }

  /** The link that is up now. Throws the PortError that says why there is none. */
  take(): GattLink {
    if (this.#link?.isUp) return this.#link;
    throw this.#why;
  }

  /** Resolves when there is a link, or with undefined when `signal` aborts. */
  async linked(signal: AbortSignal): Promise<GattLink | undefined> {
    while (!signal.aborted) {
      if (this.#link?.isUp) return this.#link;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#changed.push(done);
        signal.addEventListener('abort', done, { once: true });
      });
    }
    return undefined;
  }

  /** Gives the link up. With `forMs` it stays down for so long; else it is made again as soon as it is this battery's turn. */
  async release(forMs = 0): Promise<void> {
    const { bluetooth, clock } = this.#options;
    const link = this.#link;
    const now = clock.now();
    this.#restingUntil = Math.max(this.#restingUntil, now + forMs);
    this.#link = undefined;
    this.#why = new PortRestingError(
      this.#restingUntil > now
        ? `${this.#name} is left to others for a while`
        : `${this.#name} waits for its turn`,
    );
    if (link !== undefined) await bluetooth.release(link);
    this.#end();
  }

  /** Keeps the link until `signal` aborts. Rejects with the WrongPinError after which trying on could lock the device. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const pauseMs = await this.#once(signal);
      const restMs = Math.max(pauseMs, this.#restingUntil - clock.now());
      if (restMs > 0) await this.#pause(restMs, signal);
    }
    await this.release();
  }

  /** Waits; where the adapter is what is missing, only until it is there. */
  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const { adapter, bluetooth, clock } = this.#options;
    if (bluetooth.isReady(adapter)) return sleep(clock, ms, signal);
    const isBack = (): true | undefined => (bluetooth.isReady(adapter) ? true : undefined);
    if ((await bluetooth.tree.until(isBack, ms, signal)) === undefined) return;
    this.#backoff.succeeded();
    await sleep(clock, ADAPTER_MS, signal);
  }

  /** One link from its beginning to its end; gives the pause after it, ms. */
  async #once(signal: AbortSignal): Promise<number> {
    const { clock } = this.#options;
    let turns: Turns | undefined;
    try {
      turns = this.#options.bluetooth.turns(this.#options.adapter);
      await turns.enter(this, signal);
      if (signal.aborted) return 0;
      const link = await this.#connect(signal, turns);
      const began = clock.now();
      await this.#ended(link, signal);
      const isOver = this.#restingUntil >= began || clock.now() - began >= GOOD_MS;
      if (!isOver) return this.#backoff.next(false);
      this.#backoff.succeeded();
      return 0;
    } catch (error) {
      if (!(error instanceof PortError) || error instanceof WrongPinError) throw error;
      this.#why = error;
      return this.#backoff.next(error instanceof NotThereError);
    } finally {
      turns?.leave(this);
    }
  }

  async #connect(signal: AbortSignal, turns: Turns): Promise<GattLink> {
    const { adapter, bluetooth, clock, wanted } = this.#options;
    try {
      const { failures } = this.#backoff;
      const how = { failures, signal, ...(adapter !== undefined && { adapter }) };
      return await bluetooth.connect(wanted, how);
    } catch (error) {
      // A controller that carries no more links has no words of its own for it.
      const isRefused = error instanceof PortMissingError && /no more links/.test(error.message);
      const others = isRefused ? bluetooth.adapter(adapter).links.length : 0;
      if (isRefused && others >= FEW_LINKS && this.#backoff.failures > 0 && others < turns.most) {
        turns.most = others;
        this.#options.onFewLinks?.(others);
        clock.after(TRY_MORE_MS, () => {
          turns.most = others + 1;
        });
      }
      throw error;
    }
  }

  #ended(link: GattLink, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#end = () => {
        signal.removeEventListener('abort', this.#end);
        this.#end = () => {};
        resolve();
      };
      signal.addEventListener('abort', this.#end, { once: true });
      link.onEnd = () => {
        if (this.#link === link) {
          this.#link = undefined;
          this.#why = new PortMissingError(`the Bluetooth link to ${this.#name} was lost; it is made again`);
        }
        this.#end();
      };
      this.#link = link;
      for (const tell of this.#changed.splice(0)) tell();
    });
  }
}
