import type { Remark } from '../bms/driver.ts';
import type { LogSource } from '../log.ts';
import { ALARM_NAMES } from '../model/alarms.ts';
import { ALARM_TEXTS } from './alarm-texts.ts';
import type { Battery } from './battery.ts';
import type { Subject } from './condition-texts.ts';
import type { Conditions } from './conditions.ts';
import { PollQuality } from './poll-quality.ts';
import { conditionOf } from './remarks.ts';

/** The log says so when a pack has been silent for this long: its values are not shown any more. */
const SAID_AFTER_MS = 10_000;
/** Where it is said already that values come only now and then. */
const SAID_LATER_MS = 60_000;

/** Notices that a measurement cannot be right, by their keys: they say what to do, and not the alarm that follows from it. */
const DOUBTS = /^(suspect$|sensor-)/;

/** What is remembered of one battery from poll to poll. */
class Notes {
  readonly quality = new PollQuality();
  /** Parts of the answers that are not told. */
  readonly missing = new Map<string, Remark>();
  /** Notices of the law that held in the last good poll, by their keys. */
  notices: ReadonlySet<string> = new Set();
}

export interface BatteryLogOptions {
  readonly conditions: Conditions;
  readonly log: LogSource;
  /** Under which the answers are spoken of: the id of the driver. */
  readonly scope: string;
  /** Monotonic ms. */
  readonly now: () => number;
}

/** Says in the log what an owner should know of the batteries of a port, as conditions that begin, last and end. */
export class BatteryLog {
  readonly #conditions: Conditions;
  readonly #log: LogSource;
  readonly #scope: string;
  readonly #now: () => number;
  readonly #notes = new WeakMap<Battery, Notes>();
  /** Polled since the last cycle. */
  readonly #polled = new Set<Battery>();

  constructor({ conditions, log, now, scope }: BatteryLogOptions) {
    this.#conditions = conditions;
    this.#log = log;
    this.#scope = scope;
    this.#now = now;
  }

  /** A battery was polled, alone or as one of many; `remarks` are those of its driver. */
  polled(battery: Battery, remarks: readonly Remark[], isOneOfMany: boolean): void {
    const subject = subjectOf(battery, isOneOfMany);
    const notes = this.#notes.get(battery) ?? new Notes();
    this.#notes.set(battery, notes);
    this.#polled.add(battery);
    this.#sayParts(remarks, notes, subject);
    this.#sayPolls(battery, notes.quality, subject);
    if (battery.outcome !== 'good') return;
    this.#sayAlarms(battery, subject);
    this.#sayNotices(battery, notes, subject);
  }

