import { FrameError, ImplausibleError, RefusedError, TimeoutError } from '../errors.ts';
import { ALARM_NAMES, type AlarmLevel, type AlarmName, type Alarms } from '../model/alarms.ts';
import { pick, type Reading } from '../model/reading.ts';
import type { Exchange } from '../transport/exchange.ts';
import type { PollContext } from './driver.ts';

/**
 * What a poll asks beside its indispensable command. A board that never answers it is read without; one that stops
 * answering it is read without after a moment, which is said and shown.
 */
export interface Part {
  /** For the log: what it tells, and with which command: "alarms (0x98)". */
  readonly name: string;
  /** Whether a reading shows that the battery has told this part before. */
  readonly toldIn: (known: Reading) => boolean;
  /** The alarms that this part tells. Those that were set last stay while it is silent; absent: none. */
  readonly alarms?: (alarms: Alarms) => Alarms;
  /** Nothing steers by it: its silence fails no poll and raises no alarm, and these keys stay as they were for a moment. */
  readonly minor?: readonly (keyof Reading)[];
}

/** What is known of one part of one battery on one connection. */
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

const STANDINGS = new WeakMap<Exchange, Map<string, Standing>>();

/** The parts of one poll of one battery. */
export class PollParts {
  readonly #standings: Map<string, Standing>;
  readonly #address: number;
  readonly #context: PollContext;
  #fellSilent: unknown;
  #missing = false;
  #held: Alarms = {};

  constructor(link: Exchange, address: number, context: PollContext) {
    this.#standings = STANDINGS.get(link) ?? new Map();
    STANDINGS.set(link, this.#standings);
    this.#address = address;
    this.#context = context;
  }

  /**
   * Asks for one part that is due; `ask` gets the number of requests to spend. Undefined when it is not told: silence,
   * damage, refusal, or an answer that cannot be true. Any other error, such as a lost port, stays an error.
   */
  async ask(part: Part, ask: (tries: number) => Promise<Reading>): Promise<Reading | undefined> {
    const standing = this.#standingOf(part);
    const told = standing.told || part.toldIn(this.#context.known);
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
      if (standing.said) this.#context.say?.(`tells its ${part.name} now`);
      const alarms = part.alarms?.(reading.alarms ?? {}) ?? {};
      Object.assign(standing, { told: true, missed: 0, said: false, alarms });
      return reading;
    } catch (error) {
      if (!isUntold(error)) throw error;
      standing.missed += 1;
      if (told && standing.missed < PATIENCE) {
        if (part.minor !== undefined) return pick(this.#context.known, part.minor);
        this.#fellSilent ??= error;
        return undefined;
      }
      this.#say(part, standing, told);
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
    const before = standing.told ? standing.alarms : (part.alarms?.(this.#context.known.alarms ?? {}) ?? {});
    this.#held = { ...this.#held, ...setOf(before) };
  }

  #say(part: Part, standing: Standing, told: boolean): void {
    if (standing.said || standing.missed < SAID_AFTER) return;
    standing.said = true;
    this.#context.say?.(
      told
        ? `does not tell its ${part.name} any more: the other values are shown, alarms and limits that it told last stay`
        : `does not tell its ${part.name}`,
    );
  }

  #standingOf({ name }: Part): Standing {
    const key = `${this.#address} ${name}`;
    const standing = this.#standings.get(key) ?? {
      told: false,
      missed: 0,
      rested: 0,
      said: false,
      alarms: {},
    };
    this.#standings.set(key, standing);
    return standing;
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
