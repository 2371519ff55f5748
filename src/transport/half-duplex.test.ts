import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { FrameError, PortLostError, TimeoutError } from '../errors.ts';
import type { Accept } from '../protocol/accept.ts';
import { bytesOf } from '../protocol/bytes.ts';
import type { ExchangeRecord } from './exchange.ts';
import { HalfDuplex, type HalfDuplexOptions } from './half-duplex.ts';
import { type Device, MemoryWire, type MemoryWireOptions, type Piece } from './memory.ts';

const RUNS = { numRuns: 300 * Number(process.env['FUZZ_FACTOR'] ?? 1) };
const START = 0x7e;
const REQUEST = Uint8Array.of(0xdd, 0xa5, 0x03, 0x00, 0xff, 0xfd, 0x77);
const QUERY = Uint8Array.of(0xdd, 0xa5, 0x04, 0x00, 0xff, 0xfc, 0x77);

/** A frame of the test protocol: start, length of the payload, payload, sum of the payload. */
function frame(...payload: number[]): Uint8Array {
  return bytesOf(START, payload.length, payload, payload.reduce((sum, byte) => sum + byte, 0) & 0xff);
}

const accept: Accept = (received) => {
  if (received[0] !== START) return { refused: 'start' };
  const length = received[1];
  if (length === undefined || received.length < length + 3) return 'more';
  const sum = received.subarray(2, 2 + length).reduce((total, byte) => total + byte, 0) & 0xff;
  return received[2 + length] === sum ? length + 3 : { refused: 'checksum', why: 'sum is wrong' };
};

const REPLY = frame(1, 2, 3);

function connect(device: Device, options: Partial<HalfDuplexOptions> & MemoryWireOptions = {}) {
  const clock = new ManualClock();
  const wire = new MemoryWire(device, { clock, ...options });
  const records: ExchangeRecord[] = [];
  const onExchange = (record: ExchangeRecord) => records.push(record);
  const link = new HalfDuplex(wire, { line: { baudRate: 9600 }, clock, onExchange, ...options });
  return { clock, wire, link, records };
}

function delayed(afterMs: number, bytes: Uint8Array): Piece {
  return { bytes, afterMs };
}

/** The error that `promise` must reject with. */
async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('this should have failed');
}

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

describe('several requests', () => {
  it('go over the line one after the other, in the order of asking', async () => {
    const log: string[] = [];
    const { link, clock } = connect((request) => {
      log.push(`asked ${request[2]}`);
      return [delayed(100, frame(request[2] ?? 0))];
    });
    const answers = [REQUEST, QUERY].map(async (request) => {
      const reply = await link.ask(request, accept, 500);
      log.push(`got ${reply[2]}`);
    });
    await clock.until(Promise.all(answers));
    expect(log).toEqual(['asked 3', 'got 3', 'asked 4', 'got 4']);
  });

  it('are refused when they pile up', async () => {
    const { link, clock } = connect(() => REPLY);
    const asked = Promise.allSettled(Array.from({ length: 18 }, () => link.ask(REQUEST, accept, 500)));
    const outcomes = (await clock.until(asked)).map(({ status }) => status);
    expect(outcomes).toEqual([...Array.from({ length: 17 }, () => 'fulfilled'), 'rejected']);
  });

  it('are tried again as often as asked, each with a record', async () => {
    const answers = [undefined, bytesOf(START, 1, 5, 6), REPLY];
    const { link, clock, records } = connect(() => answers.shift());
    expect(await clock.until(link.ask(REQUEST, accept, 500, { tries: 3 }))).toEqual(REPLY);
    expect(records.map(({ error, reply }) => error?.name ?? reply)).toEqual([
      'TimeoutError',
      'FrameError',
      REPLY,
    ]);
    expect(records[1]).toMatchObject({ request: REQUEST, received: bytesOf(START, 1, 5, 6) });
  });

  it('end with the error of the last try', async () => {
    const answers = [bytesOf(START, 1, 5, 6), undefined];
    const { link, clock, records } = connect(() => answers.shift());
    expect(await clock.until(failure(link.ask(REQUEST, accept, 500, { tries: 2 })))).toBeInstanceOf(
      TimeoutError,
    );
    expect(records).toHaveLength(2);
  });

  it('wait for new line settings that were asked for before them', async () => {
    const { link, clock, wire } = connect(() => undefined);
    const configured = link.configure({ baudRate: 1000 });
    await clock.until(failure(link.ask(REQUEST, accept, 500)));
    await configured;
    expect(wire.configured).toEqual([{ baudRate: 1000 }]);
    expect(clock.now()).toBe(570);
  });
});

