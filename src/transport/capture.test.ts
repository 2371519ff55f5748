import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { FrameError, TimeoutError } from '../errors.ts';
import { Capture } from './capture.ts';
import type { ExchangeRecord } from './exchange.ts';
import { parseCapture } from './replay.ts';

const GOOD: ExchangeRecord = {
  request: Uint8Array.of(1, 2),
  reply: Uint8Array.of(0xab),
  received: Uint8Array.of(0, 0xab),
  at: 1500,
  tookMs: 61.4,
};
const SILENT: ExchangeRecord = {
  request: Uint8Array.of(1, 2),
  received: new Uint8Array(),
  error: new TimeoutError('no reply'),
  at: 2500,
  tookMs: 500,
};
const DAMAGED: ExchangeRecord = {
  ...SILENT,
  received: new Uint8Array(300).fill(7),
  error: new FrameError('checksum', 'wrong checksum'),
};

let folder = '';
let ends: string[] = [];
const onEnd = (why: string): void => void ends.push(why);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'capture-'));
  ends = [];
});
afterEach(() => rm(folder, { recursive: true }));

describe('a capture', () => {
  it('is readable by its owner only, because it names the battery', async () => {
    const file = join(folder, 'private.jsonl');
    await new Capture(file, { clock: new ManualClock(), onEnd }).close();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('holds every exchange with its time, the whole of what came, and why it was refused', async () => {
    const file = join(folder, 'capture.jsonl');
    const clock = new ManualClock();
    await clock.advance(1000);
    const capture = new Capture(file, { clock, onEnd });
    for (const record of [GOOD, SILENT, DAMAGED]) capture.note(record);
    await capture.close();
    const text = await readFile(file, 'utf8');
    const [head, ...lines] = text
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(head).toMatchObject({
      capture: expect.stringMatching(/^dbus-bms /),
      began: '2026-01-01T00:00:01.000Z',
    });
    expect(lines).toEqual([
      { t: 0.5, took: 0.061, request: '0102', received: '00ab', reply: 'ab' },
      { t: 1.5, took: 0.5, request: '0102', received: '', error: 'REPLY_TIMEOUT' },
      { t: 1.5, took: 0.5, request: '0102', received: '07'.repeat(300), error: 'REPLY_CHECKSUM' },
    ]);
    expect(parseCapture(text)).toHaveLength(3);
    expect(ends).toEqual([]);
  });

  it('stops with one line before it grows beyond its bound', async () => {
    const file = join(folder, 'capture.jsonl');
    const capture = new Capture(file, { clock: new ManualClock(), most: 2000, onEnd });
    for (let count = 0; count < 100; count += 1) capture.note(DAMAGED);
    await capture.close();
    const text = await readFile(file, 'utf8');
    expect(text.length).toBeLessThanOrEqual(2000);
    expect(text.endsWith('\n')).toBe(true);
    expect(parseCapture(text).length).toBeGreaterThan(0);
    expect(ends).toEqual([expect.stringContaining('is full (2000 bytes)')]);
  });

  it('says once that the file cannot be written and is in nobody’s way', async () => {
    const capture = new Capture(join(folder, 'nowhere', 'capture.jsonl'), {
      clock: new ManualClock(),
      onEnd,
    });
    for (let count = 0; count < 3; count += 1) capture.note(GOOD);
    await capture.close();
    capture.note(GOOD);
    expect(ends).toEqual([expect.stringContaining('cannot be written')]);
  });
});
