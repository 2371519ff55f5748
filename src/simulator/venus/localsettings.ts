import type { Answer, Bus, MethodCall, Variant } from '../../dbus/bus.ts';
import { variant } from '../../dbus/client.ts';
import { BUS_ITEM } from '../../dbus/names.ts';
import { entriesOf, fromVariant, unwrap } from '../../dbus/wire-values.ts';
import { SETTINGS_INTERFACE, SETTINGS_SERVICE } from '../../venus/names.ts';

type Value = number | string;

interface Setting {
  value: Value;
  readonly type: 'i' | 'd' | 's';
  readonly preset: Value;
  min: number;
  max: number;
}

/** Error codes of AddSettings. */
const ERROR = { ok: 0, underscore: -2, type: -3, path: -4, otherType: -5, range: -7, outside: -9 } as const;
const REFUSED = -1;
const INSTANCE = /\/ClassAndVrmInstance$/;

/** Stands in for localsettings, the settings service of Venus OS: AddSettings, the leaves, all items, and unique device instances. */
export class SettingsStandIn {
  readonly #bus: Bus;
  readonly #settings = new Map<string, Setting>();
  /** Calls of AddSettings so far. */
  additions = 0;

  /** `stored` are settings from an earlier life, by path. */
  static async open(bus: Bus, stored: Readonly<Record<string, Value>> = {}): Promise<SettingsStandIn> {
    const settings = new SettingsStandIn(bus);
    for (const [path, value] of Object.entries(stored)) {
      const type = typeof value === 'string' ? 's' : 'd';
      settings.#settings.set(path, { value, type, preset: value, min: 0, max: 0 });
    }
    bus.serve((call) => settings.#answer(call));
    await bus.requestName(SETTINGS_SERVICE);
    return settings;
  }

  private constructor(bus: Bus) {
    this.#bus = bus;
  }

  /** All values by path. */
  get values(): { [path: string]: Value } {
    return Object.fromEntries([...this.#settings].map(([path, { value }]) => [path, value]));
  }

  /** Changes a setting as a user would in the display; returns the result code of SetValue. */
  change(path: string, value: Value): number {
    const setting = this.#settings.get(path);
    if (setting === undefined || typeof value !== typeof setting.preset) return REFUSED;
    if (typeof value === 'number' && !inRange(setting, value)) return REFUSED;
    const stored = INSTANCE.test(path) ? this.#free(path, String(value)) : value;
    if (stored === setting.value) return 0;
    setting.value = stored;
    const body = { Value: toWire(setting), Text: variant('s', String(stored)) };
    this.#bus.signal(path, BUS_ITEM, 'PropertiesChanged', 'a{sv}', [body]);
    return 0;
  }

  close(): void {
    this.#bus.disconnect();
  }

  #answer({ path, interface: iface, member, body }: MethodCall): Answer | undefined {
    if (member === 'AddSettings' && (iface === undefined || iface === SETTINGS_INTERFACE)) {
      this.additions += 1;
      const entries: unknown[] = Array.isArray(body[0]) ? body[0] : [];
      const root = path === '/' ? '' : path;
      return { signature: 'aa{sv}', body: [entries.map((entry) => this.#add(root, entry))] };
    }
    if (path === '/' && member === 'GetItems') return { signature: 'a{sa{sv}}', body: [this.#items()] };
    const setting = this.#settings.get(path);
    if (setting === undefined) {
      return { error: 'org.freedesktop.DBus.Error.UnknownObject', text: `there is no setting ${path}` };
    }
    switch (member) {
      case 'GetValue':
        return { signature: 'v', body: [toWire(setting)] };
      case 'GetText':
        return { signature: 's', body: [String(setting.value)] };
      case 'GetDefault':
        return { signature: 'v', body: [toWire({ ...setting, value: setting.preset })] };
      case 'GetMin':
        return { signature: 'v', body: [toWire({ ...setting, value: setting.min })] };
      case 'GetMax':
        return { signature: 'v', body: [toWire({ ...setting, value: setting.max })] };
      case 'SetValue':
        return { signature: 'i', body: [this.change(path, fromVariant(body[0]) ?? Number.NaN)] };
      default:
        return undefined;
    }
  }

  #items(): { [path: string]: { [field: string]: Variant } } {
    return Object.fromEntries(
      [...this.#settings].map(([path, setting]) => [
        path,
        { Value: toWire(setting), Text: variant('s', String(setting.value)) },
      ]),
    );
  }

  #add(root: string, entry: unknown): { [key: string]: Variant } {
    const fields = new Map(entriesOf(entry));
    const name = unwrap(fields.get('path'));
    const relative = typeof name === 'string' ? name : '';
    const path = `${root}${relative.startsWith('/') || root === '' ? '' : '/'}${relative}`;
    const error = this.#store(path, fields);
    const setting = this.#settings.get(path);
    return {
      path: variant('s', relative),
      error: variant('i', error),
      ...(error === ERROR.ok && setting !== undefined ? { value: toWire(setting) } : {}),
    };
  }

  #store(path: string, fields: ReadonlyMap<string, unknown>): number {
    if (!path.startsWith('/Settings/')) return ERROR.outside;
    if (!/^(\/[A-Za-z0-9_]+)+$/.test(path)) return ERROR.path;
    if (path.includes('/_')) return ERROR.underscore;
    const type = typeOf(fields.get('default'));
    const preset = fromVariant(fields.get('default'));
    if (type === undefined || preset === undefined) return ERROR.type;
    const min = numberOf(fields.get('min'));
    const max = numberOf(fields.get('max'));
    const present = this.#settings.get(path);
    if (present !== undefined) {
      if (typeof present.value !== typeof preset) return ERROR.otherType;
      present.min = min;
      present.max = max;
      return ERROR.ok;
    }
    if (typeof preset === 'number' && !inRange({ min, max }, preset)) return ERROR.range;
    const value = INSTANCE.test(path) ? this.#free(path, String(preset)) : preset;
    this.#settings.set(path, { value, type, preset, min, max });
    return ERROR.ok;
  }

  /** The wanted "class:number", or with the next number that no other device of the class has. */
  #free(path: string, wanted: string): string {
    const [deviceClass = '', number = ''] = wanted.split(':');
    const taken = new Set(
      [...this.#settings]
        .filter(([other]) => other !== path && INSTANCE.test(other))
        .map(([, { value }]) => String(value)),
    );
    let instance = Number(number);
    while (taken.has(`${deviceClass}:${instance}`)) instance += 1;
    return `${deviceClass}:${instance}`;
  }
}

function toWire({ type, value }: Pick<Setting, 'type' | 'value'>): Variant {
  return variant(type, type === 'i' ? Math.trunc(Number(value)) : value);
}

function typeOf(received: unknown): Setting['type'] | undefined {
  const value = fromVariant(received);
  if (typeof value === 'string') return 's';
  const signature = signatureOf(received);
  if (signature === 'd') return 'd';
  return signature === 'i' || signature === 'x' ? 'i' : undefined;
}

/** Signature of a received variant; entries of a dictionary of variants keep theirs. */
function signatureOf(received: unknown): unknown {
  return typeof received === 'object' && received !== null && 'signature' in received
    ? received.signature
    : undefined;
}

function numberOf(received: unknown): number {
  const value = fromVariant(received);
  return typeof value === 'number' ? value : 0;
}

function inRange({ min, max }: Pick<Setting, 'min' | 'max'>, value: number): boolean {
  return Number.isFinite(value) && ((min === 0 && max === 0) || (value >= min && value <= max));
}
