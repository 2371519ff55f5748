import type { Clock } from '../../clock.ts';
import type { Bus, Signal } from '../../dbus/bus.ts';
import { entriesOf, unwrap } from '../../dbus/wire-values.ts';

export const BLUEZ = 'org.bluez';
export const ADAPTER = 'org.bluez.Adapter1';
export const DEVICE = 'org.bluez.Device1';
export const SERVICE = 'org.bluez.GattService1';
export const CHARACTERISTIC = 'org.bluez.GattCharacteristic1';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const MANAGER = 'org.freedesktop.DBus.ObjectManager';

type Properties = Map<string, unknown>;

/**
 * What BlueZ knows, mirrored: one reading at its start, then signals. Empty while bluetoothd is not on the bus. The values of
 * characteristics are not kept but handed to who listens.
 */
export class BluezTree {
  readonly bus: Bus;
  readonly #clock: Clock;
  readonly #objects = new Map<string, Map<string, Properties>>();
  readonly #watchers = new Set<() => void>();
  /** Who wants the values of a characteristic, by its path. */
  readonly #listeners = new Map<string, (value: Uint8Array) => void>();
  /** Told of every advertisement: properties that change with them. */
  readonly #advertWatchers = new Set<(path: string) => void>();
  readonly #unwatch: (() => void)[] = [];
  #isRunning = false;
  /** Signals that came while everything is asked for. */
  #early: (() => void)[] | undefined;

