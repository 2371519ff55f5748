import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { FrameError, PortLostError, TimeoutError } from '../errors.ts';
import type { Accept } from '../protocol/accept.ts';
import { bytesOf } from '../protocol/bytes.ts';
import type { ExchangeRecord } from './exchange.ts';
import { HalfDuplex } from './half-duplex.ts';
import { MemoryWire } from './memory.ts';

/** `7E kind value sum`. */
const frame = (kind: number, value: number): Uint8Array =>
  Uint8Array.of(0x7e, kind, value, (kind + value) & 0xff);
const accept =
  (kind: number): Accept =>
  (received) => {
    const [start, actual, value, sum] = received;
    if (start !== 0x7e) return { refused: 'start' };
    if (actual !== undefined && actual !== kind) return { refused: 'command' };
    if (actual === undefined || value === undefined || sum === undefined) return 'more';
    return ((actual + value) & 0xff) === sum ? 4 : { refused: 'checksum', why: 'the sum is wrong' };
  };

function speaker() {
  const clock = new ManualClock();
  const wire = new MemoryWire((request) => (request[0] === 0x01 ? frame(1, 99) : undefined), { clock });
  const records: ExchangeRecord[] = [];
  const link = new HalfDuplex(wire, {
    line: { baudRate: 9600 },
    clock,
    onExchange: (record) => records.push(record),
  });
  return { clock, link, records, wire };
}

describe('what a device says by itself', () => {
  it('is the next whole frame, in however many pieces it comes', async () => {
    const { clock, link, wire } = speaker();
    const heard = link.next(accept(1), 1000);
    await clock.advance(10);
    for (const byte of bytesOf([1, 2], frame(1, 7))) wire.say(Uint8Array.of(byte));
    expect(await heard).toEqual(frame(1, 7));
    expect(clock.pending).toBe(0);
  });

  it('is what came since the last look, the newest only, and each frame once', async () => {
    const { clock, link, wire } = speaker();
    const first = link.next(accept(1), 1000);
    await clock.advance(1);
    wire.say(frame(1, 1));
    await first;
    wire.say(bytesOf(frame(1, 2), frame(1, 3)));
    expect(await link.next(accept(1), 1000)).toEqual(frame(1, 3));
    const next = link.next(accept(1), 1000);
    await clock.advance(500);
    wire.say(frame(1, 3));
    expect(await next).toEqual(frame(1, 3));
  });

  it('is found by kind where several kinds alternate', async () => {
    const { clock, link, wire } = speaker();
    const first = link.next(accept(1), 1000);
    await clock.advance(1);
    wire.say(bytesOf(frame(1, 1), frame(2, 2)));
    expect(await first).toEqual(frame(1, 1));
    expect(await link.next(accept(2), 1000)).toEqual(frame(2, 2));
  });

  it('is no news when it is older than two seconds', async () => {
    const { clock, link, wire } = speaker();
    const first = link.next(accept(1), 100);
    await clock.advance(1);
    wire.say(frame(1, 1));
    await first;
    wire.say(frame(1, 2));
    await clock.advance(2001);
    await expect(clock.until(link.next(accept(1), 100))).rejects.toBeInstanceOf(TimeoutError);
  });

  it('goes on behind a false start once the time is over', async () => {
    const { clock, link, wire } = speaker();
    const heard = link.next(accept(1), 1000);
    await clock.advance(1);
    wire.say(bytesOf(frame(1, 5), [0x7e, 1]));
    expect(await heard).toEqual(frame(1, 5));
    const hidden = link.next((received) => (received[0] === 0x7e && received[1] === 1 ? 'more' : 1), 300);
    await clock.advance(300);
    expect(await hidden).toHaveLength(1);
  });

  it('is late with words for silence, and with the most telling refusal for rubbish', async () => {
    const { clock, link, records, wire } = speaker();
    await expect(clock.until(link.next(accept(1), 100))).rejects.toBeInstanceOf(TimeoutError);
    const damaged = link.next(accept(1), 100);
    await clock.advance(1);
    wire.say(Uint8Array.of(0x7e, 1, 2, 9));
    await expect(clock.until(damaged)).rejects.toMatchObject({ code: 'REPLY_CHECKSUM' });
    expect(records.map(({ request, error }) => [request.length, error?.constructor])).toEqual([
      [0, TimeoutError],
      [0, FrameError],
    ]);
    expect(clock.pending).toBe(0);
  });

  it('ends with the connection', async () => {
    const { clock, link, wire } = speaker();
    const heard = link.next(accept(1), 1000);
    await clock.advance(1);
    wire.unplug();
    await expect(heard).rejects.toBeInstanceOf(PortLostError);
    expect(clock.pending).toBe(0);
  });

  it('waits its turn behind a request, whose answer is not news', async () => {
    const { clock, link, wire } = speaker();
    const answer = link.ask(Uint8Array.of(1), accept(1), 100);
    const heard = link.next(accept(1), 1000);
    await clock.advance(0);
    expect(await answer).toEqual(frame(1, 99));
    wire.say(frame(1, 4));
    expect(await heard).toEqual(frame(1, 4));
  });

  it('passes on what accept() throws', async () => {
    const { clock, link, wire } = speaker();
    const heard = link.next(() => {
      throw new RangeError('a bug');
    }, 1000);
    await clock.advance(1);
    wire.say(Uint8Array.of(1));
    await expect(heard).rejects.toThrow('a bug');
  });

  it('stays whole however it is cut, with rubbish in between, and is bounded', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 5 }),
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 8 }),
        async (rubbish, cuts) => {
          const { clock, link, wire } = speaker();
          const clean = rubbish.map((bytes) => bytes.filter((byte) => byte !== 0x7e));
          const stream = bytesOf(...clean, frame(1, 42));
          const heard = link.next(accept(1), 1000);
          await clock.advance(1);
          for (let at = 0, turn = 0; at < stream.length; turn += 1) {
            const length = cuts[turn % cuts.length] ?? 1;
            wire.say(stream.subarray(at, at + length));
            at += length;
          }
          expect(await heard).toEqual(frame(1, 42));
        },
      ),
      { numRuns: 60 },
    );
  });
});
