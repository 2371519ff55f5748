import { type Clock, sleep } from '../../clock.ts';
import {
  BmsError,
  FrameError,
  type FrameFault,
  NothingFoundError,
  PortError,
  TimeoutError,
} from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import type { Exchange, LineSettings } from '../../transport/exchange.ts';
import type { BmsDriver } from '../driver.ts';
import { AttemptLink, askingOf } from './attempt-link.ts';
import { diagnose, type Failure } from './diagnosis.ts';
import { type Hit, lineText, sameSetting } from './hit.ts';
import {
  hitOf,
  type Patience,
  type PlanOptions,
  placeOf,
  plan,
  type SearchPlace,
  type Step,
  stepText,
} from './plan.ts';
import { frameIn, SharedAnswers } from './shared-answers.ts';

/** A link whose line settings can be changed while it is open. */
export interface ProbeLink extends Exchange {
  configure(line: LineSettings): Promise<void>;
}

export interface Attempt extends Hit {
  readonly patience: Patience;
  /** What the probe read when it succeeded. */
  readonly reading?: PackReading;
  /** Why this is not the BMS that was looked for. */
  readonly error?: BmsError;
  readonly tookMs: number;
}

export interface Detected {
  readonly driver: BmsDriver;
  readonly line: LineSettings;
  readonly address: number;
  readonly reading: PackReading;
}

export interface DetectOptions extends PlanOptions {
  /** The search ends after this time, ms; an attempt that is still on the line then is given up, so close the link. */
  readonly budgetMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** What the owner chose that leaves out other BMS types, addresses or speeds; told when nothing is found. */
  readonly narrowedBy?: readonly string[];
  readonly onAttempt?: (attempt: Attempt) => void;
  /** Told when the search ends without a battery: where the next one goes on; undefined when every step was made. */
  readonly onEnd?: (place: SearchPlace | undefined) => Promise<void>;
}

/**
 * Silence after an attempt that woke somebody, before the next BMS is asked, ms. A device that heard a foreign request may
 * wait in the middle of what it takes for a frame, or still be talking; 200 ms make every known one forget. Attempts
 * that nobody answered end with a silence of their own, their deadline.
 */
const PACE_MS = 200;

/**
 * Finds out which BMS is on the link. Every driver only reads, and proves itself by checksum and plausibility.
 * Rejects with NothingFoundError, which says what is likely wrong, when none is recognised; errors of the port itself
 * pass through.
 */
export async function detect(link: ProbeLink, options: DetectOptions): Promise<Detected> {
  const search = new Search(link, options);
  return search.run();
}

/** What came of one attempt. */
interface Tried {
  readonly step: Step;
  readonly reading?: PackReading;
  readonly error?: BmsError;
  /** What came in the tries that failed. */
  readonly heard: readonly Uint8Array[];
}

class Search {
  readonly #link: ProbeLink;
  readonly #options: DetectOptions;
  readonly #started: number;
  readonly #failures: Failure[] = [];
  /** Steps that were made, as their texts. */
  readonly #made = new Set<string>();
  #set: LineSettings | undefined;
  #shared: { readonly of: string; readonly answers: SharedAnswers } | undefined;
  #before: Tried | undefined;

  constructor(link: ProbeLink, options: DetectOptions) {
    this.#link = link;
    this.#options = options;
    this.#started = options.clock.now();
  }

