import { type BmsError, FrameError, hex, TimeoutError } from '../../errors.ts';
import type { Accept } from '../../protocol/accept.ts';
import type { AskOptions, Exchange } from '../../transport/exchange.ts';
import { findFrame } from '../decode.ts';
import { type Asking, askingOf } from './attempt-link.ts';
import type { Step } from './plan.ts';

/** What one request brought. */
type Brought = { readonly frame: Uint8Array } | { readonly error: BmsError; readonly heard: Uint8Array[] };

/** A request that several drivers make, as the most patient of them makes it. */
interface Shared extends Asking {
  brought?: Brought;
}

/**
 * The first requests of drivers that ask the same thing with the same line settings: each is made once, and what came is offered
 * to all who ask it. Other requests pass.
 */
export class SharedAnswers {
  readonly #link: Exchange;
  readonly #shared = new Map<string, Shared>();

  /** `steps` are those of one line setting and one patience. */
  constructor(link: Exchange, steps: readonly Step[]) {
    this.#link = link;
    const first = new Map<string, Step>();
    for (const step of steps) {
      for (const request of step.driver.opening(step.address).requests) {
        const key = keyOf(request);
        const before = first.get(key) ?? step;
        first.set(key, before);
        if (before.driver === step.driver) continue;
        const [one, other] = [this.#shared.get(key) ?? askingOf(before), askingOf(step)];
        this.#shared.set(key, {
          timeoutMs: Math.max(one.timeoutMs, other.timeoutMs),
          tries: Math.max(one.tries, other.tries),
        });
      }
    }
  }

  /** The link of one attempt. What it asks again it wants to hear again. */
  forAttempt(): Exchange {
    const asked = new Set<string>();
    return {
      ask: (request, accept, timeoutMs, options = {}) => {
        const key = keyOf(request);
        const shared = asked.has(key) ? undefined : this.#shared.get(key);
        asked.add(key);
        return shared === undefined
          ? this.#link.ask(request, accept, timeoutMs, options)
          : this.#askShared(shared, request, accept, options);
      },
      next: (accept, timeoutMs) => this.#link.next(accept, timeoutMs),
    };
  }

  async #askShared(
    shared: Shared,
    request: Uint8Array,
    accept: Accept,
    options: AskOptions,
  ): Promise<Uint8Array> {
    if (shared.brought !== undefined) return offered(request, accept, shared.brought, options);
    const { timeoutMs, tries } = shared;
    const heard: Uint8Array[] = [];
    const onMissed = (tookMs: number, error: unknown): void => {
      if (error instanceof TimeoutError || error instanceof FrameError) heard.push(error.received);
      options.onMissed?.(tookMs, error);
    };
    try {
      const frame = await this.#link.ask(request, accept, timeoutMs, { ...options, onMissed, tries });
      shared.brought = { frame };
      return frame;
    } catch (error) {
      if (error instanceof TimeoutError || error instanceof FrameError) shared.brought = { error, heard };
      throw error;
    }
  }
}

/** What came for somebody else, as the answer to the same request of a driver; throws the error that it is none. */
function offered(request: Uint8Array, accept: Accept, brought: Brought, options: AskOptions): Uint8Array {
  if ('frame' in brought) return findFrame({ accept: () => accept }, { request, reply: brought.frame });
  for (const reply of brought.heard) {
    const frame = frameIn(request, accept, reply);
    if (frame !== undefined) return frame;
  }
  options.onMissed?.(0, brought.error);
  throw brought.error;
}

/** The answer to `request` in what came, if there is one. */
export function frameIn(request: Uint8Array, accept: Accept, reply: Uint8Array): Uint8Array | undefined {
  try {
    return findFrame({ accept: () => accept }, { request, reply });
  } catch (error) {
    if (error instanceof TimeoutError || error instanceof FrameError) return undefined;
    throw error;
  }
}

function keyOf(request: Uint8Array): string {
  return hex(request, request.length);
}
