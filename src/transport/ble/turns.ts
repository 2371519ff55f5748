/** Links that one radio carries at once. Those that want one when all are taken wait, first come first served. */
export class Turns {
  #most: number;
  readonly #inside = new Set<object>();
  readonly #waiting = new Map<object, () => void>();

  constructor(most: number = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  /** Links at most. */
  get most(): number {
    return this.#most;
  }

  set most(most: number) {
    this.#most = Math.max(1, most);
    this.#admit();
  }

  get taken(): number {
    return this.#inside.size;
  }

  /** Somebody waits: who has read its battery is to make room. */
  get isWanted(): boolean {
    return this.#waiting.size > 0;
  }

  /** Resolves when there is a link for `who`; at once, without one, when `signal` aborts. */
  enter(who: object, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const stop = (): void => {
        this.#waiting.delete(who);
        resolve();
      };
      if (signal?.aborted) return resolve();
      signal?.addEventListener('abort', stop, { once: true });
      this.#waiting.set(who, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      this.#admit();
    });
  }

  /** Does nothing for who has none. */
  leave(who: object): void {
    if (this.#inside.delete(who)) this.#admit();
  }

  #admit(): void {
    for (const [who, begin] of [...this.#waiting]) {
      if (this.#inside.size >= this.#most) return;
      this.#waiting.delete(who);
      this.#inside.add(who);
      begin();
    }
  }
}
