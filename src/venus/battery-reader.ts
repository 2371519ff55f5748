import type { BatteryView } from '../battery/battery-view.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type Bus, CallError, type Signal } from '../dbus/bus.ts';
import { BUS_ITEM } from '../dbus/names.ts';
import { entriesOf, fromVariant } from '../dbus/wire-values.ts';
import { BusError } from '../errors.ts';
import { wishesIn } from './battery-writer.ts';
import { BATTERY_PREFIX } from './names.ts';
import { isReadable, type ReadItem, readView } from './read-view.ts';

/** One battery service on the bus, of this driver or another. */
export interface SeenBattery {
  /** "com.victronenergy.battery.ttyUSB0". */
  readonly service: string;
  /** As it is now; the same object until something changes. */
  readonly view: BatteryView;
  /** Signals that changed values so far. */
  readonly signals: number;
  /** Wishes of an owner that this driver takes, by name. */
  readonly wishes: ReadonlySet<string>;
}

export interface BatteryReaderOptions {
  readonly bus: Bus;
  /** A battery appeared or has changed. */
  readonly onBattery?: (battery: SeenBattery) => void;
  /** The service left the bus. */
  readonly onGone?: (service: string) => void;
  /**
   * A service that sends no signal for so long is asked again, and counts as offline while it does not answer: its process
   * may hang, which the bus does not tell. Absent: never.
   */
  readonly silenceMs?: number;
  readonly clock?: Clock;
}

/** A service that does not answer is asked again after so long: drivers exist that are busy with their BMS for half a minute. */
const RETRY_MS = 10_000;
/** More of a text is not kept. */
const LONGEST_TEXT = 1000;
const DAEMON = 'org.freedesktop.DBus';
const DAEMON_PATH = '/org/freedesktop/DBus';
/** Errors of a service that is older than GetItems. */
const UNKNOWN = new Set(
  ['UnknownMethod', 'UnknownInterface', 'UnknownObject'].map((e) => `${DAEMON}.Error.${e}`),
);

/** Follows every battery on a bus as programs of Venus OS do: all items when a name appears, then what changes. */
export class BatteryReader {
  readonly #options: BatteryReaderOptions;
  readonly #followed = new Map<string, FollowedService>();
  #unwatch: () => void = () => {};
  #isClosed = false;

  /** Resolves when the batteries on the bus are known by name; each is told when it has answered. */
  static async open(options: BatteryReaderOptions): Promise<BatteryReader> {
    const reader = new BatteryReader(options);
    await reader.#open();
    return reader;
  }

  private constructor(options: BatteryReaderOptions) {
    this.#options = options;
  }

  /** The batteries that have answered, by service. */
  get batteries(): ReadonlyMap<string, SeenBattery> {
    return new Map([...this.#followed].filter(([, { isKnown }]) => isKnown));
  }

  /** The bus stays connected. */
  close(): void {
    this.#isClosed = true;
    this.#unwatch();
    for (const followed of this.#followed.values()) followed.close();
    this.#followed.clear();
  }

  async #open(): Promise<void> {
    const { bus } = this.#options;
    const heard = new Set<string>();
    const changed = {
      sender: DAEMON,
      path: DAEMON_PATH,
      interface: DAEMON,
      member: 'NameOwnerChanged',
      arg0Namespace: BATTERY_PREFIX.slice(0, -1),
    };
    this.#unwatch = await bus.watch(changed, ({ body: [service, , owner] }) => {
      if (typeof service !== 'string' || !service.startsWith(BATTERY_PREFIX)) return;
      heard.add(service);
      this.#follow(service, typeof owner === 'string' && owner !== '' ? owner : undefined);
    });
    const list = { destination: DAEMON, path: DAEMON_PATH, interface: DAEMON, member: 'ListNames' };
    const [names] = await bus.call(list);
    const batteries = (Array.isArray(names) ? names : []).filter(
      (name): name is string => typeof name === 'string' && name.startsWith(BATTERY_PREFIX),
    );
    await Promise.all(
      batteries.map(async (service) => {
        const owner = await bus.ownerOf(service);
        // What was heard of a name while asking is newer than the answer.
        if (!heard.has(service)) this.#follow(service, owner);
      }),
    );
  }

  #follow(service: string, owner: string | undefined): void {
    if (this.#isClosed) return;
    const { bus, clock = systemClock, onBattery, onGone, silenceMs } = this.#options;
    const before = this.#followed.get(service);
    if (before !== undefined) {
      before.close();
      this.#followed.delete(service);
      if (before.isKnown) onGone?.(service);
    }
    if (owner === undefined) return;
    const followed = new FollowedService(service, owner, {
      bus,
      clock,
      onChange: (seen) => onBattery?.(seen),
      ...(silenceMs !== undefined && { silenceMs }),
    });
    this.#followed.set(service, followed);
    followed.open();
  }
}

interface FollowOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly onChange: (battery: SeenBattery) => void;
  readonly silenceMs?: number;
}

/** One service from the moment it has an owner until that leaves. */
class FollowedService implements SeenBattery {
  readonly service: string;
  readonly #owner: string;
  readonly #options: FollowOptions;
  readonly #items = new Map<string, ReadItem>();
  #view: BatteryView | undefined;
  #signals = 0;
  #isKnown = false;
  #isClosed = false;
  /** It sends nothing and does not answer. */
  #hangs = false;
  #cancel: () => void = () => {};
  #cancelSilence: () => void = () => {};
  readonly #unwatch: (() => void)[] = [];

