/** Batches for a receiver that is away, within a bound of bytes: the oldest goes first. */
export class Ring {
  readonly #most: number;
  readonly #batches: Uint8Array[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Batches that had to go. */
  get dropped(): number {
    return this.#dropped;
  }

  get first(): Uint8Array | undefined {
    return this.#batches[0];
  }

  add(batch: Uint8Array): void {
    this.#batches.push(batch);
    this.#bytes += batch.length;
    while (this.#bytes > this.#most && this.#batches.length > 0) {
      this.#dropped += 1;
      this.shift();
    }
  }

  shift(): void {
    this.#bytes -= this.#batches.shift()?.length ?? 0;
  }

  clear(): void {
    this.#dropped += this.#batches.length;
    this.#batches.length = 0;
    this.#bytes = 0;
  }
}
