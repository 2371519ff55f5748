import { setImmediate as turn } from 'node:timers/promises';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly action: () => void;
}

/** Turns of the event loop in which nothing happened, after which nothing more happens by itself. */
const QUIET_TURNS = 3;
/** What the event loop still has to do; sockets and servers that only wait are not among it. */
const AT_WORK = /^(FSReq|CloseReq|Immediate|WriteWrap|ShutdownWrap|PipeConnectWrap)/;
const SECOND_MS = 1000;

/**
 * Time that stands still while the program is at work and jumps to the next timer when it is not. How fast the machine is, and
 * in how many turns of the event loop the program does its work, makes no difference.
 */
export class VirtualTime {
  /** Called at every whole second, after everything that happens then. */
  onSecond: () => void = () => {};
  #now = 0;
  #order = 0;
  #nextSecond = SECOND_MS;
  readonly #wall: number;
  /** The next one last. */
  readonly #events: Event[] = [];
  /** Anything outside that shows that the program is at work; grows. */
  readonly #activity: () => number;

  /** `wall` is the calendar at the start, ms since 1970. */
  constructor(activity: () => number, wall = Date.UTC(2026, 5, 21, 6)) {
    this.#activity = activity;
    this.#wall = wall;
  }

  /** ms since the start. */
  now(): number {
    return this.#now;
  }

  /** Whole ms, as a calendar has them. */
  wall(): number {
    return Math.floor(this.#wall + this.#now);
  }

  after(ms: number, action: () => void): () => void {
    const event = { at: this.#now + Math.max(0, ms), order: this.#order, action };
    this.#order += 1;
    let place = this.#events.length;
    while (place > 0 && (this.#events[place - 1]?.at ?? Infinity) <= event.at) place -= 1;
    this.#events.splice(place, 0, event);
    return () => {
      const found = this.#events.indexOf(event);
      if (found >= 0) this.#events.splice(found, 1);
    };
  }

  /** Lets time pass until `untilMs`, or until `isOver` says so. */
  async run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    await this.settle();
    while (!isOver()) {
      const next = this.#events.at(-1);
      const at = Math.min(untilMs, this.#nextSecond);
      if (next !== undefined && next.at <= at) {
        this.#events.pop();
        this.#now = next.at;
        next.action();
        await this.settle();
      } else {
        this.#now = at;
        if (at < this.#nextSecond) return;
        this.#nextSecond += SECOND_MS;
        this.onSecond();
      }
    }
  }

  /** Resolves when the program has nothing to do but to wait. */
  async settle(): Promise<void> {
    let seen = -1;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      await turn();
      const now = this.#activity() + this.#order;
      if (now !== seen || process.getActiveResourcesInfo().some((name) => AT_WORK.test(name))) quiet = -1;
      seen = now;
    }
  }
}
