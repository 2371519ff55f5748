import { describe, expect, it } from 'vitest';
import { withReads } from '../../test/support/sessions.ts';
import { SAYS_NOTHING } from '../../test/support/silent-link.ts';
import { jbd } from '../bms/jbd/index.ts';
import { PortLostError, TimeoutError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import { PackPoller } from './pack-poller.ts';

const LINK = { ...SAYS_NOTHING, ask: () => Promise.reject(new TimeoutError('unused')) };

/** A pack whose polls last as long as told; a poll without a reading fails. */
function scripted() {
  let now = 0;
  const next = {
    tookMs: 100,
    reading: { voltage: 53 } as PackReading | undefined,
    error: new TimeoutError('silence') as Error,
  };
  const driver = withReads(jbd, () => {
    now += next.tookMs;
    return next.reading === undefined ? Promise.reject(next.error) : Promise.resolve(next.reading);
  });
  const pack = new PackPoller(driver, 1, () => now);
  const poll = async (reading: PackReading | undefined, tookMs = 100) => {
    Object.assign(next, { reading, tookMs });
    return pack.poll(LINK);
  };
  return { next, pack, poll, now: () => now };
}

describe('the poller of a pack', () => {
  it('is asked ever more rarely after three failures in a row, down to once a minute', async () => {
    const { now, pack, poll } = scripted();
    await poll({ voltage: 53 });
    await poll(undefined);
    await poll(undefined);
    expect(pack.isDue(now())).toBe(true);
    const pauses: number[] = [];
    for (let failure = 3; failure < 12; failure += 1) {
      await poll(undefined);
      let wait = 0;
      while (!pack.isDue(now() + wait)) wait += 1000;
      pauses.push(wait / 1000);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    await poll({ voltage: 53 });
    expect(pack.isDue(now())).toBe(true);
    expect(pack.failures).toBe(0);
  });

  it('is asked at every turn when nobody else waits', async () => {
    const { now, pack, poll } = scripted();
    for (let failure = 0; failure < 5; failure += 1) await poll(undefined);
    expect(pack.isDue(now())).toBe(false);
    pack.keepAsking();
    expect(pack.isDue(now())).toBe(true);
  });

  it('tells what its polls take, and how much time a failure took from the others', async () => {
    const { pack, poll } = scripted();
    await poll({ voltage: 53 }, 200);
    expect([pack.wastedMs, pack.usualMs]).toEqual([0, 200]);
    await poll({ voltage: 53 }, 300);
    expect([pack.wastedMs, pack.usualMs]).toEqual([0, 210]);
    await poll(undefined, 1100);
    expect([pack.wastedMs, pack.usualMs]).toEqual([1100, 210]);
    await poll({ voltage: 53 }, 210);
    expect([pack.wastedMs, pack.usualMs]).toEqual([0, 210]);
  });

  it('passes the loss of the port and bugs on', async () => {
    for (const error of [new PortLostError('gone'), new TypeError('bug')]) {
      const { next, poll } = scripted();
      next.error = error;
      await expect(poll(undefined)).rejects.toBe(error);
    }
  });
});
