import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../protocol/bytes.ts';
import { ResponseTimes } from './response-times.ts';

const RUNS = { numRuns: 500 * Number(process.env['FUZZ_FACTOR'] ?? 1) };
const REQUEST = Uint8Array.of(1, 2);
const LINE_MS = 20;

/** A line on which a request was answered after each of these times, ms. */
function learned(answersMs: readonly number[], request = REQUEST) {
  const line = new ResponseTimes();
  for (const answerMs of answersMs)
    line.of(request).learn({ length: 20, tookMs: LINE_MS + answerMs, lineMs: LINE_MS, watched: true });
  return line;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe('the waits of a request', () => {
  it('are those of the driver while it was never answered on this line', () => {
    expect(new ResponseTimes().of(REQUEST).waits(300, 3)).toEqual([300, 300, 300]);
    expect(learned([30], Uint8Array.of(9)).of(REQUEST).waits(300, 2)).toEqual([300, 300]);
  });

  it('are as long as the slowest answer on the line for a request that was never answered', () => {
    expect(learned([700], Uint8Array.of(9)).of(REQUEST).waits(300, 2)).toEqual([875, 875]);
  });

  it('are short and many once it is known to be answered soon, within the time that the driver allows', () => {
    const waits = learned([70, 70]).of(REQUEST).waits(300, 3);
    expect(waits).toEqual([155, 155, 300, 290]);
    expect(learned([60]).of(REQUEST).waits(500, 1)).toEqual([140, 140, 220]);
  });

  it('are long enough for a device that is slower than the driver thinks', () => {
    expect(learned([700]).of(REQUEST).waits(300, 2)).toEqual([1100, 1100]);
    expect(learned([5000]).of(REQUEST).waits(300, 1)).toEqual([1500]);
  });

  it('become short again when the device answers quickly again', () => {
    const line = learned([700, ...Array.from({ length: 200 }, () => 10)]);
    expect(line.of(REQUEST).waits(300, 1)[0]).toBeLessThan(120);
    expect(line.patienceMs).toBeLessThan(20);
  });

  it('begin with a call to wake up after many polls whose first try stayed unanswered, but not always', () => {
    const times = learned([200]).of(REQUEST);
    const firsts = Array.from({ length: 64 }, () => {
      times.woke(false);
      times.learn({ length: 20, tookMs: LINE_MS + 200, lineMs: LINE_MS, watched: true });
      return times.waits(700, 3)[0];
    });
    expect(firsts.slice(0, 4)).toEqual(Array.from({ length: 4 }, () => 350));
    expect(firsts.slice(8).filter((ms) => ms === 100).length).toBeGreaterThan(45);
    expect(firsts.slice(8)).toContain(350);
  });

  it('do without the call as soon as a first try is answered', () => {
    const times = learned([200]).of(REQUEST);
    for (let poll = 0; poll < 20; poll += 1) times.woke(false);
    expect(times.waits(700, 3)[0]).toBe(100);
    times.woke(true);
    expect(times.waits(700, 3)[0]).toBe(350);
  });

  it('are never fewer than the driver wants, never together shorter, and none gives up what is usual', () => {
    const answer = fc.integer({ min: 0, max: 1200 });
    fc.assert(
      fc.property(
        fc.array(answer, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 100, max: 1500 }),
        fc.integer({ min: 1, max: 4 }),
        (answersMs, timeoutMs, tries) => {
          const waits = learned(answersMs).of(REQUEST).waits(timeoutMs, tries);
          expect(waits.length).toBeGreaterThanOrEqual(tries);
          expect(sum(waits)).toBeGreaterThanOrEqual(tries * timeoutMs);
          for (const wait of waits) expect(wait).toBeGreaterThan(Math.min(1499, answersMs.at(-1) ?? 0));
        },
      ),
      RUNS,
    );
  });
});

describe('an answer to a repeated request', () => {
  it('is usual when it comes as long after its request as those before', () => {
    const times = learned([70, 80, 75]).of(REQUEST);
    expect([30, 70, 110].map((ms) => times.isUsual(ms))).toEqual([false, true, true]);
    expect([5, 200].map((ms) => times.isUsual(ms))).toEqual([false, false]);
  });

  it('is never usual where nothing is known', () => {
    expect(new ResponseTimes().of(REQUEST).isUsual(50)).toBe(false);
  });
});

describe('the memory of a line', () => {
  it('holds what was answered and forgets what never was', () => {
    const line = learned([30]);
    line.of(Uint8Array.of(7)).waits(300, 1);
    expect(line.of(REQUEST).replies).toBe(1);
    expect(line.of(Uint8Array.of(7)).replies).toBe(0);
  });

  it('is bounded', () => {
    const line = new ResponseTimes();
    for (let index = 0; index < 2000; index += 1) {
      const request = bytesOf(index & 0xff, index >> 8);
      line.of(request).learn({ length: 1, tookMs: 10, lineMs: 1, watched: true });
    }
    const known = Array.from(
      { length: 2000 },
      (_, index) => line.of(bytesOf(index & 0xff, index >> 8)).replies,
    );
    expect(sum(known)).toBeLessThanOrEqual(512);
    expect(known.at(-1)).toBe(1);
  });
});
