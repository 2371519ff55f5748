/** What can be in force as the reason of a current limit. */
export type Cause =
  | 'max'
  | 'request'
  | 'bms'
  | 'cell'
  | 'temperature'
  | 'mosfet'
  | 'sensor'
  | 'unproven'
  | 'soc'
  | 'step'
  | 'balance'
  | 'config'
  | 'daily'
  | 'switched'
  | 'fet'
  | 'alarm'
  | 'ceiling'
  | 'empty'
  | 'cold'
  | 'hot'
  | 'hotMosfet'
  | 'blocked'
  | 'stale';

/** A current limit, A >= 0, and why. */
export interface Bound {
  readonly amps: number;
  readonly cause: Cause;
}

/** The lowest of several bounds; of equal ones the first. */
export function lowest(first: Bound, ...others: readonly (Bound | undefined)[]): Bound {
  let least = first;
  for (const bound of others) if (bound !== undefined && bound.amps < least.amps) least = bound;
  return least;
}

/** The bound that a condition makes when it holds. */
export function zeroIf(condition: boolean, cause: Cause): Bound | undefined {
  return condition ? { amps: 0, cause } : undefined;
}
