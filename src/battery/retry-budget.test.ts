import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.ts';

describe('the retry budget of packs in trouble', () => {
  it('is there from the start, is gone after a failed poll, and comes back with time', () => {
    const budget = new RetryBudget(0);
    expect(budget.isLeft(0)).toBe(true);
    budget.charge(2100, 0);
    expect(budget.isLeft(0)).toBe(false);
    expect(budget.isLeft(9_900)).toBe(false);
    expect(budget.isLeft(10_100)).toBe(true);
  });

  it('never lets packs in trouble take a tenth of an hour, however they behave', () => {
    const polls = fc.array(
      fc.record({ sound: fc.integer({ min: 100, max: 3000 }), waste: fc.integer({ min: 1, max: 1500 }) }),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(polls, (cycles) => {
        const budget = new RetryBudget(0);
        let now = 0;
        let wasted = 0;
        for (let turn = 0; now < 3_600_000; turn += 1) {
          const { sound, waste } = cycles[turn % cycles.length] ?? { sound: 1000, waste: 1 };
          now += sound;
          if (!budget.isLeft(now)) continue;
          now += waste;
          wasted += waste;
          budget.charge(waste, now);
        }
        expect(wasted).toBeLessThan(0.1 * now);
      }),
      { numRuns: 100 * Number(process.env['FUZZ_FACTOR'] ?? 1) },
    );
  });
});
