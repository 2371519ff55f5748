/** Of what a condition is met. */
export interface Subject {
  /** Address of the pack; absent where it is about all of a port. */
  readonly of?: number;
  /** "pack 3" where there are several. */
  readonly who?: string;
  /** The alarm, the part of the answers, the notice. */
  readonly what?: string;
}

/** What a line of the log tells about a condition. */
export interface ConditionFacts extends Subject {
  /** Why, as far as that is known, or how it shows. */
  readonly cause: string;
  /** What the owner can do, where the condition alone does not tell. */
  readonly todo?: string;
  /** A condition that gets worse is told anew; default 1. */
  readonly level?: number;
}

export interface ConditionCourse extends ConditionFacts {
  /** How long it has lasted, "01:00:00". */
  readonly lasted: string;
  /** How often it was met since the last line. */
  readonly times: number;
  /** The highest level that it had. */
  readonly worst: number;
}

export interface Condition {
  /** It is over when it was not met for so long, ms; what comes and goes is one condition. */
  readonly calmMs: number;
  /** While it lasts it is told once in this time, ms; default one hour. */
  readonly everyMs?: number;
  readonly begin: (facts: ConditionFacts) => string;
  readonly lasting: (facts: ConditionCourse) => string;
  readonly end: (facts: ConditionCourse) => string;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** "pack 3 answers", or "answers" where there is only one. */
const subject = (who: string | undefined): string => (who === undefined ? '' : `${who} `);
const label = (who: string | undefined): string => (who === undefined ? '' : `${who}: `);
const bms = (who: string | undefined): string => who ?? 'the BMS';
const alarm = ({ level = 1, what, who }: Omit<ConditionFacts, 'cause'>): string =>
  `${label(who)}${level > 1 ? 'alarm' : 'warning'} ${what}`;

const firstSentence = (text: string): string => text.split('. ')[0] ?? text;

/** Everything that may go on for hours and is told in three lines: its beginning, a summary every hour, and its end. */
export const CONDITIONS = {
  packSilent: {
    calmMs: 0,
    begin: ({ cause, who }) =>
      `${subject(who)}gives no value: ${cause}; ${who === undefined ? '' : 'it takes no part in the limits until it answers; '}check that the BMS is awake, its cable and ground`,
    lasting: ({ cause, lasted, times, who }) =>
      `${subject(who)}has given no value for ${lasted} (${times} polls failed since the last line): ${cause}`,
    end: ({ lasted, who }) => `${subject(who)}answers again after ${lasted}`,
  },
  bankSilent: {
    calmMs: 0,
    begin: ({ cause, what }) =>
      `none of the ${what} packs gives a value: ${cause}; check that the BMSes are awake, their cable and ground`,
    lasting: ({ cause, lasted, what }) =>
      `none of the ${what} packs has given a value for ${lasted}: ${cause}`,
    end: ({ lasted }) => `packs answer again after ${lasted}`,
  },
  pollsFail: {
    calmMs: 10 * MINUTE_MS,
    begin: ({ cause, who }) =>
      `${subject(who)}gives values only now and then: ${cause}; check its cable and ground, and that no second program or device polls the same line`,
    lasting: ({ cause, lasted, times, who }) =>
      `${subject(who)}has given values only now and then for ${lasted} (${times} polls failed since the last line): ${cause}`,
    end: ({ lasted, who }) => `${subject(who)}gives values all the time again after ${lasted}`,
  },
  refused: {
    calmMs: MINUTE_MS,
    begin: ({ cause, who }) =>
      `${label(who)}readings are not used: ${cause}; see what the app or the display of the BMS shows for it`,
    lasting: ({ cause, lasted, times, who }) =>
      `${label(who)}for ${lasted} readings have not been used (${times} since the last line): ${cause}`,
    end: ({ lasted, who }) => `${label(who)}readings are used again after ${lasted}`,
  },
  partSilent: {
    calmMs: 0,
    begin: ({ cause, what, who }) =>
      `${bms(who)} does not tell its ${what} any more: ${cause}; if that lasts, restart the BMS`,
    lasting: ({ cause, lasted, what, who }) => `${bms(who)} has not told its ${what} for ${lasted}: ${cause}`,
    end: ({ lasted, what, who }) => `${bms(who)} tells its ${what} again after ${lasted}`,
  },
  partNever: {
    calmMs: 0,
    everyMs: Number.POSITIVE_INFINITY,
    begin: ({ cause, what, who }) => `${bms(who)} does not tell its ${what}: ${cause}`,
    lasting: ({ lasted, what, who }) => `${bms(who)} has not told its ${what} for ${lasted}`,
    end: ({ what, who }) => `${bms(who)} tells its ${what} now`,
  },
  alarm: {
    calmMs: MINUTE_MS,
    begin: (facts) => `${alarm(facts)}: ${facts.cause}${facts.todo === undefined ? '' : `; ${facts.todo}`}`,
    lasting: (facts) => `${alarm(facts)} for ${facts.lasted}: ${facts.cause}`,
    end: ({ lasted, worst, ...facts }) => `${alarm({ ...facts, level: worst })} is over after ${lasted}`,
  },
  notice: {
    calmMs: MINUTE_MS,
    everyMs: DAY_MS,
    begin: ({ cause, who }) => `${label(who)}${cause}`,
    lasting: ({ cause, lasted, who }) => `${label(who)}for ${lasted}: ${cause}`,
    end: ({ cause, lasted, who }) => `${label(who)}over after ${lasted}: ${firstSentence(cause)}`,
  },
  restlessLimits: {
    calmMs: 15 * MINUTE_MS,
    begin: ({ cause }) =>
      `limits change to and fro, now: ${cause}; single changes are not told until they have kept still for 15 min`,
    lasting: ({ cause, lasted, times }) =>
      `limits have changed to and fro for ${lasted} (${times} times since the last line), now: ${cause}`,
    end: ({ lasted }) => `limits keep still after ${lasted}`,
  },
  noisyLine: {
    calmMs: MINUTE_MS,
    begin: ({ cause }) => `answers arrive damaged: ${cause}`,
    lasting: ({ cause, lasted }) => `answers have arrived damaged for ${lasted}: ${cause}`,
    end: ({ lasted }) => `answers arrive undamaged again after ${lasted}`,
  },
  radioLost: {
    calmMs: 15 * MINUTE_MS,
    begin: ({ cause }) => `${cause}; the link is made again by itself`,
    lasting: ({ cause, lasted, times }) =>
      `the Bluetooth link has been lost for ${lasted} or again and again (${times} times since the last line): ${cause}`,
    end: ({ lasted }) => `the Bluetooth link is there again, and stays, after ${lasted}`,
  },
  portLost: {
    calmMs: 10_000,
    begin: ({ cause }) => `${cause}; it is opened again as soon as that is possible`,
    lasting: ({ cause, lasted, times }) =>
      `the connection has been lost for ${lasted} or again and again (${times} times since the last line): ${cause}`,
    end: ({ lasted, times }) =>
      `the connection is back after ${lasted}${times > 1 ? ` (met ${times} times since the last line)` : ''}`,
  },
} as const satisfies Readonly<Record<string, Condition>>;

export type ConditionName = keyof typeof CONDITIONS;
