import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accept, connect, delayed, failure, frame, QUERY, REQUEST } from '../../test/support/framed-line.ts';
import type { Device } from './memory.ts';

const RUNS = { numRuns: 100 * Number(process.env['FUZZ_FACTOR'] ?? 1) };
const ANSWER_MS = 30;

/** Answers with the command byte of the request, but does not hear those for which `isLost` says so. */
function losing(isLost: (count: number) => boolean, answerMs: () => number = () => ANSWER_MS): Device {
  let count = 0;
  return (request) => {
    count += 1;
    return isLost(count) ? undefined : [delayed(answerMs(), frame(request[2] ?? 0))];
  };
}

const answer = (request: Uint8Array) => frame(request[2] ?? 0);

describe('a request that is lost', () => {
  it('is repeated as soon as its answer is late, however often requests are lost', async () => {
    const { link, clock } = connect(losing((count) => count > 4 && count % 2 === 1));
    for (let known = 0; known < 4; known += 1) await clock.until(link.ask(REQUEST, accept, 300));
    const tookMs: number[] = [];
    for (let poll = 0; poll < 50; poll += 1) {
      const began = clock.now();
      expect(await clock.until(link.ask(REQUEST, accept, 300, { tries: 3 }))).toEqual(answer(REQUEST));
      tookMs.push(clock.now() - began);
    }
    expect(Math.max(...tookMs)).toBeLessThan(200);
  });

  it('does not delay the next request of a device that is known', async () => {
    const { link, clock } = connect(losing((count) => count === 5));
    for (let known = 0; known < 2; known += 1) {
      await clock.until(link.ask(REQUEST, accept, 300));
      await clock.until(link.ask(QUERY, accept, 300));
    }
    await clock.until(link.ask(REQUEST, accept, 300));
    const began = clock.now();
    await clock.until(link.ask(QUERY, accept, 300));
    expect(clock.now() - began).toBeLessThan(60);
  });

  it('tells of itself, with the time that it cost', async () => {
    const missed: number[] = [];
    const onMissed = (ms: number) => missed.push(Math.round(ms));
    const { link, clock } = connect(losing((count) => count === 2));
    await clock.until(link.ask(REQUEST, accept, 300));
    await clock.until(link.ask(REQUEST, accept, 300, { onMissed }));
    expect(missed).toEqual([107]);
  });

  it('is given up after the time that the driver allows', async () => {
    let isDead = false;
    const { link, clock } = connect(losing(() => isDead));
    await clock.until(link.ask(REQUEST, accept, 300, { tries: 3 }));
    isDead = true;
    const began = clock.now();
    await clock.until(failure(link.ask(REQUEST, accept, 300, { tries: 3 })));
    const requestMs = (10 * 1000 * REQUEST.length) / 9600;
    expect(clock.now() - began).toBeLessThan(900 + 6 * requestMs);
  });

  it('never makes a quick device seem slow: any losses, then one more, and the wait is as short as before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 40 }), async (losses) => {
        let isDead = false;
        const lost = (count: number) => isDead || (count > 4 && losses[count - 5] === true);
        const { link, clock, records } = connect(losing(lost));
        for (let known = 0; known < 4; known += 1) await clock.until(link.ask(REQUEST, accept, 300));
        for (let poll = 0; poll < 10; poll += 1) {
          await clock.until(Promise.allSettled([link.ask(REQUEST, accept, 300, { tries: 3 })]));
          await clock.advance(1000);
        }
        isDead = true;
        records.length = 0;
        await clock.until(failure(link.ask(REQUEST, accept, 300, { tries: 3 })));
        expect(records[0]?.tookMs).toBeLessThanOrEqual(120);
      }),
      RUNS,
    );
  });
});

describe('a device that was quick and is slow now', () => {
  it('is asked no faster than it answers once its late answers were seen, and none is taken for another', async () => {
    let answerMs = ANSWER_MS;
    const { link, clock, records } = connect(
      losing(
        () => false,
        () => answerMs,
      ),
    );
    const poll = async () => {
      for (const request of [REQUEST, QUERY])
        expect(await clock.until(link.ask(request, accept, 500, { tries: 2 }))).toEqual(answer(request));
      await clock.advance(200);
    };
    for (let known = 0; known < 5; known += 1) await poll();
    answerMs = 700;
    for (let slow = 0; slow < 3; slow += 1) await poll();
    records.length = 0;
    await poll();
    expect(records.map(({ error }) => error)).toEqual([undefined, undefined]);
  });

  it('is not believed to be slow because noise came when nothing was awaited', async () => {
    let isDead = false;
    const { link, clock, wire, records } = connect(losing(() => isDead));
    for (let known = 0; known < 4; known += 1) await clock.until(link.ask(REQUEST, accept, 300));
    isDead = true;
    await clock.until(failure(link.ask(REQUEST, accept, 300)));
    await clock.advance(400);
    wire.say(Uint8Array.of(0x11, 0x22, 0x33));
    isDead = false;
    await clock.until(link.ask(REQUEST, accept, 300));
    isDead = true;
    records.length = 0;
    await clock.until(failure(link.ask(REQUEST, accept, 300)));
    expect(records[0]?.tookMs).toBeLessThanOrEqual(120);
  });
});
