import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averageCurrent, timeToGo } from '../explain/time-to-go.ts';
import { type CounterInput, count, initialCounter, type SocCounter } from './soc-counter.ts';

const STILL: CounterInput = {
  chemistry: 'lfp',
  capacity: 280,
  told: 50,
  current: 0,
  vmin: 3.3,
  softMin: 2.9,
  dt: 1,
  becameFull: false,
};

function counted(from: SocCounter, seconds: number, input: Partial<CounterInput> = {}): SocCounter {
  let state = from;
  for (let second = 0; second < seconds; second++) state = count(state, { ...STILL, ...input });
  return state;
}
const at = (soc: number): SocCounter => ({ ...initialCounter(), soc });

describe('the SoC counter', () => {
  it('begins where the BMS is, and not before anybody knows', () => {
    expect(counted(initialCounter(), 1).soc).toBe(50);
    expect(count(initialCounter(), { ...STILL, told: undefined }).soc).toBeUndefined();
  });

  it('counts a charge with what is lost in it, and a discharge in full', () => {
    expect(counted(at(50), 3600, { current: 28 }).soc).toBeCloseTo(59.95, 6);
    expect(counted(at(50), 3600, { current: -28 }).soc).toBeCloseTo(40, 6);
  });

  it('shows 100 % only after a full charge, and gets there by 1 % a second', () => {
    expect(counted(at(98), 3600, { current: 28 }).soc).toBe(99);
    const full = count(at(90), { ...STILL, becameFull: true });
    expect(full.soc).toBe(91);
    expect(counted(full, 9)).toMatchObject({ soc: 100, target: undefined });
    const used = counted(counted(full, 9), 3600, { current: -5 });
    expect(used.full).toBe(false);
    expect(counted(used, 7200, { current: 20 }).soc).toBe(99);
  });

  it('goes to 0 % when a cell is empty for a minute at a small current', () => {
    const empty = { vmin: 2.9, current: -10 };
    expect(counted(at(30), 59, empty).target).toBeUndefined();
    expect(counted(at(30), 100, empty).soc).toBe(0);
    expect(counted(at(30), 100, { vmin: 2.85, current: -100 }).soc).toBeGreaterThan(25);
  });

  it('forgets a dip that ended', () => {
    const dip = counted(at(30), 50, { vmin: 2.85 });
    expect(counted(counted(dip, 1), 50, { vmin: 2.85 }).soc).toBe(30);
  });

  it('stays within 0 and 100, whatever flows', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.double({ min: -1000, max: 1000, noNaN: true }),
            fc.double({ min: 0, max: 10, noNaN: true }),
            fc.boolean(),
          ),
        ),
        (steps) => {
          let state = at(50);
          for (const [current, dt, becameFull] of steps) {
            state = count(state, { ...STILL, current, dt, becameFull });
            if (!((state.soc ?? -1) >= 0 && (state.soc ?? -1) <= (state.full ? 100 : 99))) return false;
          }
          return true;
        },
      ),
    );
  });
});

describe('the time to go', () => {
  it.each<[number | undefined, number | undefined, number | undefined, number | undefined]>([
    [-28, 60, 280, 21600],
    [-1.5, 50, 280, 336_000],
    [-1.3, 100, 280, undefined],
    [28, 60, 280, undefined],
    [undefined, 60, 280, undefined],
    [-28, undefined, 280, undefined],
    [-28, 60, undefined, undefined],
    [-0.1, 100, 10, 360_000],
  ])('with %s A, %s %% of %s Ah is %s s', (average, soc, capacity, seconds) => {
    expect(timeToGo(average, soc, capacity)).toBe(seconds);
  });

  it('follows the current slowly', () => {
    expect(averageCurrent(undefined, -28, 1)).toBe(-28);
    let average = 0;
    for (let second = 0; second < 300; second++) average = averageCurrent(average, -28, 1);
    expect(average).toBeCloseTo(-17.7, 1);
  });
});
