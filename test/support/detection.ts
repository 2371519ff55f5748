import { Controller } from '../../src/battery/controller.ts';
import { type Attempt, type Detected, type DetectOptions, detect } from '../../src/bms/detect/detect.ts';
import type { PlanOptions } from '../../src/bms/detect/plan.ts';
import type { BmsDriver, BmsEntry } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError, ImplausibleError, RefusedError } from '../../src/errors.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { sameBytes } from '../../src/protocol/bytes.ts';
import { controlSettings } from '../../src/settings/control.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { Exchange } from '../../src/transport/exchange.ts';
import type { VectorCase } from '../contract/vectors.ts';
import { batteryFor } from './batteries.ts';
import { simulated, type Talk, talker, VirtualLine } from './virtual-line.ts';

export const DRIVERS: readonly BmsDriver[] = BMSES.map(({ driver }) => driver);
/** What must hold for every BMS on its usual line settings, ms. */
export const MARKS = {
  /** Among the first 13 types, in the worst order of them, and with silent types up to 28. */
  cold: 8000,
  coldAmongMany: 20_000,
  remembered: 600,
  /** From the start of the program until a foreign device is left to the next one. */
  left: 20_000,
  /** The start of the program at which a battery is found at the latest, however long the list. */
  starts: 2,
} as const;
/** From the start of the program to its first request on a slow device, ms. */
export const START_MS = 4000;
/** The time of the search that the service allows itself, ms. */
export const SEARCH_MS = 15_000;

export interface Search {
  readonly found?: Detected;
  readonly error?: BmsError;
  readonly attempts: readonly Attempt[];
  readonly tookMs: number;
}

/** A search over the whole list, or over what `options` say. */
export async function search(
  line: VirtualLine,
  options: Partial<PlanOptions> & Partial<Pick<DetectOptions, 'budgetMs' | 'onEnd'>> = {},
): Promise<Search> {
  const { clock, link } = line;
  const attempts: Attempt[] = [];
  const began = clock.now();
  const outcome = detect(link, {
    drivers: DRIVERS,
    budgetMs: SEARCH_MS,
    ...options,
    clock,
    onAttempt: (attempt) => attempts.push(attempt),
  }).then(
    (found) => ({ found, attempts, tookMs: clock.now() - began }),
    (error: unknown) => {
      if (!(error instanceof BmsError)) throw error;
      return { error, attempts, tookMs: clock.now() - began };
    },
  );
  return line.until(outcome);
}

/** A search on a line to the simulated battery of a BMS, cold and then with what it found remembered. */
export async function coldAndRemembered(
  id: string,
): Promise<{ readonly cold: Search; readonly remembered: Search }> {
  const clock = new VirtualClock();
  const device = await simulated(id, clock);
  const cold = await search(new VirtualLine(clock, device));
  const hit = cold.found && { id: cold.found.driver.id, line: cold.found.line, address: cold.found.address };
  const remembered = await search(new VirtualLine(clock, device), hit === undefined ? {} : { first: [hit] });
  return { cold, remembered };
}

/** What a device does when it hears the probe of another BMS. */
export const EFFECTS = {
  itself: 'is recognised',
  silent: 'hears nothing that concerns it and stays silent',
  waits:
    'takes a byte of the request for the beginning of a frame, waits for the rest, and forgets it in the silence',
  refuses: 'answers that it does not know this; the probe takes it for what it is',
  answers: 'answers in its own way; the probe sees that this is another BMS',
  taken: 'IS TAKEN FOR ANOTHER BMS',
  disturbed: 'DOES NOT ANSWER ITS OWN PROBE AFTERWARDS',
} as const;
export type Effect = keyof typeof EFFECTS;

