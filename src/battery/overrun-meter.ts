import type { Exchange } from '../transport/exchange.ts';

/**
 * What asking one battery took in vain: tries that failed, for requests that this battery has answered before. What it never
 * answered is no duty of it: some firmware does not know every request.
 */
export class OverrunMeter {
  /** Requests that were answered. */
  readonly #answered = new Set<string>();
  #ms = 0;
  #watched: { readonly link: Exchange; readonly view: Exchange } | undefined;

  /** Since it was last taken, ms. */
  take(): number {
    const ms = this.#ms;
    this.#ms = 0;
    return ms;
  }

  /** The same line, with every failed try counted; one object per line, because drivers remember things by connection. */
  over(link: Exchange): Exchange {
    if (this.#watched?.link !== link) this.#watched = { link, view: this.#view(link) };
    return this.#watched.view;
  }

  #view(link: Exchange): Exchange {
    return {
      ask: async (request, accept, timeoutMs, options) => {
        const key = String.fromCharCode(...request);
        let missedMs = 0;
        const onMissed = (tookMs: number, error: unknown): void => {
          missedMs += tookMs;
          options?.onMissed?.(tookMs, error);
        };
        try {
          const reply = await link.ask(request, accept, timeoutMs, { ...options, onMissed });
          this.#answered.add(key);
          return reply;
        } finally {
          if (this.#answered.has(key)) this.#ms += missedMs;
        }
      },
    };
  }
}
