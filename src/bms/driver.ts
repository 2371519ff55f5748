import type { Chemistry } from '../model/chemistry.ts';
import type { BankReading, PackReading } from '../model/reading.ts';
import type { Accept } from '../protocol/accept.ts';
import type { Exchange, LineSettings } from '../transport/exchange.ts';
import type { BluetoothReach } from './bluetooth.ts';
import type { Remark } from './parts.ts';
import type { Answered, How, Poll, Query } from './query-plan.ts';

export { pick } from '../model/reading.ts';
export type { Remark } from './parts.ts';
export { assemble, assertCarries, assertPlausible, assertSum, assertTogether, makeUp } from './plausible.ts';
export type { Answered, Form, How, Poll, Query } from './query-plan.ts';
export { ALL_ALARMS } from './query-plan.ts';
export { ifTold, planned } from './session.ts';
export { confirm, FET_STAYED, turnOf } from './switches.ts';

/** A switch of the BMS that a user may operate when `settings` allow writing. */
export type SwitchName = 'charge' | 'discharge' | 'balancer';

/** The ways on which a battery is found. */
export interface Reach {
  /** `NO_CABLE` where it has no serial port that answers. */
  readonly serial: SerialReach;
  readonly bluetooth?: BluetoothReach;
}

/** Of a battery that is reached over Bluetooth only: a search on a serial line has nothing to try. */
export const NO_CABLE: SerialReach = { lines: [], addresses: [0], answerMs: 50 };

/** How a battery is reached over a serial line. */
export interface SerialReach {
  /** Line settings to try, most likely first; none where there is no cable. */
  readonly lines: readonly LineSettings[];
  /** Addresses at which a battery may answer, the usual one first. One entry: this BMS cannot be addressed. */
  readonly addresses: readonly number[];
  /** An address that is nearly as usual as the first: a search asks it together with that one. */
  readonly secondUsual?: number;
  /** Typical time from the end of a request to the first byte of the reply, ms (for the simulator and the wire bound). */
  readonly answerMs: number;
  /**
   * When a search asks within one line setting: the common types first; last those whose requests begin like a frame of others,
   * who would wait for its rest.
   */
  readonly rank?: 'common' | 'last';
  /** It falls asleep: the first request only wakes it up. */
  readonly sleeps?: true;
}

/**
 * What may be sent to a battery: patterns of whole frames in lower-case hex. A frame that matches none must not reach it; a new
 * request is a new pattern, reviewed against the note of the driver.
 */
export interface Sends {
  /** By probes and readings, whatever the settings. */
  readonly reads: readonly RegExp[];
  /** In addition by a switch, and only by it. */
  readonly switches?: { readonly [name in SwitchName]?: readonly RegExp[] };
}

/** How many cells in series there may be: a range, or the counts that there are. */
export type Cells = { readonly min: number; readonly max: number } | readonly number[];

/** What a probe asks first. */
export interface Opening {
  /** The request in each of its forms, the usual one first. */
  readonly requests: readonly Uint8Array[];
  /** From the end of the request to the first byte of the reply, ms. */
  readonly timeoutMs: number;
  /** How often each is made. */
  readonly tries: number;
}

/** A BMS type: pure recognition and decoding, and a short conversation. */
export interface BmsDriver {
  /** Lower case, stable for ever: `jbd`, `jbd-up`. */
  readonly id: string;
  /** The name under which `--bms` and `decode` choose among variants: `jbd`. */
  readonly family: string;
  /** For people: "JBD / LLT / Xiaoxiang". */
  readonly name: string;
  readonly reach: Reach;
  readonly sends: Sends;
  /** Cells in series that a pack of this BMS can have, where its protocol or board says so. */
  readonly cells?: Cells;
  /** Chemistry of every pack with this BMS, where the product fixes it. */
  readonly chemistry?: Chemistry;
  /**
   * Ids of types whose requests a board of this type answers as well, with less or wrong content. A search believes one of those
   * only after this one was asked with all patience.
   */
  readonly answersAs?: readonly string[];
  /** What `maxChargeCurrent` and its siblings are: limits to use as they are, trip points to stay below, or never reported. */
  readonly limits: 'operating' | 'trip' | 'none';

  /** How the answer to `request` is recognised. Pure. */
  accept(request: Uint8Array): Accept;
  /** The canonical fields that one accepted reply carries. Pure; throws RefusedError, ImplausibleError or FrameError. */
  decode(request: Uint8Array, reply: Uint8Array): BankReading;
  /**
   * The battery address that a request names, in the numbering of `reach`; only where the protocol has addresses.
   * Undefined for what is no request of this driver, because a log holds those of others too. A log that asks several batteries
   * decodes into `modules`. Pure.
   */
  addressOf?(request: Uint8Array): number | undefined;
  /** Completes what several replies said together (clamps to counts, derives ratios). Pure. */
  finish?(merged: PackReading): PackReading;

