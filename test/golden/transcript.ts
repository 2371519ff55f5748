import type { Message } from './dbus-messages.ts';
import { listOf, pairs, unwrap, Variant, variantOf } from './dbus-values.ts';

/** An item as it came over the bus: signature, value and text. */
export type SeenItem = readonly [signature: string, value: unknown, text: unknown];

interface Entry {
  readonly t: number;
  readonly channel: string;
  readonly text: string;
}

/**
 * Everything that the program did, as JSON lines with virtual time (s). Lines of one channel keep their order; what several
 * channels did in the same instant has none, so channels stand in alphabetical order then.
 */
export class Transcript {
  readonly #entries: Entry[] = [];

  add(ms: number, channel: string, fields: Readonly<Record<string, unknown>>): void {
    const t = Number((ms / 1000).toFixed(6));
    this.#entries.push({ t, channel, text: JSON.stringify({ t, ...fields }, exact) });
  }

  get text(): string {
    const order = this.#entries.toSorted(
      (a, b) => a.t - b.t || (a.channel < b.channel ? -1 : Number(a.channel > b.channel)),
    );
    return `${order.map(({ text }) => text).join('\n')}\n`;
  }
}

/** JSON has no minus zero and no infinities, and all three would be news. */
function exact(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && (Object.is(value, -0) || !Number.isFinite(value)))
    return `number ${Object.is(value, -0) ? '-0' : value}`;
  return typeof value === 'bigint' ? `number ${value}` : value;
}

/** The items of a GetItems or ItemsChanged by path; a dictionary has no order, so paths are sorted. */
export function itemsOf(dictionary: unknown): ReadonlyMap<string, SeenItem> {
  const items = pairs(dictionary).map(([path, fields]): [string, SeenItem] => {
    const named = new Map(pairs(fields).map(([key, value]) => [String(key), variantOf(value)]));
    const value = named.get('Value');
    if (value === undefined || named.size !== 2)
      throw new Error(`${path} comes with ${[...named.keys()].join(', ')}`);
    return [String(path), [value.signature, plain(value.value), unwrap(named.get('Text'))]];
  });
  return new Map(items.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Body of a message with the signatures of its variants. */
export function bodyOf({ signature, body }: Message): unknown {
  return signature === '' ? undefined : [signature, ...body.map(plain)];
}

function plain(value: unknown): unknown {
  if (value instanceof Variant) return { [value.signature]: plain(value.value) };
  return Array.isArray(value) ? listOf(value).map(plain) : value;
}

/** The leaves of a JSON value, "control.1.history.cycles". */
export function leavesOf(value: unknown, path = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[path, value]];
  const entries = Object.entries(value);
  if (entries.length === 0) return [[path, value]];
  return entries.flatMap(([key, inner]) => leavesOf(inner, path === '' ? key : `${path}.${key}`));
}
