import type { Clock } from '../clock.ts';
import type { Intake } from './wire.ts';

/** A reply that is complete sooner is not worth a timer, ms. */
const WORTH_MS = 4;
/** Timers count whole ms, and the clock of the device may be slower than ours; one look too early costs as much as a piece. */
const SLACK_MS = 1;
/** What a reply is expected to be later than the soonest of its kind at first, and what it may be expected to be at most; of its time. */
const USUAL_DELAY = 0.01;
const MOST_DELAY = 0.05;
/** How quickly a delay that did not come again is forgotten. */
const FORGETTING = 0.98;
/** How quickly the soonest time follows a device that has become slower. */
const FOLLOWING = 0.1;
/** The first replies are watched from their beginning, because a device, or a program, that has just begun is slow ... */
const WATCHED_FIRST = 4;
/** ... and so often one is later, or nobody would see that the device has become quicker. */
const WATCHED_EVERY = 32;
/** Far below what the system keeps. */
const MOST_BYTES = 2048;
/** Requests whose replies are remembered; a bank of 16 packs has less than 200. */
const MOST_REQUESTS = 512;

/** Of a hundred requests that follow a silence which was waited out together with the reply before it, so many may stay unanswered. */
const MOST_MISSED = 1;
/** A request that comes so much later than the silence demands was not waiting for it, ms. */
const AT_ONCE_MS = 10;

/** What the last replies to a request were like. */
interface Habit {
  /** Bytes. */
  length: number;
  /** From the request to the end of the reply. */
  soonestMs: number;
  /** What replies of late were later than that. */
  delayMs: number;
  replies: number;
  /** The silence that the next request waited for; 0 when there was none that was due at once. */
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
  readonly #habits = new Map<string, Habit>();
  #request = '';
  #habit: Habit | undefined;
  #began = 0;
  #held = false;
  /** The reply was watched, so its end says how long it took. */
  #watched = true;
  /** The second look was foreseen. */
  #foreseen = true;
  /** Silence that is part of the first look. */
  #silenceMs = 0;
  /** The reply before, when it ended, and whether the silence behind it was waited out with it. */
  #before: { readonly habit: Habit; readonly endedAt: number; readonly hurried: boolean } | undefined;
  #cancel: () => void = () => {};

  constructor(intake: Intake, clock: Clock) {
    this.#intake = intake;
    this.#clock = clock;
  }

  /**
   * The answer to `request` is awaited from now on, for `mostMs`; the line needs `byteMs` for a byte, and was silent for
   * `silenceMs` before, as the device demands.
   */
  begin(request: Uint8Array, byteMs: number, mostMs: number, silenceMs: number): void {
    this.#request = Buffer.from(request.buffer, request.byteOffset, request.length).toString('latin1');
    const habit = this.#habits.get(this.#request);
    this.#habit = habit;
    this.#began = this.#clock.now();
    this.#watched = true;
    this.#foreseen = false;
    this.#silenceMs = 0;
    if (this.#before !== undefined) {
      const { habit: before, endedAt } = this.#before;
      before.silenceMs = this.#began - endedAt <= silenceMs + AT_ONCE_MS ? silenceMs : 0;
    }
    if (habit === undefined) return;
    if (habit.replies < WATCHED_FIRST || habit.replies % WATCHED_EVERY === 0) return;
    const replyMs = habit.soonestMs + habit.delayMs;
    // A line that is never quiet must not fill what the system keeps.
    if (replyMs > mostMs || replyMs > MOST_BYTES * byteMs) return;
    const mayHurry = 100 * habit.missed <= MOST_MISSED * habit.replies && replyMs + habit.silenceMs <= mostMs;
    this.#silenceMs = mayHurry ? habit.silenceMs : 0;
    this.#watched = false;
    this.#hold(Math.ceil(replyMs + this.#silenceMs));
  }

  /** `count` bytes of the reply came, and more of it are to come at `byteMs` each; `mostMs` is the longest time to hold. */
  incomplete(count: number, byteMs: number, mostMs: number): void {
    this.#silenceMs = 0;
    if (this.#foreseen || count === 0) return;
    const missing = Math.min(MOST_BYTES, (this.#habit?.length ?? 0) - count);
    const ms = Math.min(missing * byteMs + SLACK_MS, mostMs);
    if (ms < WORTH_MS) return;
    this.#foreseen = true;
    this.#hold(ms);
  }

  /** The reply was complete with `count` bytes. Returns for how long the line has been silent since, as far as that is known, ms. */
  complete(count: number): number {
    const silentMs = this.#silenceMs;
    const endedAt = this.#clock.now() - silentMs;
    const tookMs = endedAt - this.#began;
    const habit = this.#habit ?? this.#first(count, tookMs);
    habit.length = count;
    habit.replies += 1;
    const lateMs = Math.min(MOST_DELAY * habit.soonestMs, tookMs - habit.soonestMs);
    habit.delayMs = Math.max(FORGETTING * habit.delayMs, this.#watched ? lateMs : 0);
    const later = habit.soonestMs + FOLLOWING * (tookMs - habit.soonestMs);
    if (this.#watched) habit.soonestMs = Math.min(tookMs, later);
    this.#before = { habit, endedAt, hurried: silentMs > 0 };
    return silentMs;
  }

  /** There was no reply at all. */
  missed(): void {
    if (this.#before?.hurried) this.#before.habit.missed += 1;
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

  #first(count: number, tookMs: number): Habit {
    if (this.#habits.size >= MOST_REQUESTS) this.#habits.clear();
    const habit: Habit = {
      length: count,
      soonestMs: tookMs,
      delayMs: USUAL_DELAY * tookMs,
      replies: 0,
      silenceMs: 0,
      missed: 0,
    };
    this.#habits.set(this.#request, habit);
    return habit;
  }

  #hold(ms: number): void {
    this.#held = true;
    this.#intake.hold();
    this.#cancel = this.#clock.after(ms, () => this.resume());
  }
}
