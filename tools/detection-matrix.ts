import { parseArgs } from 'node:util';
import { VirtualClock } from '../src/simulator/virtual-clock.ts';
import { casesOf, vectorFamilies } from '../test/contract/vectors.ts';
import { familiesThatTake, parrotOf, replayOf, SEARCH_MS, search } from '../test/support/detection.ts';
import { STRANGERS } from '../test/support/strangers.ts';
import { talker, VirtualLine } from '../test/support/virtual-line.ts';
import { bankCycle } from './detection/bank-cycle.ts';
import { searchFigures } from './detection/figures.ts';
import { firstRequests } from './detection/first-requests.ts';
import { Report } from './detection/report.ts';
import { simulators } from './detection/simulators.ts';

/**
 * Who recognises whom, and how soon: searches in virtual time whose battery is asked last, types that begin alike, every simulated
 * BMS on a pseudo terminal at its real line rate against the whole list, the device of every capture, and devices that are no BMS.
 * `--quick` leaves the pseudo terminals out; `--bank` prints what faulty packs cost the others. Exit 1 when a mark is
 * missed; the last line says which.
 */

const BAUD_RATES = [9600, 19_200, 115_200];
/** An exchange that is under way when the time of a search is over may end, ms. */
const LAST_MS = 500;

async function captures(report: Report): Promise<void> {
  report.say();
  report.say('Devices of captures: exact replies, and the same replies to every request');
  report.say(`${'family'.padEnd(14)}${'devices'.padStart(8)}${'recognised'.padStart(12)}  by others`);
  for (const family of vectorFamilies()) {
    const cases = casesOf(family);
    let recognised = 0;
    const others = new Set<string>();
    for (const device of cases) {
      const families = new Set([
        ...(await familiesThatTake(() => replayOf(device), device.exchanges)),
        ...(await familiesThatTake(() => parrotOf(device), device.exchanges)),
      ]);
      if (families.delete(family)) recognised += 1;
      for (const other of families) others.add(`${device.name} by ${other}`);
    }
    const wrong = [...others].join('; ');
    report.say(
      `${family.padEnd(14)}${String(cases.length).padStart(8)}${String(recognised).padStart(12)}  ${wrong || 'nobody'}`,
    );
    report.mark(others.size === 0, `captures of ${family}: ${wrong}`);
  }
}

async function strangers(report: Report): Promise<void> {
  report.say();
  report.say(`Devices that are no BMS: recognised by nobody, left within ${SEARCH_MS} ms`);
  for (const [name, talk] of Object.entries(STRANGERS)) {
    for (const baudRate of BAUD_RATES) {
      const clock = new VirtualClock();
      const line = new VirtualLine(clock, talker(clock, baudRate, talk));
      const { error, found, tookMs } = await search(line);
      await line.link.close();
      const verdict = found?.driver.id ?? 'nobody';
      report.say(
        `${name.padEnd(32)}${String(baudRate).padStart(7)}  ${verdict.padEnd(8)}${tookMs.toFixed(0).padStart(7)} ms`,
      );
      if (baudRate === BAUD_RATES[0]) report.say(`    ${error?.message ?? ''}`);
      report.mark(found === undefined, `${name} at ${baudRate} baud was taken for ${verdict}`);
      report.mark(
        tookMs <= SEARCH_MS + LAST_MS,
        `${name} at ${baudRate} baud was left after ${tookMs.toFixed(0)} ms`,
      );
    }
  }
}

const { values } = parseArgs({ options: { quick: { type: 'boolean' }, bank: { type: 'boolean' } } });
const report = new Report();
if (values.bank) report.missed.push(...(await bankCycle((text) => report.say(text))));
else {
  await searchFigures(report);
  await firstRequests(report);
  if (!values.quick) await simulators(report);
  await captures(report);
  await strangers(report);
}
report.say();
report.say(report.missed.length === 0 ? 'all marks hold' : `missed: ${report.missed.join('; ')}`);
process.exitCode = report.missed.length === 0 ? 0 : 1;
