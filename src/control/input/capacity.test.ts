import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claim, claimAtMost, evenly, invariant } from '../../../test/support/invariant.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS } from '../fixtures.ts';
import { type CapacityWatch, NO_CAPACITY, watchCapacity } from './capacity.ts';

type Told = Partial<Parameters<typeof watchCapacity>[1]>;

/** What is in force after each of some readings, one every `every` seconds. */
function led(readings: readonly Told[], every = 10): number[] {
  let state: CapacityWatch = NO_CAPACITY;
  return readings.map((told, index) => {
    state = watchCapacity(state, {
      capacity: undefined,
      remaining: undefined,
      soc: undefined,
      t: index * every,
      ...told,
    });
    return state.inForce ?? Number.NaN;
  });
}
const times = (count: number, told: Told): Told[] => Array.from({ length: count }, () => told);

describe('a capacity that is told', () => {
  it('counts at once when it falls', () => {
    expect(led([{ capacity: 280 }, { capacity: 100 }])).toEqual([280, 100]);
  });

  it('counts only after a quarter of an hour when it rises', () => {
    const seen = led([{ capacity: 100 }, ...times(100, { capacity: 1000 })]);
    expect(seen[90]).toBe(100);
    expect(seen.at(-1)).toBe(1000);
  });

  it('is not believed for a silence that it spans', () => {
    expect(led([{ capacity: 100 }, { capacity: 1000 }, { capacity: 1000 }], 1000)).toEqual([100, 100, 100]);
  });

  it('counts from the second reading on when what is left of it says the same', () => {
    const grown = { capacity: 280, remaining: 168, soc: 60 };
    expect(led([{ capacity: 100 }, grown, grown])).toEqual([100, 100, 280]);
  });

  it('is not proved by what is left of a pack that is nearly empty', () => {
    expect(led([{ capacity: 100 }, ...times(5, { capacity: 1000, remaining: 0, soc: 0 })]).at(-1)).toBe(100);
  });

  it('comes back at once to what it had been for long', () => {
    expect(led([...times(100, { capacity: 280 }), { capacity: 28 }, { capacity: 280 }]).slice(-2)).toEqual([
      28, 280,
    ]);
  });

  it('may be left out', () => {
    expect(led([{ capacity: 100 }, {}, { capacity: 1000 }])).toEqual([100, 100, 100]);
  });

  const any = fc.array(
    fc.record({
      capacity: fc.option(fc.constantFrom(50, 100, 104, 120, 280, 1000, 65535), { nil: undefined }),
      seconds: fc.constantFrom(1, 10, 30, 120, 2000),
      repeat: fc.integer({ min: 1, max: 60 }),
      /** % by which remainder and SoC miss the capacity; undefined: they are not told. */
      off: fc.option(evenly(-50, 50), { nil: undefined }),
      soc: evenly(0, 100),
    }),
    { minLength: 1, maxLength: 12 },
  );

  invariant(
    'I9 a capacity that leaps up raises nothing before it is told for long or proved',
    any,
    (course) => {
      let state: CapacityWatch = NO_CAPACITY;
      let t = 0;
      /** Since when at least each value has been told without a break, and the values that were proved. */
      let run = { least: 0, from: 0, at: 0, agreed: 0 };
      let most = 0;
      for (const { capacity, seconds, repeat, off, soc } of course) {
        for (let poll = 0; poll < repeat; poll++) {
          t += seconds;
          const remaining =
            off === undefined || capacity === undefined
              ? undefined
              : ((1 + off / 100) * capacity * soc) / 100;
          const before = state.inForce;
          state = watchCapacity(state, { capacity, remaining, soc: off === undefined ? undefined : soc, t });
          if (capacity === undefined) {
            claim(state.inForce === before, () => 'nothing was told, and the capacity changed');
            continue;
          }
          const agrees = off !== undefined && Math.abs(off) <= 5.0001 && soc >= 20;
          run =
            capacity >= run.least && capacity <= 1.1 * run.least
              ? { ...run, agreed: agrees ? run.agreed + 1 : 0 }
              : { least: capacity, from: t, at: t, agreed: agrees ? 1 : 0 };
          if (t - run.from >= 900 || run.agreed >= 2) most = Math.max(most, run.least * 1.1);
          claimAtMost('the capacity', state.inForce ?? Number.NaN, capacity);
          if (before !== undefined && (state.inForce ?? 0) > before)
            claimAtMost('the capacity that rose', state.inForce ?? Number.NaN, most);
        }
      }
    },
  );
});

describe('limits that are shares of the capacity', () => {
  const cold = (capacityFull: number) => pack(3.3, { capacityFull, temperatures: [5, 5] });

  it('do not rise with a reading that tells ten times as much, and the owner is told why', () => {
    const bench = new Bench(lawFor('adaptive'), { ...SETTINGS, maxChargeCurrent: 200 });
    expect(bench.run(cold(100), 200).ccl).toBe(10);
    expect(bench.step({ reading: cold(1000) }).notices).toEqual([
      'The BMS tells 1000 Ah where it told 100 Ah: limits follow the smaller capacity until the larger one has been told for 15 min; if it is right, set battery.capacity',
    ]);
    expect(bench.run(cold(1000), 800).ccl).toBe(10);
    expect(bench.run(cold(1000), 300).ccl).toBe(100);
  });

  it('follow what the owner states, whatever the BMS tells', () => {
    const bench = new Bench(lawFor('adaptive'), { ...SETTINGS, maxChargeCurrent: 200, capacity: 50 });
    expect(bench.run(cold(1000), 1200)).toMatchObject({ ccl: 5, notices: [] });
  });
});
