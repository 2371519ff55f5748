import type { PackPoller } from '../battery/pack-poller.ts';
import { WISHES, type Wish } from '../battery/wishes.ts';
import type { BmsDriver, SwitchName } from '../bms/driver.ts';
import type { ControlRequests } from '../control/law.ts';
import { BmsError, PortError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Exchange } from '../transport/exchange.ts';

/** How often a switch is tried before the owner is told that it does not follow. */
const TRIES = 3;

/** The switches of the BMS that follow what the owner asks for, where the owner allows writing. */
export class Switches {
  readonly isAllowed: boolean;
  readonly #log: Log;
  /** Switches that the BMS has not confirmed yet, with what they are to be and the tries that are left. */
  readonly #pending = new Map<SwitchName, { readonly on: boolean; readonly tries: number }>();

  constructor(isAllowed: boolean, log: Log) {
    this.isAllowed = isAllowed;
    this.#log = log;
  }

  /** Whether the BMS may and can be put into standby. */
  canStandBy({ switches }: BmsDriver): boolean {
    return this.isAllowed && switches.includes('charge') && switches.includes('discharge');
  }

  /** What the owner asks for has changed: the switches are to follow. */
  follow(before: ControlRequests, now: ControlRequests): void {
    if (!this.isAllowed) return;
    const wishes: readonly Wish[] = WISHES;
    for (const { request, switch: name } of wishes) {
      if (name !== undefined && before[request] !== now[request])
        this.#pending.set(name, { on: now[request] !== true, tries: TRIES });
    }
  }

  /** Operates the switches that are still to follow, one after the other, each confirmed by reading it back. */
  async operate(link: Exchange, packs: readonly PackPoller[]): Promise<void> {
    for (const [name, wanted] of [...this.#pending]) {
      const { on, tries } = wanted;
      const error = await this.#turn(link, packs, name, on);
      // Asked for something else meanwhile: that is still to follow.
      if (this.#pending.get(name) !== wanted) continue;
      if (error === undefined || tries <= 1) this.#pending.delete(name);
      else this.#pending.set(name, { on, tries: tries - 1 });
      if (error !== undefined && tries <= 1) {
        this.#log.warn(`the BMS did not turn its ${name} switch ${on ? 'on' : 'off'}: ${error.message}`);
      }
    }
  }

  async #turn(
    link: Exchange,
    packs: readonly PackPoller[],
    name: SwitchName,
    on: boolean,
  ): Promise<BmsError | undefined> {
    let failure: BmsError | undefined;
    for (const pack of packs) {
      const turn = pack.over(link).switches[name];
      if (turn === undefined) continue;
      try {
        await turn(on);
        this.#log.info(
          `${name} switch of ${pack.driver.id} at address ${pack.address} is ${on ? 'on' : 'off'}`,
        );
      } catch (error) {
        if (!(error instanceof BmsError) || error instanceof PortError) throw error;
        failure = error;
      }
    }
    return failure;
  }
}
