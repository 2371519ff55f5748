import type { Clock } from '../clock.ts';
import type { LogSource } from '../log.ts';
import { clockText } from './battery.ts';

/** While a condition lasts the log says so once in this time, ms. */
const SUMMARY_EVERY_MS = 3_600_000;

/** What a line of the log tells about a condition. */
export interface ConditionFacts {
  /** "pack 3 ", with a space behind it, or nothing where there is only one. */
  readonly who?: string;
  /** Why, as far as that is known. */
  readonly cause: string;
}

interface Told extends ConditionFacts {
  /** How long it has lasted, "01:00:00". */
  readonly lasted: string;
  /** How often it was met since the last line. */
  readonly times: number;
}

interface Condition {
  readonly level: 'warn' | 'info';
  /** It is over when it was not met for so long, ms; what comes and goes is one condition. */
  readonly calmMs: number;
  readonly begin: (facts: ConditionFacts) => string;
  readonly lasting: (facts: Told) => string;
  readonly end: (facts: Told) => string;
}

/** Everything that may go on for hours and is told in three lines: its beginning, a summary every hour, and its end. */
export const CONDITIONS = {
  packSilent: {
    level: 'warn',
    calmMs: 0,
    begin: ({ cause, who = '' }) =>
      `${who}gives no value: ${cause}; check that the BMS is awake, its cable and ground`,
    lasting: ({ cause, lasted, times, who = '' }) =>
      `${who}has given no value for ${lasted} (${times} polls failed since the last line): ${cause}`,
    end: ({ lasted, who = '' }) => `${who}answers again after ${lasted}`,
  },
  noisyLine: {
    level: 'warn',
    calmMs: 60_000,
    begin: ({ cause }) => `answers arrive damaged: ${cause}`,
    lasting: ({ cause, lasted }) => `answers have arrived damaged for ${lasted}: ${cause}`,
    end: ({ lasted }) => `answers arrive undamaged again after ${lasted}`,
  },
  portLost: {
    level: 'warn',
    calmMs: 10_000,
    begin: ({ cause }) => `${cause}; it is opened again as soon as that is possible`,
    lasting: ({ cause, lasted, times }) =>
      `the connection has been lost for ${lasted} or again and again (${times} times since the last line): ${cause}`,
    end: ({ lasted, times }) =>
      `the connection is back after ${lasted}${times > 1 ? ` (met ${times} times since the last line)` : ''}`,
  },
} as const satisfies Readonly<Record<string, Condition>>;

export type ConditionName = keyof typeof CONDITIONS;

interface Active {
  readonly name: ConditionName;
  readonly scope: string;
  readonly since: number;
  facts: ConditionFacts;
  /** Since when it has not been met. */
  calmAt?: number | undefined;
  saidAt: number;
  times: number;
}

/** Tells conditions in the log: one line when one begins, at most one an hour while it lasts, one when it is over. */
export class Conditions {
  readonly #log: LogSource;
  readonly #clock: Clock;
  readonly #active = new Map<string, Active>();

  constructor(log: LogSource, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** The condition is met now; `scope` is the part of the program that says so. */
  meet(name: ConditionName, scope: string, facts: ConditionFacts): void {
    const now = this.#clock.now();
    const key = keyOf(name, facts.who);
    const known = this.#active.get(key);
    if (known === undefined) {
      this.#active.set(key, { name, scope, since: now, facts, saidAt: now, times: 1 });
      this.#say(name, scope, CONDITIONS[name].begin(facts));
      return;
    }
    known.facts = facts;
    known.calmAt = undefined;
    known.times += 1;
    if (now - known.saidAt < SUMMARY_EVERY_MS) return;
    this.#say(name, scope, CONDITIONS[name].lasting(told(known, now)));
    known.saidAt = now;
    known.times = 0;
  }

  /** The condition is not met now. */
  clear(name: ConditionName, who?: string): void {
    const key = keyOf(name, who);
    const known = this.#active.get(key);
    const now = this.#clock.now();
    if (known === undefined) return;
    known.calmAt ??= now;
    if (now - known.calmAt < CONDITIONS[name].calmMs) return;
    this.#active.delete(key);
    this.#log.scope(known.scope).info(CONDITIONS[name].end(told(known, known.calmAt)));
  }

  #say(name: ConditionName, scope: string, text: string): void {
    this.#log.scope(scope)[CONDITIONS[name].level](text);
  }
}

function told({ facts, since, times }: Active, now: number): Told {
  return { ...facts, lasted: clockText(Math.round((now - since) / 1000)), times };
}

function keyOf(name: ConditionName, who = ''): string {
  return `${name} ${who}`;
}
