import { FrameError, ImplausibleError, RefusedError, TimeoutError } from '../errors.ts';
import { ALARM_NAMES, type AlarmLevel, type AlarmName, type Alarms } from '../model/alarms.ts';
import { type PackReading, pick } from '../model/reading.ts';

/** What a poll asks beside its indispensable command, and may have to do without. */
export interface Part {
  /** For the log: what it tells, and with which command: "alarms (0x98)". */
  readonly name: string;
  /** Whether the battery has told this part before. */
  readonly isKnown: boolean;
  /** The alarms that this part tells. Those that were set last stay while it is silent; absent: none. */
  readonly alarms?: (alarms: Alarms) => Alarms;
  /** Limits that it told last stay while it is silent. */
  readonly limits?: true;
  /** Nothing steers by it: its silence fails no poll and raises no alarm, and these keys stay as they were for a moment. */
  readonly minor?: readonly (keyof PackReading)[];
}

/** What the owner should know of one part of the answers. */
export interface Remark {
  /** What it tells, and with which command: "alarms (0x98)". */
  readonly part: string;
  /** told: after a remark that it is not; silent: it told before and does not now; never: it was asked in vain from the start. */
  readonly state: 'told' | 'silent' | 'never';
  /** What it told last of alarms and limits goes on to count. */
  readonly remains: boolean;
}

/** What is known of one part over one connection. */
interface Standing {
  told: boolean;
  /** Times in a row that it was asked in vain. */
  missed: number;
  /** Times since that it was not asked although it was due. */
  rested: number;
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
    const standing = this.#byName.get(name) ?? { told: false, missed: 0, rested: 0, alarms: {} };
    this.#byName.set(name, standing);
    return standing;
  }
}

/** Remarks on the parts that a battery tells and does not tell, each once until it changes; they outlive a connection. */
export class Remarks {
  /** The parts that are not told, as far as it was said. */
  readonly #missing = new Set<string>();
  readonly #told = new Set<string>();
  #untaken: Remark[] = [];

  /** The part is not told, in spite of patience. */
  miss(part: string, state: 'silent' | 'never', remains = false): void {
    if (this.#missing.has(part)) return;
    this.#missing.add(part);
    this.#untaken.push({ part, state, remains });
  }

  /** Whether the part was ever told. */
  hasTold(part: string): boolean {
    return this.#told.has(part);
  }

  /** The part is told. */
  tell(part: string): void {
    this.#told.add(part);
    if (this.#missing.delete(part)) this.#untaken.push({ part, state: 'told', remains: false });
  }

  /** Everything since this was last asked. */
  take(): readonly Remark[] {
    const remarks = this.#untaken;
    this.#untaken = [];
    return remarks;
  }
}

/** The parts of one poll. */
export class PollParts {
  readonly #standings: Standings;
  readonly #known: PackReading;
  readonly #remarks: Remarks;
  #fellSilent: unknown;
  #missing = false;
  #held: Alarms = {};

  /** `known` is the last complete reading. */
  constructor(standings: Standings, known: PackReading, remarks: Remarks) {
    this.#standings = standings;
    this.#known = known;
    this.#remarks = remarks;
  }

  /**
   * Asks for one part that is due; `ask` gets the number of requests to spend. Undefined when it is not told: silence,
   * damage, refusal, or an answer that cannot be true. Any other error, such as a lost port, stays an error.
   */
  async ask(part: Part, ask: (tries: number) => Promise<PackReading>): Promise<PackReading | undefined> {
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
      this.#remarks.tell(part.name);
      const alarms = part.alarms?.(reading.alarms ?? {}) ?? {};
      Object.assign(standing, { told: true, missed: 0, alarms });
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
  end(): PackReading {
    if (this.#fellSilent !== undefined) throw this.#fellSilent;
    return this.#missing ? { alarms: { ...this.#held, bmsCable: 1 } } : {};
  }

  #without(part: Part, standing: Standing, told: boolean): undefined {
    if (!told || part.minor !== undefined) return;
    this.#missing = true;
    const before = standing.told ? standing.alarms : (part.alarms?.(this.#known.alarms ?? {}) ?? {});
    this.#held = { ...this.#held, ...setOf(before) };
  }

  #complain({ alarms, limits, minor, name }: Part, { missed }: Standing, told: boolean): void {
    if (missed < SAID_AFTER) return;
    if (!told) this.#remarks.miss(name, 'never');
    else this.#remarks.miss(name, 'silent', minor === undefined && (alarms !== undefined || limits === true));
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
