import fc from 'fast-check';
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
import { PortLostError, TimeoutError } from '../errors.ts';
import type { Accept } from '../protocol/accept.ts';
import { bytesOf } from '../protocol/bytes.ts';
import type { Device } from './memory.ts';

const RUNS = { numRuns: 300 * Number(process.env['FUZZ_FACTOR'] ?? 1) };

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