describe('a lost connection', () => {
  it('rejects the pending request, those that wait, and every later one', async () => {
    const told: unknown[] = [];
    const { link, clock, wire, records } = connect(() => undefined, { onLost: (error) => told.push(error) });
    const pending = [failure(link.ask(REQUEST, accept, 500)), failure(link.ask(QUERY, accept, 500))];
    await clock.advance(10);
    wire.unplug();
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(PortLostError);
    expect(await failure(link.ask(REQUEST, accept, 500))).toBeInstanceOf(PortLostError);
    expect(await failure(link.configure({ baudRate: 9600 }))).toBeInstanceOf(PortLostError);
    expect(wire.written).toHaveLength(1);
    expect(told).toHaveLength(1);
    expect(records).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('ends the wait for the gap', async () => {
    const { link, clock, wire } = connect(() => REPLY, { line: { baudRate: 9600, gapMs: 1000 } });
    wire.say(Uint8Array.of(1));
    const pending = failure(link.ask(REQUEST, accept, 500));
    await clock.advance(10);
    wire.unplug();
    expect(await pending).toBeInstanceOf(PortLostError);
    expect(clock.pending).toBe(0);
  });

  it('is not tried again', async () => {
    const { link, clock, wire } = connect(() => {
      wire.unplug();
      return undefined;
    });
    const error = await clock.until(failure(link.ask(REQUEST, accept, 500, { tries: 5 })));
    expect(error).toBeInstanceOf(PortLostError);
    expect(wire.written).toHaveLength(1);
  });

  it('is also what a close is for those who wait, but nobody is told of it', async () => {
    const told: unknown[] = [];
    const { link, clock } = connect(() => undefined, { onLost: (error) => told.push(error) });
    const pending = failure(link.ask(REQUEST, accept, 500));
    await clock.advance(10);
    await link.close();
    expect(await pending).toBeInstanceOf(PortLostError);
    expect(told).toEqual([]);
  });
});

describe('whatever a device sends', () => {
  const payload = fc.array(fc.nat(255), { maxLength: 60 }).map((bytes) => frame(...bytes));
  /** Bytes none of which can begin a frame. */
  const garbage = fc.uint8Array({ maxLength: 300 }).map((bytes) => bytes.filter((byte) => byte !== START));

  function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
    const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
    return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
  }

  it('gives the same frame for any chunks, behind any garbage, with or without an echo', async () => {
    await fc.assert(
      fc.asyncProperty(
        garbage,
        payload,
        fc.array(fc.nat(400)),
        fc.boolean(),
        async (noise, reply, cuts, echo) => {
          const { link, clock } = connect(() => cutAt(bytesOf(noise, reply), cuts), { echo });
          expect(await clock.until(link.ask(REQUEST, accept, 500))).toEqual(reply);
        },
      ),
      RUNS,
    );
  });

  it('ends every request with a reply or one of two errors, within the bounds of buffer and time', async () => {
    const piece = fc.record({
      bytes: fc.uint8Array({ maxLength: 200 }),
      afterMs: fc.nat(400),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        let longest = 0;
        const { link, clock, records } = connect(() => pieces, { maxBytes: 256 });
        const watched: Accept = (received) => {
          longest = Math.max(longest, received.length);
          return accept(received);
        };
        const [outcome] = await clock.until(Promise.allSettled([link.ask(REQUEST, watched, 500)]));
        if (outcome?.status === 'rejected') {
          expect(['TimeoutError', 'FrameError']).toContain(outcome.reason.name);
        }
        expect(longest).toBeLessThanOrEqual(256);
        expect(records[0]?.received.length).toBeLessThanOrEqual(256);
        expect(clock.now()).toBeLessThanOrEqual(500 + ((7 + 256) * 10 * 1000) / 9600 + 1e-6);
      }),
      RUNS,
    );
  });

  it('looks at each place of a buffer full of garbage once', async () => {
    let looks = 0;
    const counted: Accept = (received) => {
      looks += 1;
      return accept(received);
    };
    const { link, clock } = connect(() => new Uint8Array(5000).fill(0x55));
    await clock.until(failure(link.ask(REQUEST, counted, 500)));
    expect(looks).toBe(4096);
    expect(clock.now()).toBe(0);
  });
});

describe('a slow device', () => {
  /** Answers every request with its command byte, `afterMs` late. */
  const slow = (afterMs: number): Device => {
    return (request) => [delayed(afterMs, frame(request[2] ?? 0))];
  };
  const answer = frame(REQUEST[2] ?? 0);
  const other = frame(QUERY[2] ?? 0);

  it('never has its late answer taken for that to another request', async () => {
    const { link, clock } = connect(slow(700));
    expect(await clock.until(link.ask(REQUEST, accept, 300, { tries: 3 }))).toEqual(answer);
    expect(await clock.until(link.ask(QUERY, accept, 300))).toEqual(other);
    expect(await clock.until(link.ask(REQUEST, accept, 300))).toEqual(answer);
  });

  it('is waited for as long as it took before, once that is known', async () => {
    const { link, clock, wire } = connect(slow(700));
    await clock.until(link.ask(REQUEST, accept, 300, { tries: 3 }));
    const asked = wire.written.length;
    expect(await clock.until(link.ask(QUERY, accept, 300))).toEqual(other);
    expect(wire.written).toHaveLength(asked + 1);
  });

  it('is known as slow from an answer that came when nobody waited for it any more', async () => {
    const { link, clock } = connect(slow(700));
    expect(await clock.until(failure(link.ask(REQUEST, accept, 300)))).toBeInstanceOf(TimeoutError);
    await clock.advance(1000);
    expect(await clock.until(link.ask(QUERY, accept, 300))).toEqual(other);
  });

  it('is forgotten as slow when it answers quickly again, and a quick one is never waited for longer than asked', async () => {
    let lateMs = 700;
    let silent = false;
    const { link, clock } = connect((request) => (silent ? undefined : slow(lateMs)(request)));
    await clock.until(link.ask(REQUEST, accept, 300, { tries: 3 }));
    lateMs = 10;
    for (let count = 0; count < 200; count += 1) await clock.until(link.ask(REQUEST, accept, 300));
    silent = true;
    const before = clock.now();
    await clock.until(failure(link.ask(QUERY, accept, 300)));
    expect(clock.now() - before).toBeLessThan(350);
  });

  it('costs nothing while nobody has ever answered: a search goes on at its pace', async () => {
    const { link, clock } = connect(() => undefined);
    for (const request of [REQUEST, QUERY, REQUEST])
      await clock.until(failure(link.ask(request, accept, 300)));
    expect(clock.now()).toBeLessThan(3 * 350);
  });
});
