import type { BmsDriver, BmsEntry } from './driver.ts';
import * as list from './list.ts';

const RANKS = ['common', 'usual', 'last'] as const;

/** Every BMS this program knows, in the order in which a search asks them within one line setting. */
export const BMSES: readonly BmsEntry[] = RANKS.flatMap((rank) =>
  Object.values(list)
    .filter(({ reach }) => (reach.serial.rank ?? 'usual') === rank)
    .toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
    .map(entryOf),
);

/** A type that answers as another is asked before it. */
function placeOf({ answersAs, id }: BmsDriver): string {
  return `${answersAs === undefined ? 1 : 0} ${id}`;
}

function entryOf(driver: BmsDriver): BmsEntry {
  const { id, responder } = driver;
  if (responder === undefined) throw new Error(`${id} has no responder: nobody could simulate it`);
  return { driver, responder };
}
