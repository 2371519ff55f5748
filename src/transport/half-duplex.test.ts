import { describe, expect, it } from 'vitest';
import {
  accept,
  connect,
  delayed,
  failure,
  frame,
  QUERY,
  REPLY,
  REQUEST,
  START,
} from '../../test/support/framed-line.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { FrameError, PortLostError, TimeoutError } from '../errors.ts';
import type { Accept } from '../protocol/accept.ts';
import { bytesOf } from '../protocol/bytes.ts';
import { HalfDuplex } from './half-duplex.ts';
import { MemoryWire, type Piece } from './memory.ts';

describe('a half-duplex exchange', () => {
  it('gives the frame without what follows it', async () => {
    const { link, clock } = connect(() => bytesOf(REPLY, 9, 9));
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(REPLY);
  });

  it('gives a copy that a later request does not change', async () => {
    const replies = [frame(1), frame(2)];
    const { link, clock } = connect(() => replies.shift());
    const first = await clock.until(link.ask(REQUEST, accept, 500));
    await clock.until(link.ask(REQUEST, accept, 500));
    expect(first).toEqual(frame(1));
  });

  it('says what it asked when there is silence, after the deadline and the time of the request on the line', async () => {
    const { link, clock } = connect(() => undefined);
    const error = await clock.until(failure(link.ask(REQUEST, accept, 500)));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({
      message: 'no reply to dda50300fffd77 within 500 ms',
      received: new Uint8Array(),
    });
    expect(clock.now()).toBeCloseTo(500 + (7 * 10 * 1000) / 9600, 6);
    expect(clock.pending).toBe(0);
  });

  it('still reports silence when what came begins no reply, and shows it', async () => {
    const { link, clock } = connect(() => Uint8Array.of(1, 2, 3));
    const error = await clock.until(failure(link.ask(REQUEST, accept, 500)));
    expect(error).toBeInstanceOf(TimeoutError);
    expect(error).toMatchObject({ received: Uint8Array.of(1, 2, 3) });
    expect(String(error)).toContain('only bytes that begin no reply: 010203');
  });

  it.each([
    ['the better of two refusals', bytesOf(0x55, START, 1, 5, 6, 0x55), 'checksum', 'sum is wrong'],
    ['a reply that stopped', REPLY.subarray(0, 4), 'incomplete', 'it stopped after 4 bytes'],
    ['a wrong reply before one that stopped', bytesOf(START, 1, 5, 6, START, 9), 'checksum', 'sum is wrong'],
  ])('reports %s', async (_, bytes, fault, why) => {
    const { link, clock } = connect(() => bytes);
    const error = await clock.until(failure(link.ask(REQUEST, accept, 500)));
    expect(error).toBeInstanceOf(FrameError);
    expect(error).toMatchObject({ fault, received: bytes });
    expect(String(error)).toContain(why);
  });

  it('finds the reply behind a false start that waits for bytes which never come', async () => {
    const { link, clock } = connect(() => bytesOf(START, 200, REPLY));
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(REPLY);
  });

  it('hands on what a broken accept throws and serves the next request', async () => {
    const { link, clock } = connect(() => REPLY);
    const broken: Accept = () => {
      throw new TypeError('bug');
    };
    expect(await clock.until(failure(link.ask(REQUEST, broken, 500)))).toBeInstanceOf(TypeError);
    expect(await clock.until(failure(link.ask(REQUEST, () => 99, 500)))).toBeInstanceOf(RangeError);
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(REPLY);
  });
});

describe('the deadline', () => {
  it('leaves a reply that began in time the time it needs on the line', async () => {
    const long = frame(...Array.from({ length: 200 }, (_, index) => index));
    const pieces = Array.from(long, (byte, index) => delayed(index === 0 ? 495 : 1.05, Uint8Array.of(byte)));
    const { link, clock } = connect(() => pieces);
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(long);
  });

  it('bridges the packets in which adapters deliver', async () => {
    const long = frame(...Array.from({ length: 200 }, (_, index) => index));
    const { link, clock } = connect(() => [
      delayed(500, long.subarray(0, 1)),
      delayed(66, long.subarray(1, 64)),
      delayed(66, long.subarray(64, 128)),
      delayed(80, long.subarray(128)),
    ]);
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(long);
  });

  it('does not take a reply that begins too late', async () => {
    const { link, clock } = connect(() => [delayed(508, REPLY)]);
    expect(await clock.until(failure(link.ask(REQUEST, accept, 500)))).toBeInstanceOf(TimeoutError);
  });

  it('ends even when a device never stops talking', async () => {
    const { link, clock, wire } = connect(() => undefined, { maxBytes: 64 });
    const babble = (): void => {
      wire.say(Uint8Array.of(START));
      clock.after(20, babble);
    };
    babble();
    await clock.until(failure(link.ask(REQUEST, accept, 500)));
    expect(clock.now()).toBeLessThanOrEqual(500 + ((7 + 64) * 10 * 1000) / 9600 + 1e-6);
  });

  it('gives bytes that wait in the system a moment when this process was too busy to look', async () => {
    const clock = new ManualClock();
    const late = {
      now: () => clock.now(),
      wall: () => clock.wall(),
      after: (ms: number, act: () => void) => clock.after(ms > 100 ? ms + 300 : ms, act),
    };
    const wire = new MemoryWire(() => [delayed(810, REPLY)], { clock });
    const link = new HalfDuplex(wire, { line: { baudRate: 9600 }, clock: late });
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(REPLY);
  });
});

