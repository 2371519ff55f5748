import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToldBattery } from '../output/web/told.ts';
import { cellBars } from './cell-bars.ts';
import { duration, flow, NONE, quantity } from './format.ts';
import { changed, EMPTY, forgotten, groups, isLost } from './house.ts';
import { spansOf } from './mode-spans.ts';

const told = (id: string, more: Partial<ToldBattery> = {}): ToldBattery => ({
  id,
  name: id,
  online: true,
  link: 'answering',
  limits: {},
  cells: [],
  balancing: [],
  temperatures: [],
  alarms: [],
  facts: [],
  ...more,
});

describe('a quantity', () => {
  it('has a dash for what is absent, and no negative zero', () => {
    expect(quantity(undefined, 1, 'A')).toBe(NONE);
    expect(quantity(null, 1, 'A')).toBe(NONE);
    expect(quantity(-0.04, 1, 'A')).toBe('0.0 A');
    expect(quantity(-3.25, 1, 'A')).toBe('-3.3 A');
  });

  it('of time reads as people say it', () => {
    expect([0, 59, 60, 3600, 3900, 86_400, 97_200].map(duration)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '1 h',
      '1 h 5 min',
      '1 d',
      '1 d 3 h',
    ]);
    expect(flow(12)).toBe('charging');
    expect(flow(-12)).toBe('discharging');
    expect(flow(0.01)).toBe('resting');
    expect(flow(undefined)).toBe('');
  });
});

describe('the bars of the cells', () => {
  it('stand on one scale around their mean', () => {
    const { cells, mean, scale } = cellBars([3.3, 3.32, 3.34, null], [false, true], { high: 3.33 });
    expect(mean).toBeCloseTo(3.32);
    expect(scale).toBeCloseTo(0.02);
    expect(cells.map(({ share }) => Number(share.toFixed(6)))).toEqual([-1, 0, 1, 0]);
    expect(cells[2]?.isHighest).toBe(true);
    expect(cells[0]?.isLowest).toBe(true);
    expect(cells[1]?.isBalancing).toBe(true);
    expect(cells[3]?.volts).toBeUndefined();
  });

  it('never leave the drawing, whatever the cells', () => {
    const volts = fc.option(fc.float({ min: 0, max: 5, noNaN: true }), { nil: null });
    fc.assert(
      fc.property(fc.array(volts, { maxLength: 64 }), (cells) => {
        const bars = cellBars(cells, [], { high: 3.65, low: 2.5 });
        for (const { share } of bars.cells) expect(Math.abs(share)).toBeLessThanOrEqual(1 + 1e-9);
        for (const limit of [bars.highLimit, bars.lowLimit])
          expect(Math.abs(limit ?? 0)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('of equal cells name none the highest', () => {
    expect(cellBars([3.3, 3.3, 3.301], [], {}).cells.some(({ isHighest }) => isHighest)).toBe(false);
  });
});

describe('the house', () => {
  it('takes changes over, and forgets what has left', () => {
    const first = changed(EMPTY, { ids: ['a', 'b'], changed: [told('a'), told('b')] }, 0);
    const second = changed(first, { ids: ['b'], changed: [told('b', { soc: 5 })] }, 1000);
    expect(second.batteries.map(({ id, soc }) => [id, soc])).toEqual([['b', 5]]);
  });

  it('is lost when the bridge says nothing, and then shows no value', () => {
    const house = changed(
      EMPTY,
      { ids: ['a'], changed: [told('a', { voltage: 53, soc: 50, cells: [3.3] })] },
      0,
    );
    expect(isLost(house, 5000)).toBe(false);
    expect(isLost(house, 7000)).toBe(true);
    const old = forgotten(told('a', { voltage: 53, soc: 50, cells: [3.3], bank: 'x' }));
    expect(old).toEqual(told('a', { online: false, link: 'no connection to the bridge', bank: 'x' }));
  });

  it('groups packs below their bank, and leaves alone those whose bank is not there', () => {
    const all = [
      told('bank'),
      told('p1', { bank: 'bank' }),
      told('p2', { bank: 'gone' }),
      told('p3', { bank: 'p3' }),
    ];
    expect(groups(all).map(({ head, packs }) => [head.id, packs.map(({ id }) => id)])).toEqual([
      ['bank', ['p1']],
      ['p2', []],
      ['p3', []],
    ]);
  });
});

it('joins equal charge states of the day', () => {
  expect(spansOf([null, 0, 0, 1, 7], ['Bulk', 'Float'])).toEqual([
    { from: 0, steps: 1, name: undefined },
    { from: 1, steps: 2, name: 'Bulk' },
    { from: 3, steps: 1, name: 'Float' },
    { from: 4, steps: 1, name: undefined },
  ]);
});
