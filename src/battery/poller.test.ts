import { describe, expect, it } from 'vitest';
import type { BmsDriver, PollContext } from '../bms/driver.ts';
import { jbd } from '../bms/jbd/index.ts';
import { PortLostError, TimeoutError } from '../errors.ts';
import type { Reading } from '../model/reading.ts';
import { Pack } from './poller.ts';

const LINK = { ask: () => Promise.reject(new TimeoutError('unused')) };

/** A pack whose polls last as long as told; a poll without a reading fails. */
function scripted(address = 1) {
  let now = 0;
  const contexts: PollContext[] = [];
  const next = {
    tookMs: 100,
    reading: { voltage: 53 } as Reading | undefined,
    error: new TimeoutError('silence') as Error,
  };
  const driver: BmsDriver = {
    ...jbd,
    poll(_link, _address, context) {
      contexts.push(context);
      now += next.tookMs;
      return next.reading === undefined ? Promise.reject(next.error) : Promise.resolve(next.reading);
    },
  };
  const pack = new Pack(driver, address, () => now);
  const poll = async (reading: Reading | undefined, tookMs = 100) => {
    Object.assign(next, { reading, tookMs });
    return pack.poll(LINK);
  };
  return { contexts, next, pack, poll, now: () => now };
}

describe('a pack', () => {
  it('tells its driver how many polls there were and what the last one said', async () => {
    const { contexts, poll } = scripted();
    await poll({ voltage: 53 });
    await poll({ voltage: 54 });
    expect(contexts).toMatchObject([
      { cycle: 0, known: {} },
      { cycle: 1, known: { voltage: 53 } },
    ]);
  });

  it('is asked ever more rarely after three failures in a row, down to once a minute, and forgets what it knew', async () => {
    const { contexts, now, pack, poll } = scripted();
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
    expect(contexts.at(-1)).toMatchObject({ cycle: 0, known: {} });
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

  it('counts its polls far apart from those of its neighbours after the first minute, so that slow facts spread', async () => {
    const cycles = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map(async (address) => {
        const { contexts, poll } = scripted(address);
        for (let turn = 0; turn < 300; turn += 1) await poll({ voltage: 53 });
        return contexts.map(({ cycle }) => cycle);
      }),
    );
    for (const own of cycles)
      expect(own.slice(0, 51)).toEqual(Array.from({ length: 51 }, (_, index) => index));
    for (const every of [10, 60]) {
      for (let turn = 51; turn < 300; turn += 1)
        expect(cycles.filter((own) => (own[turn] ?? 0) % every === 0).length).toBeLessThanOrEqual(1);
    }
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

  it('hands over what the driver says of its answers, each once', async () => {
    const { contexts, pack, poll } = scripted();
    await poll({ voltage: 53 });
    contexts.at(-1)?.say?.('does not tell its alarms');
    expect([pack.takeRemarks(), pack.takeRemarks()]).toEqual([['does not tell its alarms'], []]);
  });
});
