import { parseArgs } from 'node:util';
import { openLink } from '../src/app/link.ts';
import { detect, type Hit } from '../src/bms/detect/detect.ts';
import type { BmsEntry } from '../src/bms/driver.ts';
import { BMSES } from '../src/bms/index.ts';
import { systemClock } from '../src/clock.ts';
import { BmsError } from '../src/errors.ts';
import { servePty } from '../src/simulator/line/serve.ts';
import { buildDevice } from '../src/simulator/plant/build.ts';
import { parseScenario } from '../src/simulator/trials/scenario.ts';
import { VirtualClock } from '../src/simulator/virtual-clock.ts';
import { parsePort } from '../src/transport/port-url.ts';
import { casesOf, vectorFamilies } from '../test/contract/vectors.ts';
import {
  DRIVERS,
  familiesThatTake,
  MARKS,
  parrotOf,
  replayOf,
  SEARCH_MS,
  search,
} from '../test/support/detection.ts';
import { effectTable } from '../test/support/effect-table.ts';
import { STRANGERS } from '../test/support/strangers.ts';
import { talker, VirtualLine } from '../test/support/virtual-line.ts';
import { bankCycle } from './detection/bank-cycle.ts';

/**
 * Every simulated BMS on a pseudo terminal at its real line rate against the whole list of drivers: who recognises it, and
 * how soon. Then the device of every capture, and devices that are no BMS, in virtual time. `--table` prints what every
 * BMS does when it hears the probe of every other; `--bank` prints what faulty packs cost the others. Exit 1 when a
 * mark is missed; the last line says which.
 */

/** Simulated batteries on the line at the same time; more would make this machine the bottleneck. */
const AT_ONCE = 4;
const BAUD_RATES = [9600, 19_200, 115_200];

const missed: string[] = [];

function out(text = ''): void {
  process.stdout.write(`${text}\n`);
}

function mark(holds: boolean, what: string): void {
  if (!holds) missed.push(what);
}

interface Row {
  readonly id: string;
  readonly found: string;
  readonly coldMs: number;
  readonly attempts: number;
  readonly cachedMs: number;
  /** Other drivers that took it for theirs, and those after whose probe it did not answer its own. */
  readonly takenBy: readonly string[];
  readonly disturbedBy: readonly string[];
}

/** One BMS on a port of its own. */
async function examine({ driver }: BmsEntry): Promise<Row> {
  const device = await buildDevice(driver.id, parseScenario({}), systemClock);
  const serving = await servePty(device);
  const port = parsePort(serving.path);
  const open = (line = { baudRate: 9600 }) => openLink({ port, clock: systemClock, line });
  const find = async (first: readonly Hit[]) => {
    const began = performance.now();
    const link = await open();
    let attempts = 0;
    try {
      const found = await detect(link, {
        drivers: DRIVERS,
        first,
        budgetMs: SEARCH_MS,
        clock: systemClock,
        onAttempt: () => {
          attempts += 1;
        },
      });
      return {
        hit: { id: found.driver.id, line: found.line, address: found.address },
        attempts,
        ms: performance.now() - began,
      };
    } finally {
      await link.close();
    }
  };
  try {
    const cold = await find([]);
    const cached = await find([cold.hit]);
    const takenBy: string[] = [];
    const disturbedBy: string[] = [];
    const [line = { baudRate: device.baudRate }] = driver.reach.serial.lines;
    const link = await open(line);
    for (const other of DRIVERS.filter((candidate) => candidate !== driver)) {
      if (await answers(other.open(link, other.reach.serial.addresses[0] ?? 0).probe()))
        takenBy.push(other.id);
      if (!(await answers(driver.open(link, driver.reach.serial.addresses[0] ?? 0).probe())))
        disturbedBy.push(other.id);
    }
    await link.close();
    const { attempts, hit, ms } = cold;
    return { id: driver.id, found: hit.id, coldMs: ms, attempts, cachedMs: cached.ms, takenBy, disturbedBy };
  } finally {
    await serving.close();
    device.close();
  }
}

