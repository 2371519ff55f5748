import { type BankPlan, banksNaming, type Candidate } from '../battery/bank-members.ts';
import type { BankPart } from '../battery/battery-view.ts';
import type { Bus } from '../dbus/bus.ts';
import { bankClaim } from './claim.ts';
import type { Log } from './names.ts';

export interface BankWatchOptions {
  readonly bus: Bus;
  readonly plans: readonly BankPlan[];
  readonly candidate: Candidate;
  readonly log: Log;
  /** The bank came or went. */
  readonly onChange: () => void;
}

/**
 * Follows whether the bank of a battery is there. The bus tells of its end whatever the end: a bank that stops, is killed or
 * crashes loses its name with its connection.
 */
export class BankWatch {
  readonly #name: string | undefined;
  #isLed = false;
  #unwatch: () => void = () => {};

  /** Resolves when it is known whether the bank is there now. Rejects with a BusError when the bus does not answer. */
  static async open(options: BankWatchOptions): Promise<BankWatch> {
    const { bus, candidate, log, onChange, plans } = options;
    const names = banksNaming(plans, candidate);
    if (names.length > 1)
      log.warn(`the banks ${names.join(' and ')} both claim ${candidate.place}: it belongs to none of them`);
    const watch = new BankWatch(names.length === 1 ? names[0] : undefined);
    if (watch.#name === undefined) return watch;
    watch.#unwatch = await bus.watchOwner(bankClaim(watch.#name), (owner) => {
      const isLed = owner !== undefined;
      if (isLed === watch.#isLed) return;
      watch.#isLed = isLed;
      onChange();
    });
    return watch;
  }

  private constructor(name: string | undefined) {
    this.#name = name;
  }

  /** Undefined for a battery of no bank. */
  get part(): BankPart | undefined {
    return this.#name === undefined ? undefined : { name: this.#name, isLed: this.#isLed };
  }

  close(): void {
    this.#unwatch();
  }
}
