import type { Clock } from '../clock.ts';
import type { Intake } from './wire.ts';

/** A reply that is complete sooner is not worth a timer, ms. */
const WORTH_MS = 4;
/** Timers count whole ms, and the clock of the device may be slower than ours; one look too early costs as much as a piece. */
const SLACK_MS = 1;
/** What a reply may be later than the soonest of its kind and still be complete at the first look. */
const USUAL_DELAY = 1.01;
/** How quickly the soonest time follows a device that has become slower. */
const FOLLOWING = 0.1;
/** The first replies are watched from their beginning, because a device, or a program, that has just begun is slow ... */
const WATCHED_FIRST = 4;
/** ... and so often one is later, or nobody would see that the device has become quicker. */
const WATCHED_EVERY = 8;
/** Far below what the system keeps. */
const MOST_BYTES = 2048;
/** Requests whose replies are remembered; a bank of 16 packs has less than 200. */
const MOST_REQUESTS = 512;

/** What the last replies to a request were like. */
interface Habit {
  /** Bytes. */
  length: number;
  /** From the request to the end of the reply. */
  soonestMs: number;
  replies: number;
}

/**
 * Leaves a reply to the system until it must be complete, because every piece that is taken costs the same, and so does
 * every timer. The first look is when the reply was complete before; if it is not complete then, the bytes that are missing
 * and the rate of the line tell when to look again. What still comes after that comes with pauses and is taken as it comes.
 * No reply is lost by it: one that is longer or later than foreseen is waited for like any other, and one that is shorter
 * or sooner is seen a little later.
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
  #cancel: () => void = () => {};

  constructor(intake: Intake, clock: Clock) {
    this.#intake = intake;
    this.#clock = clock;
  }

  /** The answer to `request` is awaited from now on, for `mostMs`; the line needs `byteMs` for a byte. */
  begin(request: Uint8Array, byteMs: number, mostMs: number): void {
    this.#request = Buffer.from(request.buffer, request.byteOffset, request.length).toString('latin1');
    this.#habit = this.#habits.get(this.#request);
    this.#began = this.#clock.now();
    this.#watched = true;
    this.#foreseen = false;
    if (this.#habit === undefined) return;
    if (this.#habit.replies < WATCHED_FIRST || this.#habit.replies % WATCHED_EVERY === 0) return;
    const ms = Math.ceil(USUAL_DELAY * this.#habit.soonestMs);
    // A line that is never quiet must not fill what the system keeps.
    if (ms > mostMs || ms > MOST_BYTES * byteMs) return;
    this.#watched = false;
    this.#hold(ms);
  }

  /** `count` bytes of the reply came, and more of it are to come at `byteMs` each; `mostMs` is the longest time to hold. */
  incomplete(count: number, byteMs: number, mostMs: number): void {
    if (this.#foreseen || count === 0) return;
    const missing = Math.min(MOST_BYTES, (this.#habit?.length ?? 0) - count);
    const ms = Math.min(missing * byteMs + SLACK_MS, mostMs);
    if (ms < WORTH_MS) return;
    this.#foreseen = true;
    this.#hold(ms);
  }

  /** The reply was complete with `count` bytes. */
  complete(count: number): void {
    const tookMs = this.#clock.now() - this.#began;
    const habit = this.#habit;
    if (habit === undefined) {
      if (this.#habits.size >= MOST_REQUESTS) this.#habits.clear();
      this.#habits.set(this.#request, { length: count, soonestMs: tookMs, replies: 1 });
      return;
    }
    habit.length = count;
    habit.replies += 1;
    const later = habit.soonestMs + FOLLOWING * (tookMs - habit.soonestMs);
    if (this.#watched) habit.soonestMs = Math.min(tookMs, later);
  }

  /** Takes what came while bytes were held; does nothing when none are. */
  resume(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#cancel();
    this.#intake.resume();
    this.#watched = true;
  }

  #hold(ms: number): void {
    this.#held = true;
    this.#intake.hold();
    this.#cancel = this.#clock.after(ms, () => this.resume());
  }
}
