import { describe, expect, it } from 'vitest';
import { FrameError, TimeoutError } from '../errors.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import { LineQuality } from './line-quality.ts';

const REQUEST = Uint8Array.of(0xdd, 0xa5, 3, 0, 0xff, 0xfd, 0x77);
const BYTES = Uint8Array.of(0xdd, 3, 0x91, 0x12);
const base = { request: REQUEST, at: 0, tookMs: 50 };
const TRIES = {
  sound: { ...base, received: BYTES, reply: BYTES },
  turned: { ...base, received: BYTES, error: new FrameError('checksum', 'bad', BYTES) },
  missing: { ...base, received: BYTES, error: new FrameError('incomplete', 'short', BYTES) },
  strange: { ...base, received: BYTES, error: new TimeoutError('junk', BYTES) },
  silent: { ...base, received: new Uint8Array(), error: new TimeoutError('silence') },
  echo: { ...base, received: REQUEST, error: new TimeoutError('echo', REQUEST, true) },
} as const satisfies Readonly<Record<string, ExchangeRecord>>;

/** What a window of these tries comes to. */
function judged(tries: Partial<Record<keyof typeof TRIES, number>>): string | false | undefined {
  const quality = new LineQuality(0);
  for (const [kind, record] of Object.entries(TRIES)) {
    const count = new Map(Object.entries(tries)).get(kind) ?? 0;
    for (let made = 0; made < count; made += 1) quality.note(record);
  }
  expect(quality.judge(19_000)).toBeUndefined();
  return quality.judge(20_000);
}

describe('the quality of a line', () => {
  it.each([
    ['only sound answers', { sound: 40 }],
    ['two damaged ones', { sound: 40, turned: 2 }],
    ['a few of very many', { sound: 400, turned: 4 }],
    ['silence, which is another condition', { sound: 10, silent: 30 }],
    ['echoes of our own requests', { echo: 30 }],
  ])('is nothing to speak of after %s', (_, tries) => {
    expect(judged(tries)).toBe(false);
  });

  it.each([
    ['turned bits', { sound: 28, turned: 12 }, /^12 of 40 in 20 s \(30 %\); check ground, termination/],
    ['answers that break off', { sound: 30, missing: 10 }, /bytes are missing in them/],
    ['bytes that begin no answer', { sound: 5, strange: 15 }, /check the speed/],
    ['more of one kind than of another', { turned: 4, missing: 9 }, /bytes are missing/],
  ])('is told with rate and likely cause after %s', (_, tries, expected) => {
    expect(judged(tries)).toMatch(expected);
  });

  it('is judged anew in every window', () => {
    const quality = new LineQuality(0);
    for (let made = 0; made < 10; made += 1) quality.note(TRIES.turned);
    expect(quality.judge(20_000)).toMatch(/^10 of 10/);
    expect(quality.judge(40_000)).toBe(false);
  });
});
