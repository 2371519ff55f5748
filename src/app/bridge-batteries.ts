import type { BatteryView } from '../battery/battery-view.ts';
import type { Clock } from '../clock.ts';
import { safeId } from '../output/id.ts';
import type { BridgedBattery, Snapshot } from '../output/output.ts';
import { isUrgent } from '../output/urgent.ts';

/** What the bus says of one battery service. */
export interface Told {
  readonly service: string;
  readonly view: BatteryView;
  readonly wishes: ReadonlySet<string>;
}

interface Entry {
  readonly key: string;
  readonly service: string;
  battery: BridgedBattery;
  /** What was told when something was told at once last, and when. */
  reference: BridgedBattery;
  referenceAt: number;
}

interface Options {
  readonly clock: Clock;
  /** Other ids that the owner chose, by serial number or by the id that would be. */
  readonly alias: Readonly<Record<string, string>>;
  /** The service of the bank of a pack. */
  readonly bankOf: (service: string) => string | undefined;
  readonly onUrgent: (battery: BridgedBattery) => void;
}

/** Batteries that come together are given ids together, so that the order of their answers decides nothing. */
const SETTLE_MS = 1000;
/** A change is seen against what was so at most so long ago. */
const REFERENCE_MS = 5000;
/** So many batteries that have left are remembered. */
const MOST_GONE = 64;
/** Under which the bridge itself is known. */
const RESERVED = new Set(['bridge', '']);

/** The batteries on the bus under ids that stay: over restarts, another port, another name. */
export class BridgeBatteries implements Snapshot {
  readonly #options: Options;
  readonly #entries = new Map<string, Entry>();
  /** Services that have no id yet. */
  readonly #waiting = new Map<string, Told>();
  #sorted: readonly BridgedBattery[] | undefined;
  #isSettling = false;

  constructor(options: Options) {
    this.#options = options;
  }

  get batteries(): readonly BridgedBattery[] {
    this.#sorted ??= [...this.#entries.values()]
      .map(({ battery }) => battery)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    return this.#sorted;
  }

  serviceOf(id: string): string | undefined {
    const entry = this.#entries.get(id);
    return entry?.battery.isOnBus ? entry.service : undefined;
  }

  /** A battery came, or has changed. */
  take(told: Told): void {
    const entry = this.#ofService(told.service);
    if (entry !== undefined && entry.key === keyOf(told.view)) this.#update(entry, told, true);
    else {
      if (entry !== undefined) this.#leave(entry);
      this.#waiting.set(told.service, told);
      if (this.#isSettling) return;
      this.#isSettling = true;
      this.#options.clock.after(SETTLE_MS, () => this.#settle());
    }
  }

  gone(service: string): void {
    this.#waiting.delete(service);
    const entry = this.#ofService(service);
    if (entry !== undefined) this.#leave(entry);
  }

  #ofService(service: string): Entry | undefined {
    return [...this.#entries.values()].find((entry) => entry.service === service && entry.battery.isOnBus);
  }

  #settle(): void {
    this.#isSettling = false;
    const instance = ({ view }: Told): number => view.identity.deviceInstance ?? Number.POSITIVE_INFINITY;
    const waiting = [...this.#waiting.values()].sort(
      (a, b) => instance(a) - instance(b) || (a.service < b.service ? -1 : 1),
    );
    this.#waiting.clear();
    // Banks first: their packs name them.
    const isPack = ({ service }: Told): number => Number(this.#options.bankOf(service) !== undefined);
    for (const told of waiting.toSorted((a, b) => isPack(a) - isPack(b))) this.#enter(told);
    this.#forgetSome();
  }

  #enter(told: Told): void {
    const key = keyOf(told.view);
    const id = this.#freeId(key, told);
    const battery = this.#batteryOf(id, told, true);
    const before = this.#entries.get(id);
    const { clock, onUrgent } = this.#options;
    const { service } = told;
    this.#entries.set(id, { key, service, battery, reference: battery, referenceAt: clock.now() });
    this.#sorted = undefined;
    if (before === undefined || isUrgent(before.battery, battery)) onUrgent(battery);
  }

  /** The id that the battery has by itself or by its owner; of two with the same the later one has its instance added. */
  #freeId(key: string, { view }: Told): string {
    const own = safeId(key);
    const { alias } = this.#options;
    const chosen = [view.identity.serial ?? '', own].find((name) => Object.hasOwn(alias, name));
    const named = safeId(chosen === undefined ? own : (alias[chosen] ?? own));
    const base = RESERVED.has(named) ? `battery_${named}` : named;
    const isFree = (id: string): boolean => {
      const entry = this.#entries.get(id);
      return entry === undefined || (!entry.battery.isOnBus && entry.key === key);
    };
    const candidates = [base, `${base}_${view.identity.deviceInstance ?? 'x'}`];
    for (let more = 2; ; more += 1) {
      const free = candidates.find(isFree);
      if (free !== undefined) return free;
      candidates.push(`${candidates[1]}_${more}`);
    }
  }

  #update(entry: Entry, told: Told, isOnBus: boolean): void {
    const { clock, onUrgent } = this.#options;
    entry.battery = this.#batteryOf(entry.battery.id, told, isOnBus);
    this.#sorted = undefined;
    const isTold = isUrgent(entry.reference, entry.battery);
    if (!isTold && clock.now() - entry.referenceAt < REFERENCE_MS) return;
    entry.reference = entry.battery;
    entry.referenceAt = clock.now();
    if (isTold) onUrgent(entry.battery);
  }

  #leave(entry: Entry): void {
    const { view, wishes } = entry.battery;
    this.#update(entry, { service: entry.service, view, wishes }, false);
  }

  #batteryOf(id: string, { service, view, wishes }: Told, isOnBus: boolean): BridgedBattery {
    const { customName, deviceInstance, productName } = view.identity;
    const bankService = this.#options.bankOf(service);
    const bank = bankService === undefined ? undefined : this.#ofService(bankService)?.battery.id;
    const number = deviceInstance === undefined ? '' : ` ${deviceInstance}`;
    return {
      id,
      name: customName || `${productName}${number}`,
      isOnBus,
      view,
      wishes,
      ...(bank !== undefined && { bank }),
    };
  }

  #forgetSome(): void {
    const gone = [...this.#entries].filter(([, { battery }]) => !battery.isOnBus);
    for (const [id] of gone.slice(0, Math.max(0, gone.length - MOST_GONE))) this.#entries.delete(id);
  }
}

/** By what a battery is the same one: its serial number, else what it is and its number on this device. */
function keyOf({ identity }: BatteryView): string {
  const { deviceInstance, productName, serial } = identity;
  return safeId(serial ?? '') === '' ? `${productName}_${deviceInstance ?? ''}` : (serial ?? '');
}
