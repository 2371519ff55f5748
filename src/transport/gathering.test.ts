import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Clock } from '../clock.ts';
import { PortLostError } from '../errors.ts';
import type { Accept } from '../protocol/accept.ts';
import { bytesOf } from '../protocol/bytes.ts';
import type { LineSettings } from './exchange.ts';
import { HalfDuplex } from './half-duplex.ts';
import { MemoryWire, type Piece } from './memory.ts';
import type { Intake, Wire } from './wire.ts';

const RUNS = { numRuns: 300 * Number(process.env['FUZZ_FACTOR'] ?? 1) };
const LINE = { baudRate: 9600 };
const BYTE_MS = 10_000 / 9600;
/** Time of a packet of an adapter, by which a deadline may move. */
const PACKET_MS = 64 * BYTE_MS + 16;
/** What a reply may come later than the line can bring it. */
const SLACK_MS = 1 + 1e-6;
/** Too short for a second try of what is known to be answered. */
const TIMEOUT_MS = 190;
const REQUEST = Uint8Array.of(1, 2);
const OTHER = Uint8Array.of(1, 3);
const START = 0x7e;

/** Start, length, as many bytes, their sum. */
function frame(length: number, fill = 0x11): Uint8Array {
  return bytesOf(START, length, new Uint8Array(length).fill(fill), (length * fill) & 0xff);
}

const accept: Accept = (received) => {
  const [start, length] = received;
  if (start !== START) return { refused: 'start' };
  if (length === undefined || received.length < length + 3) return 'more';
  const sum = received.subarray(2, 2 + length).reduce((total, byte) => total + byte, 0) & 0xff;
  return received[2 + length] === sum ? length + 3 : { refused: 'checksum' };
};

