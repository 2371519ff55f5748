import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError, TimeoutError } from '../errors.ts';
import { bytesOf } from '../protocol/bytes.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import { attemptText } from './probe.ts';

const HIT = {
  id: 'hubble-am2',
  address: 2,
  line: { baudRate: 115200 },
  patience: 'full',
  tookMs: 512.4,
} as const;
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
  expect(attemptText({ ...HIT, patience: 'short' }, [])).toBe(
    'hubble-am2 address 2 115200 8N1 short: yes, 512 ms',
  );
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

const REQUEST = Uint8Array.of(0xdd, 0xa5, 0x03, 0x00, 0xff, 0xfd, 0x77);
const NOISE = Uint8Array.of(0x91, 0x12, 0xc3);
const NOTHING = new Uint8Array();
const JBD = { id: 'jbd', line: { baudRate: 9600 }, address: 1, patience: 'full' } as const;

/** The line of an attempt of which each try heard this. */
function line(...heard: readonly Uint8Array[]): string {
  const last = heard.at(-1) ?? NOTHING;
  const error = new TimeoutError('no reply', last);
  const records = heard.map(
    (received): ExchangeRecord => ({ request: REQUEST, received, error, at: 0, tookMs: 300 }),
  );
  return attemptText({ ...JBD, error, tookMs: 300 }, records);
}

describe('the line of a failed attempt', () => {
  it.each([
    ['silence, when no byte came in any try', [NOTHING, NOTHING], /no \(silence\)/],
    ['the echo, when nothing else came', [REQUEST, NOTHING], /no \(only our own request came back\)/],
    ['what came behind the echo', [bytesOf(REQUEST, NOISE)], /no \(3 bytes that are no reply\)/],
    ['what came in an earlier try', [NOISE, NOTHING], /no \(3 bytes that are no reply\)/],
  ])('says %s', (_, heard, expected) => {
    expect(line(...heard)).toMatch(expected);
  });

  it('does not speak of silence where a first request was answered', () => {
    const error = new TimeoutError('no reply');
    const answered = { request: REQUEST, received: NOISE, reply: NOISE, at: 0, tookMs: 30 };
    const silent = { request: REQUEST, received: NOTHING, error, at: 40, tookMs: 300 };
    const attempt = { ...JBD, error, tookMs: 340 };
    expect(attemptText(attempt, [answered, silent])).toMatch(/no \(silence after a reply\)/);
  });
});
