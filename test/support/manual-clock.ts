import type { Clock } from '../../src/clock.ts';

interface Timer {
  readonly due: number;
  readonly action: () => void;
}

/** Time that moves only when a test says so. Monotonic time starts at 0, the calendar at 2026-01-01T00:00:00Z. */
export class ManualClock implements Clock {
  #now = 0;
  #epoch: number;
  readonly #timers = new Set<Timer>();

  constructor(epoch: number = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { due: this.#now + Math.max(0, ms), action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that still wait; 0 proves that nothing was left behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets the calendar jump, as a time server does; monotonic time goes on. */
  setWall(ms: number): void {
    this.#epoch = ms - this.#now;
  }

  /** Moves time on by `ms` and runs what falls due, in order; what a timer's promises start runs before the next timer. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (let next = this.#next(); next !== undefined && next.due <= until; next = this.#next()) {
      await this.#run(next);
    }
    this.#now = until;
  }

  /** Moves time on, timer by timer, until `promise` is settled, and gives its result. Fails when nothing can settle it. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let pending = true;
    const done = (): void => {
      pending = false;
    };
    promise.then(done, done);
    await settled();
    while (pending) {
      const next = this.#next();
      if (next === undefined)
        throw new Error(`nothing is due after ${this.#now} ms, but the promise still waits`);
      await this.#run(next);
    }
    return promise;
  }

  #next(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) if (first === undefined || timer.due < first.due) first = timer;
    return first;
  }

  async #run(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.due);
    timer.action();
    await settled();
  }
}

/** Every promise that can go on without time or I/O has gone on. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
