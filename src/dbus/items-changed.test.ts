import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Item } from './item.ts';
import { itemDictionary } from './item-server.ts';
import { ItemsChangedEncoder } from './items-changed.ts';
import { library, NO_REPLY_EXPECTED } from './library.ts';
import { BUS_ITEM } from './names.ts';

const RUNS = { numRuns: 500 * Number(process.env['FUZZ_FACTOR'] ?? 1) };

/** The part of the library that makes messages; it is not exported and has no types. */
const { marshallMessage } = createRequire(import.meta.url)('dbus-next/lib/marshall-compat.js') as {
  marshallMessage(message: object): [Buffer];
};

/** What the library would send. */
function byLibrary(serial: number, items: readonly Item[]): Buffer {
  const body = [itemDictionary(items)];
  const message = library.Message.newSignal('/', BUS_ITEM, 'ItemsChanged', 'a{sa{sv}}', body);
  message.flags = NO_REPLY_EXPECTED;
  const [bytes] = marshallMessage(Object.assign(message, { serial }));
  return bytes;
}

const name = fc.stringMatching(/^[A-Za-z0-9_]{1,30}$/);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`);
const anyText = fc.string({ unit: 'binary', maxLength: 60 });
/** The library refuses to send a null character at all. */
const text = anyText.map((value) => value.replaceAll('\0', ''));
const value = fc.oneof(
  fc.integer(),
  fc.integer({ min: -(2 ** 31) - 2, max: 2 ** 31 + 2 }),
  fc.double(),
  anyText,
  fc.constant(undefined),
);
const item: fc.Arbitrary<Item> = fc.record({
  path,
  type: fc.constantFrom('i', 'd', 's'),
  value,
  text: fc.oneof(text, fc.string({ unit: fc.constant('\ud800'), maxLength: 3 })),
});
const items = fc.uniqueArray(item, { selector: (one) => one.path, maxLength: 80 });
const serial = fc.integer({ min: 1, max: 0xffff_ffff });

describe('the message ItemsChanged', () => {
  it('is byte for byte what the library would send, whatever was sent before', () => {
    const encoder = new ItemsChangedEncoder();
    fc.assert(
      fc.property(serial, items, fc.array(value, { maxLength: 80 }), (number, changed, later) => {
        expect(encoder.encode(number, changed).equals(byLibrary(number, changed))).toBe(true);
        const again = changed.map((one, index) => ({ ...one, value: later[index] }));
        expect(encoder.encode(number, again).equals(byLibrary(number, again))).toBe(true);
      }),
      RUNS,
    );
  });

  it('grows with its items', () => {
    const many = Array.from({ length: 400 }, (_, index): Item => {
      const text = 'ä'.repeat(index);
      return { path: `/Item${index}`, type: 's', value: text, text };
    });
    expect(new ItemsChangedEncoder().encode(7, many).equals(byLibrary(7, many))).toBe(true);
  });

  it('is not changed by the next one', () => {
    const encoder = new ItemsChangedEncoder();
    const one: Item = { path: '/Soc', type: 'd', value: 50, text: '50%' };
    const first = encoder.encode(1, [one]);
    encoder.encode(2, [{ ...one, value: 51, text: '51%' }]);
    expect(first.equals(byLibrary(1, [one]))).toBe(true);
  });

  it('carries no null character, which would end the connection', () => {
    const [dirty, clean] = ['a\0b', 'ab'].map((text): Item => ({ path: '/T', type: 's', value: text, text }));
    const encoder = new ItemsChangedEncoder();
    if (dirty === undefined || clean === undefined) throw new Error('two items');
    expect(encoder.encode(1, [dirty]).equals(byLibrary(1, [clean]))).toBe(true);
  });
});
