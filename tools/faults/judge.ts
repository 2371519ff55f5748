import type { BmsDriver } from '../../src/bms/driver.ts';
import { lawFor } from '../../src/control/decide.ts';
import { type FilterState, filterReading, initialFilter } from '../../src/control/input/reading-filter.ts';
import type { ControlOutput, ControlSettings } from '../../src/control/law.ts';
import type { LawState } from '../../src/control/memory/law-state.ts';
import { BmsError, hex, TimeoutError } from '../../src/errors.ts';
import type { PackReading } from '../../src/model/reading.ts';
import type { Accept } from '../../src/protocol/accept.ts';
import { sameBytes } from '../../src/protocol/bytes.ts';
import type { Exchange } from '../../src/transport/exchange.ts';
import { Reception } from '../../src/transport/reception.ts';
import { readAt } from '../../test/support/sessions.ts';
import type { RecordedPoll, Sound } from './corpus.ts';

/** Good readings before the damaged one; limits have risen as far as they do. */
const SETTLING = 120;
/** Good readings after it: what a driver remembers of a damaged one has its effect then. */
const AFTERWARDS = 45;
/** A, V: steps of what is published. */
const STEP = 0.051;
/** A rise that is due comes this many polls sooner or later, because the law looks back in slots of 5 s. */
const SLOT = 5;
const LIMITS = ['ccl', 'dcl', 'cvl'] as const;

/** What became of one damaged answer that was not refused. */
export interface Verdict {
  /** What the whole poll says instead of the truth, in words; empty when it is right, absent when the poll failed. */
  readonly difference?: string;
  readonly isHeldByFilter: boolean;
  readonly isRaised: boolean;
}

interface Settled {
  readonly law: LawState;
  readonly filter: FilterState;
  /** What the undisturbed battery goes on to say, and what its limits come to, poll by poll. */
  readonly readings: readonly (PackReading | undefined)[];
  readonly outputs: readonly (ControlOutput | undefined)[];
}

/** Judges whole polls of one driver with one damaged answer in them. */
export class Judge {
  readonly #driver: BmsDriver;
  readonly #settings: ControlSettings;
  /** By the truth of the poll. */
  readonly #settled = new Map<PackReading, Promise<Settled>>();
  readonly #verdicts = new Map<Sound, Map<string, Promise<Verdict>>>();

  constructor(driver: BmsDriver, settings: ControlSettings) {
    this.#driver = driver;
    this.#settings = settings;
  }

  /** The poll of `item` with `bytes` in the place of its answer; undefined is silence. */
  verdict(item: Sound, bytes: Uint8Array | undefined): Promise<Verdict> {
    const known = this.#verdicts.get(item) ?? new Map<string, Promise<Verdict>>();
    this.#verdicts.set(item, known);
    const key = bytes === undefined ? 'silence' : hex(bytes, bytes.length);
    const verdict = known.get(key) ?? this.#judge(item, bytes);
    known.set(key, verdict);
    return verdict;
  }

  async #judge({ poll, request }: Sound, bytes: Uint8Array | undefined): Promise<Verdict> {
    const { address, context, truth } = poll;
    const driver = this.#driver;
    const reading = await said(readAt(driver, answering(poll.replies, request, bytes), address, context));
    if (reading === undefined) return { isHeldByFilter: false, isRaised: false };
    const settled = await this.#of(poll);
    return {
      difference: difference(reading, truth),
      isHeldByFilter: filterReading(this.#settings, settled.filter, reading).sample === undefined,
      isRaised: await this.#raises(poll, reading, settled),
    };
  }