  async run(): Promise<Detected> {
    const { beginsWithUsual, known, round, usual } = plan(this.#options);
    const steps = [...known, ...usual, ...round];
    const roundFrom = known.length + usual.length;
    let next = 0;
    for (const [index, step] of steps.entries()) {
      if (this.#isOver) break;
      const found = await this.#follow(step, steps, index < known.length);
      if (found !== undefined) return found;
      // An attempt that was cut short is made again; not the first one, or a search could stay there for ever.
      const place = index - roundFrom;
      if (place === 0 || (place > 0 && !this.#isOver)) next = place + 1;
    }
    const unmade = round[next];
    const place = unmade && { next: placeOf(unmade), usualFirst: !beginsWithUsual };
    await this.#options.onEnd?.(place);
    throw this.#nothingFound(steps.length, place !== undefined);
  }

  get #leftMs(): number {
    return this.#started + this.#options.budgetMs - this.#options.clock.now();
  }

  get #isOver(): boolean {
    return this.#options.signal?.aborted === true || this.#leftMs <= 0;
  }

  /** One step. Whoever is heard in it is asked again at once, with all patience. */
  async #follow(step: Step, steps: readonly Step[], isKnown: boolean): Promise<Detected | undefined> {
    if (this.#made.has(stepText(step))) return undefined;
    const before = this.#before;
    const tried = await this.#attempt(step, this.#sharedBy(step, steps));
    if (tried.reading !== undefined) return isKnown ? detected(tried) : this.#unlessMistaken(tried);
    for (const suspect of suspectsOf(tried, before)) {
      if (this.#isOver) return undefined;
      const again = await this.#attempt({ ...suspect, patience: 'full' }, this.#link);
      if (again.reading !== undefined) return this.#unlessMistaken(again);
    }
    return undefined;
  }

  /** The link on which drivers that ask the same thing share the answer. */
  #sharedBy({ line, patience }: Step, steps: readonly Step[]): Exchange {
    const of = `${lineText(line)} ${patience}`;
    if (this.#shared?.of !== of) {
      const asking = steps.filter((step) => `${lineText(step.line)} ${step.patience}` === of);
      this.#shared = { of, answers: new SharedAnswers(this.#link, asking) };
    }
    return this.#shared.answers.forAttempt();
  }

  async #attempt(step: Step, link: Exchange): Promise<Tried> {
    const { driver, line, address, patience } = step;
    const { clock, onAttempt, signal } = this.#options;
    this.#made.add(stepText(step));
    if (patience === 'full') this.#made.add(stepText({ ...step, patience: 'short' }));
    if (this.#set === undefined || !sameSetting(this.#set, line)) {
      await this.#link.configure(line);
      this.#set = line;
    }
    const at = clock.now();
    const said = { ...hitOf(step), patience };
    const own = new AttemptLink(link, patience === 'short' ? askingOf(step) : undefined);
    try {
      const reading = await inTime(clock, this.#leftMs, driver.open(own, address).probe());
      onAttempt?.({ ...said, reading, tookMs: clock.now() - at });
      return { step, reading, heard: [] };
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof PortError) throw error;
      const { answered, heard, sent } = own;
      this.#failures.push({ ...hitOf(step), error, answered, heard, sent });
      onAttempt?.({ ...said, error, tookMs: clock.now() - at });
      if (hasWoken(error)) await sleep(clock, PACE_MS, signal);
      this.#before = { step, error, heard };
      return this.#before;
    }
  }

  /** A battery of a type whose requests a board of another type answers too: that one is asked before this one is believed. */
  async #unlessMistaken(tried: Tried): Promise<Detected | undefined> {
    const { driver, line, address } = tried.step;
    for (const other of this.#options.drivers.filter(({ answersAs }) => answersAs?.includes(driver.id))) {
      const step: Step = { driver: other, line, address, patience: 'full' };
      if (this.#made.has(stepText(step)) || !other.reach.serial.addresses.includes(address)) continue;
      const asked = await this.#attempt(step, this.#link);
      if (asked.reading !== undefined) return detected(asked);
    }
    return detected(tried);
  }

  #nothingFound(steps: number, goesOn: boolean): NothingFoundError {
    const failures = this.#failures;
    const isRadio = failures.some(({ line }) => line.gatt !== undefined);
    const settings = failures.map(({ line }) => (isRadio ? lineText(line) : String(line.baudRate)));
    const where = `${[...new Set(settings)].join(', ')}${isRadio ? '' : ' baud'}`;
    const seconds = ((this.#options.clock.now() - this.#started) / 1000).toFixed(1);
    const rest = goesOn && this.#options.onEnd !== undefined ? '; the next search goes on from there' : '';
    return new NothingFoundError(
      `${who(this.#options)} (${failures.length} of ${steps} attempts at ${where} in ${seconds} s${rest}): ${diagnose(failures)}`,
    );
  }
}

function detected({ step: { driver, line, address }, reading = {} }: Tried): Detected {
  return { driver, line, address, reading };
}

/** What a reply that was damaged on the way looks like; anything else is said by somebody else. */
const DAMAGES: readonly FrameFault[] = ['incomplete', 'end', 'checksum'];

/**
 * Who may have been heard in an attempt in short: the one whose answer to the attempt before came late, or the one that was
 * asked, when its reply came damaged.
 */
function suspectsOf({ step, error, heard }: Tried, before: Tried | undefined): readonly Step[] {
  const isHeard = error !== undefined && hasWoken(error);
  const isDamaged = error instanceof FrameError && DAMAGES.includes(error.fault);
  if (step.patience === 'full' || !isHeard) return [];
  return [
    ...(before !== undefined && isLate(before.step, step, heard) ? [before.step] : []),
    ...(isDamaged ? [step] : []),
  ];
}

/** Whether what came in an attempt answers what was asked in the one before, on the same line setting. */
function isLate(before: Step, now: Step, heard: readonly Uint8Array[]): boolean {
  if (before.patience === 'full' || lineText(before.line) !== lineText(now.line)) return false;
  const { requests } = before.driver.opening(before.address);
  return requests.some((request) =>
    heard.some((reply) => frameIn(request, before.driver.accept(request), reply) !== undefined),
  );
}

/** Who did not answer; when the owner chose, that nothing else was tried and by what he chose. */
function who({ drivers, narrowedBy = [] }: DetectOptions): string {
  if (narrowedBy.length === 0) return 'no known BMS answered';
  const tried = drivers.map(({ id }) => id).join(', ');
  return `only ${tried} ${drivers.length === 1 ? 'was' : 'were'} tried, because of ${narrowedBy.join(' and ')}, and did not answer; without that every known BMS is tried`;
}

/** A line that never falls silent draws every attempt out, but not beyond the time of the search. */
function inTime<T>(clock: Clock, ms: number, probe: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new TimeoutError('the time of the search was over')));
    probe.then(resolve, reject).finally(cancel);
  });
}

/** Bytes came that are not ours: somebody is there and may still be busy with what was asked. */
function hasWoken(error: BmsError): boolean {
  return !(error instanceof TimeoutError) || (error.received.length > 0 && !error.onlyEcho);
}