  /** All batteries had their turn. */
  cycled(batteries: readonly Battery[]): void {
    const polled = batteries.filter((battery) => this.#polled.has(battery));
    this.#polled.clear();
    if (polled.length === 0) return;
    const isBank = batteries.length > 1;
    const [first] = polled;
    const isOut = isBank && batteries.every(({ outcome }) => outcome === 'failed');
    const all = { what: `${batteries.length}` };
    if (isOut && first !== undefined) {
      if (batteries.every((battery) => this.#isSilent(battery)))
        this.#conditions.meet('bankSilent', this.#scope, { ...all, cause: complaintOf(first) });
      return;
    }
    this.#conditions.clear('bankSilent', all);
    for (const battery of polled) this.#saySilence(battery, subjectOf(battery, isBank));
  }

  #saySilence(battery: Battery, subject: Subject): void {
    if (battery.outcome !== 'failed') this.#conditions.clear('packSilent', subject);
    // A connection that is lost is told by itself.
    else if (this.#conditions.isActive('portLost')) return;
    else if (this.#isSilent(battery)) {
      this.#notes.get(battery)?.quality.begin();
      this.#conditions.meet('packSilent', this.#scope, { ...subject, cause: complaintOf(battery) });
    } else {
      const log = this.#log.scope(this.#scope);
      if (log.debugging) log.debug(`${subject.who ?? 'the BMS'} gave no value: ${complaintOf(battery)}`);
    }
  }

  /** Polls that fail now and then, and readings that are refused. */
  #sayPolls(battery: Battery, quality: PollQuality, subject: Subject): void {
    const conditions = this.#conditions;
    const { outcome } = battery;
    quality.note(outcome);
    if (outcome === 'good') {
      conditions.clear('pollsFail', subject);
      conditions.clear('refused', subject);
    } else if (outcome === 'refused') {
      if (quality.isRefusing || conditions.isActive('refused', subject))
        conditions.meet('refused', this.#scope, { ...subject, cause: complaintOf(battery) });
    } else if (quality.failures !== undefined && !this.#isSilent(battery)) {
      // What becomes of the line is told by itself.
      if (conditions.isActive('noisyLine') || conditions.isActive('portLost')) return;
      const cause = `${quality.failures}, the last: ${complaintOf(battery)}`;
      conditions.meet('pollsFail', this.#scope, { ...subject, cause });
    }
  }

  #sayParts(remarks: readonly Remark[], { missing }: Notes, subject: Subject): void {
    const conditions = this.#conditions;
    for (const remark of remarks) {
      if (remark.state !== 'told') missing.set(remark.part, remark);
      else if (missing.delete(remark.part)) {
        for (const name of ['partSilent', 'partNever'] as const)
          conditions.clear(name, { ...subject, what: remark.part });
      }
    }
    for (const [what, remark] of missing) {
      const condition = conditionOf(remark);
      if (condition !== undefined)
        conditions.meet(condition.name, this.#scope, { ...subject, what, cause: condition.cause });
    }
  }

  #sayAlarms({ facts, output, told = facts }: Battery, subject: Subject): void {
    const isDoubtful = output?.standing?.some(({ key }) => DOUBTS.test(key)) === true;
    for (const name of ALARM_NAMES) {
      // Behind it stands a silence, which is told by itself.
      if (name === 'bmsCable') continue;
      const level = output?.alarms[name] ?? 0;
      // The warning of the law itself stands for a sensor of which a notice tells.
      const isToldElsewhere = name === 'internalFailure' && level === 1 && (facts.alarms?.[name] ?? 0) === 0;
      if (level === 0 || isToldElsewhere) this.#conditions.clear('alarm', { ...subject, what: name });
      else {
        const { todo, value } = ALARM_TEXTS[name];
        const isReported = (facts.alarms?.[name] ?? 0) >= level;
        const by = isReported ? 'reported by the BMS' : 'found by the driver';
        const cause = [value([facts, told]), by].filter((part) => part !== undefined).join(', ');
        const met = { ...subject, what: name, level, cause, ...(!isDoubtful && { todo }) };
        this.#conditions.meet('alarm', 'battery', met);
      }
    }
  }

  #sayNotices({ output }: Battery, notes: Notes, subject: Subject): void {
    const { notices = [], standing = [] } = output ?? {};
    const lasting = standing.filter(({ once }) => once !== true);
    for (const { text } of standing.filter(({ once }) => once === true)) {
      if (notices.includes(text))
        this.#log.scope('control').warn(subject.who === undefined ? text : `${subject.who}: ${text}`);
    }
    for (const { key, text } of lasting)
      this.#conditions.meet('notice', 'control', { ...subject, what: key, cause: text });
    const keys = new Set(lasting.map(({ key }) => key));
    for (const key of notes.notices)
      if (!keys.has(key)) this.#conditions.clear('notice', { ...subject, what: key });
    const stillOpen = [...notes.notices].filter((key) =>
      this.#conditions.isActive('notice', { ...subject, what: key }),
    );
    notes.notices = new Set([...stillOpen, ...keys]);
  }

  #isSilent(battery: Battery): boolean {
    const isSaid = this.#conditions.isActive('pollsFail', { of: battery.address });
    return battery.silentForMs(this.#now()) > (isSaid ? SAID_LATER_MS : SAID_AFTER_MS);
  }
}

function subjectOf({ address }: Battery, isOneOfMany: boolean): Subject {
  return { of: address, ...(isOneOfMany && { who: `pack ${address}` }) };
}

function complaintOf({ complaint = 'no answer' }: Battery): string {
  return complaint;
}
