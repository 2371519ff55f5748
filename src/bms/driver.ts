import { FrameError, ImplausibleError, RefusedError, TimeoutError } from '../errors.ts';
import type { Chemistry } from '../model/chemistry.ts';
import { mergeReadings, pick, type Reading } from '../model/reading.ts';
import type { Accept } from '../protocol/accept.ts';
import type { AskOptions, Exchange, LineSettings } from '../transport/exchange.ts';

export { pick } from '../model/reading.ts';
export { Forms } from './forms.ts';
export { isUntold, type Part, PollParts } from './parts.ts';

/** What a poll may know from before. */
export interface PollContext {
  /**
   * Polls made since this battery was (re)connected, from 0: slow facts are asked when it is a multiple of something. After the
   * first 50 it skips some, so that the packs of a bank do not ask for slow facts in one cycle.
   */
  readonly cycle: number;
  /** The last complete reading of this connection; a driver copies slow facts (model, limits) from here, never measurements. */
  readonly known: Reading;
  /**
   * Takes what the owner should know of this battery's answers, told once for each change: the end of a sentence that begins
   * with the battery. Absent: nobody listens.
   */
  readonly say?: (what: string) => void;
}

/** The first poll of a connection. */
export const FIRST_POLL: PollContext = { cycle: 0, known: {} };

/** A switch of the BMS that a user may operate when `settings` allow writing. */
export type SwitchName = 'charge' | 'discharge' | 'balancer';

/** A BMS type: pure recognition and decoding, and a short conversation. */
export interface BmsDriver {
  /** Lower case, stable for ever: `jbd`, `jbd-up`. */
  readonly id: string;
  /** The name under which `--bms` and `decode` choose among variants: `jbd`. */
  readonly family: string;
  /** For people: "JBD / LLT / Xiaoxiang". */
  readonly name: string;
  /** Line settings to try, most likely first. */
  readonly lines: readonly LineSettings[];
  /** Addresses at which a battery may answer, the usual one first. One entry: this BMS cannot be addressed. */
  readonly addresses: readonly number[];
  /** An address that is nearly as usual as the first: a search asks it together with that one. */
  readonly secondUsual?: number;
  /** Chemistry of every pack with this BMS, where the product fixes it. */
  readonly chemistry?: Chemistry;
  /** What `maxChargeCurrent` and its siblings are: limits to use as they are, trip points to stay below, or never reported. */
  readonly limits: 'operating' | 'trip' | 'none';
  /** Typical time from the end of a request to the first byte of the reply, ms (for the simulator and the wire bound). */
  readonly answerMs: number;

  /** How the answer to `request` is recognised. Pure. */
  accept(request: Uint8Array): Accept;
  /** The canonical fields that one accepted reply carries. Pure; throws RefusedError, ImplausibleError or FrameError. */
  decode(request: Uint8Array, reply: Uint8Array): Reading;
  /**
   * The battery address that a request names, in the numbering of `addresses`; only where the protocol has addresses.
   * Undefined for what is no request of this driver, because a log holds those of others too. A log that asks several batteries
   * decodes into `modules`. Pure.
   */
  addressOf?(request: Uint8Array): number | undefined;
  /** Completes what several replies said together (clamps to counts, derives ratios). Pure. */
  finish?(merged: Reading): Reading;

  /** Proves by checksum and plausibility that this BMS is there; only reads. Rejects with a BmsError when it is not. */
  probe(link: Exchange, address: number): Promise<Reading>;
  /** One complete reading. */
  poll(link: Exchange, address: number, context: PollContext): Promise<Reading>;
  /** Turns a switch and resolves when a later reading confirmed it. Only where the protocol document has proven frames. */
  readonly switches?: {
    readonly [name in SwitchName]?: (
      link: Exchange,
      address: number,
      on: boolean,
      now: Reading,
    ) => Promise<void>;
  };
}

/** The BMS side of a protocol, for the simulator: answers requests from the truth of a battery. Pure. */
export interface Responder {
  /** Recognises one whole request at byte 0. */
  readonly accept: Accept;
  /** The answer, or undefined for silence. `battery.modules` tells the packs by address when there are several. */
  reply(request: Uint8Array, battery: Reading): Answer | undefined;
  /** Devices of this type that behave in another way, by the name under which a scenario chooses them. */
  readonly variants?: Readonly<Record<string, Responder>>;
}

