import type { BmsDriver } from '../bms/driver.ts';
import type { Clock } from '../clock.ts';
import type { ControlOutput, ControlRequests } from '../control/law.ts';
import { bankOutput, type Member, withSilentPacks } from '../control/limits/bank-limits.ts';
import { BmsError, PortError } from '../errors.ts';
import type { Log, LogSource } from '../log.ts';
import { bankReading } from '../model/bank-reading.ts';
import type { ModuleReading, Reading } from '../model/reading.ts';
import type { Exchange } from '../transport/exchange.ts';
import { areTwo } from './are-two.ts';
import { type Battery, SHOWN_FOR_MS } from './battery.ts';
import { BatteryLog } from './battery-log.ts';
import type { LinkState } from './battery-view.ts';
import type { Conditions } from './conditions.ts';
import { RetryBudget } from './retry-budget.ts';
import { Scan } from './scan.ts';

/** A pack that has been silent for this long raises the alarm of the bank. */
const MISSED_AFTER_MS = 60_000;
/** Failed polls of every pack in a row after which the connection is doubted. */
const DOUBT_AFTER = 10;

export interface BankOptions {
  readonly driver: BmsDriver;
  /** Packs that answered, were seen in an earlier life, or were named by the owner. */
  readonly addresses: readonly number[];
  /** Where further packs may appear; empty when the owner named them all. */
  readonly scanned: readonly number[];
  readonly battery: (address: number) => Battery;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: LogSource;
  readonly conditions: Conditions;
  /** One pack was asked, or its turn was skipped. */
  readonly onTurn?: (battery: Battery) => void;
  /** The packs of this port are others now. */
  readonly onPacks?: (addresses: readonly number[]) => Promise<void>;
}

/** What the packs of a port are together. */
export interface BankState {
  readonly facts: Reading;
  readonly control: ControlOutput;
  readonly reading?: Reading;
  readonly link: LinkState;
}

/**
 * The packs of one port: asks them in turn, looks for more of them, and says what they are together. One pack is a bank
 * too, only that nobody else waits while it is silent.
 */
export class Bank {
  readonly #options: BankOptions;
  readonly #log: Log;
  readonly #scan: Scan;
  readonly #retryBudget: RetryBudget;
  readonly #said: BatteryLog;
  #batteries: readonly Battery[];
  /** Addresses at which a pack answers that is known from another address. */
  readonly #doubles = new Set<number>();

  constructor(options: BankOptions) {
    const { addresses, battery, clock, conditions, driver, log, scanned } = options;
    this.#options = options;
    this.#log = log.scope('bank');
    this.#batteries = addresses.toSorted((a, b) => a - b).map(battery);
    this.#scan = new Scan(driver, scanned);
    this.#retryBudget = new RetryBudget(clock.now());
    this.#said = new BatteryLog(conditions, log, () => clock.now());
  }

  get driver(): BmsDriver {
    return this.#options.driver;
  }

  /** Sorted by address. */
  get batteries(): readonly Battery[] {
    return this.#batteries;
  }

  get isBank(): boolean {
    return this.#batteries.length > 1;
  }

  /** The pack that answered last. */
  get best(): Battery | undefined {
    const now = this.#now;
    return this.#batteries.toSorted((a, b) => a.silentForMs(now) - b.silentForMs(now))[0];
  }

