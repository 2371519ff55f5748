import type { Alarms } from '../model/alarms.ts';
import type { PackReading } from '../model/reading.ts';
import type { Accept } from '../protocol/accept.ts';

/** A request of one meaning in one of the forms that devices of one type want. */
export interface Form {
  /** Told apart by it, the same in all questions that are asked in this form. */
  readonly id: string;
  readonly request: Uint8Array;
}

/** Stands for the request of what a battery says by itself. */
export const UNASKED = new Uint8Array();

/** How a question is asked; the session asks with these where nothing else is said. */
export interface How {
  /** From the end of the request to the first byte of the reply, ms. */
  readonly timeoutMs?: number;
  /** Requests to spend, default 1; among several forms at least each has its turn. */
  readonly tries?: number;
  /** Silence to keep before the request, ms; default is that of the line. */
  readonly gapMs?: number;
  /** The awaited reply equals the request. */
  readonly replyEqualsRequest?: boolean;
}

/** A question that was answered. */
export interface Answered {
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
  readonly reading: PackReading;
}

/** One poll as its questions see it. */
export interface Poll {
  readonly address: number;
  /** The last complete reading of this battery. */
  readonly known: PackReading;
  /** What this poll has told so far. */
  readonly told: PackReading;
  /** The answer to a query in this poll. */
  now(query: Query): Answered | undefined;
  /** The last answer to a query over this connection. */
  last(query: Query): Answered | undefined;
}

/** Facts that hardly change, and the polls that ask for them, counted from 0 when the battery was found. */
export interface Rarely {
  /** The first poll that asks; 1 leaves poll 0, after which a battery is shown, quick. */
  readonly first: number;
  /** Polls from one look to the next; absent when one look is enough. */
  readonly every?: number;
  /** Polls from `first` on that ask while nothing was told. */
  readonly attempts?: number;
  /** Polls from one look to the next while nothing was told in the attempts; default about hourly. */
  readonly retry?: number;
  /** Told when all of these are known; absent: when any key is that the query tells. */
  readonly until?: readonly (keyof PackReading)[];
}

/**
 * Not every board tells it. One that never does is read without; one that stops telling it is read without after a moment,
 * which is said and shown.
 */
export interface Optional {
  /** Whether the battery has told it before; default: one of the keys that the query tells is known. */
  readonly toldBy?: (poll: Poll) => boolean;
  /** The alarms that it tells. Those that were set last stay while it is silent; absent: none. */
  readonly alarms?: (alarms: Alarms) => Alarms;
  /** Nothing steers by it: its silence fails no poll and raises no alarm, and its keys stay as they were for a moment. */
  readonly minor?: true;
  /** Once told it is asked in every so many polls only; default in every one. */
  readonly every?: number;
  /** Once told it stays as it was whenever it is not told again. */
  readonly lasting?: true;
  /** What of the last answer stays while there is none; default its keys between two looks, and nothing in silence. */
  readonly stays?: (known: PackReading) => PackReading;
}

/** Of a query that tells all alarms: that of high voltage shows whether it did, and all that were set stay while it is silent. */
export const ALL_ALARMS: Optional = {
  toldBy: ({ known }) => known.alarms?.highVoltage !== undefined,
  alarms: (alarms) => alarms,
};

/** One question of a plan. Without `rarely` and `optional` it is asked in every poll, which fails without an answer. */
export interface Query extends How {
  /**
   * The request to the battery at an address, or its forms, the usual one first. `usual` is the form answered last; `poll` has
   * what was told before, where that decides how much is asked. A request without bytes (`UNASKED`) waits for what the battery
   * says by itself.
   */
  readonly asks: (address: number, usual: string | undefined, poll: Poll) => Uint8Array | readonly Form[];
  /** For the log: what it tells, and with which command: "alarms (0x98)". Absent: nobody misses it. */
  readonly name?: string;
  readonly tells?: readonly (keyof PackReading)[];
  readonly rarely?: Rarely;
  readonly optional?: Optional;
  /**
   * Believed when it is told twice alike, because a plain sum as checksum lets some damaged answers through, and one would
   * count until the next look: as the same reading, or as the same bytes.
   */
  readonly confirmed?: 'reading' | 'reply';
  /**
   * Believed when two answers in a row agree (`agree.ts`), which the probe demands too: for a checksum that lets many damaged
   * answers through. It is asked twice in every poll, and once more where they do not.
   */
  readonly agreed?: true;
  /** The answer may tell some of the keys only; the others stay as they were. */
  readonly partly?: true;
  /** Asked although it is not due, and believed at once. */
  readonly urgent?: (poll: Poll) => boolean;
  /** Where it is asked at all; default everywhere. */
  readonly only?: (poll: Poll) => boolean;
  /** Asked in its place where it is not told. */
  readonly instead?: readonly Query[];
  /** The remark that it is not told is due when none of these is known; default its keys. */
  readonly missed?: readonly (keyof PackReading)[];
  /** In silence this is sent, answered or not, and the query is asked once more. */
  readonly wake?: Query;
  /** How the answer is recognised and taken apart where the driver alone cannot tell. */
  readonly accept?: (request: Uint8Array, poll: Poll) => Accept;
  readonly decode?: (request: Uint8Array, reply: Uint8Array, poll: Poll) => PackReading;
  /** It changes the battery; the form that is taken says nothing about the form of reads. */
  readonly writes?: true;
}

/** Polls after which facts that a battery did not tell are asked again: about an hour at one poll a second. */
const SILENT_FACTS_EVERY = 3600;

/** Whether poll number `cycle` asks for facts that are asked rarely. */
export function isDue(
  { rarely, tells = [] }: Pick<Query, 'rarely' | 'tells'>,
  cycle: number,
  known: PackReading,
): boolean {
  if (rarely === undefined) return true;
  const { first, every, attempts, retry, until } = rarely;
  const isKnown = (key: keyof PackReading): boolean => known[key] !== undefined;
  const isTold = until === undefined ? tells.some(isKnown) : until.every(isKnown);
  const isPatient = attempts !== undefined || retry !== undefined;
  if (!isTold && isPatient) {
    return (
      cycle >= first &&
      (cycle < first + (attempts ?? 1) || (cycle - first) % (retry ?? SILENT_FACTS_EVERY) === 0)
    );
  }
  if (every === undefined) return !isPatient && cycle === first;
  return cycle % every === first % every;
}

/** The last of the first polls that ask for facts in vain: in it this is said. */
export function lastAttempt({ first, attempts = 1 }: Rarely): number {
  return first + attempts - 1;
}