describe('the echo of the request', () => {
  const mirror: Accept = (received) => (received.length < REQUEST.length ? 'more' : REQUEST.length);

  it('is dropped before the reply', async () => {
    const { link, clock } = connect(() => REPLY, { echo: true });
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(REPLY);
  });

  it('is dropped once, so that an equal reply is seen', async () => {
    const { link, clock } = connect(() => REQUEST, { echo: true });
    expect(await clock.until(link.ask(REQUEST, mirror, 500))).toEqual(REQUEST);
  });

  it('is not a reply', async () => {
    const { link, clock } = connect(() => undefined, { echo: true });
    const error = await clock.until(failure(link.ask(REQUEST, mirror, 500)));
    expect(error).toMatchObject({ code: 'REPLY_TIMEOUT', received: REQUEST });
    expect(String(error)).toContain('only the echo of the request');
  });

  it('is taken for the reply where the reply equals the request', async () => {
    const { link, clock } = connect(() => REQUEST);
    expect(await clock.until(link.ask(REQUEST, mirror, 500, { replyEqualsRequest: true }))).toEqual(REQUEST);
  });

  it('does not hide a reply that begins like the request', async () => {
    const reply = bytesOf(REQUEST.subarray(0, 3), 0x99);
    const four: Accept = (received) => (received.length < 4 ? 'more' : 4);
    const { link, clock } = connect(() => Array.from(reply, (byte) => Uint8Array.of(byte)));
    expect(await clock.until(link.ask(REQUEST, four, 500))).toEqual(reply);
  });

  it('does not hide a reply that is nothing but the beginning of the request', async () => {
    const three: Accept = (received) => (received.length < 3 ? 'more' : 3);
    const { link, clock } = connect(() => REQUEST.subarray(0, 3));
    expect(await clock.until(link.ask(REQUEST, three, 500))).toEqual(REQUEST.subarray(0, 3));
  });
});

describe('the line before a request', () => {
  it('is emptied', async () => {
    const { link, clock, wire } = connect(() => REPLY);
    wire.say(frame(9));
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(REPLY);
  });

  it('is silent for the gap that the device wants, counted from the last byte', async () => {
    const { link, clock, wire } = connect(() => REPLY, { line: { baudRate: 9600, gapMs: 50 } });
    wire.say(Uint8Array.of(1));
    await clock.advance(30);
    const asked = link.ask(REQUEST, accept, 500);
    await clock.advance(19);
    expect(wire.written).toHaveLength(0);
    await clock.advance(1);
    expect(wire.written).toHaveLength(1);
    expect(await asked).toEqual(REPLY);
  });

  it('is silent for the gap that the request asks for', async () => {
    const { link, clock, wire } = connect(() => REPLY);
    await clock.until(link.ask(REQUEST, accept, 500));
    const begin = clock.now();
    await clock.until(link.ask(REQUEST, accept, 500, { gapMs: 120 }));
    expect(clock.now() - begin).toBe(120);
    expect(wire.written).toHaveLength(2);
  });

  it('is used in the end when a device never pauses', async () => {
    const { link, clock, wire } = connect(() => REPLY, { line: { baudRate: 9600, gapMs: 50 } });
    const babble = (): void => {
      wire.say(Uint8Array.of(1));
      clock.after(10, babble);
    };
    babble();
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(REPLY);
  });

  it('lets a late answer pass by before the next request', async () => {
    const late = frame(0xaa);
    const answers: (readonly Piece[])[] = [
      [delayed(520, late.subarray(0, 2)), delayed(10, late.subarray(2))],
      [REPLY],
    ];
    const { link, clock, wire } = connect(() => answers.shift());
    const first = failure(link.ask(REQUEST, accept, 500));
    await clock.advance(521);
    expect(await first).toBeInstanceOf(TimeoutError);
    const second = link.ask(QUERY, accept, 500);
    await clock.advance(33);
    expect(wire.written).toHaveLength(1);
    await clock.advance(1);
    expect(wire.written).toHaveLength(2);
    expect(await second).toEqual(REPLY);
  });

  it('is not disturbed by the late failure of an older write', async () => {
    const { link, clock, wire } = connect(() => [delayed(200, REPLY)]);
    const { write } = wire;
    wire.write = () =>
      new Promise((_, reject) => {
        clock.after(600, () => reject(new PortLostError('the write failed')));
      });
    expect(await clock.until(failure(link.ask(REQUEST, accept, 500)))).toBeInstanceOf(TimeoutError);
    wire.write = write;
    expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(REPLY);
  });
});
