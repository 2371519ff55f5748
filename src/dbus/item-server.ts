import type { Answer, Bus, MethodCall, Variant } from './bus.ts';
import { variant } from './client.ts';
import { introspection } from './introspection.ts';
import { type Item, type ItemValue, SET_OK, SET_REFUSED } from './item.ts';
import { ItemsChangedEncoder } from './items-changed.ts';
import { BUS_ITEM } from './names.ts';
import { toVariant, UNFIT, written } from './wire-values.ts';

const INTROSPECTABLE = 'org.freedesktop.DBus.Introspectable';
const PEER = 'org.freedesktop.DBus.Peer';
const ERROR = 'org.freedesktop.DBus.Error';

/** Carries out a write and says whether it was taken: SET_OK, SET_REFUSED or SET_REJECTED. */
export type OnWrite = (path: string, value: number | string) => number;

/** What a client may write to an item. */
export interface WritableItem {
  /** Gets the value already in the type of the item, undefined when the client clears it; undefined refuses. */
  readonly accept: (value: ItemValue) => number | string | undefined;
  /** Text of an accepted value. */
  readonly text: (value: number | string) => string;
  /** A button: a write is carried out, the value stays. */
  readonly button?: true;
}

export interface TreeOptions {
  readonly writable: ReadonlyMap<string, WritableItem>;
  readonly onWrite: OnWrite;
  /** A write changed this item. */
  readonly onChanged: (item: Item) => void;
}

/** The items of one service, and the answers to whatever clients ask of them. */
export class ItemTree {
  readonly #items = new Map<string, Item>();
  readonly #values = new Map<string, ItemValue>();
  /** Inner nodes with the names of their children. */
  readonly #nodes = new Map<string, Set<string>>([['/', new Set()]]);
  readonly #encoder = new ItemsChangedEncoder();
  readonly #options: TreeOptions;

  constructor(options: TreeOptions) {
    this.#options = options;
  }

  /** The values shown, by path. */
  get values(): ReadonlyMap<string, ItemValue> {
    return this.#values;
  }

  set(items: readonly Item[]): void {
    for (const item of items) {
      if (!this.#items.has(item.path)) this.#grow(item.path);
      this.#items.set(item.path, item);
      this.#values.set(item.path, item.value);
    }
  }

  /** Broadcasts new values of these items from the connection that serves the tree. */
  announce(bus: Pick<Bus, 'sendEncoded'>, items: Iterable<Item>): void {
    bus.sendEncoded((serial) => this.#encoder.encode(serial, items));
  }

  /** Undefined leaves the call to the library (Peer). */
  answer(call: MethodCall): Answer | undefined {
    const { path, interface: iface, member } = call;
    if (iface === PEER) return undefined;
    if (!this.#items.has(path) && !this.#nodes.has(path)) {
      return { error: `${ERROR}.UnknownObject`, text: `there is no object ${path}` };
    }
    const reply = this.#reply(call);
    if (reply !== undefined) return reply;
    return {
      error: `${ERROR}.UnknownMethod`,
      text: `${path} has no method ${iface === undefined ? member : `${iface}.${member}`}`,
    };
  }

  #reply(call: MethodCall): Answer | undefined {
    const { path, interface: iface, member } = call;
    if (member === 'Introspect' && (iface === undefined || iface === INTROSPECTABLE)) {
      return text(introspection(path === '/', [...(this.#nodes.get(path) ?? [])]));
    }
    if (iface !== undefined && iface !== BUS_ITEM) return undefined;
    const item = this.#items.get(path);
    return item === undefined ? this.#ofNode(call) : this.#ofLeaf(item, call);
  }

  #ofLeaf(item: Item, call: MethodCall): Answer | undefined {
    switch (call.member) {
      case 'GetValue':
        return { signature: 'v', body: [toVariant(item.type, item.value)] };
      case 'GetText':
        return text(item.text);
      case 'GetDescription':
        return text('No description given');
      case 'SetValue':
        return this.#setValue(item, call);
      default:
        return undefined;
    }
  }

  #ofNode({ path, member, body }: MethodCall): Answer | undefined {
    switch (member) {
      case 'GetItems':
        return path === '/'
          ? { signature: 'a{sa{sv}}', body: [itemDictionary(this.#items.values())] }
          : undefined;
      case 'GetValue':
        return this.#subtree(path, 'a{sv}', (item) => toVariant(item.type, item.value));
      case 'GetText':
        return this.#subtree(path, 'a{ss}', (item) => item.text);
      case 'SetValue':
        return body.length === 1 ? result(SET_REFUSED) : badArguments();
      default:
        return undefined;
    }
  }

  /** Everything below `path`, keyed by the rest of the path. */
  #subtree(path: string, signature: string, shownAs: (item: Item) => Variant | string): Answer {
    const start = path === '/' ? '/' : `${path}/`;
    const found: { [rest: string]: Variant | string } = {};
    for (const item of this.#items.values()) {
      if (item.path.startsWith(start)) found[item.path.slice(start.length)] = shownAs(item);
    }
    return { signature: 'v', body: [variant(signature, found)] };
  }

  #setValue(item: Item, { body }: MethodCall): Answer {
    if (body.length !== 1) return badArguments();
    const line = this.#options.writable.get(item.path);
    // An invalid item has nothing to operate: the battery does not offer it now.
    if (line === undefined || item.value === undefined) return result(SET_REFUSED);
    const asked = written(item.type, body[0]);
    if (asked === item.value) return result(SET_OK);
    const value = asked === UNFIT ? undefined : line.accept(asked);
    if (value === undefined) return result(SET_REFUSED);
    if (value === item.value) return result(SET_OK);
    const outcome = this.#options.onWrite(item.path, value);
    // Whoever carried it out may have shown the new value already.
    if (outcome === SET_OK && line.button !== true && this.#values.get(item.path) !== value) {
      const changed: Item = { ...item, value, text: line.text(value) };
      this.set([changed]);
      this.#options.onChanged(changed);
    }
    return result(outcome);
  }

  #grow(path: string): void {
    let parent = '/';
    for (const name of path.split('/').slice(1)) {
      const children = this.#nodes.get(parent) ?? new Set();
      children.add(name);
      this.#nodes.set(parent, children);
      parent = parent === '/' ? `/${name}` : `${parent}/${name}`;
    }
  }
}

/** Body of GetItems and ItemsChanged. */
export function itemDictionary(items: Iterable<Item>): {
  [path: string]: { Value: Variant; Text: Variant };
} {
  const dictionary: { [path: string]: { Value: Variant; Text: Variant } } = {};
  for (const { path, type, value, text: shown } of items) {
    dictionary[path] = { Value: toVariant(type, value), Text: variant('s', shown) };
  }
  return dictionary;
}

function text(value: string): Answer {
  return { signature: 's', body: [value] };
}

function result(code: number): Answer {
  return { signature: 'i', body: [code] };
}

function badArguments(): Answer {
  return { error: `${ERROR}.InvalidArgs`, text: 'SetValue takes one value' };
}