/** A line whose system gathers bytes while they are held, as that of a serial port does. */
class GatheringWire extends MemoryWire implements Wire {
  /** How often bytes were handed over. */
  taken = 0;
  #held = false;
  #gathered: Uint8Array[] = [];
  readonly intake: Intake = {
    hold: () => {
      this.#held = true;
    },
    resume: () => {
      this.#held = false;
      const bytes = bytesOf(...this.#gathered.splice(0));
      if (bytes.length > 0) this.#take(bytes);
    },
  };

  override say(bytes: Uint8Array): void {
    if (this.#held) this.#gathered.push(bytes);
    else this.#take(bytes);
  }

  get isHeld(): boolean {
    return this.#held;
  }

  #take(bytes: Uint8Array): void {
    this.taken += 1;
    super.say(bytes);
  }
}

/** The bytes as a line brings them: one by one from `afterMs` on. */
function onLine(bytes: Uint8Array, afterMs: number): Piece[] {
  return Array.from(bytes, (byte, index) => ({
    bytes: Uint8Array.of(byte),
    afterMs: index === 0 ? afterMs : BYTE_MS,
  }));
}

/** So many replies to a request are watched from their beginning. */
const FIRST = 4;
/** Within so many polls a change of the device is noticed. */
const SOON = 40;

function often<T>(one: T, times = FIRST): T[] {
  return Array.from({ length: times }, () => one);
}

function connect(replies: (readonly Piece[])[], gathers = true, echo = false, line: LineSettings = LINE) {
  const clock = new ManualClock();
  const Kind = gathers ? GatheringWire : MemoryWire;
  const wire = new Kind(() => replies.shift(), { clock, echo });
  const received: number[] = [];
  let timers = 0;
  const linkClock: Clock = {
    now: () => clock.now(),
    wall: () => clock.wall(),
    after: (ms, action) =>
      clock.after(ms, () => {
        timers += 1;
        action();
      }),
  };
  const link = new HalfDuplex(wire, {
    line,
    clock: linkClock,
    onExchange: ({ received: bytes }) => received.push(bytes.length),
  });
  const taken = (): number => (wire instanceof GatheringWire ? wire.taken : 0);
  const learn = async (times = FIRST, request = REQUEST): Promise<void> => {
    for (const again of often(request, times)) await clock.until(link.ask(again, accept, TIMEOUT_MS));
  };
  return { clock, learn, link, received, taken, timers: () => timers, wire };
}

describe('a reply whose length is known from the last one', () => {
  it('is taken in one piece, as soon as it is complete', async () => {
    const reply = frame(40);
    const { clock, learn, link, taken } = connect(often(onLine(reply, 60), FIRST + 1));
    await learn();
    const [before, began] = [taken(), clock.now()];
    expect(await clock.until(link.ask(REQUEST, accept, TIMEOUT_MS))).toEqual(reply);
    expect(taken() - before).toBe(1);
    const tookMs = 60 + (reply.length - 1) * BYTE_MS;
    expect(clock.now() - began).toBeLessThanOrEqual(1.01 * tookMs + 3 * SLACK_MS);
  });

  it('is taken in two pieces at first', async () => {
    const reply = frame(40);
    const { learn, taken } = connect(often(onLine(reply, 60)));
    await learn(1);
    expect(taken()).toBe(reply.length);
    await learn(FIRST - 1);
    expect(taken()).toBe(reply.length + 2 * (FIRST - 1));
  });

  it('is taken so behind an echo as well', async () => {
    const reply = frame(40);
    const { clock, learn, link, taken } = connect(often(onLine(reply, 60), FIRST + 1), true, true);
    await learn();
    const before = taken();
    expect(await clock.until(link.ask(REQUEST, accept, TIMEOUT_MS))).toEqual(reply);
    expect(taken() - before).toBe(1);
  });

  it('is known for each request of its own', async () => {
    const [long, short] = [frame(200), frame(5)];
    const replies = [...often(long), ...often(short), long, short].map((reply) => onLine(reply, 10));
    const { clock, learn, link, taken } = connect(replies);
    await learn();
    await learn(FIRST, OTHER);
    const [before, began] = [taken(), clock.now()];
    expect(await clock.until(link.ask(REQUEST, accept, TIMEOUT_MS))).toEqual(long);
    expect(await clock.until(link.ask(OTHER, accept, TIMEOUT_MS))).toEqual(short);
    expect(taken() - before).toBe(2);
    const tookMs = 20 + (long.length + short.length - 2) * BYTE_MS;
    expect(clock.now() - began).toBeLessThanOrEqual(1.01 * tookMs + 6 * SLACK_MS);
  });

  it('is looked at twice when it begins later than before', async () => {
    const reply = frame(40);
    const { clock, learn, link, taken } = connect([...often(onLine(reply, 60)), onLine(reply, 80)]);
    await learn();
    const [before, began] = [taken(), clock.now()];
    expect(await clock.until(link.ask(REQUEST, accept, TIMEOUT_MS))).toEqual(reply);
    expect(taken() - before).toBe(2);
    expect(clock.now() - began).toBeLessThanOrEqual(80 + reply.length * BYTE_MS + SLACK_MS);
  });

  it('is soon seen to come sooner', async () => {
    const reply = frame(40);
    const { clock, link } = connect([...often(onLine(reply, 100)), ...often(onLine(reply, 10), SOON)]);
    let tookMs = Number.POSITIVE_INFINITY;
    for (let poll = 0; poll < FIRST + SOON; poll += 1) {
      const began = clock.now();
      await clock.until(link.ask(REQUEST, accept, TIMEOUT_MS));
      tookMs = clock.now() - began;
    }
    expect(tookMs).toBeLessThanOrEqual(1.01 * (10 + (reply.length - 1) * BYTE_MS) + 3 * SLACK_MS);
  });

  it('is not left to a system that could not keep all that a line brings meanwhile', async () => {
    const fast = { baudRate: 115200 };
    const clock = new ManualClock();
    const replies = often([{ bytes: frame(5), afterMs: 400 }], FIRST + 1);
    const wire = new GatheringWire(() => replies.shift(), { clock });
    const link = new HalfDuplex(wire, { line: fast, clock });
    for (const again of often(REQUEST)) await clock.until(link.ask(again, accept, 500));
    const asked = link.ask(REQUEST, accept, 500);
    await clock.advance(100);
    expect(wire.isHeld).toBe(false);
    await clock.until(asked);
  });

  it('may be refused in the end like any other', async () => {
    const good = frame(40);
    const bad = good.with(20, 0xff);
    const { clock, learn, link } = connect([...often(good), bad, good].map((one) => onLine(one, 10)));
    await learn();
    expect(await clock.until(link.ask(REQUEST, accept, TIMEOUT_MS, { tries: 2 }))).toEqual(good);
  });

  it('does not hide that the adapter is pulled out', async () => {
    const reply = frame(40);
    const { clock, learn, link, wire } = connect(often(onLine(reply, 10), FIRST + 1));
    await learn();
    const asked = link.ask(REQUEST, accept, TIMEOUT_MS).catch((error: unknown) => error);
    await clock.advance(15);
    expect(wire instanceof GatheringWire && wire.isHeld).toBe(true);
    wire.unplug();
    expect(await asked).toBeInstanceOf(PortLostError);
  });

  it('changes nothing else, however the next one comes: no byte is lost, no frame is another', async () => {
    const piece = fc.record({ size: fc.integer({ min: 1, max: 80 }), afterMs: fc.nat(120) });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(200),
        fc.nat(200),
        fc.uint8Array({ maxLength: 8 }),
        fc.nat(TIMEOUT_MS + 100),
        fc.array(piece, { maxLength: 12 }),
        fc.boolean(),
        fc.constantFrom(1, FIRST),
        async (learned, length, noise, firstAfterMs, cuts, echo, times) => {
          const reply = frame(length, 0x22);
          const sent = bytesOf(noise, reply);
          const pieces: Piece[] = [];
          let at = 0;
          for (const { size, afterMs } of [...cuts, { size: sent.length, afterMs: 0 }]) {
            const bytes = sent.subarray(at, at + size);
            pieces.push({ bytes, afterMs: pieces.length === 0 ? firstAfterMs : afterMs });
            at += bytes.length;
          }
          const results = [];
          for (const gathers of [false, true]) {
            const replies = [...often(onLine(frame(learned), 10), times), pieces];
            const { clock, learn, link, received, wire } = connect(replies, gathers, echo);
            await learn(times);
            const began = clock.now();
            const [outcome] = await clock.until(Promise.allSettled([link.ask(REQUEST, accept, TIMEOUT_MS)]));
            expect(wire instanceof GatheringWire && wire.isHeld).toBe(false);
            results.push({ outcome, tookMs: clock.now() - began, received: received.at(-1) ?? 0 });
          }
          const [plain, gathered] = results;
          if (plain?.outcome === undefined || gathered?.outcome === undefined) throw new Error('two results');
          if (gathered.outcome.status === 'fulfilled') expect(gathered.outcome.value).toEqual(reply);
          if (plain.outcome.status === 'fulfilled') {
            expect(gathered.outcome).toEqual(plain.outcome);
            const lineMs = (learned + 3 - 1) * BYTE_MS + SLACK_MS;
            const firstLookMs = 1.01 * (10 + lineMs) + 2 * SLACK_MS;
            expect(gathered.tookMs).toBeLessThanOrEqual(Math.max(plain.tookMs, firstLookMs) + lineMs);
          } else {
            // Bytes that are held tell of themselves later, so a line that falls silent may be given up a packet later.
            const saidMs = pieces.reduce((sum, one) => sum + ('afterMs' in one ? one.afterMs : 0), 0);
            expect(gathered.tookMs).toBeLessThanOrEqual(Math.max(plain.tookMs, saidMs) + PACKET_MS + 1e-6);
          }
          expect(gathered.received).toBeGreaterThanOrEqual(plain.received);
        },
      ),
      RUNS,
    );
  });
});

