import { FrameError, TimeoutError } from '../../errors.ts';
import type { Accept } from '../../protocol/accept.ts';
import type { AskOptions, Exchange } from '../../transport/exchange.ts';
import type { Step } from './plan.ts';

/** How long a driver waits in short, ms, from what it knows of its BMS. */
const SHORT_FACTOR = 2;
const SHORT_MARGIN_MS = 150;
/** For adapters and networks that gather bytes, and so that whoever took the request for the beginning of his own forgets it, ms. */
const LEAST_SHORT_MS = 250;

/** How the first request of an attempt is made. */
export interface Asking {
  /** From the end of the request to the first byte of the reply, ms. */
  readonly timeoutMs: number;
  readonly tries: number;
}

/** How a step makes the first request of its driver. */
export function askingOf({ driver, address, patience }: Step): Asking {
  const { timeoutMs, tries } = driver.opening(address);
  if (patience === 'full') return { timeoutMs, tries };
  const { answerMs, sleeps = false } = driver.reach.serial;
  const waitMs = Math.max(LEAST_SHORT_MS, SHORT_FACTOR * answerMs + SHORT_MARGIN_MS);
  return { timeoutMs: Math.min(timeoutMs, waitMs), tries: sleeps ? 2 : 1 };
}

/** The link as one attempt uses it, with all that was said in its course. */
export class AttemptLink implements Exchange {
  readonly sent: Uint8Array[] = [];
  /** What came in the tries that failed. */
  readonly heard: Uint8Array[] = [];
  answered = false;
  readonly #link: Exchange;
  readonly #inShort: Asking | undefined;
  #silence: TimeoutError | undefined;

  /** `inShort`: the first request is made like this, and no other one before it was answered. */
  constructor(link: Exchange, inShort?: Asking) {
    this.#link = link;
    this.#inShort = inShort;
  }

  async ask(
    request: Uint8Array,
    accept: Accept,
    timeoutMs: number,
    options: AskOptions = {},
  ): Promise<Uint8Array> {
    const inShort = this.answered ? undefined : this.#inShort;
    if (inShort !== undefined && this.#silence !== undefined) throw this.#silence;
    this.sent.push(request);
    const onMissed = (tookMs: number, error: unknown): void => {
      if (error instanceof TimeoutError || error instanceof FrameError) this.heard.push(error.received);
      options.onMissed?.(tookMs, error);
    };
    const asking = inShort ?? { timeoutMs, tries: options.tries ?? 1 };
    try {
      const reply = await this.#link.ask(request, accept, asking.timeoutMs, {
        ...options,
        tries: asking.tries,
        onMissed,
      });
      this.answered = true;
      return reply;
    } catch (error) {
      if (error instanceof TimeoutError) this.#silence = error;
      throw error;
    }
  }

  async next(accept: Accept, timeoutMs: number): Promise<Uint8Array> {
    const frame = await this.#link.next(accept, timeoutMs);
    this.answered = true;
    return frame;
  }
}
