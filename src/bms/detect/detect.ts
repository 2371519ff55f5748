import { type Clock, sleep } from '../../clock.ts';
import { BmsError, FrameError, NothingFoundError, PortError, TimeoutError } from '../../errors.ts';
import type { Reading } from '../../model/reading.ts';
import type { Exchange, LineSettings } from '../../transport/exchange.ts';
import type { BmsDriver } from '../driver.ts';
import { diagnose, type Failure } from './diagnosis.ts';

/** A link whose line settings can be changed while it is open. */
export interface ProbeLink extends Exchange {
  configure(line: LineSettings): Promise<void>;
}

/** Where and how a battery answered. */
export interface Hit {
  readonly id: string;
  readonly line: LineSettings;
  readonly address: number;
}

export interface Attempt extends Hit {
  /** What the probe read when it succeeded. */
  readonly reading?: Reading;
  /** Why this is not the BMS that was looked for. */
  readonly error?: BmsError;
  readonly tookMs: number;
}

export interface Detected {
  readonly driver: BmsDriver;
  readonly line: LineSettings;
  readonly address: number;
  readonly reading: Reading;
}

export interface DetectOptions {
  /** Drivers to try, in the order of the list. */
  readonly drivers: readonly BmsDriver[];
  /** Where batteries answered before on this port, the last hit first; tried before everything else. */
  readonly first?: readonly Hit[];
  /** Only these addresses (of drivers that have addresses at all). */
  readonly addresses?: readonly number[];
  /** Only this line speed. */
  readonly baudRate?: number;
  /** The search ends after this time, ms; an attempt that is still on the line then is given up, so close the link. */
  readonly budgetMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** What the owner chose that leaves out other BMS types, addresses or speeds; told when nothing is found. */
  readonly narrowedBy?: readonly string[];
  readonly onAttempt?: (attempt: Attempt) => void;
}

/** One step of the plan: a driver at an address with one line setting. */
export interface Step {
  readonly driver: BmsDriver;
  readonly line: LineSettings;
  readonly address: number;
}

/**
 * Silence after an attempt that woke somebody, before the next BMS is asked, ms. A device that heard a foreign request may
 * wait in the middle of what it takes for a frame, or still be talking; 200 ms make every known one forget. Attempts
 * that nobody answered end with a silence of their own, their deadline.
 */
const PACE_MS = 200;

/**
 * The order of attempts: what answered before; then every driver at its usual address and usual line setting; then the
 * other line settings; then the other addresses, the second one of every driver before the third of any. Within each round
 * attempts of one line setting stand together, so that the port is set up anew as rarely as possible.
 */
export function plan(options: Pick<DetectOptions, 'drivers' | 'first' | 'addresses' | 'baudRate'>): Step[] {
  const { addresses, baudRate, drivers, first = [] } = options;
  const steps = new Map<string, Step>();
  const add = (driver: BmsDriver, line: LineSettings, address: number): void => {
    const key = `${driver.id} ${lineText(line)} ${address}`;
    if (baudRate !== undefined && line.baudRate !== baudRate) return;
    if (!steps.has(key)) steps.set(key, { driver, line, address });
  };
  const wanted = drivers.map((driver) => ({
    driver,
    lines: linesOf(driver, baudRate),
    addresses:
      addresses !== undefined && driver.reach.serial.addresses.length > 1
        ? addresses
        : driver.reach.serial.addresses,
  }));
  const round = (linesFrom: number, linesTo: number, rank: number): void => {
    const chosen = wanted.map((item) => ({ ...item, lines: item.lines.slice(linesFrom, linesTo) }));
    const speeds = new Set(chosen.flatMap(({ lines }) => lines.map(lineText)));
    for (const speed of speeds) {
      for (const item of chosen) {
        const { secondUsual } = item.driver.reach.serial;
        const alsoSecond = rank === 0 && linesFrom === 0 && addresses === undefined;
        for (const address of [item.addresses[rank], alsoSecond ? secondUsual : undefined]) {
          if (address === undefined) continue;
          for (const line of item.lines) if (lineText(line) === speed) add(item.driver, line, address);
        }
      }
    }
  };

  for (const hit of first) {
    const known = wanted.find(
      ({ driver, addresses: allowed }) => driver.id === hit.id && allowed.includes(hit.address),
    );
    if (known !== undefined) add(known.driver, hit.line, hit.address);
  }
  round(0, 1, 0);
  round(1, Number.POSITIVE_INFINITY, 0);
  const most = Math.max(0, ...wanted.map((item) => item.addresses.length));
  for (let rank = 1; rank < most; rank += 1) round(0, 1, rank);
  return [...steps.values()];
}

