import type { Answer, Opened } from './conversation.ts';
import type { VirtualTime } from './time.ts';

/** Whoever is at the far end of the line. */
export interface FarEnd {
  open(line: string): Opened;
  set(line: string): void;
  close(): void;
  ask(request: string): Answer | undefined;
}

/** The near end of an open line, as the program has it. */
export interface NearEnd {
  onBytes: (bytes: Uint8Array) => void;
  onLost: () => void;
  readonly isLost: boolean;
  write(bytes: Uint8Array): void;
  set(line: string): void;
  /** Lets the system keep what comes until `resume`, which hands it over. */
  hold(): void;
  resume(): void;
  /** Throws away what the system keeps. */
  flush(): void;
  close(): void;
}

/** How long a serial port gathers bytes before a program sees them, ms. */
const PORT_MS = 8;
const BITS_PER_BYTE = 10;

/** A line at its real rate: what the far end answers comes in pieces, as a serial port hands them over. */
export class GoldenLine {
  readonly #far: FarEnd;
  readonly #time: VirtualTime;
  #open: End | undefined;

  constructor(far: FarEnd, time: VirtualTime) {
    this.#far = far;
    this.#time = time;
  }

  /** `line` is "9600 8N1". The near end, or why there is none. */
  open(line: string): NearEnd | Exclude<Opened, 'ok'> {
    const opened = this.#far.open(line);
    if (opened !== 'ok') return opened;
    this.#open = new End(this.#far, this.#time, line);
    return this.#open;
  }

  /** The line is pulled out. */
  lose(): void {
    this.#open?.lose();
    this.#open = undefined;
  }
}

class End implements NearEnd {
  onBytes: (bytes: Uint8Array) => void = () => {};
  onLost: () => void = () => {};
  isLost = false;
  readonly #far: FarEnd;
  readonly #time: VirtualTime;
  #line: string;
  #isClosed = false;
  /** When the line is free for the next answer, ms. */
  #freeAt = 0;
  /** What the system keeps; undefined while it hands everything over. */
  #held: Uint8Array[] | undefined;

  constructor(far: FarEnd, time: VirtualTime, line: string) {
    this.#far = far;
    this.#time = time;
    this.#line = line;
  }

  lose(): void {
    if (this.#isClosed) return;
    this.isLost = true;
    this.onLost();
  }

  write(bytes: Uint8Array): void {
    const answer = this.#far.ask(Buffer.from(bytes).toString('hex'));
    if (answer === undefined) return;
    const now = this.#time.now();
    const byteMs = (1000 * BITS_PER_BYTE) / Number.parseInt(this.#line, 10);
    const start = Math.max(now + bytes.length * byteMs + answer.delayMs, this.#freeAt);
    const reply = Buffer.from(answer.bytes, 'hex');
    this.#freeAt = start + reply.length * byteMs;
    const piece = Math.max(1, Math.round(PORT_MS / byteMs));
    for (let at = 0; at < reply.length; at += piece) {
      const part = new Uint8Array(reply.subarray(at, at + piece));
      this.#time.after(start + (at + part.length) * byteMs - now, () => {
        if (!this.isLost && !this.#isClosed) this.#came(part);
      });
    }
  }

  set(line: string): void {
    this.#far.set(line);
    this.#line = line;
  }

  hold(): void {
    this.#held ??= [];
  }

  resume(): void {
    const bytes = Buffer.concat(this.#held ?? []);
    this.#held = undefined;
    if (bytes.length > 0 && !this.isLost && !this.#isClosed) this.onBytes(new Uint8Array(bytes));
  }

  flush(): void {
    if (this.#held !== undefined) this.#held = [];
  }

  #came(bytes: Uint8Array): void {
    if (this.#held === undefined) this.onBytes(bytes);
    else this.#held.push(bytes);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#far.close();
  }
}