  static async open(bus: Bus, clock: Clock): Promise<BluezTree> {
    const tree = new BluezTree(bus, clock);
    const keep = async (unwatching: Promise<() => void>): Promise<void> =>
      void tree.#unwatch.push(await unwatching);
    const root = { sender: BLUEZ, path: '/', interface: MANAGER };
    const added = tree.#inOrder((signal) => tree.#added(signal));
    const removed = tree.#inOrder((signal) => tree.#removed(signal));
    const changed = tree.#inOrder((signal) => tree.#changed(signal));
    await keep(bus.watch({ ...root, member: 'InterfacesAdded' }, added));
    await keep(bus.watch({ ...root, member: 'InterfacesRemoved' }, removed));
    const changes = { sender: BLUEZ, interface: PROPERTIES, member: 'PropertiesChanged' };
    await keep(bus.watch({ ...changes, pathNamespace: '/org/bluez' }, changed));
    const known = new Promise<void>((resolve) => {
      void keep(bus.watchOwner(BLUEZ, (owner) => void tree.#follow(owner).then(resolve)));
    });
    await known;
    return tree;
  }

  private constructor(bus: Bus, clock: Clock) {
    this.bus = bus;
    this.#clock = clock;
  }

  /** bluetoothd is on the bus, and what it knows is read. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Objects that are mirrored. */
  get size(): number {
    return this.#objects.size;
  }

  /** Paths of the objects with an interface, sorted. */
  paths(iface: string): string[] {
    return [...this.#objects].flatMap(([path, object]) => (object.has(iface) ? [path] : [])).sort();
  }

  has(path: string): boolean {
    return this.#objects.has(path);
  }

  text(path: string, iface: string, name: string): string | undefined {
    const value = this.#get(path, iface, name);
    return typeof value === 'string' ? value : undefined;
  }

  number(path: string, iface: string, name: string): number | undefined {
    const value = this.#get(path, iface, name);
    return typeof value === 'number' ? value : undefined;
  }

  isSet(path: string, iface: string, name: string): boolean {
    return this.#get(path, iface, name) === true;
  }

  texts(path: string, iface: string, name: string): readonly string[] {
    const value = this.#get(path, iface, name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  /** Manufacturer data by company id, which arrives as a text. */
  data(path: string): ReadonlyMap<number, Uint8Array> {
    const entries = entriesOf(this.#get(path, DEVICE, 'ManufacturerData'));
    return new Map(
      entries.flatMap(([company, value]) => {
        const bytes = unwrap(value);
        return bytes instanceof Uint8Array ? [[Number(company), Uint8Array.from(bytes)]] : [];
      }),
    );
  }

  /** Calls a method of BlueZ; rejects with CallError. */
  call(
    path: string,
    iface: string,
    member: string,
    more: { signature?: string; body?: readonly unknown[]; deadlineMs?: number } = {},
  ): Promise<readonly unknown[]> {
    return this.bus.call({ destination: BLUEZ, path, interface: iface, member, ...more });
  }

  async set(path: string, iface: string, name: string, value: unknown): Promise<void> {
    await this.call(path, PROPERTIES, 'Set', { signature: 'ssv', body: [iface, name, value] });
  }

  /** Told whenever something changed; the returned function ends it. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Told of each device that was heard; the returned function ends it. */
  watchAdverts(watcher: (path: string) => void): () => void {
    this.#advertWatchers.add(watcher);
    return () => this.#advertWatchers.delete(watcher);
  }

  /** Hands over the values of one characteristic; the returned function ends it. */
  subscribe(path: string, listener: (value: Uint8Array) => void): () => void {
    this.#listeners.set(path, listener);
    return () => {
      if (this.#listeners.get(path) === listener) this.#listeners.delete(path);
    };
  }

  /** Who waits and listens now, for tests that look for leaks. */
  get watched(): number {
    return this.#watchers.size + this.#listeners.size + this.#advertWatchers.size;
  }

  /** Resolves with what `find` finds, at once or after a change; with undefined when time is over or `signal` aborts. */
  until<T>(find: () => T | undefined, timeoutMs: number, signal?: AbortSignal): Promise<T | undefined> {
    return new Promise((resolve) => {
      const finish = (found: T | undefined): void => {
        cancel();
        unwatch();
        signal?.removeEventListener('abort', stop);
        resolve(found);
      };
      const stop = (): void => finish(undefined);
      const look = (): void => {
        const found = find();
        if (found !== undefined) finish(found);
      };
      const cancel = this.#clock.after(timeoutMs, stop);
      const unwatch = this.watch(look);
      signal?.addEventListener('abort', stop, { once: true });
      if (signal?.aborted) stop();
      else look();
    });
  }

  close(): void {
    for (const unwatch of this.#unwatch.splice(0)) unwatch();
    this.#objects.clear();
  }

  #get(path: string, iface: string, name: string): unknown {
    return this.#objects.get(path)?.get(iface)?.get(name);
  }

  async #follow(owner: string | undefined): Promise<void> {
    this.#isRunning = false;
    this.#early = undefined;
    this.#objects.clear();
    this.#tell();
    if (owner === undefined) return;
    const call = { destination: owner, path: '/', interface: MANAGER, member: 'GetManagedObjects' };
    const early: (() => void)[] = [];
    this.#early = early;
    // Where it ends before it answers, its next owner is asked again.
    const [objects] = await this.bus.call(call).catch(() => []);
    if (objects === undefined || this.#early !== early) return;
    this.#early = undefined;
    this.#objects.clear();
    for (const [path, interfaces] of entriesOf(objects)) this.#take(path, interfaces);
    this.#isRunning = true;
    // Whether they came before the answer or behind it: told again in their order they lead to what is now.
    for (const take of early) take();
    this.#tell();
  }

  /** Signals wait while everything is being asked for. */
  #inOrder(take: (signal: Signal) => void): (signal: Signal) => void {
    return (signal) => {
      if (this.#early === undefined) take(signal);
      else this.#early.push(() => take(signal));
    };
  }

  #added({ body: [path, interfaces] }: Signal): void {
    if (typeof path !== 'string') return;
    this.#take(path, interfaces);
    this.#tell();
    this.#heard(path);
  }

  #removed({ body: [path, interfaces] }: Signal): void {
    const object = typeof path === 'string' ? this.#objects.get(path) : undefined;
    if (object === undefined || typeof path !== 'string') return;
    for (const iface of Array.isArray(interfaces) ? interfaces : []) object.delete(String(iface));
    if (object.size === 0) this.#objects.delete(path);
    this.#tell();
  }

  #changed({ path, body: [iface, changes, gone] }: Signal): void {
    const entries = entriesOf(changes);
    if (iface === CHARACTERISTIC) {
      const value = entries.find(([name]) => name === 'Value')?.[1];
      const bytes = unwrap(value);
      if (bytes instanceof Uint8Array) this.#listeners.get(path)?.(Uint8Array.from(bytes));
      if (value !== undefined && entries.length === 1) return;
    }
    const properties = this.#objects.get(path)?.get(String(iface));
    if (properties === undefined) return;
    for (const [name, value] of entries) if (name !== 'Value') properties.set(name, unwrap(value));
    for (const name of Array.isArray(gone) ? gone : []) properties.delete(String(name));
    const isAdvert = entries.some(([name]) => name === 'RSSI' || name === 'ManufacturerData');
    const isOnlyAdvert =
      isAdvert &&
      entries.every(([name]) => name === 'RSSI' || name === 'ManufacturerData' || name === 'TxPower');
    if (!isOnlyAdvert) this.#tell();
    if (isAdvert) this.#heard(path);
  }

  #take(path: string, interfaces: unknown): void {
    const object = this.#objects.get(path) ?? new Map<string, Properties>();
    this.#objects.set(path, object);
    for (const [iface, properties] of entriesOf(interfaces))
      object.set(iface, new Map(entriesOf(properties).map(([name, value]) => [name, unwrap(value)])));
  }

  #tell(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #heard(path: string): void {
    if (this.#objects.get(path)?.has(DEVICE) !== true) return;
    for (const watcher of [...this.#advertWatchers]) watcher(path);
  }
}
