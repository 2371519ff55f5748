import type { Clock } from '../clock.ts';
import { FrameError, hex, TimeoutError } from '../errors.ts';
import type { Accept, Refusal } from '../protocol/accept.ts';

/** Bytes that are kept; far more than the longest frame of a device that speaks by itself. */
const MOST_BYTES = 2048;
/** A frame that ended so long ago is not news any more, ms: the device, or whoever asks, was silent in between. */
const FRESH_MS = 2000;

interface Chunk {
  /** How many bytes had come when this one was complete. */
  readonly end: number;
  readonly at: number;
}

/**
 * What a device says without being asked, from the time on at which somebody first wanted to know. The newest whole frame counts,
 * each once, so that nobody falls behind a device that speaks more often than it is listened to.
 */
export class Unasked {
  readonly #clock: Clock;
  #bytes = new Uint8Array();
  /** How many bytes came before those that are kept. */
  #dropped = 0;
  #chunks: Chunk[] = [];
  /** Where the frames begin that were given. */
  #given = new Set<number>();
  #look: () => void = ignore;
  #fail: (error: Error) => void = ignore;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes bytes in; an arrow, because it is handed over as a callback. */
  readonly add = (bytes: Uint8Array): void => {
    const all = new Uint8Array(this.#bytes.length + bytes.length);
    all.set(this.#bytes);
    all.set(bytes, this.#bytes.length);
    const cut = Math.max(0, all.length - MOST_BYTES);
    this.#bytes = all.subarray(cut);
    this.#dropped += cut;
    this.#chunks.push({ end: this.#dropped + this.#bytes.length, at: this.#clock.now() });
    this.#chunks = this.#chunks.filter(({ end }) => end > this.#dropped);
    this.#given = new Set([...this.#given].filter((start) => start >= this.#dropped));
    this.#look();
  };

  /** Ends the waiting. */
  interrupt(error: Error): void {
    this.#fail(error);
  }

  /** The newest frame that was not given yet, or else the next one; rejects like an exchange. */
  next(accept: Accept, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const began = this.#dropped + this.#bytes.length;
      const finish = (settle: () => void): void => {
        cancel();
        this.#look = ignore;
        this.#fail = ignore;
        settle();
      };
      const look = (last: boolean): void => {
        try {
          const { frame, telling } = this.#newest(accept, last);
          if (frame !== undefined) finish(() => resolve(frame));
          else if (last) finish(() => reject(this.#failure(began, timeoutMs, telling)));
        } catch (error) {
          // A driver's accept() that throws is a bug for its caller.
          finish(() => reject(error));
        }
      };
      const cancel = this.#clock.after(timeoutMs, () => look(true));
      this.#look = () => look(false);
      this.#fail = (error) => finish(() => reject(error));
      look(false);
    });
  }

  #newest(accept: Accept, last: boolean): { frame?: Uint8Array; telling?: Refusal } {
    const freshFrom = this.#clock.now() - FRESH_MS;
    let newest: { start: number; length: number } | undefined;
    let telling: Refusal | undefined;
    let start = 0;
    while (start < this.#bytes.length) {
      const rest = this.#bytes.subarray(start);
      const verdict = accept(rest, last);
      if (verdict === 'more' && !last) break;
      if (typeof verdict === 'number') {
        if (!Number.isInteger(verdict) || verdict < 1 || verdict > rest.length)
          throw new RangeError(`accept() found a frame of ${verdict} bytes in ${rest.length}`);
        newest = { start, length: verdict };
        start += verdict;
      } else {
        if (verdict !== 'more' && verdict.refused !== 'start') telling = verdict;
        start += 1;
      }
    }
    const isNews =
      newest !== undefined &&
      !this.#given.has(this.#dropped + newest.start) &&
      this.#endedAt(newest.start + newest.length) >= freshFrom;
    if (newest === undefined || !isNews) return telling === undefined ? {} : { telling };
    this.#given.add(this.#dropped + newest.start);
    return { frame: this.#bytes.slice(newest.start, newest.start + newest.length) };
  }

  /** When the bytes up to here had come. */
  #endedAt(length: number): number {
    const end = this.#dropped + length;
    return this.#chunks.find((chunk) => chunk.end >= end)?.at ?? Number.NEGATIVE_INFINITY;
  }

  #failure(began: number, timeoutMs: number, telling: Refusal | undefined): TimeoutError | FrameError {
    const received = this.#bytes.slice(Math.max(0, began - this.#dropped));
    const what = `no frame within ${Math.round(timeoutMs)} ms from a device that is to speak by itself`;
    if (received.length === 0) return new TimeoutError(what);
    if (telling === undefined) return new TimeoutError(`${what}, only ${hex(received)}`, received);
    const reason = telling.why ?? `wrong ${telling.refused}`;
    return new FrameError(telling.refused, `${what}: ${reason}; received ${hex(received)}`, received);
  }
}

function ignore(): void {}
