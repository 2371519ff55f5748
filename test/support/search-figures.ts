import type { SearchPlace } from '../../src/bms/detect/plan.ts';
import type { BmsDriver } from '../../src/bms/driver.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { DRIVERS, SEARCH_MS, search } from './detection.ts';
import { FIRST_TYPES } from './first-types.ts';
import { standIns } from './stand-ins.ts';
import { simulated, VirtualLine } from './virtual-line.ts';

export const FIRST: readonly BmsDriver[] = DRIVERS.filter(({ id }) => FIRST_TYPES.includes(id));
/** All types, and silent stand-ins up to so many. */
const MANY = 28;
export const FILLED: readonly BmsDriver[] = [...DRIVERS, ...standIns(Math.max(0, MANY - DRIVERS.length))];

/** How long a search takes, ms, when the battery is the last that is asked. */
export interface Figure {
  readonly id: string;
  /** Who was found; absent: nobody. */
  readonly found: string | undefined;
  readonly tookMs: number;
}

/** A search for the battery of each of `wanted` among `drivers`, with its own driver last in the list. */
export async function worstOrder(
  wanted: readonly BmsDriver[],
  drivers: readonly BmsDriver[],
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const driver of wanted) {
    const clock = new VirtualClock();
    const line = new VirtualLine(clock, await simulated(driver.id, clock));
    const inOrder = [...drivers.filter((other) => other !== driver), driver];
    const { found, tookMs } = await search(line, { drivers: inOrder, budgetMs: Number.POSITIVE_INFINITY });
    await line.link.close();
    figures.push({ id: driver.id, found: found?.driver.id, tookMs });
  }
  return figures;
}

/** At which start of the program the battery of `driver` is found; `drivers` as they are asked, each start with its usual time. */
export async function startsUntilFound(driver: BmsDriver, drivers: readonly BmsDriver[]): Promise<number> {
  const clock = new VirtualClock();
  let place: SearchPlace | undefined;
  for (let start = 1; ; start += 1) {
    const line = new VirtualLine(clock, await simulated(driver.id, clock));
    let left: SearchPlace | undefined;
    const { found } = await search(line, {
      drivers,
      budgetMs: SEARCH_MS,
      ...(place !== undefined && { from: place }),
      onEnd: async (next) => {
        left = next;
      },
    });
    await line.link.close();
    if (found !== undefined) return start;
    if (left === undefined) throw new Error(`${driver.id} is not found in a whole round`);
    place = left;
  }
}