export interface Answer {
  readonly bytes: Uint8Array;
  /** What a write request changed in the battery. */
  readonly changes?: Pick<Reading, 'chargeEnabled' | 'dischargeEnabled' | 'balancing'>;
  /** Answer time where it differs from the driver's `answerMs`. */
  readonly afterMs?: number;
}

/** One line of the list of drivers (`index.ts`). The responder is loaded only by the simulator. */
export interface BmsEntry {
  readonly driver: BmsDriver;
  readonly responder: () => Promise<Responder>;
}

/** Asks once and takes the reply apart. */
export async function inquire(
  driver: Pick<BmsDriver, 'accept' | 'decode'>,
  link: Exchange,
  request: Uint8Array,
  timeoutMs: number,
  options?: AskOptions,
): Promise<Reading> {
  return driver.decode(request, await link.ask(request, driver.accept(request), timeoutMs, options));
}

/**
 * For facts that not every firmware tells: silence, a damaged answer or a refusal means "not told" (undefined), and the
 * reading goes on without; any other error, such as a lost port, stays an error.
 */
export async function ifTold<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof TimeoutError || error instanceof FrameError || error instanceof RefusedError)
      return undefined;
    throw error;
  }
}

/**
 * For facts that are asked for rarely and steer the limits until then: believed when they are told twice alike, because a plain
 * sum as checksum lets some damaged answers through, and one would count for an hour. Undefined when the answers differ.
 */
export async function toldTwice<T>(ask: () => Promise<T>): Promise<T | undefined> {
  const first = await ask();
  const second = await ask();
  return JSON.stringify(first) === JSON.stringify(second) ? first : undefined;
}

/** Merges what several replies carry and completes it. Trip points that this pack cannot have are left out. */
export function assemble(
  { finish, limits }: Pick<BmsDriver, 'finish' | 'limits'>,
  parts: readonly Reading[],
): Reading {
  const merged = mergeReadings(...parts);
  const finished = finish === undefined ? merged : finish(merged);
  return limits === 'trip' ? withoutImpossibleLimits(finished) : finished;
}

/** V per cell that a trip point of any chemistry can have, and A that one of any board can have. */
const CELL_TRIP = { high: { min: 2, max: 5 }, low: { min: 0.5, max: 4 } } as const;
const MOST_TRIP_CURRENT = 2000;

/**
 * Trip points come from settings that few captures show. Voltages that no cell could have, or of which the lower is not
 * below the upper, and currents beyond any board are a wrong place or unit: absent, so that nothing follows them.
 */
function withoutImpossibleLimits(reading: Reading): Reading {
  const { cellCount, cellVoltages, maxChargeVoltage: high, minDischargeVoltage: low } = reading;
  const cells = cellCount ?? cellVoltages?.length;
  const outside = (volts: number | undefined, { min, max }: { min: number; max: number }): boolean =>
    volts !== undefined && cells !== undefined && !(volts >= min * cells && volts <= max * cells);
  const crossed = high !== undefined && low !== undefined && low >= high;
  const refused: readonly (keyof Reading | false)[] = [
    (crossed || outside(high, CELL_TRIP.high)) && 'maxChargeVoltage',
    (crossed || outside(low, CELL_TRIP.low)) && 'minDischargeVoltage',
    (reading.maxChargeCurrent ?? 0) > MOST_TRIP_CURRENT && 'maxChargeCurrent',
    (reading.maxDischargeCurrent ?? 0) > MOST_TRIP_CURRENT && 'maxDischargeCurrent',
  ];
  return Object.fromEntries(Object.entries(reading).filter(([key]) => !refused.some((name) => name === key)));
}

/** The limits of a pack, as the settings of a BMS tell them. */
export const LIMIT_KEYS = [
  'maxChargeVoltage',
  'minDischargeVoltage',
  'maxChargeCurrent',
  'maxDischargeCurrent',
] as const satisfies readonly (keyof Reading)[];

