import type { BmsDriver } from './driver.ts';

/** The number of cells nearest to `wanted` that a pack with this BMS can have. */
export function nearestCells({ cells }: Pick<BmsDriver, 'cells'>, wanted: number): number {
  if (cells === undefined) return wanted;
  if ('min' in cells) return Math.min(Math.max(wanted, cells.min), cells.max);
  const [first = wanted] = cells;
  return cells.reduce(
    (best, count) => (Math.abs(count - wanted) < Math.abs(best - wanted) ? count : best),
    first,
  );
}
