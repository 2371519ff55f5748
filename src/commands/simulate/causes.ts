import { ALARM_NAMES, type Alarms } from '../../model/alarms.ts';

/** Words at the end of a cause that only lead to its figure. */
const LEADING = /(?:,|\b(?:for more than|below|above|at|of|to|for|since))\s*$/;

/**
 * The cause in a reason without its figures, so that the same cause at another time has the same name:
 * "Charge limited to 47 A: highest cell 3.40 V, nearing 3.55 V" is "highest cell".
 */
export function causeOf(reason: string): string {
  const said = reason.slice(reason.indexOf(': ') + 2);
  const inner = /^rising gently to [\d.]+ A \((.*)\)$/.exec(said)?.[1] ?? said;
  const words = /^[^\d]*/.exec(inner)?.[0] ?? '';
  let cause = words.trim();
  while (LEADING.test(cause)) cause = cause.replace(LEADING, '').trim();
  return cause === '' ? inner : cause;
}

/** The alarms that are raised, as one name; undefined when there are none. */
export function alarmText(alarms: Alarms): string | undefined {
  const raised = ALARM_NAMES.filter((name) => (alarms[name] ?? 0) > 0);
  if (raised.length === 0) return undefined;
  return raised.map((name) => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)).join(', ');
}

/** A stretch of time that has a name. */
export interface NamedSpan {
  readonly name: string;
  /** Seconds since the start. */
  readonly from: number;
  readonly to: number;
}

/** Gives every stretch of time the name that was said for longest within it; undefined is a name as well, and left out. */
export class Timeline {
  readonly #stretchS: number;
  readonly #votes: Map<string | undefined, number>[] = [];
  #endS = 0;

  constructor(stretchS: number) {
    this.#stretchS = stretchS;
  }

  note(t: number, name: string | undefined, durationS: number): void {
    const index = Math.floor(t / this.#stretchS);
    this.#votes[index] ??= new Map();
    const votes = this.#votes[index];
    votes.set(name, (votes.get(name) ?? 0) + durationS);
    this.#endS = t + durationS;
  }

  get spans(): readonly NamedSpan[] {
    const spans: { name: string; from: number; to: number }[] = [];
    this.#votes.forEach((votes, index) => {
      const [[name] = [undefined]] = [...votes].sort(([, a], [, b]) => b - a);
      const from = index * this.#stretchS;
      const to = Math.min(from + this.#stretchS, this.#endS);
      const last = spans.at(-1);
      if (name === undefined) return;
      if (last?.name === name && last.to === from) last.to = to;
      else spans.push({ name, from, to });
    });
    return spans;
  }
}
