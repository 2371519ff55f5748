import type { BatteryView } from '../battery/battery-view.ts';
import { cellsInSeries, packs } from '../battery/derived-values.ts';
import { ALWAYS, LIMITS } from './battery-lines.ts';
import { LED, MEMBER } from './member-lines.ts';
import { MOST_MODULES, modulePaths } from './module-paths.ts';
import { type PathLine, real, volts, type WriteRule, whole } from './path-line.ts';
import { cellBalancingAt, cellVoltageAt } from './view-field.ts';

/** A pack has at most so many cells in series. */
const MOST_CELLS = 64;

const WITH_LIMITS: readonly PathLine[] = [...ALWAYS, ...LIMITS];
/** What only tells chargers how far they may go: a battery that a bank leads keeps everything else. */
const isForChargers = ({ path }: PathLine): boolean => path.startsWith('/Info/');
const KEPT = LIMITS.filter((line) => !isForChargers(line));

/** Every path that this state exports, in the order of the table; cells follow when their count is known, packs in a bank. */
export function pathsOf(state: BatteryView): readonly PathLine[] {
  const { fixed, withCells, withPacks } = tablesOf(state);
  const count = Math.min(packs(state), MOST_MODULES);
  // A bank shows the cells of its packs on their own services.
  const [tables, size, more] =
    count > 1 ? [withPacks, count, modulePaths] : [withCells, cellsShown(state), cellPaths];
  let lines = tables[size];
  if (lines === undefined) {
    lines = [...fixed, ...more(size)];
    tables[size] = lines;
  }
  return lines;
}

/** Tables that were asked for, by the count of cells and by the count of packs. */
interface Tables {
  readonly fixed: readonly PathLine[];
  readonly withCells: (readonly PathLine[] | undefined)[];
  readonly withPacks: (readonly PathLine[] | undefined)[];
}

const tables = (...parts: readonly (readonly PathLine[])[]): Tables => ({
  fixed: parts.flat(),
  withCells: [],
  withPacks: [],
});
const WITHOUT_CONTROL = tables(ALWAYS);
const WITH_CONTROL = tables(WITH_LIMITS);
const OF_A_BANK = tables(WITH_LIMITS, MEMBER);
const LED_BY_A_BANK = tables(ALWAYS, KEPT, MEMBER, LED);

function tablesOf({ bank, control }: BatteryView): Tables {
  if (control === undefined) return WITHOUT_CONTROL;
  if (bank === undefined) return WITH_CONTROL;
  return bank.isLed ? LED_BY_A_BANK : OF_A_BANK;
}

/** What a client may write, by path. */
export const WRITABLE: ReadonlyMap<string, WriteRule> = new Map(
  WITH_LIMITS.flatMap(({ path, write }) => (write === undefined ? [] : [[path, write] as const])),
);

const cellLines: PathLine[] = [];

function cellPaths(count: number): readonly PathLine[] {
  for (let n = cellLines.length / 2 + 1; n <= count; n += 1) {
    cellLines.push(
      real(`/Voltages/Cell${n}`, volts(3), 0.001, cellVoltageAt(n)),
      whole(`/Balances/Cell${n}`, cellBalancingAt(n)),
    );
  }
  return cellLines.slice(0, 2 * count);
}

function cellsShown(state: BatteryView): number {
  const cells = cellsInSeries(state) ?? 0;
  return Number.isInteger(cells) && cells > 0 && cells <= MOST_CELLS ? cells : 0;
}

/** Every path that says something of a view when it is read, by name: the table of all batteries, however many cells and packs. */
export function readablePaths(): ReadonlyMap<string, PathLine> {
  const all = [...WITH_LIMITS, ...MEMBER, ...LED, ...cellPaths(MOST_CELLS), ...modulePaths(MOST_MODULES)];
  return new Map(all.filter(({ back }) => back !== undefined).map((line) => [line.path, line]));
}
