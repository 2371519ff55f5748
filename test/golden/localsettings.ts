import type { Inhabitant, Reply } from './bus.ts';
import type { Message } from './dbus-messages.ts';
import { listOf, pairs, unwrap, Variant, variantOf } from './dbus-values.ts';

export type Stored = string | number;

interface Setting {
  value: Stored;
  readonly signature: string;
}

const BUS_ITEM = 'com.victronenergy.BusItem';
const INSTANCE = /\/ClassAndVrmInstance$/;
const OK = 0;
const REFUSED = -1;

/** Stands in for localsettings of Venus OS: what the device remembers, and device instances that are unique. */
export class Localsettings implements Inhabitant {
  readonly name = 'com.victronenergy.settings';
  readonly #settings = new Map<string, Setting>();
  readonly #tell: (path: string, value: Variant) => void;

  /** `stored` from an earlier life, by path; `tell` announces a value. */
  constructor(stored: Readonly<Record<string, Stored>>, tell: (path: string, value: Variant) => void) {
    this.#tell = tell;
    for (const [path, value] of Object.entries(stored))
      this.#settings.set(path, { value, signature: typeof value === 'string' ? 's' : 'd' });
  }

  /** Changes the setting that was declared last among those whose path ends so, as a user does in the display. */
  change(end: string, value: Stored): void {
    const path = [...this.#settings.keys()].findLast((each) => each.endsWith(end));
    if (path === undefined) throw new Error(`there is no setting that ends with ${end}`);
    this.#set(path, value);
  }

  answer({ path = '', member, body }: Message): Reply {
    if (member === 'AddSettings')
      return { signature: 'aa{sv}', body: [listOf(body[0]).map((entry) => this.#add(path, entry))] };
    if (path === '/' && member === 'GetItems') return { signature: 'a{sa{sv}}', body: [this.#items()] };
    const setting = this.#settings.get(path);
    if (setting === undefined) return { error: 'org.freedesktop.DBus.Error.UnknownObject' };
    if (member === 'GetValue') return { signature: 'v', body: [wired(setting)] };
    if (member === 'SetValue') return { signature: 'i', body: [this.#set(path, unwrap(body[0]))] };
    return { error: 'org.freedesktop.DBus.Error.UnknownMethod' };
  }

  #set(path: string, value: unknown): number {
    const setting = this.#settings.get(path);
    if (setting === undefined || !isStored(value) || typeof value !== typeof setting.value) return REFUSED;
    const next = INSTANCE.test(path) ? this.#free(path, String(value)) : value;
    if (next === setting.value) return OK;
    setting.value = next;
    this.#tell(path, wired(setting));
    return OK;
  }

  #items(): unknown[] {
    return [...this.#settings].map(([path, setting]) => [path, item(setting)]);
  }

  #add(root: string, entry: unknown): unknown[] {
    const fields = new Map(pairs(entry).map(([key, value]) => [String(key), variantOf(value)]));
    const relative = String(unwrap(fields.get('path')));
    const path = root === '/' ? relative : `${root}/${relative}`;
    const preset = fields.get('default');
    const value = unwrap(preset);
    if (preset === undefined || !isStored(value)) throw new Error(`${path} is declared without a default`);
    if (!this.#settings.has(path)) {
      const first = INSTANCE.test(path) ? this.#free(path, String(value)) : value;
      this.#settings.set(path, { value: first, signature: preset.signature });
    }
    const setting = this.#settings.get(path);
    return [
      ['path', new Variant('s', relative)],
      ['error', new Variant('i', OK)],
      ...(setting === undefined ? [] : [['value', wired(setting)]]),
    ];
  }

  /** The wanted "class:number", or with the next number that no other device of the class has. */
  #free(path: string, wanted: string): string {
    const [deviceClass = '', number = ''] = wanted.split(':');
    const others = [...this.#settings].filter(([other]) => other !== path && INSTANCE.test(other));
    const taken = new Set(others.map(([, { value }]) => value));
    let instance = Number(number);
    while (taken.has(`${deviceClass}:${instance}`)) instance += 1;
    return `${deviceClass}:${instance}`;
  }
}

/** What a service says of a changed item. */
export function changed(value: Variant): {
  readonly interface: string;
  readonly member: string;
  readonly body: unknown[];
} {
  const body = [
    [
      ['Value', value],
      ['Text', new Variant('s', String(value.value))],
    ],
  ];
  return { interface: BUS_ITEM, member: 'PropertiesChanged', body };
}

function item(setting: Setting): unknown[] {
  return [
    ['Value', wired(setting)],
    ['Text', new Variant('s', String(setting.value))],
  ];
}

function wired({ signature, value }: Setting): Variant {
  return new Variant(signature, value);
}

function isStored(value: unknown): value is Stored {
  return typeof value === 'string' || typeof value === 'number';
}
