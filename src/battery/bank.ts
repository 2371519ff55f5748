import type { ControlOutput } from '../control/law.ts';
import { bankOutput, type Member, withSilentPacks } from '../control/limits/bank-limits.ts';
import { bankReading } from '../model/bank-reading.ts';
import type { BankReading, ModuleReading, PackReading } from '../model/reading.ts';
import { areTwo } from './are-two.ts';
import { type Battery, SHOWN_FOR_MS } from './battery.ts';
import type { LinkState } from './battery-view.ts';

/** A pack that has been silent for this long raises the alarm of the bank. */
const MISSED_AFTER_MS = 60_000;

/** What the packs of a port are together. */
export interface BankState {
  readonly facts: BankReading;
  readonly control: ControlOutput;
  readonly reading?: BankReading;
  readonly link: LinkState;
}

/** Packs with the serial number of a reading. */
export interface Namesakes {
  /** The one that counts as the same pack; absent while its measurements show that they are two. */
  readonly same?: Battery;
  /** Any of them. */
  readonly other?: Battery;
}

/**
 * The packs of one port, and what they are together. One pack is a bank too, only that nobody else is there while it is
 * silent. Times are monotonic ms; it has no clock, asks nobody and says nothing.
 */
export class Bank {
  #batteries: readonly Battery[];

  constructor(batteries: readonly Battery[]) {
    this.#batteries = sorted(batteries);
  }

  /** Sorted by address. */
  get batteries(): readonly Battery[] {
    return this.#batteries;
  }

  get isBank(): boolean {
    return this.#batteries.length > 1;
  }

  /** The pack that answered last. */
  best(now: number): Battery | undefined {
    return this.#batteries.toSorted((a, b) => a.silentForMs(now) - b.silentForMs(now))[0];
  }

  /** Puts a pack in, instead of another one or beside all. */
  add(battery: Battery, instead?: Battery): void {
    this.#batteries = sorted([...this.#batteries.filter((other) => other !== instead), battery]);
  }

  /**
   * A serial number that is known already tells a pack that was given another address, one that answers to two addresses, or
   * two packs to which somebody gave one number. While nothing shows that they are two, they count once: to count one
   * pack twice would allow twice its current.
   */
  namesakesOf(reading: PackReading): Namesakes {
    const { serialNumber } = reading;
    if (serialNumber === undefined) return {};
    const all = this.#batteries.filter(({ facts }) => facts.serialNumber === serialNumber);
    // What a silent pack said last is too old to be compared.
    const same = all.find((battery) => !(battery.isOnline && areTwo(battery.facts, reading)));
    const [other] = all;
    return { ...(same !== undefined && { same }), ...(other !== undefined && { other }) };
  }

  /** The limits of all packs together; undefined until the first of them gave a good sample. */
  control(now: number): ControlOutput | undefined {
    const limits = bankOutput(this.#batteries.map((battery) => battery.member()).filter(isKnown));
    if (limits === undefined) return undefined;
    const isMissed = this.#missing.some((battery) => battery.silentForMs(now) > MISSED_AFTER_MS);
    return isMissed ? withSilentPacks(limits) : limits;
  }

  /** Everything that the packs say together; undefined until the first of them gave a good sample. */
  state(now: number): BankState | undefined {
    const control = this.control(now);
    const best = this.best(now);
    if (control === undefined || best === undefined) return undefined;
    const modules = this.#shown(now);
    const missing = this.#missing;
    const link = best.link(now);
    return {
      facts: bankReading(this.#batteries.map(({ address, facts }) => ({ ...facts, address }))),
      control,
      // A bank of which one pack is left is still a bank, or the packs that are missing would not be counted.
      ...(modules.length > 0 && { reading: { ...bankReading(modules), ...(this.isBank && { modules }) } }),
      link: missing.length > 0 ? { ...link, text: this.#silence(missing) } : link,
    };
  }

  /** Packs that are silent while others answer. */
  get #missing(): readonly Battery[] {
    const silent = this.#batteries.filter(({ isOnline }) => !isOnline);
    return silent.length < this.#batteries.length ? silent : [];
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
    const who = silent.map(({ address }) => address).join(', ');
    return `${silent.length} of ${this.#batteries.length} packs silent (address ${who})`;
  }
}

function sorted(batteries: readonly Battery[]): readonly Battery[] {
  return batteries.toSorted((a, b) => a.address - b.address);
}

function isKnown<T extends Member | PackReading>(item: T | undefined): item is T {
  return item !== undefined;
}