/** The line settings of a driver, of one speed if so wanted; a speed that it does not know takes the place of its usual one. */
function linesOf({ reach }: BmsDriver, baudRate: number | undefined): readonly LineSettings[] {
  const { lines } = reach.serial;
  if (baudRate === undefined) return lines;
  const same = lines.filter((line) => line.baudRate === baudRate);
  return same.length > 0 ? same : lines.slice(0, 1).map((line) => ({ ...line, baudRate }));
}

/** "9600 8N1". */
export function lineText(line: LineSettings): string {
  return `${line.baudRate} 8${(line.parity ?? 'none').charAt(0).toUpperCase()}${line.stopBits ?? 1}`;
}

/** "jbd at 1, 9600 8N1": one attempt in a log line. */
export function hitText({ id, address, line }: Hit): string {
  return `${id} at ${address}, ${lineText(line)}`;
}

/**
 * Finds out which BMS is on the link. Every driver only reads, and proves itself by checksum and plausibility.
 * Rejects with NothingFoundError, which says what is likely wrong, when none is recognised; errors of the port itself
 * pass through.
 */
export async function detect(link: ProbeLink, options: DetectOptions): Promise<Detected> {
  const { budgetMs, clock, onAttempt, signal } = options;
  const steps = plan(options);
  const started = clock.now();
  const failures: Failure[] = [];
  let set: LineSettings | undefined;
  for (const step of steps) {
    if (signal?.aborted || clock.now() - started >= budgetMs) break;
    if (set === undefined || !sameSetting(set, step.line)) {
      await link.configure(step.line);
      set = step.line;
    }
    const at = clock.now();
    const hit = { id: step.driver.id, line: step.line, address: step.address };
    const listener = new Listener(link);
    try {
      const reading = await inTime(
        clock,
        started + budgetMs - at,
        step.driver.open(listener, step.address).probe(),
      );
      onAttempt?.({ ...hit, reading, tookMs: clock.now() - at });
      return { ...step, reading };
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof PortError) throw error;
      const { answered, heard, sent } = listener;
      failures.push({ ...hit, error, answered, heard, sent });
      onAttempt?.({ ...hit, error, tookMs: clock.now() - at });
      if (hasWoken(error)) await sleep(clock, PACE_MS, signal);
    }
  }
  const speeds = [...new Set(failures.map(({ line }) => line.baudRate))].join(', ');
  const seconds = ((clock.now() - started) / 1000).toFixed(1);
  throw new NothingFoundError(
    `${who(options)} (${failures.length} of ${steps.length} attempts at ${speeds} baud in ${seconds} s): ${diagnose(failures)}`,
  );
}

/** Who did not answer; when the owner chose, that nothing else was tried and by what he chose. */
function who({ drivers, narrowedBy = [] }: DetectOptions): string {
  if (narrowedBy.length === 0) return 'no known BMS answered';
  const tried = drivers.map(({ id }) => id).join(', ');
  return `only ${tried} ${drivers.length === 1 ? 'was' : 'were'} tried, because of ${narrowedBy.join(' and ')}, and did not answer; without that every known BMS is tried`;
}

/** The link as one attempt uses it, with all that was said in its course. */
class Listener implements Exchange {
  readonly sent: Uint8Array[] = [];
  /** What came in the tries that failed. */
  readonly heard: Uint8Array[] = [];
  answered = false;
  readonly #link: Exchange;

  constructor(link: Exchange) {
    this.#link = link;
  }

  async ask(...[request, accept, timeoutMs, options]: Parameters<Exchange['ask']>): Promise<Uint8Array> {
    this.sent.push(request);
    const onMissed = (tookMs: number, error: unknown): void => {
      if (error instanceof TimeoutError || error instanceof FrameError) this.heard.push(error.received);
      options?.onMissed?.(tookMs, error);
    };
    const reply = await this.#link.ask(request, accept, timeoutMs, { ...options, onMissed });
    this.answered = true;
    return reply;
  }

  async next(...[accept, timeoutMs]: Parameters<Exchange['next']>): Promise<Uint8Array> {
    const frame = await this.#link.next(accept, timeoutMs);
    this.answered = true;
    return frame;
  }
}

/** A line that never falls silent draws every attempt out, but not beyond the time of the search. */
function inTime<T>(clock: Clock, ms: number, probe: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new TimeoutError('the time of the search was over')));
    probe.then(resolve, reject).finally(cancel);
  });
}

/** The gap is part of the setting: two BMSes of one speed may want different silences. */
function sameSetting(a: LineSettings, b: LineSettings): boolean {
  return lineText(a) === lineText(b) && a.gapMs === b.gapMs;
}

/** Bytes came that are not ours: somebody is there and may still be busy with what was asked. */
function hasWoken(error: BmsError): boolean {
  return !(error instanceof TimeoutError) || (error.received.length > 0 && !error.onlyEcho);
}