  /** No pack has answered for many polls: the connection itself may be the reason. */
  get isSilent(): boolean {
    return this.#batteries.every(({ pack }) => pack.failures >= DOUBT_AFTER);
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  /**
   * Asks every pack whose turn it is, those in trouble last and only while they do not delay the others. Rejects when the
   * port is lost, after the packs that were not asked have been told that time passed.
   */
  async cycle(link: Exchange | undefined, requests: ControlRequests, signal: AbortSignal): Promise<void> {
    const began = this.#now;
    const inTrouble = (battery: Battery): boolean => this.isBank && battery.pack.wastedMs > 0;
    const order = [
      ...this.#batteries.filter((battery) => !inTrouble(battery)),
      ...this.#batteries.filter(inTrouble),
    ];
    const usualMs = this.#usualCycleMs;
    let wastedMs = 0;
    let lost: BmsError | undefined;
    for (const battery of order) {
      if (signal.aborted) return;
      const { pack } = battery;
      if (!this.isBank) pack.keepAsking();
      const timeLeft = began + usualMs - this.#now;
      const mayAsk = !inTrouble(battery) || timeLeft > pack.wastedMs || this.#retryBudget.isLeft(this.#now);
      if (link === undefined || lost !== undefined || !mayAsk || !pack.isDue(this.#now)) {
        battery.take(undefined, this.#now, requests);
      } else {
        lost = await this.#ask(battery, link, requests);
        wastedMs += pack.wastedMs;
      }
      this.#options.onTurn?.(battery);
    }
    const overrunMs = Math.max(0, this.#now - began - usualMs);
    this.#retryBudget.charge(Math.min(wastedMs, overrunMs), this.#now);
    this.#said.cycled(this.#batteries);
    if (lost !== undefined) throw lost;
  }

  /** What a cycle takes while all packs are sound; a short one is drawn out to the poll interval. */
  get #usualCycleMs(): number {
    const needed = this.#batteries.reduce((sum, { pack }) => sum + pack.usualMs, 0);
    return Math.max(this.#options.intervalMs, needed);
  }

  /** The loss of the port, if that came instead of an answer. */
  async #ask(battery: Battery, link: Exchange, requests: ControlRequests): Promise<BmsError | undefined> {
    let lost: BmsError | undefined;
    try {
      battery.take(await battery.pack.poll(link), this.#now, requests);
    } catch (error) {
      if (!(error instanceof BmsError)) throw error;
      battery.take({ error }, this.#now, requests);
      lost = error;
    }
    this.#said.polled(battery, this.isBank);
    return lost;
  }

  /** Looks for one more pack where it is time to. Rejects when the port is lost. */
  async look(link: Exchange): Promise<void> {
    const { driver } = this.#options;
    const known = this.#batteries.map(({ pack }) => pack.address);
    // An address that a known pack answers to as well is looked at again: what told it from another may change.
    const address = this.#scan.next(this.#now, known);
    if (address === undefined) return;
    let reading: Reading;
    try {
      reading = await driver.open(link, address).probe();
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof PortError) throw error;
      return;
    }
    await this.#welcome(address, reading);
  }

  /**
   * A serial number that is known already tells a pack that was given another address, one that answers to two addresses, or
   * two packs to which somebody gave one number. While nothing shows that they are two, they count once: to count one
   * pack twice would allow twice its current.
   */
  async #welcome(address: number, reading: Reading): Promise<void> {
    const { serialNumber } = reading;
    const namesakes =
      serialNumber === undefined
        ? []
        : this.#batteries.filter(({ facts }) => facts.serialNumber === serialNumber);
    const isOnline = (battery: Battery): boolean => battery.link(this.#now).online;
    // What a silent pack said last is too old to be compared.
    const same = namesakes.find((battery) => !(isOnline(battery) && areTwo(battery.facts, reading)));
    if (same !== undefined && isOnline(same)) {
      if (this.#doubles.has(address)) return;
      this.#doubles.add(address);
      this.#log.warn(
        `pack ${same.pack.address} (serial number ${serialNumber}) answers at address ${address} too; it counts once`,
      );
      return;
    }
    this.#doubles.delete(address);
    const [namesake] = namesakes;
    if (namesake !== undefined && same === undefined) {
      this.#log.warn(
        `the packs at addresses ${namesake.pack.address} and ${address} have one serial number (${serialNumber}); ` +
          'their measurements show that they are two',
      );
    }
    if (same === undefined) this.#log.info(`another pack answers at address ${address}`);
    else this.#log.warn(`pack ${same.pack.address} (${serialNumber}) has moved to address ${address}`);
    const stay = this.#batteries.filter((battery) => battery !== same);
    if (same !== undefined) this.#options.conditions.forget(same.pack.address);
    this.#batteries = [...stay, this.#options.battery(address)].toSorted(
      (a, b) => a.pack.address - b.pack.address,
    );
    await this.#options.onPacks?.(this.#batteries.map(({ pack }) => pack.address));
  }

  /** Everything that the packs say together; undefined until the first of them gave a good sample. */
  state(): BankState | undefined {
    const now = this.#now;
    const { best } = this;
    const limits = bankOutput(this.#batteries.map((battery) => battery.member()).filter(isKnown));
    if (limits === undefined || best === undefined) return undefined;
    const silent = this.#batteries.filter((battery) => battery.output?.freshness !== 'fresh');
    const isPart = silent.length > 0 && silent.length < this.#batteries.length;
    const missed = isPart ? silent.filter((battery) => battery.silentForMs(now) > MISSED_AFTER_MS) : [];
    const modules = this.#shown(now);
    const link = best.link(now);
    return {
      facts: bankReading(this.#batteries.map(({ facts, pack }) => ({ ...facts, address: pack.address }))),
      control: missed.length > 0 ? withSilentPacks(limits) : limits,
      // A bank of which one pack is left is still a bank, or the packs that are missing would not be counted.
      ...(modules.length > 0 && { reading: { ...bankReading(modules), ...(this.isBank && { modules }) } }),
      link: isPart ? { ...link, text: this.#silence(silent) } : link,
    };
  }

  /**
   * The packs whose measurements make up those of the bank. One that fell behind the others is left out; when all fall
   * silent at once, they stay together until they vanish together, so that no partial sum is shown in between.
   */
  #shown(now: number): ModuleReading[] {
    const latest = Math.max(...this.#batteries.map(({ goodAt }) => goodAt ?? Number.NEGATIVE_INFINITY));
    if (now - latest > SHOWN_FOR_MS) return [];
    return this.#batteries
      .filter(({ goodAt }) => goodAt !== undefined && latest - goodAt <= SHOWN_FOR_MS)
      .map((battery) => battery.module())
      .filter(isKnown);
  }

  #silence(silent: readonly Battery[]): string {
    const who = silent.map(({ pack }) => pack.address).join(', ');
    return `${silent.length} of ${this.#batteries.length} packs silent (address ${who})`;
  }
}

function isKnown<T extends Member | Reading>(item: T | undefined): item is T {
  return item !== undefined;
}
