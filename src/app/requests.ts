import type { Command } from '../battery/command.ts';
import type { OwnerStore } from '../battery/owner-store.ts';
import { requestOf, WISHES, type Wish } from '../battery/wishes.ts';
import type { ControlRequests } from '../control/law.ts';

export interface RequestsOptions {
  /** What is asked for has changed. */
  readonly onChange: (before: ControlRequests, now: ControlRequests) => void;
  /** Whether a switch of the BMS may be operated at all. */
  readonly mayWrite: boolean;
  /** Whether the BMS can be put into standby. */
  readonly canStandBy: () => boolean;
  readonly onClearHistory: () => void;
}

/** What the owner asks for while the driver runs. The one place that decides about a command. */
export class Requests {
  current: ControlRequests = {};
  readonly #options: RequestsOptions;
  #store: OwnerStore | undefined;

  constructor(options: RequestsOptions) {
    this.#options = options;
  }

  /** Takes over what the device remembers; what is switched off is asserted again, because a BMS may have been restarted. */
  takeOver(store: OwnerStore): boolean {
    this.#store = store;
    const before = this.current;
    this.current = Object.assign({}, ...WISHES.map((wish) => requestOf(wish, store.get(wish.name))));
    this.#options.onChange(before, this.current);
    return Object.keys(this.current).length > 0;
  }

  /** Carries out a command; false refuses it. */
  decide(command: Command): boolean {
    switch (command.kind) {
      case 'clearHistory':
        this.#options.onClearHistory();
        return true;
      case 'standby':
        if (!this.#options.canStandBy()) return false;
        return this.#keep(STANDBY.map((wish) => [wish, Number(command.on)]));
      case 'wish':
        // Without its switch this would be a promise that nobody keeps.
        if (command.wish.request === 'balancerOff' && !this.#options.mayWrite) return false;
        return this.#keep([[command.wish, command.value]]);
      case 'name':
        return false;
    }
  }

  /** A top balance has begun: the button springs back. */
  balanceBegan(): void {
    const wish = WISHES.find(({ request }) => request === 'topBalanceNow');
    if (this.current.topBalanceNow === true && wish !== undefined) this.#keep([[wish, wish.none]]);
  }

  #keep(wanted: readonly (readonly [Wish, number])[]): boolean {
    const store = this.#store;
    if (store === undefined) return false;
    for (const [{ name }, value] of wanted) store.set(name, value);
    this.takeOver(store);
    return true;
  }
}

/** Standby is both of these at once. */
const STANDBY = WISHES.filter(({ request }) => request === 'chargeOff' || request === 'dischargeOff');
