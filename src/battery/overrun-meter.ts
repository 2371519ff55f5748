import type { Exchange } from '../transport/exchange.ts';

/**
 * The line as one battery uses it, which counts what asking took in vain: tries that failed, for requests that this battery has
 * answered before. What it never answered is no duty of it: some firmware does not know every request.
 */
export class OverrunMeter implements Exchange {
  /** Requests that were answered. */
  readonly #answered = new Set<string>();
  #ms = 0;
  #line: Exchange | undefined;

  /** Since it was last taken, ms. */
  take(): number {
    const ms = this.#ms;
    this.#ms = 0;
    return ms;
  }

  /** Goes on over this line; true when it is another one than before. */
  over(line: Exchange): boolean {
    const isOther = this.#line !== undefined && this.#line !== line;
    this.#line = line;
    return isOther;
  }

  async ask(...[request, accept, timeoutMs, options]: Parameters<Exchange['ask']>): Promise<Uint8Array> {
    const line = this.#open();
    const key = String.fromCharCode(...request);
    let missedMs = 0;
    const onMissed = (tookMs: number, error: unknown): void => {
      missedMs += tookMs;
      options?.onMissed?.(tookMs, error);
    };
    try {
      const reply = await line.ask(request, accept, timeoutMs, { ...options, onMissed });
      this.#answered.add(key);
      return reply;
    } finally {
      if (this.#answered.has(key)) this.#ms += missedMs;
    }
  }

  async next(...[accept, timeoutMs]: Parameters<Exchange['next']>): Promise<Uint8Array> {
    return this.#open().next(accept, timeoutMs);
  }

  #open(): Exchange {
    if (this.#line === undefined) throw new Error('there is no line to ask over');
    return this.#line;
  }
}
