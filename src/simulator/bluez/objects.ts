import type { Bus, Variant } from '../../dbus/bus.ts';
import { variant } from '../../dbus/client.ts';

const PROPERTIES = 'org.freedesktop.DBus.Properties';
const MANAGER = 'org.freedesktop.DBus.ObjectManager';

/** A property as it is told: signature and value. */
export type Property = readonly [signature: string, value: unknown];
export type Properties = Readonly<Record<string, Property>>;

/** The objects of a service with their properties, and the signals that tell of changes. */
export class ObjectTree {
  readonly #bus: Bus;
  readonly #objects = new Map<string, Map<string, Map<string, Property>>>();

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  get size(): number {
    return this.#objects.size;
  }

  has(path: string): boolean {
    return this.#objects.has(path);
  }

  get(path: string, iface: string, name: string): unknown {
    return this.#objects.get(path)?.get(iface)?.get(name)?.[1];
  }

  add(path: string, interfaces: Readonly<Record<string, Properties>>): void {
    const object = this.#objects.get(path) ?? new Map<string, Map<string, Property>>();
    this.#objects.set(path, object);
    for (const [iface, properties] of Object.entries(interfaces))
      object.set(iface, new Map(Object.entries(properties)));
    this.#bus.signal('/', MANAGER, 'InterfacesAdded', 'oa{sa{sv}}', [path, this.#interfaces(object)]);
  }

  /** The object and everything below it. */
  remove(path: string): void {
    for (const below of [...this.#objects.keys()]) {
      const object = this.#objects.get(below);
      if (object === undefined || (below !== path && !below.startsWith(`${path}/`))) continue;
      this.#objects.delete(below);
      this.#bus.signal('/', MANAGER, 'InterfacesRemoved', 'oas', [below, [...object.keys()]]);
    }
  }

  /** Changes made together come in one signal; undefined takes a property away. Equal values are told again only if `always`. */
  set(
    path: string,
    iface: string,
    changes: Readonly<Record<string, Property | undefined>>,
    always = false,
  ): void {
    const known = this.#objects.get(path)?.get(iface);
    if (known === undefined) return;
    const changed: Record<string, Variant> = {};
    const gone: string[] = [];
    for (const [name, property] of Object.entries(changes)) {
      if (property === undefined) {
        if (known.delete(name)) gone.push(name);
      } else if (always || known.get(name)?.[1] !== property[1]) {
        known.set(name, property);
        changed[name] = variant(...property);
      }
    }
    if (gone.length === 0 && Object.keys(changed).length === 0) return;
    this.#bus.signal(path, PROPERTIES, 'PropertiesChanged', 'sa{sv}as', [iface, changed, gone]);
  }

  /** The body of GetManagedObjects. */
  managed(): unknown {
    return Object.fromEntries([...this.#objects].map(([path, object]) => [path, this.#interfaces(object)]));
  }

  /** Nothing is left, and nobody is told: the service ended. */
  clear(): void {
    this.#objects.clear();
  }

  #interfaces(object: ReadonlyMap<string, ReadonlyMap<string, Property>>): unknown {
    const told = (properties: ReadonlyMap<string, Property>): unknown =>
      Object.fromEntries([...properties].map(([name, property]) => [name, variant(...property)]));
    return Object.fromEntries([...object].map(([iface, properties]) => [iface, told(properties)]));
  }
}
