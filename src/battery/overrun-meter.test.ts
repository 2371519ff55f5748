import { describe, expect, it } from 'vitest';
import { SAYS_NOTHING } from '../../test/support/silent-link.ts';
import { TimeoutError } from '../errors.ts';
import type { Exchange } from '../transport/exchange.ts';
import { OverrunMeter } from './overrun-meter.ts';

const STATUS = Uint8Array.of(1);
const SETTINGS = Uint8Array.of(2);

/** A battery that is asked as often as told in vain before it answers, or stays silent. */
function asked() {
  const meter = new OverrunMeter();
  const ask = async (
    request: Uint8Array,
    missedMs: readonly number[],
    outcome: 'answer' | 'silence' = 'answer',
  ) => {
    const link: Exchange = {
      ...SAYS_NOTHING,
      ask: async (_request, _accept, _timeoutMs, options) => {
        for (const ms of missedMs) options?.onMissed?.(ms, new TimeoutError('silence'));
        if (outcome === 'silence') throw new TimeoutError('silence');
        return request;
      },
    };
    meter.over(link);
    const answer = meter.ask(request, () => 1, 500);
    if (outcome === 'silence') await expect(answer).rejects.toThrow(TimeoutError);
    else expect(await answer).toBe(request);
    return meter.take();
  };
  return { ask };
}

describe('the time that a battery wastes', () => {
  it('is what the tries took that were not answered', async () => {
    const { ask } = asked();
    expect(await ask(STATUS, [])).toBe(0);
    expect(await ask(STATUS, [140, 155])).toBe(295);
  });

  it('is the whole time of a request that was answered before and is not now', async () => {
    const { ask } = asked();
    await ask(STATUS, []);
    expect(await ask(STATUS, [140, 140, 220], 'silence')).toBe(500);
    expect(await ask(STATUS, [])).toBe(0);
  });

  it('does not count a request that this battery never answered, because its firmware may not know it', async () => {
    const { ask } = asked();
    expect(await ask(SETTINGS, [600], 'silence')).toBe(0);
  });

  it('leaves what a driver wants to be told of failed tries to it', async () => {
    const told: number[] = [];
    const link: Exchange = {
      ...SAYS_NOTHING,
      ask: async (request, _accept, _timeoutMs, options) => {
        options?.onMissed?.(7, new TimeoutError('silence'));
        return request;
      },
    };
    const meter = new OverrunMeter();
    meter.over(link);
    await meter.ask(STATUS, () => 1, 500, { onMissed: (ms) => told.push(ms) });
    expect(told).toEqual([7]);
  });

  it('is measured on one and the same object whatever line is behind it, and says when that is another', () => {
    const meter = new OverrunMeter();
    const lineOf = (): Exchange => ({ ...SAYS_NOTHING, ask: async () => STATUS });
    const [one, other] = [lineOf(), lineOf()];
    expect([one, one, other, other].map((line) => meter.over(line))).toEqual([false, false, true, false]);
  });
});
