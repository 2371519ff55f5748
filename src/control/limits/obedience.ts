/** Whether chargers keep to the charge current limit. With feed-in of excess solar power they do not, and only CVL holds them. */
export interface Obedience {
  /** Seconds for which more has flowed in than is allowed. */
  readonly over: number;
  /** Seconds for which it still counts that chargers did not keep to the limit. */
  readonly distrust: number;
}

/** s in which the slowest charger comes down to a limit that fell. */
const OVER_S = 15;
const DISTRUST_S = 600;

export function initialObedience(): Obedience {
  return { over: 0, distrust: 0 };
}

/** One sample further; `allowed` A were in force before it. */
export function watchObedience(before: Obedience, current: number, allowed: number, dt: number): Obedience {
  const over = current > 1.1 * allowed + 2 ? before.over + dt : 0;
  return { over, distrust: over > OVER_S ? DISTRUST_S : Math.max(0, before.distrust - dt) };
}