/** The probe of `driver` sent to the simulated battery of `entry` at the rate of the battery, and then its own probe. */
export async function effectOf(entry: BmsEntry, driver: BmsDriver): Promise<Effect> {
  const own = entry.driver;
  const clock = new VirtualClock();
  const [settings = { baudRate: 9600 }] = own.reach.serial.lines;
  const line = new VirtualLine(clock, await simulated(own.id, clock), settings);
  const taken = await outcomeOf(line, driver);
  if (driver === own) return taken instanceof BmsError ? 'disturbed' : 'itself';
  if (!(taken instanceof BmsError)) return 'taken';
  const foreign = [...line.records];
  if ((await outcomeOf(line, own)) instanceof BmsError) return 'disturbed';
  if (taken instanceof RefusedError) return 'refuses';
  if (foreign.some(({ received }) => received.length > 0)) return 'answers';
  const responder = await entry.responder();
  return foreign.some(({ request }) => beginsAFrame(request, responder.accept)) ? 'waits' : 'silent';
}

function outcomeOf(line: VirtualLine, driver: BmsDriver): Promise<BmsError | undefined> {
  const [address = 0] = driver.reach.serial.addresses;
  return failureOf(line, driver.open(line.link, address).probe());
}

function failureOf(line: VirtualLine, asked: Promise<unknown>): Promise<BmsError | undefined> {
  return line.until(
    asked.then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof BmsError) return error;
        throw error;
      },
    ),
  );
}

function beginsAFrame(request: Uint8Array, accept: (bytes: Uint8Array) => unknown): boolean {
  return [...request.keys()].some((from) => accept(request.subarray(from)) === 'more');
}

/** A device that answers exactly the requests of a capture, with the recorded replies in turn. */
export function replayOf({ exchanges }: VectorCase): Talk {
  const turns = new Map<string, number>();
  return {
    answer(heard) {
      const known = exchanges.filter(({ request }) => sameBytes(request, heard));
      const key = heard.join();
      const turn = turns.get(key) ?? 0;
      turns.set(key, turn + 1);
      return known[turn % Math.max(1, known.length)]?.reply;
    },
  };
}

/** A device that answers whatever it hears with the recorded replies in turn. */
export function parrotOf({ exchanges }: VectorCase): Talk {
  let turn = -1;
  return {
    answer() {
      turn += 1;
      return exchanges[turn % Math.max(1, exchanges.length)]?.reply;
    },
  };
}

/**
 * Families whose drivers recognise a device, each driver asking alone at its own rate: at the addresses that the exchanges of a
 * capture name, because a captured battery may be at any, else at its usual one.
 */
export function familiesThatTake(
  talk: () => Talk,
  exchanges: VectorCase['exchanges'] = [],
): Promise<string[]> {
  return familiesOf(talk, (driver, link, address) => driver.open(link, address).probe(), exchanges);
}

/**
 * Families that, at work with a battery of their own, go on with what a device says that has taken its place: the driver
 * takes its replies, and the reading filter takes what the driver makes of them.
 */
export async function familiesThatBelieve(talk: () => Talk): Promise<string[]> {
  const settings = (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('ttyUSB0');
  return familiesOf(talk, async (driver, link, address) => {
    const controller = new Controller(() => controlSettings(settings, driver));
    controller.step(0, batteryFor(driver), {});
    const reading = await driver.open(link, address).read();
    if (controller.step(1, reading, {})?.sample === undefined) throw new ImplausibleError('not a sample');
    return reading;
  });
}

async function familiesOf(
  talk: () => Talk,
  ask: (driver: BmsDriver, link: Exchange, address: number) => Promise<PackReading>,
  exchanges: VectorCase['exchanges'] = [],
): Promise<string[]> {
  const families = new Set<string>();
  for (const driver of DRIVERS) {
    for (const address of addressesIn(exchanges, driver)) {
      const clock = new VirtualClock();
      const [settings = { baudRate: 9600 }] = driver.reach.serial.lines;
      const line = new VirtualLine(clock, talker(clock, settings.baudRate, talk()), settings);
      if (!((await failureOf(line, ask(driver, line.link, address))) instanceof BmsError))
        families.add(driver.family);
      await line.link.close();
    }
  }
  return [...families];
}

/** Where a driver would ask the device of a capture. */
function addressesIn(exchanges: VectorCase['exchanges'], { addressOf, reach }: BmsDriver): readonly number[] {
  const { addresses } = reach.serial;
  const named = exchanges.flatMap(({ request }) => addressOf?.(request) ?? []);
  const known = [...new Set(named)].filter((address) => addresses.includes(address));
  return known.length > 0 ? known : addresses.slice(0, 1);
}
