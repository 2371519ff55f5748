import { describe, expect, it } from 'vitest';
import { TimeoutError } from '../errors.ts';
import { WastedTime } from './wasted-time.ts';

const STATUS = Uint8Array.of(1);
const SETTINGS = Uint8Array.of(2);

/** A battery that takes as long as told to answer, or stays silent. */
function asked() {
  let now = 0;
  const wasted = new WastedTime(() => now);
  const ask = async (request: Uint8Array, tookMs: number, outcome: 'answer' | 'silence' = 'answer') => {
    const link = {
      ask: async () => {
        now += tookMs;
        if (outcome === 'silence') throw new TimeoutError('silence');
        return request;
      },
    };
    const answer = wasted.over(link).ask(request, () => 1, 500);
    if (outcome === 'silence') await expect(answer).rejects.toThrow(TimeoutError);
    else expect(await answer).toBe(request);
    return wasted.take();
  };
  return { ask };
}

describe('the time that a battery wastes', () => {
  it('is what a request takes beyond what it usually takes, when it had to be repeated', async () => {
    const { ask } = asked();
    expect(await ask(STATUS, 200)).toBe(0);
    expect(await ask(STATUS, 300)).toBe(0);
    expect(await ask(STATUS, 800)).toBeCloseTo(800 - 210, 6);
  });

  it('does not count the slow facts of some polls', async () => {
    const { ask } = asked();
    expect(await ask(STATUS, 100)).toBe(0);
    expect(await ask(SETTINGS, 700)).toBe(0);
    expect(await ask(SETTINGS, 700)).toBe(0);
    expect(await ask(STATUS, 100)).toBe(0);
  });

  it('is the whole time of a request that was answered before and is not now', async () => {
    const { ask } = asked();
    await ask(STATUS, 100);
    expect(await ask(STATUS, 600, 'silence')).toBe(600);
    expect(await ask(STATUS, 100)).toBe(0);
  });

  it('does not count a request that this battery never answered, because its firmware may not know it', async () => {
    const { ask } = asked();
    expect(await ask(SETTINGS, 600, 'silence')).toBe(0);
  });

  it('is measured on one and the same object for a line, because drivers remember things by connection', () => {
    const wasted = new WastedTime(() => 0);
    const [one, other] = [{ ask: async () => STATUS }, { ask: async () => STATUS }];
    expect(wasted.over(one)).toBe(wasted.over(one));
    expect(wasted.over(other)).not.toBe(wasted.over(one));
  });

  it('ends when the line has become slower for good', async () => {
    const { ask } = asked();
    await ask(STATUS, 200);
    expect(await ask(STATUS, 900)).toBeGreaterThan(0);
    for (let turn = 0; turn < 200; turn += 1) await ask(STATUS, 900);
    expect(await ask(STATUS, 900)).toBe(0);
  });
});
