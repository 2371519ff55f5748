import { describe, expect, it } from 'vitest';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS } from '../fixtures.ts';
import { roundDown } from '../limits/rounding.ts';
import { goalOf, inForce, lower, recover } from './recovery.ts';

describe('a current limit', () => {
  it('returns after a hold of 30 s, within a minute', () => {
    const bench = new Bench(lawFor('adaptive'), { ...SETTINGS, maxChargeCurrent: 100 });
    const course = new Map<number, number>();
    for (let t = 0; t <= 100; t++) {
      course.set(t, bench.step({ reading: pack(t < 10 ? 3.56 : 3.4) }).ccl);
    }
    for (const [t, amps] of [
      [0, 0],
      [10, 0],
      [39, 0],
      [40, 0],
      [41, 1.6],
      [46, 10],
      [55, 25],
      [70, 50],
      [100, 100],
    ] as const) {
      expect([t, course.get(t)]).toEqual([t, amps]);
    }
  });

  it('falls at once and waits again', () => {
    let state = inForce(100, 0);
    const next = (t: number, raw: number, closedLoop = false) => {
      state = recover(state, { t, dt: 1, raw, max: 100, closedLoop, floor: 1 });
      return state.amps;
    };
    expect(next(1, 40)).toBe(40);
    for (let t = 2; t <= 31; t++) expect(next(t, 100)).toBe(40);
    for (let t = 32; t < 40; t++) next(t, 100);
    expect(state.amps).toBeGreaterThan(48);
  });

  it('does not wait again for noise', () => {
    let state = inForce(50, 0);
    for (let t = 1; t <= 60; t++) {
      state = recover(state, { t, dt: 1, raw: 100, max: 100, closedLoop: false, floor: 1 });
    }
    const high = state.amps;
    state = recover(state, { t: 61, dt: 1, raw: high - 0.5, max: 100, closedLoop: false, floor: 1 });
    for (let t = 62; t <= 120; t++) {
      state = recover(state, { t, dt: 1, raw: 100, max: 100, closedLoop: false, floor: 1 });
    }
    expect(roundDown(state.amps)).toBe(100);
  });

  it('leaves a small gap where the charger itself answers to it', () => {
    let state = inForce(10, 0);
    for (let t = 1; t <= 600; t++) {
      state = recover(state, { t, dt: 1, raw: 50, max: 100, closedLoop: true, floor: 1 });
    }
    expect(state.amps).toBeGreaterThan(48);
    expect(state.amps).toBeLessThanOrEqual(48.6);
  });

  it('reaches the soft floor even so', () => {
    let state = inForce(0, 0);
    for (let t = 1; t <= 120; t++) {
      state = recover(state, { t, dt: 1, raw: 1, max: 100, closedLoop: true, floor: 1 });
    }
    expect(state.amps).toBe(1);
  });

  it('that answers to the charger is not called rising by noise, nor within the gap that stays open', () => {
    let state = inForce(5.3, 0);
    for (let t = 1; t <= 600; t++) {
      const raw = 5.3 + (t % 7 === 0 ? 4 : 1.2);
      state = recover(state, { t, dt: 1, raw, max: 140, closedLoop: true, floor: 1 });
      expect(state.amps).toBe(5.3);
      expect(goalOf(state, { raw, max: 140, closedLoop: true })).toBe(5.3);
    }
    for (let t = 601; t <= 640; t++)
      state = recover(state, { t, dt: 1, raw: 60, max: 140, closedLoop: true, floor: 1 });
    expect(goalOf(state, { raw: 60, max: 140, closedLoop: true })).toBe(60);
  });

  it('that waits at zero is on its way', () => {
    const state = recover(inForce(0, 0), { t: 1, dt: 1, raw: 60, max: 140, closedLoop: true, floor: 1 });
    expect(goalOf(state, { raw: 60, max: 140, closedLoop: true })).toBe(60);
  });

  it('is only ever lowered without a sample', () => {
    const state = inForce(40, 0);
    expect(lower(state, 1, 60, 100)).toBe(state);
    expect(lower(state, 1, 10, 100)).toMatchObject({ amps: 10, heldFrom: 1, zero: false });
    expect(lower(state, 1, 0, 100)).toMatchObject({ amps: 0, zero: true });
  });
});
