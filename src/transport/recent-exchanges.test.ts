import fc from 'fast-check';
import { expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { TimeoutError } from '../errors.ts';
import type { ExchangeRecord } from './exchange.ts';
import { RecentExchanges } from './recent-exchanges.ts';
import { parseCapture } from './replay.ts';

const record = (at: number, size = 4, error?: Error): ExchangeRecord => ({
  request: Uint8Array.of(1, 2),
  received: new Uint8Array(size),
  ...(error !== undefined && { error }),
  at,
  tookMs: 5,
});
const nobody = (): ReadonlySet<ExchangeRecord> => new Set();

it('keeps the last minute, which a replay reads', () => {
  const recent = new RecentExchanges(systemClock);
  for (let at = 0; at <= 200_000; at += 1000) recent.note(record(at));
  const entries = parseCapture(recent.text(nobody));
  expect(entries).toHaveLength(61);
  expect(entries.map(({ t }) => t)).toEqual(Array.from({ length: 61 }, (_, second) => second));
});

it('leaves out what is private, and tells how many, and every error since the start', () => {
  const recent = new RecentExchanges(systemClock);
  recent.note(record(0, 4, new TimeoutError('no reply')));
  recent.note(record(100_000, 4, new TimeoutError('no reply')));
  recent.note(record(101_000, 77));
  const text = recent.text((records) => new Set(records.filter(({ received }) => received.length === 77)));
  expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({
    leftOut: 1,
    exchangesSinceStart: 3,
    errorsSinceStart: { [new TimeoutError('').code]: 2 },
  });
  expect(parseCapture(text)).toHaveLength(1);
});

it('is bounded whatever the size of the answers, and always holds the latest', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
      const recent = new RecentExchanges(systemClock);
      sizes.forEach((size, index) => {
        recent.note(record(index, size));
      });
      const kept = parseCapture(recent.text(nobody));
      expect(kept.reduce((sum, { received }) => sum + received.length, 0)).toBeLessThanOrEqual(65_536);
      expect(kept.at(-1)?.received.length).toBe(sizes.at(-1));
    }),
  );
});
