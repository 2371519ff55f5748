import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyState } from '../../test/support/any-state.ts';
import { STATE } from '../../test/support/battery-state.ts';
import type { BatteryView } from '../battery/battery-view.ts';
import type { ItemType, ItemValue } from '../dbus/item.ts';
import { pathsOf } from './battery-paths.ts';
import { changes } from './changes.ts';

const numRuns = 300 * Number(process.env['FUZZ_FACTOR'] ?? 1);

function publish(published: Map<string, ItemValue>, state: BatteryView) {
  const changed = changes(published, state);
  for (const { path, value } of changed) published.set(path, value);
  return Object.fromEntries(changed.map(({ path, value }) => [path, value]));
}

const reading = (part: NonNullable<BatteryView['reading']>): BatteryView => ({
  ...STATE,
  reading: { ...STATE.reading, ...part },
});

function isSendable(type: ItemType, value: ItemValue, text: string): boolean {
  if (value === undefined) return text === '---';
  if (/NaN|Infinity|undefined|\0/.test(text) && type !== 's') return false;
  if (type === 's')
    return typeof value === 'string' && !value.includes('\0') && !/\p{Surrogate}/u.test(value);
  return Number.isFinite(value) && (type === 'd' || value === (Number(value) | 0));
}

describe('changes', () => {
  it('are every path at first and none when the same state comes again', () => {
    const published = new Map<string, ItemValue>();
    expect(Object.keys(publish(published, STATE))).toHaveLength(pathsOf(STATE).length);
    expect(publish(published, structuredClone(STATE))).toEqual({});
  });

  it('are only what moved', () => {
    const published = new Map<string, ItemValue>();
    publish(published, STATE);
    expect(publish(published, reading({ voltage: 53.1 }))).toEqual({
      '/Dc/0/Voltage': 53.1,
      '/Dc/0/Power': -655,
    });
  });

  it('leave out noise below the display step, on both sides of a rounding boundary', () => {
    const published = new Map<string, ItemValue>();
    publish(published, reading({ voltage: 53.0149, current: 0, power: 0 }));
    for (const voltage of [53.0151, 53.0149, 53.0155, 53.0145]) {
      expect(publish(published, reading({ voltage, current: 0, power: 0 }))).toEqual({});
    }
  });

  it('show a slow drift', () => {
    const published = new Map<string, ItemValue>();
    publish(published, reading({ voltage: 53, current: 0, power: 0 }));
    let shown = 0;
    for (let step = 1; step <= 100; step += 1) {
      shown += Object.keys(
        publish(published, reading({ voltage: 53 + step / 1000, current: 0, power: 0 })),
      ).length;
    }
    expect(published.get('/Dc/0/Voltage')).toBe(53.1);
    expect(shown).toBe(10);
  });

  it('show a value that becomes unknown as invalid, once', () => {
    const published = new Map<string, ItemValue>();
    publish(published, STATE);
    const { soh: _, ...rest } = STATE.reading ?? {};
    const without = { ...STATE, reading: rest };
    expect(publish(published, without)).toEqual({ '/Soh': undefined });
    expect(publish(published, without)).toEqual({});
  });

  it('treat NaN and infinity as unknown', () => {
    const published = new Map<string, ItemValue>();
    publish(published, STATE);
    const changed = publish(
      published,
      reading({ voltage: Number.NaN, power: 1, soh: Number.POSITIVE_INFINITY }),
    );
    expect(changed).toEqual({ '/Dc/0/Voltage': undefined, '/Dc/0/Power': 1, '/Soh': undefined });
  });

  it('add cells that are learned later, and invalidate limits that are gone', () => {
    const published = new Map<string, ItemValue>();
    const { reading: _r, ...blind } = STATE;
    publish(published, { ...blind, facts: {} });
    expect(publish(published, { ...blind, facts: { cellCount: 2 } })).toMatchObject({
      '/Voltages/Cell1': undefined,
      '/Balances/Cell2': undefined,
    });
    const { control: _c, ...pack } = STATE;
    expect(publish(published, pack)).toMatchObject({
      '/Info/MaxChargeVoltage': undefined,
      '/Info/ChargeMode': undefined,
    });
  });

  it('never throw, and never hold a value that its D-Bus type cannot carry', () => {
    fc.assert(
      fc.property(fc.array(anyState, { minLength: 1, maxLength: 4 }), (states) => {
        const published = new Map<string, ItemValue>();
        for (const state of states) {
          for (const { path, type, value, text } of changes(published, state)) {
            if (!isSendable(type, value, text)) throw new Error(`${path} (${type}) is ${value} "${text}"`);
            published.set(path, value);
          }
          expect(changes(published, state)).toEqual([]);
        }
      }),
      { numRuns },
    );
  });
});