  #of(poll: RecordedPoll): Promise<Settled> {
    const settled = this.#settled.get(poll.truth) ?? this.#settle(poll);
    this.#settled.set(poll.truth, settled);
    return settled;
  }

  async #settle(poll: RecordedPoll): Promise<Settled> {
    const { truth } = poll;
    const law = lawFor(this.#settings.profile);
    let state = law.initial(this.#settings);
    let filter = initialFilter();
    for (let t = 0; t < SETTLING; t += 1) {
      state = law.step(this.#settings, state, { t, requests: {}, reading: truth }).state;
      filter = filterReading(this.#settings, filter, truth).state;
    }
    const readings = [truth, ...(await this.#afterwards(poll, truth, []))];
    return { law: state, filter, readings, outputs: this.#limits(state, readings) };
  }

  #limits(state: LawState, readings: readonly (PackReading | undefined)[]): (ControlOutput | undefined)[] {
    const law = lawFor(this.#settings.profile);
    let now = state;
    return readings.map((reading, index) => {
      const input = { t: SETTLING + index, requests: {}, ...(reading !== undefined && { reading }) };
      const step = law.step(this.#settings, now, input);
      now = step.state;
      return step.output;
    });
  }

  /**
   * Whether the reading ever lets more current flow, or a higher voltage, than the truth would have: at once, or by what the
   * driver remembers of it in the polls that follow.
   */
  async #raises(
    poll: RecordedPoll,
    reading: PackReading,
    { law, outputs, readings }: Settled,
  ): Promise<boolean> {
    const damaged = [reading, ...(await this.#afterwards(poll, reading, readings.slice(1)))];
    return this.#limits(law, damaged).some((output, index) => {
      const sound = outputs.slice(index, index + SLOT + 1);
      return LIMITS.some((limit) => {
        const most = Math.max(...sound.map((one) => one?.[limit] ?? 0));
        return output !== undefined && output[limit] > most + STEP;
      });
    });
  }

  /**
   * The polls that follow, with nothing wrong any more but what the driver took over from `reading`; from the first that is as
   * in `usual`, all are.
   */
  async #afterwards(
    { address, context, replies }: RecordedPoll,
    reading: PackReading,
    usual: readonly (PackReading | undefined)[],
  ): Promise<(PackReading | undefined)[]> {
    const link = answering(replies);
    const readings: (PackReading | undefined)[] = [];
    let known = reading;
    while (readings.length < AFTERWARDS) {
      const at = readings.length;
      const next = await said(readAt(this.#driver, link, address, { cycle: context.cycle + 1 + at, known }));
      if (next !== undefined && same(next, usual[at])) return [...readings, ...usual.slice(at)];
      readings.push(next);
      known = next ?? known;
    }
    return readings;
  }
}

/** The frame that the exchange would have found, as it looks at the deadline. */
export function frameOf(
  accept: Accept,
  request: Uint8Array,
  bytes: Uint8Array,
  isOwn = false,
): Uint8Array | undefined {
  const reception = new Reception(new Uint8Array(Math.max(1, bytes.length)), {
    request,
    accept,
    replyEqualsRequest: isOwn,
  });
  return reception.add(bytes) ?? reception.lastLook();
}

/** The battery of the poll, with one other answer to a request, the first; a second try of the same question would hide it. */
function answering(replies: RecordedPoll['replies'], damaged?: Uint8Array, bytes?: Uint8Array): Exchange {
  let isLeft = damaged !== undefined;
  const link: Exchange = {
    next: (accept, timeoutMs) => link.ask(new Uint8Array(), accept, timeoutMs),
    async ask(request, accept, _timeoutMs, { replyEqualsRequest = false } = {}) {
      const isDamaged = isLeft && damaged !== undefined && sameBytes(request, damaged);
      if (isDamaged) isLeft = false;
      const answer = isDamaged ? bytes : replies.get(hex(request));
      const frame = answer && frameOf(accept, request, answer, replyEqualsRequest);
      if (frame === undefined) throw new TimeoutError(`no reply to ${hex(request)}`);
      return frame;
    },
  };
  return link;
}

function said(poll: Promise<PackReading>): Promise<PackReading | undefined> {
  return poll.catch((error: unknown) => {
    if (error instanceof BmsError) return undefined;
    throw error;
  });
}

/** What is said that is not true, in words; what is left out is only absent. */
function difference(reading: PackReading, truth: PackReading): string {
  return untrue(reading, truth)
    .map(
      ({ name, value, expected }) =>
        `${name} ${JSON.stringify(value)} instead of ${JSON.stringify(expected)}`,
    )
    .join(', ');
}

interface Untrue {
  readonly name: string;
  readonly value: unknown;
  readonly expected: unknown;
}

function untrue(
  { alarms = {}, ...reading }: PackReading,
  { alarms: raised = {}, ...truth }: PackReading,
): Untrue[] {
  const compare = (said: object, known: object): Untrue[] => {
    const values = new Map<string, unknown>(Object.entries(known));
    return Object.entries(said)
      .map(([name, value]): Untrue => ({ name, value, expected: values.get(name) }))
      .filter(({ value, expected }) => value !== undefined && !same(value, expected));
  };
  return [...compare(reading, truth), ...compare(alarms, raised)];
}

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
