import type { Clock } from '../clock.ts';
import { type BmsError, PortLostError } from '../errors.ts';
import type { LineSettings } from './exchange.ts';
import type { Wire } from './wire.ts';

/** A piece of an answer; `afterMs` counts from the piece before it, the first one from the request. */
export type Piece = Uint8Array | { readonly bytes: Uint8Array; readonly afterMs: number };

/** What a device says to a request; undefined or nothing is silence. */
export type Device = (request: Uint8Array) => Uint8Array | readonly Piece[] | undefined;

export interface MemoryWireOptions {
  readonly name?: string;
  /** Needed when the device answers with a delay. */
  readonly clock?: Clock;
  /** The line sends every request back before the answer, as some RS485 adapters do. */
  readonly echo?: boolean;
}

/** A connection that exists only in memory, with a device made of a function at its other end. */
export class MemoryWire implements Wire {
  readonly name: string;
  /** Every request, oldest first. */
  readonly written: Uint8Array[] = [];
  /** Every line setting that was asked for, oldest first. */
  readonly configured: LineSettings[] = [];
  onBytes: (bytes: Uint8Array) => void = ignore;
  onLost: (error: BmsError) => void = ignore;
  readonly #device: Device;
  readonly #clock: Clock | undefined;
  readonly #echo: boolean;
  #open = true;

  constructor(device: Device, options: MemoryWireOptions = {}) {
    this.name = options.name ?? 'memory';
    this.#device = device;
    this.#clock = options.clock;
    this.#echo = options.echo ?? false;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#open) throw new PortLostError(`${this.name} is not open`);
    const request = bytes.slice();
    this.written.push(request);
    if (this.#echo) this.#deliver(request, 0);
    const answer = this.#device(request) ?? [];
    let afterMs = 0;
    for (const piece of answer instanceof Uint8Array ? [answer] : answer) {
      if (!(piece instanceof Uint8Array)) afterMs += piece.afterMs;
      this.#deliver(piece instanceof Uint8Array ? piece : piece.bytes, afterMs);
    }
  }

  /** The device speaks without having been asked. */
  say(bytes: Uint8Array): void {
    if (this.#open) this.onBytes(bytes);
  }

  /** The connection ends as if the adapter had been pulled out, or in another way. */
  unplug(how = 'was unplugged'): void {
    if (!this.#open) return;
    this.#open = false;
    this.onLost(new PortLostError(`${this.name} ${how}`));
  }

  async configure(line: LineSettings): Promise<void> {
    this.configured.push(line);
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#open = false;
  }

  #deliver(bytes: Uint8Array, afterMs: number): void {
    if (afterMs === 0) queueMicrotask(() => this.say(bytes));
    else if (this.#clock !== undefined) this.#clock.after(afterMs, () => this.say(bytes));
    else throw new Error('a MemoryWire needs a clock to answer with a delay');
  }
}

function ignore(): void {}