describe('the silence before a request that comes at once', () => {
  const GAP_MS = 20;
  const PAUSE_MS = 500;
  const reply = frame(40);

  /** Polls of two requests each; `missing` are the polls whose second request stays unanswered. */
  function polling(missing: readonly number[] = []) {
    const replies = Array.from({ length: 200 }, (_, poll) => [
      onLine(reply, 30),
      missing.includes(poll) ? [] : onLine(reply, 30),
    ]).flat();
    const { clock, link, taken, timers } = connect(replies, true, false, { ...LINE, gapMs: GAP_MS });
    /** One poll and what it took: pieces, timers, and the silence that the second request kept, ms. */
    const poll = async () => {
      const before = { taken: taken(), timers: timers() };
      await clock.until(link.ask(REQUEST, accept, TIMEOUT_MS));
      const beganMs = clock.now();
      const [second] = await clock.until(Promise.allSettled([link.ask(OTHER, accept, TIMEOUT_MS)]));
      const tookMs = clock.now() - beganMs;
      const cost = { pieces: taken() - before.taken, timers: timers() - before.timers };
      await clock.advance(PAUSE_MS);
      return { ...cost, tookMs, answered: second?.status === 'fulfilled' };
    };
    const polls = async (count: number) => {
      let last = await poll();
      for (let done = 1; done < count; done += 1) last = await poll();
      return last;
    };
    return { poll, polls };
  }

  it('is waited out together with the reply before it: a poll of two requests needs two looks and nothing else', async () => {
    const { polls } = polling();
    const { pieces, timers, answered } = await polls(FIRST + 4);
    expect({ pieces, timers, answered }).toEqual({ pieces: 2, timers: 2, answered: true });
  });

  it('is kept in full behind a reply that comes when it always comes', async () => {
    const replies = often(onLine(reply, 30), 40);
    const spoken: number[] = [];
    const clock = new ManualClock();
    const wire = new GatheringWire(
      () => {
        spoken.push(clock.now());
        return replies.shift();
      },
      { clock },
    );
    const link = new HalfDuplex(wire, { line: { ...LINE, gapMs: GAP_MS }, clock });
    const lineMs = 30 + (reply.length - 1) * BYTE_MS;
    for (let poll = 0; poll < 20; poll += 1) {
      await clock.until(link.ask(REQUEST, accept, TIMEOUT_MS));
      await clock.until(link.ask(OTHER, accept, TIMEOUT_MS));
      const [first = 0, second = 0] = spoken.slice(-2);
      expect(second - first).toBeGreaterThanOrEqual(lineMs + GAP_MS - 1e-6);
      await clock.advance(PAUSE_MS);
    }
  });

  it('is waited out on its own again when a request behind it stays unanswered, until that was rare', async () => {
    const { poll, polls } = polling([FIRST + 4]);
    await polls(FIRST + 4);
    expect(await poll()).toMatchObject({ answered: false });
    await poll();
    expect(await poll()).toMatchObject({ answered: true, timers: 3 });
    expect(await polls(110)).toMatchObject({ answered: true, pieces: 2, timers: 2 });
  });

  it('does not delay the reply that nothing follows', async () => {
    const { polls } = polling();
    const { tookMs } = await polls(FIRST + 4);
    expect(tookMs).toBeLessThanOrEqual(1.05 * (30 + reply.length * BYTE_MS) + 2 * SLACK_MS);
  });
});
