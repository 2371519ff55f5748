import type { ControlOutput, Freshness } from '../control/law.ts';
import { withSilentPacks } from '../control/limits/bank-limits.ts';
import { type BankHabits, learn, NO_HABITS, sharedBank } from '../control/limits/shared-bank.ts';
import { bankMeasurements } from './bank-measurements.ts';
import { type BankMember, bankMember, type MemberMemory } from './bank-member.ts';
import { clockText } from './battery.ts';
import type { BatteryView, LinkState } from './battery-view.ts';

/** A member that is late for less than this changes nothing; services leave the bus for a moment when they change. */
const LATE_MS = 10_000;
/** A member that was silent takes its share again after it has answered for so long. */
const BACK_MS = 5000;
const LOST_MS = 60_000;

/** What a bank shows; the rest of the view is who it is. */
export type BankShown = Pick<BatteryView, 'facts' | 'link' | 'reading' | 'told'> & {
  readonly control: ControlOutput;
};

/** What is known of one member. */
interface Known extends MemberMemory {
  readonly view: BatteryView;
  /** When it last answered with measurements, monotonic ms. */
  readonly goodAt: number;
  /** Since when it answers without a gap; undefined while it does not. */
  readonly since?: number;
  /** It takes its share. */
  readonly takes: boolean;
}

/**
 * Batteries of several services as one. Pure but for what it remembers: it has no clock, asks nobody and says nothing. Ages
 * count, not moments: a member may be late by some seconds, and each has its own pace.
 */
export class BusBank {
  readonly #known = new Map<string, Known>();
  #habits: BankHabits = NO_HABITS;
  #learntAt: number | undefined;

  /** `views` of the members that are on the bus by name; `names` of all members. `now` is monotonic ms. */
  step(
    names: readonly string[],
    views: ReadonlyMap<string, BatteryView>,
    now: number,
  ): BankShown | undefined {
    for (const name of names) this.#note(name, views.get(name), now);
    for (const name of this.#known.keys()) if (!names.includes(name)) this.#known.delete(name);
    const members = names.map((name) => this.#member(name, now)).filter((member) => member !== undefined);
    this.#habits = learn(this.#habits, members, (now - (this.#learntAt ?? now)) / 1000);
    this.#learntAt = now;
    const limits = sharedBank(members, this.#habits);
    if (limits === undefined || !Number.isFinite(limits.cvl)) return undefined;
    const silent = names.filter((name) => this.#known.get(name)?.takes !== true);
    const isMissed = silent.some((name) => now - (this.#known.get(name)?.goodAt ?? -LOST_MS) > LOST_MS);
    const control = isMissed ? withSilentPacks(limits) : limits;
    const all = names.flatMap((name) => {
      const known = this.#known.get(name);
      return known === undefined ? [] : [{ name, view: known.view, isHeard: known.takes }];
    });
    return { control, ...bankMeasurements(names, all), link: this.#link(names, silent, control, now) };
  }

  #note(name: string, view: BatteryView | undefined, now: number): void {
    const before = this.#known.get(name);
    if (!isHeard(view)) {
      if (before === undefined) return;
      // A member that says itself that its BMS is silent has waited already.
      const isLate = view === undefined && now - before.goodAt < LATE_MS;
      const { since: _, ...rest } = before;
      this.#known.set(name, isLate ? before : { ...rest, ...(view !== undefined && { view }), takes: false });
      return;
    }
    const since = before?.since ?? now;
    const takes = before === undefined || before.takes || now - since >= BACK_MS;
    const { ccl = 0, cvl, dcl = 0 } = view.control ?? {};
    const last = before?.lastFresh;
    const fresh = { ccl: Math.max(0, ccl), dcl: Math.max(0, dcl) };
    this.#known.set(name, {
      view,
      goodAt: now,
      since,
      takes,
      lastFresh:
        takes || last === undefined
          ? fresh
          : { ccl: Math.min(fresh.ccl, last.ccl), dcl: Math.min(fresh.dcl, last.dcl) },
      ...(cvl !== undefined && cvl > 0 ? { cvl } : before?.cvl !== undefined && { cvl: before.cvl }),
    });
  }

  #member(name: string, now: number): BankMember | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined; // It was never seen, so nothing is known that could bound the others.
    const freshness: Freshness = known.takes ? 'fresh' : now - known.goodAt > LOST_MS ? 'lost' : 'late';
    return bankMember(name, known.view, freshness, known);
  }

  #link(names: readonly string[], silent: readonly string[], control: ControlOutput, now: number): LinkState {
    const gone = silent.map((name) => {
      const known = this.#known.get(name);
      if (known === undefined) return `${name} was never there`;
      const seconds = Math.floor((now - known.goodAt) / 1000);
      return `${name} silent for ${clockText(seconds)}`;
    });
    const raised = names.flatMap((name) => {
      const known = this.#known.get(name);
      if (known === undefined) return [];
      const alarms = Object.entries(known.view.control?.alarms ?? known.view.reading?.alarms ?? {});
      return alarms.filter(([, level]) => level > 0).map(([alarm]) => `${name}: ${alarm}`);
    });
    const answering = names.length - silent.length;
    return {
      online: answering > 0,
      text: [`${answering} of ${names.length} batteries answer`, ...gone, ...raised].join('; '),
      errorCode: control.alarms.bmsCable === 2 && answering === 0 ? 32 : 0,
    };
  }
}

/** A battery that says that its BMS answers, and measures something. */
function isHeard(view: BatteryView | undefined): view is BatteryView {
  return view?.link.online === true && view.reading !== undefined;
}
