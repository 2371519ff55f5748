/** Which of the two currents. */
export type Direction = 'charge' | 'discharge';

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
export interface Limit {
  readonly amps: number;
  readonly cause: Cause;
}

/** The lowest of several limits; of equal ones the first. */
export function lowest(first: Limit, ...others: readonly (Limit | undefined)[]): Limit {
  let least = first;
  for (const limit of others) if (limit !== undefined && limit.amps < least.amps) least = limit;
  return least;
}

/** The limit that a condition makes when it holds. */
export function zeroIf(condition: boolean, cause: Cause): Limit | undefined {
  return condition ? { amps: 0, cause } : undefined;
}

/** The charger answers to this limit, so that it must not follow every sample. */
export function isClosedLoop({ cause, amps }: Limit): boolean {
  return amps > 0 && (cause === 'cell' || cause === 'soc');
}
