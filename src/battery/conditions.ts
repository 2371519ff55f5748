import type { Clock } from '../clock.ts';
import type { LogSource } from '../log.ts';
import { clockText } from './battery.ts';
import {
  CONDITIONS,
  type Condition,
  type ConditionCourse,
  type ConditionFacts,
  type ConditionName,
  type Subject,
} from './condition-texts.ts';

const HOUR_MS = 3_600_000;
/** A condition that comes back within an hour has to stay away so long, twice as long each time. */
const FIRST_CALM_MS = 30_000;

interface Active {
  readonly name: ConditionName;
  readonly scope: string;
  readonly since: number;
  /** How often it had ended and come back. */
  readonly returns: number;
  facts: ConditionFacts;
  /** Since when it has not been met. */
  calmAt?: number | undefined;
  saidAt: number;
  worst: number;
  times: number;
}

/** Tells conditions in the log: one line when one begins, at most one an hour while it lasts, one when it is over. */
export class Conditions {
  readonly #log: LogSource;
  readonly #clock: Clock;
  readonly #active = new Map<string, Active>();
  readonly #ended = new Map<string, { readonly at: number; readonly returns: number }>();

  constructor(log: LogSource, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  isActive(name: ConditionName, subject: Subject = {}): boolean {
    return this.#active.has(keyOf(name, subject));
  }

  /** The condition is met now; `scope` is the part of the program that says so. */
  meet(name: ConditionName, scope: string, facts: ConditionFacts): void {
    const now = this.#clock.now();
    const key = keyOf(name, facts);
    const level = facts.level ?? 1;
    const condition: Condition = CONDITIONS[name];
    const known = this.#active.get(key);
    if (known === undefined) {
      const returns = this.#returns(key, now);
      this.#active.set(key, { name, scope, since: now, returns, facts, saidAt: now, worst: level, times: 1 });
      this.#log.scope(scope).warn(condition.begin(facts));
      return;
    }
    known.facts = facts;
    known.calmAt = undefined;
    known.times += 1;
    if (level > known.worst) {
      known.worst = level;
      this.#log.scope(scope).warn(condition.begin(facts));
    } else if (now - known.saidAt >= (condition.everyMs ?? HOUR_MS)) {
      this.#log.scope(scope).warn(condition.lasting(courseOf(known, now)));
    } else return;
    known.saidAt = now;
    known.times = 0;
  }

  /** The condition is not met now. */
  clear(name: ConditionName, subject: Subject = {}): void {
    // Nearly always nothing is wrong.
    if (this.#active.size === 0) return;
    const key = keyOf(name, subject);
    const known = this.#active.get(key);
    const now = this.#clock.now();
    if (known === undefined) return;
    known.calmAt ??= now;
    if (now - known.calmAt < calmMs(known)) return;
    this.#active.delete(key);
    this.#ended.set(key, { at: now, returns: known.returns });
    this.#log.scope(known.scope).info(CONDITIONS[name].end(courseOf(known, known.calmAt)));
  }

  /** The pack at this address is not there any more, nor is what was told of it. */
  forget(of: number): void {
    for (const [key, { facts }] of this.#active) if (facts.of === of) this.#active.delete(key);
  }

  #returns(key: string, now: number): number {
    const ended = this.#ended.get(key);
    this.#ended.delete(key);
    return ended === undefined || now - ended.at > HOUR_MS ? 0 : ended.returns + 1;
  }
}

/** How long it must not be met until it is over. */
function calmMs({ name, returns }: Active): number {
  const { calmMs: usual } = CONDITIONS[name];
  return returns === 0 ? usual : Math.min(HOUR_MS, Math.max(usual, FIRST_CALM_MS) * 2 ** returns);
}

function courseOf({ facts, since, times, worst }: Active, now: number): ConditionCourse {
  return { ...facts, lasted: clockText(Math.round((now - since) / 1000)), times, worst };
}

function keyOf(name: ConditionName, { of, what = '' }: Subject): string {
  return `${name} ${of ?? ''} ${what}`;
}
