import type { Io } from './command.ts';

const EVERY_MS = 1000;
const WIDTH = 79;
const WIPE = '\r\u001b[K';

/**
 * A line at the bottom of the terminal that says what a long command does, and for how long; `end` wipes it away. Where stderr
 * is no terminal nothing is written.
 */
export class Progress {
  readonly #io: Pick<Io, 'err' | 'clock' | 'isErrTerminal'>;
  readonly #started: number;
  #text: string;
  #cancel: (() => void) | undefined;

  constructor(io: Pick<Io, 'err' | 'clock' | 'isErrTerminal'>, text: string) {
    this.#io = io;
    this.#started = io.clock.now();
    this.#text = text;
    if (io.isErrTerminal) this.#tick();
  }

  /** What is done from now on. */
  say(text: string): void {
    this.#text = text;
    if (this.#cancel !== undefined) this.#show();
  }

  end(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#cancel = undefined;
    this.#io.err(WIPE);
  }

  #tick(): void {
    this.#show();
    this.#cancel = this.#io.clock.after(EVERY_MS, () => this.#tick());
  }

  #show(): void {
    const seconds = Math.floor((this.#io.clock.now() - this.#started) / 1000);
    this.#io.err(`${WIPE}${`${seconds} s: ${this.#text}`.slice(0, WIDTH)}`);
  }
}
