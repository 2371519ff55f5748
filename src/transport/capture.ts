import { createWriteStream } from 'node:fs';
import type { Clock } from '../clock.ts';
import { BmsError, hex } from '../errors.ts';
import { systemFault } from '../system-fault.ts';
import { VERSION } from '../version.ts';
import type { ExchangeRecord } from './exchange.ts';

/** Some 4 hours of a 16-cell battery at one poll a second. */
export const CAPTURE_BYTES = 4 * 1024 * 1024;

export interface CaptureOptions {
  readonly clock: Clock;
  /** The most that is written, bytes; default `CAPTURE_BYTES`. */
  readonly most?: number;
  /** Told once, in one line, when no more is written: the capture is full, or the file cannot be written. */
  readonly onEnd: (why: string) => void;
}

/** One exchange as a line of JSON: what was asked, everything that came back, what of it was believed, or why nothing was. */
export function captureLine(
  { again, at, error, received, reply, request, tookMs }: ExchangeRecord,
  t0: number,
): string {
  return `${JSON.stringify({
    t: seconds(at - t0),
    took: seconds(tookMs),
    ...(again === true && { again }),
    request: hexOf(request),
    received: hexOf(received),
    ...(reply !== undefined && { reply: hexOf(reply) }),
    ...(error !== undefined && { error: error instanceof BmsError ? error.code : error.message }),
  })}\n`;
}

/** Writes every exchange of a link into a new file, up to a bound. Never in the way of the link: a failure only ends the capture. */
export class Capture {
  readonly #t0: number;
  readonly #most: number;
  readonly #onEnd: (why: string) => void;
  readonly #write: (text: string) => void;
  readonly #finish: () => Promise<void>;
  readonly #file: string;
  #bytes = 0;
  #isOver = false;

  constructor(file: string, { clock, most = CAPTURE_BYTES, onEnd }: CaptureOptions) {
    // It names the battery by its serial number: its owner decides who reads it.
    const stream = createWriteStream(file, { mode: 0o600, flags: 'wx' });
    stream.on('error', (error) => this.#end(`${file} cannot be written: ${systemFault(error)}`));
    this.#write = (text) => void stream.write(text);
    this.#finish = () => new Promise((resolve) => (stream.errored ? resolve() : stream.end(resolve)));
    this.#file = file;
    this.#most = most;
    this.#onEnd = onEnd;
    this.#t0 = clock.now();
    this.#put(
      `${JSON.stringify({ capture: `dbus-bms ${VERSION}`, began: new Date(clock.wall()).toISOString() })}\n`,
    );
  }

  /** Takes down one exchange; an arrow, because it is handed over as a callback. */
  readonly note = (record: ExchangeRecord): void => {
    if (!this.#isOver) this.#put(captureLine(record, this.#t0));
  };

  /** Resolves when everything is in the file. */
  async close(): Promise<void> {
    await this.#finish();
    this.#isOver = true;
  }

  #put(line: string): void {
    this.#bytes += Buffer.byteLength(line);
    if (this.#bytes > this.#most) this.#end(`the capture ${this.#file} is full (${this.#most} bytes)`);
    else this.#write(line);
  }

  #end(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onEnd(why);
  }
}

function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

function hexOf(bytes: Uint8Array): string {
  return hex(bytes, bytes.length);
}
