import type { NumberKey, PackReading } from '../model/reading.ts';

/**
 * How far apart two looks at one pack within a second or two can be, in units of the reading. Current and voltage are not
 * asked: under a changing load they move further than two packs differ.
 */
const SLOW: readonly (readonly [key: NumberKey, most: number])[] = [
  ['cycles', 1],
  ['capacityFull', 0.5],
  ['capacityDesign', 0.5],
  ['capacityRemaining', 1],
  ['soc', 1.5],
];
/** degC of one sensor. */
const MOST_DEGREES = 3;
/** V by which one cell stands out of the mean of its pack; load moves all cells alike but for their resistance. */
const MOST_CELL = 0.012;
/** A; only then the load is the same in both looks. */
const SAME_CURRENT = 0.5;

/** Whether two readings, taken shortly after one another, cannot be those of one pack. */
export function areTwo(a: PackReading, b: PackReading): boolean {
  const isApart = ([key, most]: (typeof SLOW)[number]): boolean => apart(a[key], b[key]) > most;
  return (
    SLOW.some(isApart) ||
    farthest(a.temperatures, b.temperatures) > MOST_DEGREES ||
    (apart(a.current, b.current) <= SAME_CURRENT &&
      farthest(fromMean(a.cellVoltages), fromMean(b.cellVoltages)) > MOST_CELL)
  );
}

/** 0 where one of the two is not told. */
function apart(a: number | undefined, b: number | undefined): number {
  return a === undefined || b === undefined ? 0 : Math.abs(a - b);
}

/** Of lists of the same length, which lists of one pack are. */
function farthest(a: readonly number[] = [], b: readonly number[] = []): number {
  return a.length === b.length ? Math.max(0, ...a.map((value, index) => apart(value, b[index]))) : 0;
}

function fromMean(cells: readonly number[] = []): number[] {
  const mean = cells.reduce((sum, cell) => sum + cell, 0) / cells.length;
  return cells.map((cell) => cell - mean);
}
