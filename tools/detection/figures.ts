import { coldAndRemembered, DRIVERS, MARKS, SEARCH_MS, START_MS } from '../../test/support/detection.ts';
import { FILLED, FIRST, startsUntilFound, worstOrder } from '../../test/support/search-figures.ts';
import { standIns } from '../../test/support/stand-ins.ts';
import type { Report } from './report.ts';

/** Types of a list so long that the first search does not get to its end. */
const LONG = 58;

const ms = (value: number): string => value.toFixed(0).padStart(12);

/** How long searches take in virtual time, at real line rates, against the marks. */
export async function searchFigures(report: Report): Promise<void> {
  report.say(`Searches whose battery is asked last: ms among ${FIRST.length} types (<= ${MARKS.cold}),`);
  report.say(
    `among ${FILLED.length} (<= ${MARKS.coldAmongMany}), remembered (<= ${MARKS.remembered}); at which start`,
  );
  report.say(`it is found among ${LONG} types, each start with ${SEARCH_MS} ms (<= ${MARKS.starts})`);
  report.say(
    `${'BMS'.padEnd(14)}${'among 13'.padStart(12)}${'among 28'.padStart(12)}${'remembered'.padStart(12)}${'start'.padStart(7)}`,
  );
  const among = new Map((await worstOrder(FIRST, FIRST)).map((figure) => [figure.id, figure]));
  for (const driver of DRIVERS) {
    const [many] = await worstOrder([driver], FILLED);
    const few = among.get(driver.id);
    const { remembered } = await coldAndRemembered(driver.id);
    const others = [...FILLED, ...standIns(LONG)].filter((other) => other !== driver).slice(0, LONG - 1);
    const start = await startsUntilFound(driver, [...others, driver]);
    report.say(
      `${driver.id.padEnd(14)}${few === undefined ? ' '.repeat(12) : ms(few.tookMs)}${ms(many?.tookMs ?? 0)}${ms(remembered.tookMs)}${String(start).padStart(7)}`,
    );
    for (const figure of [few, many]) {
      if (figure !== undefined)
        report.mark(figure.found === driver.id, `${driver.id} was found as ${figure.found}`);
    }
    report.mark((few?.tookMs ?? 0) <= MARKS.cold, `${driver.id} took ${few?.tookMs.toFixed(0)} ms among 13`);
    report.mark(
      (many?.tookMs ?? 0) <= MARKS.coldAmongMany,
      `${driver.id} took ${many?.tookMs.toFixed(0)} ms among 28`,
    );
    report.mark(
      remembered.tookMs <= MARKS.remembered && remembered.found?.driver === driver,
      `${driver.id} took ${remembered.tookMs.toFixed(0)} ms when it was remembered`,
    );
    report.mark(start <= MARKS.starts, `${driver.id} is found at start ${start} only`);
  }
  report.say(
    `a foreign device is left after ${START_MS} ms of start and ${SEARCH_MS} ms of search (<= ${MARKS.left})`,
  );
  report.mark(START_MS + SEARCH_MS <= MARKS.left, 'a foreign device is left too late');
}
