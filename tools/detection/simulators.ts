import { openLink } from '../../src/app/link.ts';
import { detect } from '../../src/bms/detect/detect.ts';
import type { Hit } from '../../src/bms/detect/hit.ts';
import type { BmsEntry } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { systemClock } from '../../src/clock.ts';
import { BmsError } from '../../src/errors.ts';
import { servePty } from '../../src/simulator/line/serve.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { parsePort } from '../../src/transport/port-url.ts';
import { DRIVERS, MARKS, SEARCH_MS } from '../../test/support/detection.ts';
import { FIRST } from '../../test/support/search-figures.ts';
import type { Report } from './report.ts';

/** Simulated batteries on the line at the same time; more would make this machine the bottleneck. */
const AT_ONCE = 4;
/** The list in its own order, on real ports. */
const MOST_COLD = DRIVERS.length > FIRST.length ? MARKS.coldAmongMany : MARKS.cold;

interface Row {
  readonly id: string;
  readonly found: string;
  readonly coldMs: number;
  readonly attempts: number;
  readonly rememberedMs: number;
  /** Other drivers that took it for theirs, and those after whose probe it did not answer its own. */
  readonly takenBy: readonly string[];
  readonly disturbedBy: readonly string[];
}

/** Every simulated BMS on a pseudo terminal at its real line rate against the whole list. */
export async function simulators(report: Report): Promise<void> {
  report.say();
  report.say(
    `On pseudo terminals at real line rate: cold <= ${MOST_COLD} ms, remembered <= ${MARKS.remembered} ms`,
  );
  report.say(
    `${'device'.padEnd(14)}${'found as'.padEnd(14)}${'cold ms'.padStart(8)}${'attempts'.padStart(10)}${'remembered'.padStart(12)}  taken by, disturbed by`,
  );
  const rows: Row[] = [];
  const waiting = [...BMSES.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      rows[next[0]] = await examine(next[1]);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const { attempts, coldMs, disturbedBy, found, id, rememberedMs, takenBy } of rows) {
    const others = [takenBy, disturbedBy].map((ids) => ids.join(' ') || 'nobody').join(', ');
    report.say(
      `${id.padEnd(14)}${found.padEnd(14)}${coldMs.toFixed(0).padStart(8)}${String(attempts).padStart(10)}${rememberedMs.toFixed(0).padStart(12)}  ${others}`,
    );
    report.mark(found === id, `${id} was found as ${found}`);
    report.mark(coldMs <= MOST_COLD, `${id} took ${coldMs.toFixed(0)} ms cold`);
    report.mark(rememberedMs <= MARKS.remembered, `${id} took ${rememberedMs.toFixed(0)} ms remembered`);
    report.mark(takenBy.length === 0, `${id} was taken for ${takenBy.join(', ')}`);
    report.mark(disturbedBy.length === 0, `${id} was disturbed by ${disturbedBy.join(', ')}`);
  }
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
    const again = await find([cold.hit]);
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
    return {
      id: driver.id,
      found: hit.id,
      coldMs: ms,
      attempts,
      rememberedMs: again.ms,
      takenBy,
      disturbedBy,
    };
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