  constructor(service: string, owner: string, options: FollowOptions) {
    this.service = service;
    this.#owner = owner;
    this.#options = options;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get view(): BatteryView {
    this.#view ??= this.#read();
    return this.#view;
  }

  get wishes(): ReadonlySet<string> {
    return wishesIn(this.#items.keys());
  }

  get signals(): number {
    return this.#signals;
  }

  open(): void {
    this.#watchAndAsk().catch((error: unknown) => {
      if (!(error instanceof BusError)) throw error;
      // The end of the connection is told by the connection.
      if (error instanceof CallError) this.#askLater();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#cancelSilence();
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
  }

  /** The rules stand before the items are asked for, so that no change between is lost. */
  async #watchAndAsk(): Promise<void> {
    if (this.#unwatch.length === 0) {
      await this.#watch({ path: '/', member: 'ItemsChanged' }, ({ body }) => this.#take(body[0]));
      await this.#watch({ member: 'PropertiesChanged' }, ({ body, path }) => this.#takeOne(path, body[0]));
    }
    if (this.#isClosed) return;
    const items = await this.#ask();
    if (this.#isClosed) return;
    this.#isKnown = true;
    for (const [path, item] of items) this.#keep(path, item);
    this.#isAlive();
    this.#changed();
  }

  #read(): BatteryView {
    const view = readView(this.service, this.#items);
    if (!this.#hangs) return view;
    const { reading: _, ...rest } = view;
    return { ...rest, link: { ...rest.link, online: false } };
  }

  /** It has been heard: from now on its silence counts. */
  #isAlive(): void {
    this.#hangs = false;
    const { clock, silenceMs } = this.#options;
    if (silenceMs === undefined || this.#isClosed) return;
    this.#cancelSilence();
    this.#cancelSilence = clock.after(silenceMs, () => this.#askSilent());
  }

  #askSilent(): void {
    const { clock, silenceMs = 0 } = this.#options;
    const before = this.#signals;
    this.#ask().then(
      (items) => {
        if (this.#isClosed) return;
        for (const [path, item] of items) this.#keep(path, item);
        this.#isAlive();
        this.#changed();
      },
      (error: unknown) => {
        if (!(error instanceof BusError)) throw error;
        // What was heard while asking is newer than the answer.
        if (this.#isClosed || !(error instanceof CallError) || this.#signals !== before) return;
        const wasAlive = !this.#hangs;
        this.#hangs = true;
        this.#cancelSilence = clock.after(silenceMs, () => this.#askSilent());
        if (wasAlive) this.#changed();
      },
    );
  }

  async #watch(rule: { path?: string; member: string }, listener: (signal: Signal) => void): Promise<void> {
    const whole = { sender: this.#owner, interface: BUS_ITEM, ...rule };
    const unwatch = await this.#options.bus.watch(whole, (signal) => {
      if (!this.#isClosed) listener(signal);
    });
    if (this.#isClosed) unwatch();
    else this.#unwatch.push(unwatch);
  }

  async #ask(): Promise<[string, ReadItem][]> {
    const root = { destination: this.#owner, path: '/', interface: BUS_ITEM };
    try {
      const [items] = await this.#options.bus.call({ ...root, member: 'GetItems' });
      return entriesOf(items).map(([path, fields]) => [path, itemOf(fields)]);
    } catch (error) {
      if (!(error instanceof CallError) || !UNKNOWN.has(error.errorName)) throw error;
      const [values] = await this.#options.bus.call({ ...root, member: 'GetValue' });
      return entriesOf(values).map(([path, value]) => [
        path.startsWith('/') ? path : `/${path}`,
        { value: fromVariant(value), text: '' },
      ]);
    }
  }

  /** While the service is on the bus it may answer another time. */
  #askLater(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#options.clock.after(RETRY_MS, () => this.open());
  }

  #take(dictionary: unknown): void {
    let isOurs = false;
    for (const [path, fields] of entriesOf(dictionary)) isOurs = this.#keep(path, itemOf(fields)) || isOurs;
    this.#heard(isOurs);
  }

  #takeOne(path: string, fields: unknown): void {
    this.#heard(this.#keep(path, itemOf(fields)));
  }

  /** Only what says something of a view: a service may have any number of other paths. */
  #keep(path: string, item: ReadItem): boolean {
    if (!isReadable(path)) return false;
    this.#items.set(path, item);
    return true;
  }

  #heard(isOurs: boolean): void {
    this.#signals += 1;
    const hung = this.#hangs;
    if (this.#isKnown) this.#isAlive();
    if ((isOurs || hung) && this.#isKnown) this.#changed();
  }

  #changed(): void {
    this.#view = undefined;
    this.#options.onChange(this);
  }
}

function itemOf(received: unknown): ReadItem {
  const fields = new Map(entriesOf(received));
  const value = fromVariant(fields.get('Value'));
  const text = fromVariant(fields.get('Text'));
  return {
    value: typeof value === 'string' ? value.slice(0, LONGEST_TEXT) : value,
    text: typeof text === 'string' ? text.slice(0, LONGEST_TEXT) : '',
  };
}
