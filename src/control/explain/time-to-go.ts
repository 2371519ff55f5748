const TAU_S = 300;
const LEAST_RATE = 0.005;
const MOST_S = 864_000;

/** Exponential average of the current, A. */
export function averageCurrent(before: number | undefined, current: number, dt: number): number {
  return before === undefined ? current : before + Math.min(1, dt / TAU_S) * (current - before);
}

/** Seconds to empty at the average current; absent unless the pack is really being discharged. */
export function timeToGo(
  average: number | undefined,
  soc: number | undefined,
  capacity: number | undefined,
): number | undefined {
  if (average === undefined || soc === undefined || capacity === undefined) return undefined;
  if (average > -LEAST_RATE * capacity) return undefined;
  return Math.min(MOST_S, Math.round(((soc / 100) * capacity * 3600) / -average));
}