async function answers(probe: Promise<unknown>): Promise<boolean> {
  try {
    await probe;
    return true;
  } catch (error) {
    if (error instanceof BmsError) return false;
    throw error;
  }
}

async function simulators(): Promise<void> {
  out(`Simulated BMSes at real line rate: cold <= ${MARKS.cold} ms, cached <= ${MARKS.cached} ms`);
  out(
    `${'device'.padEnd(12)}${'found as'.padEnd(12)}${'cold ms'.padStart(8)}${'attempts'.padStart(10)}${'cached ms'.padStart(11)}  taken by, disturbed by`,
  );
  const rows: Row[] = [];
  const waiting = [...BMSES.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      rows[next[0]] = await examine(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const { attempts, cachedMs, coldMs, disturbedBy, found, id, takenBy } of rows) {
    const others = [takenBy, disturbedBy].map((ids) => ids.join(' ') || 'nobody').join(', ');
    out(
      `${id.padEnd(12)}${found.padEnd(12)}${coldMs.toFixed(0).padStart(8)}${String(attempts).padStart(10)}${cachedMs.toFixed(0).padStart(11)}  ${others}`,
    );
    mark(found === id, `${id} was found as ${found}`);
    mark(coldMs <= MARKS.cold, `${id} took ${coldMs.toFixed(0)} ms cold`);
    mark(cachedMs <= MARKS.cached, `${id} took ${cachedMs.toFixed(0)} ms cached`);
    mark(takenBy.length === 0, `${id} was taken for ${takenBy.join(', ')}`);
    mark(disturbedBy.length === 0, `${id} was disturbed by ${disturbedBy.join(', ')}`);
  }
}

async function captures(): Promise<void> {
  out();
  out('Devices of captures: exact replies, and the same replies to every request');
  out(`${'family'.padEnd(14)}${'devices'.padStart(8)}${'recognised'.padStart(12)}  by others`);
  for (const family of vectorFamilies()) {
    const cases = casesOf(family);
    let recognised = 0;
    const others = new Set<string>();
    for (const device of cases) {
      const families = new Set([
        ...(await familiesThatTake(() => replayOf(device))),
        ...(await familiesThatTake(() => parrotOf(device))),
      ]);
      if (families.delete(family)) recognised += 1;
      for (const other of families) others.add(`${device.name} by ${other}`);
    }
    const wrong = [...others].join('; ');
    out(
      `${family.padEnd(14)}${String(cases.length).padStart(8)}${String(recognised).padStart(12)}  ${wrong || 'nobody'}`,
    );
    mark(others.size === 0, `captures of ${family}: ${wrong}`);
  }
}

async function strangers(): Promise<void> {
  out();
  out(`Devices that are no BMS: recognised by nobody, left within ${SEARCH_MS} ms`);
  for (const [name, talk] of Object.entries(STRANGERS)) {
    for (const baudRate of BAUD_RATES) {
      const clock = new VirtualClock();
      const line = new VirtualLine(clock, talker(clock, baudRate, talk));
      const { error, found, tookMs } = await search(line);
      await line.link.close();
      const verdict = found?.driver.id ?? 'nobody';
      out(
        `${name.padEnd(32)}${String(baudRate).padStart(7)}  ${verdict.padEnd(8)}${tookMs.toFixed(0).padStart(7)} ms`,
      );
      if (baudRate === BAUD_RATES[0]) out(`    ${error?.message ?? ''}`);
      mark(found === undefined, `${name} at ${baudRate} baud was taken for ${verdict}`);
      mark(tookMs <= SEARCH_MS + 500, `${name} at ${baudRate} baud was left after ${tookMs.toFixed(0)} ms`);
    }
  }
}

const { values } = parseArgs({ options: { table: { type: 'boolean' }, bank: { type: 'boolean' } } });
if (values.table) out(await effectTable());
else if (values.bank) missed.push(...(await bankCycle(out)));
else {
  await simulators();
  await captures();
  await strangers();
}
out();
out(missed.length === 0 ? 'all marks hold' : `missed: ${missed.join('; ')}`);
process.exitCode = missed.length === 0 ? 0 : 1;
