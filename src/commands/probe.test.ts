import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FrameError, TimeoutError } from '../errors.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import { attemptText } from './probe.ts';

const HIT = { id: 'hubble-am2', address: 2, line: { baudRate: 115200 }, tookMs: 512.4 } as const;
const exchange = (request: Uint8Array, received: Uint8Array): ExchangeRecord => ({
  at: 0,
  tookMs: 512,
  request,
  received,
});

it('an attempt is one line: what, verdict, time, and the bytes as far as there is room', () => {
  const attempt = { ...HIT, error: new TimeoutError('no reply') };
  expect(attemptText(attempt, [exchange(Uint8Array.of(0xdd, 0xa5), new Uint8Array())])).toBe(
    'hubble-am2 address 2 115200 8N1: no (silence), 512 ms, sent dda5, received nothing',
  );
  expect(attemptText(HIT, [])).toBe('hubble-am2 address 2 115200 8N1: yes, 512 ms');
});

it('an attempt never makes a line wider than 120 columns', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), bytes, bytes, fc.nat(100_000), (why, sent, came, tookMs) => {
      const error = new FrameError('start', why);
      const text = attemptText({ ...HIT, error, tookMs }, [exchange(sent, came)]);
      expect(text.length).toBeLessThanOrEqual(120);
      expect(text).toContain('hubble-am2 address 2');
      expect(text).toContain(`${tookMs.toFixed(0)} ms`);
    }),
  );
});