/** Facts that hardly change, and the polls that ask for them. */
export interface SlowFacts {
  readonly keys: readonly (keyof Reading)[];
  /** For the log: what is told, and with which command: "trip points (0xFA)". Absent: nobody misses it. */
  readonly name?: string;
  /** The first poll that asks; 1 leaves poll 0, after which a battery is shown, quick. */
  readonly first: number;
  /** Polls from one look to the next; absent when one look is enough. */
  readonly every?: number;
  /** Polls from `first` on that ask while nothing was told; what stays silent then is asked again about hourly. */
  readonly attempts?: number;
}

/** Polls after which facts that a battery did not tell are asked again: about an hour at one poll a second. */
const SILENT_FACTS_EVERY = 3600;

/** Whether the poll of this context asks for these facts. */
export function isDue(facts: SlowFacts, { cycle, known }: PollContext): boolean {
  const { keys, first, every, attempts } = facts;
  const told = keys.some((key) => known[key] !== undefined);
  if (!told && attempts !== undefined) {
    return cycle >= first && (cycle < first + attempts || (cycle - first) % SILENT_FACTS_EVERY === 0);
  }
  if (every === undefined) return attempts === undefined && cycle === first;
  return cycle % every === first % every;
}

/** Slow facts for one poll: asked when they are due, and what is known when they are not or were not told. */
export async function slowFacts(
  facts: SlowFacts,
  context: PollContext,
  ask: () => Promise<Reading>,
): Promise<Reading> {
  const told = isDue(facts, context) ? await ifTold(ask()) : undefined;
  if (told === undefined) sayUntold(facts, context);
  return pick(told ?? context.known, facts.keys);
}

/** Says once that facts are not told: in the last of the first polls that ask for them in vain. */
export function sayUntold({ name, keys, first, attempts = 1 }: SlowFacts, context: PollContext): void {
  const { cycle, known, say } = context;
  if (name === undefined || cycle !== first + attempts - 1) return;
  if (keys.every((key) => known[key] === undefined)) say?.(`does not tell its ${name}`);
}

/**
 * Ends a write: reads until the battery shows what was written. Throws RefusedError with `why` when none of `reads`
 * readings does.
 */
export async function confirm(reads: number, why: string, shows: () => Promise<boolean>): Promise<void> {
  for (let read = 0; read < reads; read += 1) {
    if (await shows()) return;
  }
  throw new RefusedError(why);
}

/** Why a FET switch counts as refused although the BMS took the command. */
export const FET_STAYED = 'the switch was acknowledged, but the FET did not follow';

/** Throws ImplausibleError when the reading lacks one of the keys by which a probe tells this BMS from others. */
export function assertCarries(reading: Reading, keys: readonly (keyof Reading)[]): Reading {
  const missing = keys.filter((key) => reading[key] === undefined);
  if (missing.length > 0) throw new ImplausibleError(`the reply carries no ${missing.join(', ')}`);
  return reading;
}

/**
 * Plausibility that every probe demands beside its checksum: a cell count of 3..32, a SoC of 0..100 %, and cells that
 * sum up to the pack voltage within 2 % + 0.3 V, as far as the reading has them.
 */
export function assertPlausible(reading: Reading): Reading {
  const { voltage, soc, cellVoltages, cellCount } = reading;
  const count = cellCount ?? cellVoltages?.length;
  if (count !== undefined && (count < 3 || count > 32))
    throw new ImplausibleError(`${count} cells; 3 to 32 are possible`);
  if (soc !== undefined && (soc < 0 || soc > 100)) throw new ImplausibleError(`state of charge ${soc} %`);
  if (voltage !== undefined && (voltage < 0 || voltage > 160))
    throw new ImplausibleError(`pack voltage ${voltage} V`);
  if (voltage !== undefined && cellVoltages !== undefined && cellVoltages.length === count) {
    const sum = cellVoltages.reduce((total, cell) => total + cell, 0);
    if (Math.abs(sum - voltage) > 0.02 * voltage + 0.3) {
      throw new ImplausibleError(
        `cells sum up to ${sum.toFixed(2)} V, but the pack says ${voltage.toFixed(2)} V`,
      );
    }
  }
  return reading;
}
