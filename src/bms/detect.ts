import { BmsError, NothingFoundError } from '../errors.ts';
import type { Reading } from '../model/reading.ts';
import type { Exchange, LineSettings } from '../transport/exchange.ts';
import type { BmsDriver } from './driver.ts';

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
  /** The last hit on this port is tried first. */
  readonly first?: Hit;
  /** Only these addresses (of drivers that have addresses at all). */
  readonly addresses?: readonly number[];
  /** Only this line speed. */
  readonly baudRate?: number;
  /** No attempt begins later than this after the start, ms. */
  readonly budgetMs: number;
  readonly now: () => number;
  readonly signal?: AbortSignal;
  readonly onAttempt?: (attempt: Attempt) => void;
}

/** One step of the plan: a driver at an address with one line setting. */
interface Step {
  readonly driver: BmsDriver;
  readonly line: LineSettings;
  readonly address: number;
}

/**
 * The order of attempts: the last hit; then every driver at its usual address and usual line setting; then the other
 * line settings; then the other addresses. Within each round attempts of one line setting stand together, so that
 * the port is set up anew as rarely as possible.
 */
export function plan(options: Pick<DetectOptions, 'drivers' | 'first' | 'addresses' | 'baudRate'>): Step[] {
  const steps: Step[] = [];
  const known = new Set<string>();
  const add = (driver: BmsDriver, line: LineSettings, address: number): void => {
    const key = `${driver.id} ${lineText(line)} ${address}`;
    if (options.baudRate !== undefined && line.baudRate !== options.baudRate) return;
    if (known.has(key)) return;
    known.add(key);
    steps.push({ driver, line, address });
  };
  const addressesOf = (driver: BmsDriver): readonly number[] =>
    options.addresses !== undefined && driver.addresses.length > 1 ? options.addresses : driver.addresses;
  const linesOf = (driver: BmsDriver): readonly LineSettings[] => {
    const { baudRate } = options;
    if (baudRate === undefined || driver.lines.some((line) => line.baudRate === baudRate))
      return driver.lines;
    return driver.lines.slice(0, 1).map((line) => ({ ...line, baudRate }));
  };

  const { first } = options;
  const cached = first && options.drivers.find((driver) => driver.id === first.id);
  if (first && cached && addressesOf(cached).includes(first.address)) add(cached, first.line, first.address);

  const round = (
    choose: (driver: BmsDriver) => { lines: readonly LineSettings[]; addresses: readonly number[] },
  ): void => {
    const wanted = options.drivers.map((driver) => ({ driver, ...choose(driver) }));
    const speeds = new Set(wanted.flatMap(({ lines }) => lines.map(lineText)));
    for (const speed of speeds) {
      for (const { driver, lines, addresses } of wanted) {
        for (const line of lines.filter((candidate) => lineText(candidate) === speed)) {
          for (const address of addresses) add(driver, line, address);
        }
      }
    }
  };
  round((driver) => ({ lines: linesOf(driver).slice(0, 1), addresses: addressesOf(driver).slice(0, 1) }));
  round((driver) => ({ lines: linesOf(driver).slice(1), addresses: addressesOf(driver).slice(0, 1) }));
  round((driver) => ({ lines: linesOf(driver).slice(0, 1), addresses: addressesOf(driver).slice(1) }));
  return steps;
}

/** "9600 8N1". */
export function lineText(line: LineSettings): string {
  return `${line.baudRate} 8${(line.parity ?? 'none').charAt(0).toUpperCase()}${line.stopBits ?? 1}`;
}

/**
 * Finds out which BMS is on the link. Every driver only reads, and proves itself by checksum and plausibility.
 * Rejects with NothingFoundError when none is recognised; errors of the port itself pass through.
 */
export async function detect(link: ProbeLink, options: DetectOptions): Promise<Detected> {
  const steps = plan(options);
  const started = options.now();
  let line: string | undefined;
  let tried = 0;
  for (const step of steps) {
    if (options.signal?.aborted || options.now() - started > options.budgetMs) break;
    if (lineText(step.line) !== line) {
      await link.configure(step.line);
      line = lineText(step.line);
    }
    tried += 1;
    const at = options.now();
    const hit = { id: step.driver.id, line: step.line, address: step.address };
    try {
      const reading = await step.driver.probe(link, step.address);
      options.onAttempt?.({ ...hit, reading, tookMs: options.now() - at });
      return { ...step, reading };
    } catch (error) {
      if (!(error instanceof BmsError) || error.code.startsWith('PORT_')) throw error;
      options.onAttempt?.({ ...hit, error, tookMs: options.now() - at });
    }
  }
  const speeds = [...new Set(steps.slice(0, tried).map((step) => step.line.baudRate))].join(', ');
  throw new NothingFoundError(
    `no known BMS answered (${tried} of ${steps.length} attempts at ${speeds} baud in ` +
      `${((options.now() - started) / 1000).toFixed(1)} s); check cable, wiring (A/B, RX/TX, ground) and that the BMS is awake`,
  );
}
