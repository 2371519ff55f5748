import { BmsError, FrameError, ImplausibleError, PortError, RefusedError, TimeoutError } from '../errors.ts';
import { mergeReadings, type PackReading, pick } from '../model/reading.ts';
import type { Exchange } from '../transport/exchange.ts';
import { agree } from './agree.ts';
import type { BmsDriver, DriverPlan, Memory, Opening, Session, SwitchName, Talk } from './driver.ts';
import { Forms } from './forms.ts';
import { PollParts, type Remark, Remarks, Standings } from './parts.ts';
import { assemble, assertPlausible } from './plausible.ts';
import { type Answered, type How, isDue, lastAttempt, type Poll, type Query } from './query-plan.ts';

/** Failed polls in a row after which nothing is taken over: a battery that comes back may be another one, or new. */
const PATIENCE = 3;
/** The first minute over, the packs of a bank part: they go on with numbers so far apart that slow facts are due in different cycles. */
const PARTING = 50;
const APART = 7;
/** How often a question is asked again until two answers in a row agree. */
const MOST_MORE = 2;

/** A driver whose sessions follow its plan. */
export function planned(plan: DriverPlan): BmsDriver {
  const { id, family, name, reach, sends, chemistry, cells, limits, answersAs, responder } = plan;
  const { accept, decode, addressOf, finish } = plan;
  return {
    id,
    family,
    name,
    reach,
    sends,
    limits,
    accept,
    decode,
    opening: (address) => openingOf(plan, address),
    switches: SWITCH_NAMES.filter((one) => plan.switches?.[one] !== undefined),
    ...(chemistry !== undefined && { chemistry }),
    ...(cells !== undefined && { cells }),
    ...(answersAs !== undefined && { answersAs }),
    ...(responder !== undefined && { responder }),
    ...(addressOf !== undefined && { addressOf }),
    ...(finish !== undefined && { finish }),
    open: (link, address) => new PlannedSession(plan, link, address),
  };
}

/** The first question of the probe as the session asks it: where there are several forms, each once. */
function openingOf({ knock, probe, queries, timeoutMs: usualMs }: DriverPlan, address: number): Opening {
  const first = knock ?? queries[0];
  const { timeoutMs = usualMs, tries = 1 } = knock ?? { ...timing(first), ...probe };
  const asked = first.asks(address, undefined, new Round(address, {}, new Map()));
  return asked instanceof Uint8Array
    ? { requests: [asked], timeoutMs, tries }
    : { requests: asked.map(({ request }) => request), timeoutMs, tries: 1 };
}

const SWITCH_NAMES = ['charge', 'discharge', 'balancer'] as const satisfies readonly SwitchName[];

/** What is known of the answers over one connection. */
class Connection {
  readonly forms = new Forms();
  readonly writtenForms = new Forms();
  readonly standings = new Standings();
  readonly answers = new Map<Query, Answered>();
}

class PlannedSession implements Session {
  readonly switches: Session['switches'];
  readonly #plan: DriverPlan;
  readonly #link: Exchange;
  readonly #address: number;
  readonly #talk: Talk;
  #connection = new Connection();
  #memory: Memory = { cycle: 0, known: {} };
  #failures = 0;
  readonly #remarks = new Remarks();

