import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** A clock that jumps from event to event: days pass in seconds, and every run is the same. */
export class VirtualClock implements Clock {
  #now = 0;
  #wall: number;
  #order = 0;
  /** Sorted, the next one last. */
  readonly #events: Event[] = [];

  /** `wall` is the calendar time at the start, ms since 1970. */
  constructor(wall = Date.UTC(2026, 5, 21, 6)) {
    this.#wall = wall;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wall + this.#now;
  }

  /** Moves the calendar, as a user or a time server may; the monotonic time is not touched. */
  setWall(wall: number): void {
    this.#wall = wall - this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const event = { at: this.#now + Math.max(0, ms), order: this.#order++, action };
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#events[middle];
      if (
        other !== undefined &&
        (other.at > event.at || (other.at === event.at && other.order > event.order))
      )
        low = middle + 1;
      else high = middle;
    }
    this.#events.splice(low, 0, event);
    return () => {
      const place = this.#events.indexOf(event);
      if (place >= 0) this.#events.splice(place, 1);
    };
  }

  /** How many actions wait. */
  get waiting(): number {
    return this.#events.length;
  }

  /**
   * Lets time pass until `untilMs`. What promises do is waited for before and after every event, so that a chain of
   * `await`s reaches its next timer before time goes on.
   */
  async run(untilMs: number): Promise<void> {
    await turn();
    for (
      let next = this.#events.at(-1);
      next !== undefined && next.at <= untilMs;
      next = this.#events.at(-1)
    ) {
      this.#events.pop();
      this.#now = next.at;
      next.action();
      await turn();
    }
    this.#now = Math.max(this.#now, untilMs);
  }
}
