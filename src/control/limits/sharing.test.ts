import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimAtMost, evenly, invariant } from '../../../test/support/invariant.ts';
import { type Carrier, type Habits, learnHabits, sharedLimit } from './sharing.ts';

const carrier = (name: string, limit: number, current?: number): Carrier => ({
  name,
  limit,
  ...(current !== undefined && { current }),
});

/** Habits after the packs carried the same currents for `seconds`. */
function carried(seconds: number, carriers: readonly Carrier[], before: Habits = {}): Habits {
  let habits = before;
  for (let second = 0; second < seconds; second += 1) habits = learnHabits(habits, carriers, 1);
  return habits;
}

const amps = (carriers: readonly Carrier[], habits: Habits): number => sharedLimit(carriers, [], habits).amps;

describe('packs that share a current', () => {
  it('are taken to share it equally until something else was measured', () => {
    const packs = [carrier('a', 50), carrier('b', 50)];
    expect(sharedLimit(packs, [], {})).toMatchObject({ amps: 100, share: 0.5 });
    expect(amps(packs, carried(60, [carrier('a', 50, 30), carrier('b', 50, 30)]))).toBeCloseTo(100, 0);
  });

  it('and of which one takes three quarters: it stays within its limit before it reaches it, and is named', () => {
    const packs = [carrier('a', 50, 30), carrier('b', 50, 10)];
    const limit = sharedLimit(packs, [], carried(120, packs));
    expect(limit.by).toBe('a');
    expect(0.75 * limit.amps).toBeLessThanOrEqual(50.1);
    expect(limit.amps).toBeGreaterThan(60);
  });

  it('by so little that sensors may be wrong: nothing is learnt', () => {
    const packs = [carrier('a', 100, 4), carrier('b', 100, 0)];
    expect(amps(packs, carried(600, packs))).toBe(200);
  });

  it('and tell it at different moments: a step of the current costs little', () => {
    let habits = carried(60, [carrier('a', 50, 0), carrier('b', 50, 0)]);
    habits = learnHabits(habits, [carrier('a', 50, 25), carrier('b', 50, 0)], 1);
    habits = carried(60, [carrier('a', 50, 25), carrier('b', 50, 25)], habits);
    expect(amps([carrier('a', 50), carrier('b', 50)], habits)).toBeGreaterThan(90);
  });

  it('equalise: one that carries more than its limit for longer than chargers need is relieved, and gets it back', () => {
    const uneven = [carrier('a', 50, 62), carrier('b', 50, 10)];
    const equal = carried(120, [carrier('a', 50, 30), carrier('b', 50, 30)]);
    const before = amps(uneven, equal);
    expect(amps(uneven, carried(4, uneven, equal))).toBeGreaterThan(0.7 * before);
    const relieved = carried(10, uneven, equal);
    expect(relieved['a']?.relief).toBeLessThan(0.85);
    const even = [carrier('a', 50, 20), carrier('b', 50, 20)];
    expect(carried(600, even, relieved)['a']?.relief).toBeGreaterThan(0.98);
  });

  it('whose limit has just fallen are not relieved before chargers could follow', () => {
    const now = [carrier('a', 10, 25), carrier('b', 50, 25)];
    const habits = carried(3, now, carried(60, [carrier('a', 50, 25), carrier('b', 50, 25)]));
    expect(habits['a']?.relief).toBe(1);
  });

  it('are none: nothing flows', () => {
    expect(sharedLimit([], [carrier('a', 50)], {}).amps).toBe(0);
  });

  const limit = evenly(0, 200);
  const parts = fc.array(fc.record({ part: evenly(0, 1), limit }), { minLength: 2, maxLength: 8 });
  const habit = fc.record({
    share: evenly(0, 1),
    relief: evenly(0.25, 1),
    overS: evenly(0, 5),
    smooth: limit,
  });
  const anyBank = fc.array(fc.record({ limit, habit }), { minLength: 2, maxLength: 8 }).map((packs) => ({
    carriers: packs.map((pack, index) => carrier(`${index}`, pack.limit)),
    habits: Object.fromEntries(packs.map((pack, index) => [`${index}`, pack.habit])),
  }));

  invariant(
    'I17 no pack carries more than its own limit at the limit of the bank, whatever their shares are',
    fc.tuple(parts, evenly(0.2, 1)),
    ([packs, load]) => {
      const whole = packs.reduce((sum, { part }) => sum + part, 0);
      if (whole < 0.01) return;
      const shares = packs.map(({ part }) => part / whole);
      const may = packs.reduce((sum, pack) => sum + pack.limit, 0);
      const flowing = load * may;
      if (flowing < 10) return;
      const carriers = packs.map((pack, index) =>
        carrier(`${index}`, pack.limit, flowing * (shares[index] ?? 0)),
      );
      const { amps: bank } = sharedLimit(carriers, [], carried(200, carriers));
      packs.forEach((pack, index) => {
        claimAtMost(`pack ${index}`, bank * (shares[index] ?? 0), pack.limit, 0.01 * pack.limit + 1e-6);
      });
      claimAtMost('the bank', bank, may);
    },
  );

  invariant(
    'I17 a pack that is missing or worse never raises what the others may carry together',
    fc.tuple(anyBank, fc.nat(7), evenly(0, 1), fc.boolean()),
    ([{ carriers, habits }, which, left, isLost]) => {
      const index = which % carriers.length;
      const pack = carriers[index] ?? carrier('none', 0);
      const others = carriers.filter((other) => other !== pack);
      const before = sharedLimit(carriers, [], habits).amps;
      const worse = { ...pack, limit: left * pack.limit };
      const now = isLost ? sharedLimit(others, [pack], habits) : sharedLimit([...others, worse], [], habits);
      claimAtMost('the limit', now.amps, before);
    },
  );
});
