import type { BmsDriver } from '../bms/driver.ts';
import type { Clock } from '../clock.ts';
import type { ControlRequests } from '../control/law.ts';
import { BmsError, PortError } from '../errors.ts';
import type { Log, LogSource } from '../log.ts';
import type { PackReading } from '../model/reading.ts';
import type { Exchange } from '../transport/exchange.ts';
import { Bank } from './bank.ts';
import { Battery } from './battery.ts';
import { BatteryLog } from './battery-log.ts';
import type { Conditions } from './conditions.ts';
import type { Controller } from './controller.ts';
import { PackPoller } from './pack-poller.ts';
import { RetryBudget } from './retry-budget.ts';
import { Scan } from './scan.ts';

/** Failed polls of every pack in a row after which the connection is doubted. */
const DOUBT_AFTER = 10;

export interface PollerOptions {
  readonly driver: BmsDriver;
  /** Packs that answered, were seen in an earlier life, or were named by the owner. */
  readonly addresses: readonly number[];
  /** Where further packs may appear; empty when the owner named them all. */
  readonly scanned: readonly number[];
  /** The control of the pack at an address. */
  readonly controller: (address: number) => Controller;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: LogSource;
  readonly conditions: Conditions;
  /** One pack was asked, or its turn was skipped. */
  readonly onTurn?: (battery: Battery) => void;
  /** The packs of this port are others now. */
  readonly onPacks?: (addresses: readonly number[]) => Promise<void>;
}

/** A pack and who asks it. */
interface Member {
  readonly battery: Battery;
  readonly pack: PackPoller;
}

/** Asks the packs of one port in turn, looks for more of them, and says in the log what an owner should know. */
export class Poller {
  readonly bank: Bank;
  readonly #options: PollerOptions;
  readonly #log: Log;
  readonly #scan: Scan;
  readonly #retryBudget: RetryBudget;
  readonly #said: BatteryLog;
  readonly #packs = new Map<Battery, PackPoller>();
  /** Addresses at which a pack answers that is known from another address. */
  readonly #doubles = new Set<number>();

  constructor(options: PollerOptions) {
    const { addresses, clock, conditions, driver, log, scanned } = options;
    this.#options = options;
    this.#log = log.scope('bank');
    this.bank = new Bank(addresses.map((address) => this.#battery(address)));
    this.#scan = new Scan(driver, scanned);
    this.#retryBudget = new RetryBudget(clock.now());
    this.#said = new BatteryLog({ conditions, log, scope: driver.id, now: () => clock.now() });
  }

  get driver(): BmsDriver {
    return this.#options.driver;
  }

  /** Who asks each of the packs, sorted by address. */
  get packs(): readonly PackPoller[] {
    return this.#members.map(({ pack }) => pack);
  }

  /** No pack has answered for many polls: the connection itself may be the reason. */
  get isSilent(): boolean {
    return this.packs.every(({ failures }) => failures >= DOUBT_AFTER);
  }

  get #members(): readonly Member[] {
    return this.bank.batteries.flatMap((battery) => {
      const pack = this.#packs.get(battery);
      return pack === undefined ? [] : [{ battery, pack }];
    });
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  #battery(address: number): Battery {
    const { controller, driver } = this.#options;
    const battery = new Battery(address, controller(address), this.#now);
    this.#packs.set(battery, new PackPoller(driver, address, () => this.#now));
    return battery;
  }

  /**
   * Asks every pack whose turn it is, those in trouble last and only while they do not delay the others. Rejects when the
   * port is lost, after the packs that were not asked have been told that time passed.
   */
  async cycle(link: Exchange | undefined, requests: ControlRequests, signal: AbortSignal): Promise<void> {
    const began = this.#now;
    const { isBank } = this.bank;
    const inTrouble = ({ pack }: Member): boolean => isBank && pack.wastedMs > 0;
    const members = this.#members;
    const order = [...members.filter((member) => !inTrouble(member)), ...members.filter(inTrouble)];
    const usualMs = this.#usualCycleMs;
    let wastedMs = 0;
    let lost: BmsError | undefined;
    for (const member of order) {
      if (signal.aborted) return;
      const { battery, pack } = member;
      if (!isBank) pack.keepAsking();
      const timeLeft = began + usualMs - this.#now;
      const mayAsk = !inTrouble(member) || timeLeft > pack.wastedMs || this.#retryBudget.isLeft(this.#now);
      if (link === undefined || lost !== undefined || !mayAsk || !pack.isDue(this.#now)) {
        battery.take(undefined, this.#now, requests);
      } else {
        lost = await this.#ask(member, link, requests);
        wastedMs += pack.wastedMs;
      }
      this.#options.onTurn?.(battery);
    }
    const overrunMs = Math.max(0, this.#now - began - usualMs);
    this.#retryBudget.charge(Math.min(wastedMs, overrunMs), this.#now);
    this.#said.cycled(this.bank.batteries);
    if (lost !== undefined) throw lost;
  }

  /** What a cycle takes while all packs are sound; a short one is drawn out to the poll interval. */
  get #usualCycleMs(): number {
    const needed = this.packs.reduce((sum, { usualMs }) => sum + usualMs, 0);
    return Math.max(this.#options.intervalMs, needed);
  }

  /** The loss of the port, if that came instead of an answer. */
  async #ask(
    { battery, pack }: Member,
    link: Exchange,
    requests: ControlRequests,
  ): Promise<BmsError | undefined> {
    let lost: BmsError | undefined;
    try {
      battery.take(await pack.poll(link), this.#now, requests);
    } catch (error) {
      if (!(error instanceof BmsError)) throw error;
      battery.take({ error }, this.#now, requests);
      lost = error;
    }
    this.#said.polled(battery, pack.takeRemarks(), this.bank.isBank);
    return lost;
  }

  /** Looks for one more pack where it is time to. Rejects when the port is lost. */
  async discoverNext(link: Exchange): Promise<void> {
    const { driver } = this.#options;
    const known = this.bank.batteries.map(({ address }) => address);
    // An address that a known pack answers to as well is looked at again: what told it from another may change.
    const address = this.#scan.next(this.#now, known);
    if (address === undefined) return;
    let reading: PackReading;
    try {
      reading = await driver.open(link, address).probe();
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof PortError) throw error;
      return;
    }
    await this.#addPack(address, reading);
  }

  /** A pack answers at an address that was free; it may be one that is known from another. */
  async #addPack(address: number, reading: PackReading): Promise<void> {
    const { serialNumber } = reading;
    const { other, same } = this.bank.namesakesOf(reading);
    if (same?.isOnline) {
      if (this.#doubles.has(address)) return;
      this.#doubles.add(address);
      this.#log.warn(
        `pack ${same.address} (serial number ${serialNumber}) answers at address ${address} too; it counts once`,
      );
      return;
    }
    this.#doubles.delete(address);
    if (other !== undefined && same === undefined) {
      this.#log.warn(
        `the packs at addresses ${other.address} and ${address} have one serial number (${serialNumber}); ` +
          'their measurements show that they are two',
      );
    }
    if (same === undefined) this.#log.info(`another pack answers at address ${address}`);
    else this.#log.warn(`pack ${same.address} (${serialNumber}) has moved to address ${address}`);
    if (same !== undefined) this.#forget(same);
    this.bank.add(this.#battery(address), same);
    await this.#options.onPacks?.(this.bank.batteries.map((battery) => battery.address));
  }

  #forget(battery: Battery): void {
    this.#packs.delete(battery);
    this.#options.conditions.forget(battery.address);
  }
}
