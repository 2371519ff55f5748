import { type Awaited, Reception } from './reception.ts';
import type { Answered, RequestTimes } from './response-times.ts';

export interface Unanswered {
  readonly awaited: Awaited;
  readonly times: RequestTimes;
  /** When the tries that had no answer in time began, the oldest first. */
  readonly at: readonly number[];
  /** When nothing can come any more. */
  readonly until: number;
  /** An answer was taken: what it says if it was the one to the last try, and how much later than the first one that began, ms. */
  readonly taken?: Answered & { readonly afterFirstMs: number };
  /** How long so many bytes take on the line, ms. */
  readonly lineMs: (bytes: number) => number;
}

/**
 * Tries whose answers may still come when nobody waits for them any more. An answer to a repeated request may be that to an
 * earlier try, in which case those to the later ones follow: only then the device is slow, else requests were lost.
 */
export class LateAnswers {
  readonly #of: Unanswered;
  readonly #reception: Reception;
  #came = false;

  constructor(of: Unanswered, buffer: Uint8Array) {
    this.#of = of;
    this.#reception = new Reception(buffer, of.awaited);
  }

  get request(): Uint8Array {
    return this.#of.awaited.request;
  }

  get at(): readonly number[] {
    return this.#of.at;
  }

  get until(): number {
    return this.#of.until;
  }

  /** Whether an answer was taken of which nobody knows to which try it belongs. */
  get isDoubtful(): boolean {
    return this.#of.taken !== undefined;
  }

  /** Bytes that came at `now` without being awaited. */
  take(bytes: Uint8Array, now: number): void {
    if (this.#came || this.#reception.full) return;
    const frame = this.#reception.add(bytes);
    const oldest = this.#of.at[0];
    if (frame === undefined || oldest === undefined) return;
    this.#came = true;
    const { lineMs, taken, times } = this.#of;
    // Where an answer was taken before, that was the one to the oldest try, and this is the one to the next.
    const tookMs = taken === undefined ? now - oldest : taken.tookMs + taken.afterFirstMs;
    const line = lineMs(this.request.length + frame.length);
    times.learn({ length: frame.length, tookMs, lineMs: line, watched: true });
    times.woke(true);
  }

  /** Nothing comes any more: what was taken for the answer to the last try was it. */
  end(): void {
    const { taken, times } = this.#of;
    if (!this.#came && taken !== undefined) times.learn(taken);
  }
}