  constructor(plan: DriverPlan, link: Exchange, address: number) {
    this.#plan = plan;
    this.#link = link;
    this.#address = address;
    this.#talk = { address, ask: (query, how) => this.#ask(query, this.#round({}), how) };
    this.switches = Object.fromEntries(
      Object.entries(plan.switches ?? {}).map(([name, turn]) => [
        name,
        (on: boolean) => turn(this.#talk, on),
      ]),
    );
  }

  get memory(): Memory {
    return this.#memory;
  }

  set memory(memory: Memory) {
    this.#memory = memory;
  }

  takeRemarks(): readonly Remark[] {
    return this.#remarks.take();
  }

  reconnected(): void {
    this.#connection = new Connection();
  }

  async probe(): Promise<PackReading> {
    const { knock, probe, prove, queries } = this.#plan;
    const [first] = queries;
    if (knock !== undefined) await this.#talk.ask(knock);
    const answer = await this.#talk.ask(first, probe);
    return prove === undefined
      ? assertPlausible(assemble(this.#plan, [answer.reading]))
      : prove(this.#talk, answer);
  }

  async read(): Promise<PackReading> {
    try {
      const known = await this.#poll();
      const { cycle } = this.#memory;
      this.#memory = { cycle: cycle + (cycle === PARTING ? 1 + APART * this.#address : 1), known };
      this.#failures = 0;
      return known;
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof PortError) throw error;
      this.#failures += 1;
      if (this.#failures >= PATIENCE) this.#memory = { cycle: 0, known: {} };
      throw error;
    }
  }

  async #poll(): Promise<PackReading> {
    const { known } = this.#memory;
    const round = this.#round(known);
    const parts = new PollParts(this.#connection.standings, known, this.#remarks);
    for (const query of this.#plan.queries) await this.#turn(query, round, parts);
    const together = this.#plan.together?.(round) ?? {};
    return assemble(this.#plan, [round.told, parts.end(), together]);
  }

  /** One question in its turn. */
  async #turn(query: Query, round: Round, parts: PollParts): Promise<void> {
    const { only, optional, rarely, tells = [] } = query;
    if (only !== undefined && !only(round)) {
      if (rarely !== undefined) round.keep(pick(round.known, tells));
    } else if (rarely !== undefined) await this.#askRarely(query, round);
    else if (optional !== undefined) await this.#askOptional(query, round, parts);
    else round.take(await this.#askAwake(query, round));
  }

  async #askRarely(query: Query, round: Round): Promise<void> {
    const { confirmed, partly, tells = [] } = query;
    const known = pick(round.known, tells);
    const told = isDue(query, this.#memory.cycle, round.known)
      ? await this.#askFact(query, round, confirmed)
      : query.urgent?.(round)
        ? await this.#askFact(query, round)
        : undefined;
    if (told === undefined || partly) round.keep(known);
    if (told !== undefined) round.take(partly ? told : pick(told, tells));
    if (told !== undefined && !partly && query.name !== undefined) this.#remarks.tell(query.name);
    else this.#missFacts(query, round);
  }

  async #askFact(
    query: Query,
    round: Round,
    confirmed?: Query['confirmed'],
  ): Promise<PackReading | undefined> {
    const told = await ifTold(this.#ask(query, round));
    if (told !== undefined && confirmed !== undefined) {
      const again = await ifTold(this.#ask(query, round));
      if (again !== undefined && JSON.stringify(told[confirmed]) === JSON.stringify(again[confirmed]))
        return told.reading;
      round.forget(query);
      return undefined;
    }
    if (told !== undefined || query.instead === undefined) return told?.reading;
    const pieces: PackReading[] = [];
    for (const piece of query.instead) pieces.push((await ifTold(this.#ask(piece, round)))?.reading ?? {});
    return mergeReadings(...pieces);
  }

  /** Facts that are not told are missed in the last of the first polls that ask for them in vain. */
  #missFacts({ name, rarely, tells = [], missed = tells }: Query, { told }: Round): void {
    if (name === undefined || rarely === undefined) return;
    if (missed.some((key) => told[key] !== undefined)) this.#remarks.tell(name);
    // What was told once is lost now and then, and asked again.
    else if (this.#memory.cycle === lastAttempt(rarely) && !this.#remarks.hasTold(name))
      this.#remarks.miss(name, 'never');
  }

  async #askOptional(query: Query, round: Round, parts: PollParts): Promise<void> {
    const { name = '', optional = {}, tells = [] } = query;
    const { alarms, every, lasting, minor, stays, toldBy } = optional;
    const known = pick(round.known, tells);
    const isKnown = toldBy === undefined ? Object.keys(known).length > 0 : toldBy(round);
    if (every !== undefined && isKnown && this.#memory.cycle % every !== 0)
      return round.keep(stays?.(round.known) ?? known);
    if (lasting && isKnown) {
      const again = await ifTold(this.#ask(query, round));
      return again === undefined ? round.keep(known) : round.take(again.reading);
    }
    const part = {
      name,
      isKnown,
      ...(alarms !== undefined && { alarms }),
      ...(stays !== undefined && { limits: true as const }),
      ...(minor !== undefined && { minor: tells }),
    };
    const ask = async (most: number): Promise<PackReading> =>
      (await this.#ask(query, round, { tries: most })).reading;
    const told = await parts.ask(part, ask);
    if (told !== undefined) round.take(told);
    else if (stays !== undefined) round.keep(stays(round.known));
  }

  /** Silence may be sleep. */
  async #askAwake(query: Query, round: Round): Promise<PackReading> {
    const { wake } = query;
    try {
      return (await this.#ask(query, round)).reading;
    } catch (error) {
      if (wake === undefined || !(error instanceof TimeoutError)) throw error;
    }
    await ifTold(this.#ask(wake, round));
    return (await this.#ask(query, round, { tries: 1 })).reading;
  }

  async #ask(query: Query, round: Round, how: How = {}): Promise<Answered> {
    let before = await this.#askOnce(query, round, how);
    if (!query.agreed) return before;
    for (let more = 0; more < MOST_MORE; more += 1) {
      const now = await this.#askOnce(query, round, how);
      if (agree(before.reading, now.reading)) return now;
      before = now;
    }
    round.forget(query);
    throw new ImplausibleError('answers to the same request, one right after the other, do not agree');
  }

  async #askOnce(query: Query, round: Round, how: How): Promise<Answered> {
    const { asks, accept, decode, writes } = query;
    const { forms, writtenForms } = this.#connection;
    const { timeoutMs = this.#plan.timeoutMs, tries = 1, ...options } = { ...timing(query), ...how };
    const ask = async (request: Uint8Array, most: number): Promise<Answered> => {
      const recognised = accept?.(request, round) ?? this.#plan.accept(request);
      // A request of nothing stands for what the battery says by itself.
      const reply =
        request.length === 0
          ? await this.#link.next(recognised, timeoutMs)
          : await this.#link.ask(request, recognised, timeoutMs, { ...options, tries: most });
      const reading = decode?.(request, reply, round) ?? this.#plan.decode(request, reply);
      return { request, reply, reading };
    };
    const asked = asks(this.#address, forms.usual, round);
    const answer =
      asked instanceof Uint8Array
        ? await ask(asked, tries)
        : await (writes ? writtenForms : forms).ask({ of: query, forms: asked, tries }, (form, most) =>
            ask(form.request, most),
          );
    round.note(query, answer);
    return answer;
  }

  #round(known: PackReading): Round {
    return new Round(this.#address, known, this.#connection.answers);
  }
}

/** One poll in its course. */
class Round implements Poll {
  readonly address: number;
  readonly known: PackReading;
  readonly #answers: Map<Query, Answered>;
  readonly #now = new Map<Query, Answered>();
  #kept: PackReading = {};
  #told: PackReading = {};

  constructor(address: number, known: PackReading, answers: Map<Query, Answered>) {
    this.address = address;
    this.known = known;
    this.#answers = answers;
  }

  /** What was asked first counts where two answers tell the same, and what is known from before where nobody does. */
  get told(): PackReading {
    return mergeReadings(this.#kept, this.#told);
  }

  keep(known: PackReading): void {
    this.#kept = mergeReadings(this.#kept, known);
  }

  take(reading: PackReading): void {
    this.#told = mergeReadings(reading, this.#told);
  }

  now(query: Query): Answered | undefined {
    return this.#now.get(query);
  }

  last(query: Query): Answered | undefined {
    return this.#answers.get(query);
  }

  note(query: Query, answer: Answered): void {
    this.#now.set(query, answer);
    this.#answers.set(query, answer);
  }

  /** An answer that is not believed. */
  forget(query: Query): void {
    this.#now.delete(query);
    this.#answers.delete(query);
  }
}

function timing({ gapMs, replyEqualsRequest, timeoutMs, tries }: How): How {
  return {
    ...(gapMs !== undefined && { gapMs }),
    ...(replyEqualsRequest !== undefined && { replyEqualsRequest }),
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(tries !== undefined && { tries }),
  };
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
