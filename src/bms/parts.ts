import { FrameError, ImplausibleError, RefusedError, TimeoutError } from '../errors.ts';
import { ALARM_NAMES, type AlarmLevel, type AlarmName, type Alarms } from '../model/alarms.ts';
import { pick, type Reading } from '../model/reading.ts';

/** What a poll asks beside its indispensable command, and may have to do without. */
export interface Part {
  /** For the log: what it tells, and with which command: "alarms (0x98)". */
  readonly name: string;
  /** Whether the battery has told this part before. */
  readonly isKnown: boolean;
  /** The alarms that this part tells. Those that were set last stay while it is silent; absent: none. */
  readonly alarms?: (alarms: Alarms) => Alarms;
  /** Nothing steers by it: its silence fails no poll and raises no alarm, and these keys stay as they were for a moment. */
  readonly minor?: readonly (keyof Reading)[];
}

/** What is known of one part over one connection. */
interface Standing {
  told: boolean;
  /** Times in a row that it was asked in vain. */
  missed: number;
  /** Times since that it was not asked although it was due. */
  rested: number;
  said: boolean;
  alarms: Alarms;
}

/**
 * A part that told before may be silent in so many polls less one before the reading goes on without it; a part that never
 * told is not asked in every poll after so many polls in vain.
 */
const PATIENCE = 3;
/** Silence in so many polls in a row is said of a part that never told. */
const SAID_AFTER = 2;
/** A part that stays silent is asked again in every so many polls. */
const REST = 60;
/** Requests for a part: that told before, that never told, and that is silent for long. */
const TRIES = { known: 3, unknown: 2, resting: 1 } as const;

/** Which parts a battery tells, over one connection. */
export class Standings {
  readonly #byName = new Map<string, Standing>();

  of(name: string): Standing {
    const standing = this.#byName.get(name) ?? { told: false, missed: 0, rested: 0, said: false, alarms: {} };
    this.#byName.set(name, standing);
    return standing;
  }
}

/** The parts of one poll. */
export class PollParts {
  readonly #standings: Standings;
  readonly #known: Reading;
  readonly #say: (what: string) => void;
  #fellSilent: unknown;
  #missing = false;
  #held: Alarms = {};

  /** `known` is the last complete reading; `say` takes what the owner should know of the answers. */
  constructor(standings: Standings, known: Reading, say: (what: string) => void) {
    this.#standings = standings;
    this.#known = known;
    this.#say = say;
  }

  /**
   * Asks for one part that is due; `ask` gets the number of requests to spend. Undefined when it is not told: silence,
   * damage, refusal, or an answer that cannot be true. Any other error, such as a lost port, stays an error.
   */
  async ask(part: Part, ask: (tries: number) => Promise<Reading>): Promise<Reading | undefined> {
    const standing = this.#standings.of(part.name);
    const told = standing.told || part.isKnown;
    const resting = standing.missed >= PATIENCE;
    if (resting && standing.rested < REST - 1) {
      standing.rested += 1;
      return this.#without(part, standing, told);
    }
    standing.rested = 0;
    try {
      const reading = await ask(resting ? TRIES.resting : told ? TRIES.known : TRIES.unknown);
      // Some firmware answers what it does not have with an empty list, or with the sentinels of every field.
      if (Object.keys(reading).length === 0) throw new ImplausibleError(`the answer tells no ${part.name}`);
      if (standing.said) this.#say(`tells its ${part.name} now`);
      const alarms = part.alarms?.(reading.alarms ?? {}) ?? {};
      Object.assign(standing, { told: true, missed: 0, said: false, alarms });
      return reading;
    } catch (error) {
      if (!isUntold(error)) throw error;
      standing.missed += 1;
      if (told && standing.missed < PATIENCE) {
        if (part.minor !== undefined) return pick(this.#known, part.minor);
        this.#fellSilent ??= error;
        return undefined;
      }
      this.#complain(part, standing, told);
      return this.#without(part, standing, told);
    }
  }

  /**
   * Ends the poll. Rejects while a part has only just fallen silent: the reading before counts for that moment, so that
   * values and limits do not flicker. After that the result stands for the parts that told before and do not now: their
   * alarms that were set, and `bmsCable` as a warning.
   */
  end(): Reading {
    if (this.#fellSilent !== undefined) throw this.#fellSilent;
    return this.#missing ? { alarms: { ...this.#held, bmsCable: 1 } } : {};
  }

  #without(part: Part, standing: Standing, told: boolean): undefined {
    if (!told || part.minor !== undefined) return;
    this.#missing = true;
    const before = standing.told ? standing.alarms : (part.alarms?.(this.#known.alarms ?? {}) ?? {});
    this.#held = { ...this.#held, ...setOf(before) };
  }

  #complain(part: Part, standing: Standing, told: boolean): void {
    if (standing.said || standing.missed < SAID_AFTER) return;
    standing.said = true;
    this.#say(
      told
        ? `does not tell its ${part.name} any more: the other values are shown, alarms and limits that it told last stay`
        : `does not tell its ${part.name}`,
    );
  }
}

/** Alarms that are set: an alarm that is only known to have been fine is not fine for ever. */
function setOf(alarms: Alarms): Alarms {
  const set: { [name in AlarmName]?: AlarmLevel } = {};
  for (const name of ALARM_NAMES) {
    const level = alarms[name] ?? 0;
    if (level > 0 && name !== 'bmsCable') set[name] = level;
  }
  return set;
}

/** Whether the error says that something was not told, rather than that the connection or the program is at its end. */
export function isUntold(error: unknown): boolean {
  return [TimeoutError, FrameError, RefusedError, ImplausibleError].some((kind) => error instanceof kind);
}
