/** Breakpoints [x, y], sorted by x. */
export type Curve = readonly (readonly [number, number])[];

/** Linear between breakpoints, constant beyond the ends; of two breakpoints with one x the later counts from there on. */
export function along(curve: Curve, x: number): number {
  let before: readonly [number, number] | undefined;
  for (const point of curve) {
    if (x < point[0]) {
      if (before === undefined) return point[1];
      return before[1] + ((point[1] - before[1]) * (x - before[0])) / (point[0] - before[0]);
    }
    before = point;
  }
  return before === undefined ? 0 : before[1];
}

export function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, high));
}
