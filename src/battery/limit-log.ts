import type { ControlOutput } from '../control/law.ts';
import type { Log } from '../log.ts';
import type { Conditions } from './conditions.ts';

/** A limit that moved by less than this share since the last line, for the same reason, is not worth a new one. */
const WORTH_SAYING = 0.2;
/** What was said so often within an hour, with other things between, goes to and fro. */
const TO_AND_FRO = 3;
const HOUR_MS = 3_600_000;
/** A limit that moved by no more than this share stays as it is. */
const STAYS = 0.02;
/** Another reason for a limit that stays as it is becomes news when it has held for so long. */
const SETTLED_MS = 30_000;

interface CurrentLimit {
  readonly amps: number;
  readonly reason: string;
}

/** What was said of one limit, and what was in force until now. */
interface Course {
  said?: CurrentLimit;
  /** Another reason for the limit that was said, and since when it holds, ms. */
  other?: { readonly cause: string; readonly since: number } | undefined;
  inForce?: CurrentLimit | undefined;
}

export interface LimitLogOptions {
  readonly log: Log;
  readonly conditions: Conditions;
  /** Monotonic ms. */
  readonly now: () => number;
}

/** Writes changes of the control into the log, so that its last info line answers "why is my charge current 48 A?". */
export class LimitLog {
  readonly #options: LimitLogOptions;
  readonly #charge: Course = {};
  readonly #discharge: Course = {};
  #state: ControlOutput['state'] | undefined;
  /** The lines of the last hour by their wording, with when they were written, ms; a line that repeats the last one does not count. */
  readonly #written = new Map<string, readonly number[]>();
  #last = '';

  constructor(options: LimitLogOptions) {
    this.#options = options;
  }

  /** `isOnBus`: chargers see this output, so that it is what the next one replaces. */
  note(output: ControlOutput, isOnBus: boolean): void {
    const { ccl, chargeMode, chargeReason, cvl, dcl, dischargeReason, state } = output;
    const mode = `${chargeMode}; charge voltage ${cvl} V`;
    const due = [
      state === this.#state ? undefined : mode,
      this.#follow(this.#charge, { amps: ccl, reason: chargeReason }, isOnBus),
      this.#follow(this.#discharge, { amps: dcl, reason: dischargeReason }, isOnBus),
    ].filter((line) => line !== undefined);
    this.#state = state;
    this.#tell(due, [mode, chargeReason, dischargeReason]);
  }

  /** `due` is what changed, `present` all that there is to say. */
  #tell(due: readonly string[], present: readonly [mode: string, charge: string, discharge: string]): void {
    const { conditions, log } = this.#options;
    const meet = (): void =>
      conditions.meet('restlessLimits', 'control', { cause: `${present[1]}; ${present[2]}` });
    if (conditions.isActive('restlessLimits')) {
      if (due.length > 0) meet();
      else conditions.clear('restlessLimits');
      if (conditions.isActive('restlessLimits')) return;
      this.#written.clear();
      for (const line of present) log.info(line);
      return;
    }
    for (const line of due) {
      if (this.#isRestless(line)) {
        meet();
        return;
      }
      log.info(line);
    }
  }

  /** Notes a line before it is written. */
  #isRestless(line: string): boolean {
    const words = wording(line.replace(/ \(before: .*\)$/, ''));
    if (words === this.#last) return false;
    this.#last = words;
    const now = this.#options.now();
    const before = (this.#written.get(words) ?? []).filter((at) => now - at < HOUR_MS);
    this.#written.set(words, [...before, now]);
    return before.length >= TO_AND_FRO;
  }

  /** The line that is due for a limit, if one is. */
  #follow(course: Course, limit: CurrentLimit, isOnBus: boolean): string | undefined {
    const { said, inForce } = course;
    const isNew = said === undefined || this.#isNews(course, said, limit);
    // What was not said yet must be compared with what was, or a slow ramp would never be told.
    if (isNew) course.said = limit;
    course.inForce = isOnBus ? limit : undefined;
    return isNew ? `${limit.reason}${before(said, inForce, limit)}` : undefined;
  }

  /** A rise for the same reason is what the reason announces; a fall is news, and so is another reason. */
  #isNews(course: Course, said: CurrentLimit, limit: CurrentLimit): boolean {
    const worth = WORTH_SAYING * said.amps;
    const [saidCause, cause] = [causeOf(said.reason), causeOf(limit.reason)];
    const other = cause === saidCause ? undefined : course.other;
    const now = this.#options.now();
    course.other = cause === saidCause ? undefined : other?.cause === cause ? other : { cause, since: now };
    if (said.amps - limit.amps > worth) return true;
    const hasMoved = Math.abs(limit.amps - said.amps) > worth;
    if (hasMoved) return wording(said.reason) !== wording(limit.reason);
    const isOther = course.other !== undefined;
    if (isOther && Math.abs(limit.amps - said.amps) > STAYS * said.amps) return true;
    return course.other !== undefined && now - course.other.since >= SETTLED_MS;
  }
}

/** What was in force until now, and what the last line said where the limit fell slowly from there. */
function before(
  said: CurrentLimit | undefined,
  inForce: CurrentLimit | undefined,
  now: CurrentLimit,
): string {
  if (said === undefined || inForce === undefined || inForce.amps === now.amps) return '';
  const hasFallen = said.amps - inForce.amps > WORTH_SAYING * said.amps;
  return ` (before: ${inForce.amps} A${hasFallen ? `, ${said.amps} A at the last line` : ''})`;
}

/** The reason without its numbers: a new cell voltage is not a new reason, nor are minutes after seconds. */
function wording(reason: string): string {
  return reason.replaceAll(/[\d.]+/g, '#').replaceAll(/# (s|min)\b/g, '#');
}

/** The same without whether the limit rises: that is no other reason. */
function causeOf(reason: string): string {
  return wording(reason)
    .replaceAll(/rising gently to # A/g, '')
    .replaceAll(/[ ()]/g, '');
}
