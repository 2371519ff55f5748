import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.ts';
import { Turns } from './turns.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('the links of a radio', () => {
  it('are given in the order of asking, and to nobody when all are taken', async () => {
    const turns = new Turns(2);
    const order: number[] = [];
    const keys = [0, 1, 2, 3].map((number) => ({ number }));
    for (const key of keys) void turns.enter(key).then(() => order.push(key.number));
    await settled();
    expect([order, turns.taken, turns.isWanted]).toEqual([[0, 1], 2, true]);
    turns.leave(keys[1] ?? {});
    turns.leave(keys[1] ?? {});
    await settled();
    expect(order).toEqual([0, 1, 2]);
    turns.most = 4;
    await settled();
    expect([order, turns.isWanted]).toEqual([[0, 1, 2, 3], false]);
  });

  it('are given up by who is told to stop while it waits', async () => {
    const turns = new Turns(1);
    const stop = new AbortController();
    await turns.enter({});
    const waiting = turns.enter({}, stop.signal);
    stop.abort();
    await waiting;
    expect([turns.taken, turns.isWanted]).toEqual([1, false]);
    await turns.enter({}, stop.signal);
    expect(turns.taken).toBe(1);
  });
});

describe('the pauses between connects', () => {
  it('grow to a minute, and to five for what is not there', () => {
    const pauses = (isAbsent: boolean): number[] => {
      const backoff = new Backoff(() => 0.5);
      return Array.from({ length: 12 }, () => backoff.next(isAbsent) / 1000);
    };
    expect(pauses(false)).toEqual([1, 2, 5, 10, 30, 60, 60, 60, 60, 60, 60, 60]);
    expect(pauses(true)).toEqual([1, 2, 5, 10, 30, 60, 90, 135, 202.5, 300, 300, 300]);
  });

  it('differ by a fifth at most, and begin anew after a success', () => {
    const random = [0, 1, 0.5];
    const backoff = new Backoff(() => random.shift() ?? 0.5);
    expect(backoff.next(false)).toBe(800);
    expect(backoff.next(false)).toBe(2400);
    backoff.succeeded();
    expect(backoff.next(false)).toBe(1000);
  });
});
