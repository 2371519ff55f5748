import { type BmsError, hex, RefusedError } from '../errors.ts';
import type { LineSettings } from './exchange.ts';
import type { Wire } from './wire.ts';

/** A wire that hands on nothing but the requests of an allow-list: patterns of whole frames in lower-case hex. */
export class GuardedWire implements Wire {
  readonly name: string;
  readonly #wire: Wire;
  readonly #allowed: readonly RegExp[];

  constructor(wire: Wire, allowed: readonly RegExp[]) {
    this.name = wire.name;
    this.#wire = wire;
    this.#allowed = allowed;
  }

  set onBytes(listener: (bytes: Uint8Array) => void) {
    this.#wire.onBytes = listener;
  }

  get onBytes(): (bytes: Uint8Array) => void {
    return this.#wire.onBytes;
  }

  set onLost(listener: (error: BmsError) => void) {
    this.#wire.onLost = listener;
  }

  get onLost(): (error: BmsError) => void {
    return this.#wire.onLost;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const frame = hex(bytes, bytes.length);
    if (!this.#allowed.some((pattern) => pattern.test(frame)))
      throw new RefusedError(
        `${frame} is not among the frames that may be sent to this battery; nothing was sent`,
      );
    await this.#wire.write(bytes);
  }

  configure(line: LineSettings): Promise<void> {
    return this.#wire.configure(line);
  }

  flush(): Promise<void> {
    return this.#wire.flush();
  }

  close(): Promise<void> {
    return this.#wire.close();
  }
}
