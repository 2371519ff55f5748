import type { BmsDriver } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { systemClock } from '../../src/clock.ts';
import type { Exchange, LineSettings } from '../../src/transport/exchange.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { openSerial } from '../../src/transport/serial/serial.ts';
import type { Figure, Measurement } from './figure.ts';
import { spreadOf } from './figure.ts';
import { atHome, CONSTANT, type Home } from './home.ts';
import { monotonicMs, pause } from './monotonic.ts';

/** Of the time that the line, the answers and the demanded silence need. */
const MARK = { jbd: 1.15, others: 1.25 };
/** The first polls of a connection also ask for what hardly ever changes. */
const EARLY_POLLS = 4;
/** Between two polls there is more time than the silence that the device demands, as at every usual poll interval, ms. */
const BETWEEN_MS = 50;
/** Drivers measured at the same time: more would wait for each other's processor time. */
const LANES = 7;

/** One poll: what went over the line, and how long it took. */
interface Poll {
  readonly bytes: number;
  readonly exchanges: number;
  /** What the line, the answer times and the quiet gaps between exchanges add up to, ms. */
  readonly wireMs: number;
  readonly answerMs: number;
  readonly gapMs: number;
  readonly tookMs: number;
}

/** How close each driver comes to the least time that its protocol needs. */
export const wire: Measurement = {
  name: 'wire',
  async measure(_program, { quick }) {
    const figures = await atHome(async (home) => {
      const waiting = BMSES.map(({ driver }) => driver);
      const done = new Map<string, Figure>();
      const lane = async (): Promise<void> => {
        for (let driver = waiting.shift(); driver !== undefined; driver = waiting.shift()) {
          done.set(driver.id, figure(driver, await polls(home, driver, quick ? 6 : 20)));
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      return BMSES.flatMap(({ driver }) => done.get(driver.id) ?? []);
    });
    return {
      title: 'Wire',
      notes: [
        'Poll time over its bound, for each driver at its usual line rate against its own simulated device on a pty, paced at that rate.',
        'Bound = line time of all bytes + answer time of the device for each exchange + the silence that the device demands between',
        'exchanges (gap: a demand of the protocol, so it belongs to the bound). Mean per poll in ms after the first polls; a pty has no',
        'USB latency. Silence is kept before the first exchange too, but between two polls it passes unnoticed.',
      ],
      figures,
    };
  },
};

async function polls(home: Home, driver: BmsDriver, count: number): Promise<Poll[]> {
  const line = driver.reach.serial.lines[0] ?? { baudRate: 9600 };
  const address = driver.reach.serial.addresses[0] ?? 1;
  const path = await home.battery(`bench-${driver.id}`, CONSTANT, driver.id);
  const link = await Counted.open(path, line, driver.reach.serial.answerMs);
  try {
    const session = driver.open(link, address);
    await session.probe();
    const measured: Poll[] = [];
    for (let cycle = 0; cycle < EARLY_POLLS + count; cycle += 1) {
      await pause((line.gapMs ?? 0) + BETWEEN_MS);
      link.restart();
      const at = monotonicMs();
      await session.read();
      const poll = link.poll(monotonicMs() - at);
      if (cycle >= EARLY_POLLS) measured.push(poll);
    }
    return measured;
  } finally {
    await link.close();
    await home.batteries.ask('close', path);
  }
}

/** A link that adds up what its protocol costs. */
class Counted implements Exchange {
  readonly #line: LineSettings;
  readonly #answerMs: number;
  readonly #link: HalfDuplex;
  #bytes = 0;
  #exchanges = 0;
  #gapMs = 0;

  static async open(path: string, line: LineSettings, answerMs: number): Promise<Counted> {
    const wire = await openSerial(path, line);
    const counted: Counted = new Counted(
      new HalfDuplex(wire, {
        line,
        clock: systemClock,
        onExchange: ({ request, received }) => {
          counted.#bytes += request.length + received.length;
          counted.#exchanges += 1;
        },
      }),
      line,
      answerMs,
    );
    return counted;
  }

  private constructor(link: HalfDuplex, line: LineSettings, answerMs: number) {
    this.#link = link;
    this.#line = line;
    this.#answerMs = answerMs;
  }

  ask(...[request, accept, timeoutMs, options]: Parameters<Exchange['ask']>): Promise<Uint8Array> {
    if (this.#exchanges > 0) this.#gapMs += options?.gapMs ?? this.#line.gapMs ?? 0;
    return this.#link.ask(request, accept, timeoutMs, options);
  }

  next(...[accept, timeoutMs]: Parameters<Exchange['next']>): Promise<Uint8Array> {
    return this.#link.next(accept, timeoutMs);
  }

  restart(): void {
    this.#bytes = 0;
    this.#exchanges = 0;
    this.#gapMs = 0;
  }

  poll(tookMs: number): Poll {
    const { baudRate, parity = 'none', stopBits = 1 } = this.#line;
    const bits = 9 + (parity === 'none' ? 0 : 1) + stopBits;
    return {
      bytes: this.#bytes,
      exchanges: this.#exchanges,
      wireMs: (this.#bytes * bits * 1000) / baudRate,
      answerMs: this.#exchanges * this.#answerMs,
      gapMs: this.#gapMs,
      tookMs,
    };
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

function figure(driver: BmsDriver, measured: readonly Poll[]): Figure {
  const mean = (value: (poll: Poll) => number): number =>
    measured.reduce((sum, poll) => sum + value(poll), 0) / measured.length;
  const bound = ({ wireMs, answerMs, gapMs }: Poll): number => wireMs + answerMs + gapMs;
  return {
    name: driver.id,
    unit: 'x bound',
    samples: measured.map((poll) => poll.tookMs / bound(poll)),
    mark: { of: 'median', most: driver.id === 'jbd' ? MARK.jbd : MARK.others },
    more: {
      baud: driver.reach.serial.lines[0]?.baudRate ?? 9600,
      bytes: mean(({ bytes }) => bytes),
      asks: mean(({ exchanges }) => exchanges),
      line: mean(({ wireMs }) => wireMs),
      answer: mean(({ answerMs }) => answerMs),
      gap: mean(({ gapMs }) => gapMs),
      bound: mean(bound),
      'median ms': spreadOf(measured.map(({ tookMs }) => tookMs)).median,
    },
  };
}
