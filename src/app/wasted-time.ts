import type { Exchange } from '../transport/exchange.ts';

/** A good answer that took so much longer than usual had to be asked for again: no BMS is given up before, ms. */
const ASKED_AGAIN_MS = 250;
/** How quickly the usual time follows: a line may become slower for good. */
const FOLLOWING = 0.1;
const FORGETTING = 1.01;

/**
 * What asking one battery takes beyond the usual. It is measured for each request by itself, because a poll that also asks
 * for slow facts takes longer without any fault.
 */
export class WastedTime {
  /** What a good answer takes, ms, by request. */
  readonly #usualMs = new Map<string, number>();
  #ms = 0;
  #watched: { readonly link: Exchange; readonly view: Exchange } | undefined;
  readonly #now: () => number;

  /** `now` in monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Since it was last taken, ms. */
  take(): number {
    const ms = this.#ms;
    this.#ms = 0;
    return ms;
  }

  /** The same line, with an eye on the clock; one object per line, because drivers remember things by connection. */
  over(link: Exchange): Exchange {
    if (this.#watched?.link !== link) this.#watched = { link, view: this.#view(link) };
    return this.#watched.view;
  }

  #view(link: Exchange): Exchange {
    return {
      ask: async (request, accept, timeoutMs, options) => {
        const began = this.#now();
        const key = String.fromCharCode(...request);
        try {
          const reply = await link.ask(request, accept, timeoutMs, options);
          this.#answered(key, this.#now() - began);
          return reply;
        } catch (error) {
          // What this battery never answered is no duty of it: some firmware does not know every request.
          if (this.#usualMs.has(key)) this.#ms += this.#now() - began;
          throw error;
        }
      },
    };
  }

  #answered(key: string, tookMs: number): void {
    const usual = this.#usualMs.get(key) ?? tookMs;
    const more = tookMs - usual;
    const again = more > ASKED_AGAIN_MS;
    if (again) this.#ms += more;
    this.#usualMs.set(key, again ? usual * FORGETTING : usual + FOLLOWING * more);
  }
}
