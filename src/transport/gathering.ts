import type { Clock } from '../clock.ts';
import type { RequestTimes } from './response-times.ts';
import type { Intake } from './wire.ts';

/** A reply that is complete sooner is not worth a timer, ms. */
const WORTH_MS = 4;
/** Timers count whole ms, and the clock of the device may be slower than ours; one look too early costs as much as a piece. */
const SLACK_MS = 1;
/** Far below what the system keeps. */
const MOST_BYTES = 2048;
/** Of a hundred requests that follow a silence which was waited out together with the reply before it, so many may stay unanswered. */
const MOST_MISSED = 1;
/** A request that comes so much later than the silence demands was not waiting for it, ms. */
const AT_ONCE_MS = 10;

/** The silence behind the replies to one request. */
interface Pause {
  /** What the next request waited for; 0 when there was none that was due at once. */
  silenceMs: number;
  /** Such next requests that stayed unanswered. */
  missed: number;
}

/**
 * Leaves a reply to the system until it must be complete, because every piece that is taken costs the same, and so does
 * every timer. The first look is when the reply was complete before; if it is not complete then, the bytes that are missing
 * and the rate of the line tell when to look again. What still comes after that comes with pauses and is taken as it comes.
 * No reply is lost by it: one that is longer or later than foreseen is waited for like any other, and one that is shorter
 * or sooner is seen a little later. Where the next request comes at once, the silence that it has to wait for is waited out
 * before the look: a reply that is complete then ended when it always does.
 */
export class Gathering {
  readonly #intake: Intake;
  readonly #clock: Clock;
  /** By what is known of the request, which lives as long as the line. */
  readonly #pauses = new WeakMap<RequestTimes, Pause>();
  #times: RequestTimes | undefined;
  #began = 0;
  #held = false;
  /** The reply was watched, so its end says how long it took. */
  #watched = true;
  /** The second look was foreseen. */
  #foreseen = true;
  /** Silence that is part of the first look. */
  #silenceMs = 0;
  /** The reply before, when it ended, and whether the silence behind it was waited out with it. */
  #before: { readonly pause: Pause; readonly endedAt: number; readonly hurried: boolean } | undefined;
  #cancel: () => void = () => {};

  constructor(intake: Intake, clock: Clock) {
    this.#intake = intake;
    this.#clock = clock;
  }

  /**
   * The answer to a request is awaited from now on, for `mostMs`; the line needs `byteMs` for a byte, and was silent for
   * `silenceMs` before, as the device demands. Returns when the first look is due, in ms from now; 0 when nothing is held.
   */
  begin(times: RequestTimes, byteMs: number, mostMs: number, silenceMs: number): number {
    this.#times = times;
    this.#began = this.#clock.now();
    this.#watched = true;
    this.#foreseen = false;
    this.#silenceMs = 0;
    if (this.#before !== undefined) {
      const { pause, endedAt } = this.#before;
      pause.silenceMs = this.#began - endedAt <= silenceMs + AT_ONCE_MS ? silenceMs : 0;
    }
    const replyMs = times.completeMs;
    if (replyMs === undefined) return 0;
    // A line that is never quiet must not fill what the system keeps.
    if (replyMs > mostMs || replyMs > MOST_BYTES * byteMs) return 0;
    const pause = this.#pauseBehind(times);
    const mayHurry = 100 * pause.missed <= MOST_MISSED * times.replies && replyMs + pause.silenceMs <= mostMs;
    this.#silenceMs = mayHurry ? pause.silenceMs : 0;
    this.#watched = false;
    const lookMs = Math.ceil(replyMs + this.#silenceMs);
    this.#hold(lookMs);
    return lookMs;
  }

  /** `count` bytes of the reply came, and more of it are to come at `byteMs` each; `mostMs` is the longest time to hold. */
  incomplete(count: number, byteMs: number, mostMs: number): void {
    this.#silenceMs = 0;
    if (this.#foreseen || count === 0) return;
    const missing = Math.min(MOST_BYTES, (this.#times?.length ?? 0) - count);
    const ms = Math.min(missing * byteMs + SLACK_MS, mostMs);
    if (ms < WORTH_MS) return;
    this.#foreseen = true;
    this.#hold(ms);
  }

  /**
   * The reply is complete. Tells for how long the line has been silent since, as far as that is known, ms, and whether the end of
   * the reply was seen as it came.
   */
  complete(times: RequestTimes): { readonly silentMs: number; readonly watched: boolean } {
    const silentMs = this.#silenceMs;
    const endedAt = this.#clock.now() - silentMs;
    this.#before = { pause: this.#pauseBehind(times), endedAt, hurried: silentMs > 0 };
    return { silentMs, watched: this.#watched };
  }

  /** There was no reply at all. */
  missed(): void {
    if (this.#before?.hurried) this.#before.pause.missed += 1;
    this.#before = undefined;
  }

  /** Takes what came while bytes were held; does nothing when none are. */
  resume(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#cancel();
    this.#intake.resume();
    this.#watched = true;
  }

  #pauseBehind(times: RequestTimes): Pause {
    const known = this.#pauses.get(times) ?? { silenceMs: 0, missed: 0 };
    this.#pauses.set(times, known);
    return known;
  }

  #hold(ms: number): void {
    this.#held = true;
    this.#intake.hold();
    this.#cancel = this.#clock.after(ms, () => this.resume());
  }
}