  /** Its BMS side, loaded by the simulator only; every driver of the list has one. */
  readonly responder?: () => Promise<Responder>;
  /** What the probe of a battery at an address begins with. Types that begin alike share the answer in a search. Pure. */
  opening(address: number): Opening;

  /** The switches that it can turn: those of which the protocol document has proven frames. */
  readonly switches: readonly SwitchName[];

  /**
   * Begins a conversation with the battery at an address. Nothing is sent, and nothing is taken over from other sessions. The
   * link is the same object for the life of the session, whatever line is behind it.
   */
  open(link: Exchange, address: number): Session;
}

/** The conversation with one battery, and everything that is known of it. */
export interface Session {
  /** Proves by checksum and plausibility that this BMS is there; only reads. Rejects with a BmsError when it is not. */
  probe(): Promise<PackReading>;
  /** One complete reading. After three failures in a row it begins anew, because another battery may have come. */
  read(): Promise<PackReading>;
  /** Each turns a switch and resolves when a later reading confirmed it. */
  readonly switches: { readonly [name in SwitchName]?: (on: boolean) => Promise<void> };
  /** What the owner should know of the answers since this was last asked, each once until it changes. */
  takeRemarks(): readonly Remark[];
  /**
   * The line behind the link was opened anew: how this battery wants to be asked is found out again, what it said last stays.
   */
  reconnected(): void;
  /** What the next poll takes over; set only to go on where another session stood, in tests and tools that jump in time. */
  memory: Memory;
}

/** What a poll knows from before. */
export interface Memory {
  /** Polls made since this battery was found, from 0; after the first 50 it skips some, other ones in each pack of a bank. */
  readonly cycle: number;
  /** The last complete reading; slow facts (model, limits) are copied from here, never measurements. */
  readonly known: PackReading;
}

/** The session as the special parts of a driver use it. */
export interface Talk {
  readonly address: number;
  /** Asks one query, in its way or in another. */
  ask(query: Query, how?: How): Promise<Answered>;
}

/** Turns a switch. */
export type Turn = (talk: Talk, on: boolean) => Promise<void>;

/** What makes a driver: how frames are recognised and taken apart, and what is asked when. */
export interface DriverPlan extends Omit<BmsDriver, 'open' | 'opening' | 'switches'> {
  /** From the end of a request to the first byte of its reply, ms, where a query says nothing else. */
  readonly timeoutMs: number;
  /** In the order of asking. The first is asked in every poll, and the probe asks it too. */
  readonly queries: readonly [Query, ...Query[]];
  /** How the probe asks the first query. */
  readonly probe: How;
  /**
   * Asked by the probe before that, where a board takes long to answer the first query: silence to this one, which is answered
   * soon, ends the probe.
   */
  readonly knock?: Query;
  /** What the probe demands of the answer; default a plausible reading. */
  readonly prove?: (talk: Talk, answer: Answered) => Promise<PackReading>;
  /** What several answers of one poll, or of one before, say only together; it counts before what each says alone. */
  readonly together?: (poll: Poll) => PackReading;
  readonly switches?: { readonly [name in SwitchName]?: Turn };
}

/** The BMS side of a protocol, for the simulator: answers requests from the truth of a battery. Pure. */
export interface Responder {
  /** Recognises one whole request at byte 0. */
  readonly accept: Accept;
  /** The answer, or undefined for silence. `battery.modules` tells the packs by address when there are several. */
  reply(request: Uint8Array, battery: BankReading): Answer | undefined;
  /** Devices of this type that behave in another way, by the name under which a scenario chooses them. */
  readonly variants?: Readonly<Record<string, Responder>>;
}

export interface Answer {
  readonly bytes: Uint8Array;
  /** What a write request changed in the battery. */
  readonly changes?: Pick<PackReading, 'chargeEnabled' | 'dischargeEnabled' | 'balancing'>;
  /** Answer time where it differs from the driver's `answerMs`. */
  readonly afterMs?: number;
}

/** A driver of the list, with its BMS side. */
export interface BmsEntry {
  readonly driver: BmsDriver;
  readonly responder: () => Promise<Responder>;
}

/** The limits of a pack, as the settings of a BMS tell them. */
export const LIMIT_KEYS = [
  'maxChargeVoltage',
  'minDischargeVoltage',
  'maxChargeCurrent',
  'maxDischargeCurrent',
] as const satisfies readonly (keyof PackReading)[];
