/**
 * The capacity that limits may reckon with. Many limits are shares of it, so that a wrong one that is too large lets too
 * much flow: a fall counts at once, a rise only when it has been told for long, or when the charge that is left and the
 * state of charge say the same.
 */
export interface CapacityWatch {
  /** Ah in force; undefined until one is told. */
  readonly inForce: number | undefined;
  /** Ah that was told for long, or agreed with: to it a capacity that fell may come back at once. */
  readonly proved: number | undefined;
  /** What is being told: its least value, for how many seconds, and in how many readings in a row the charge agreed. */
  readonly claim: { readonly least: number; readonly seconds: number; readonly agreed: number } | undefined;
  /** Monotonic seconds of the last reading that told one. */
  readonly at: number | undefined;
}

/** What one reading tells, Ah and %. */
export interface CapacityTold {
  readonly capacity: number | undefined;
  readonly remaining: number | undefined;
  readonly soc: number | undefined;
  /** Monotonic seconds. */
  readonly t: number;
}

/** s for which a larger capacity must be told. */
const BELIEVED_S = 900;
/** s that the time between two readings counts at most: silence tells nothing. */
const MOST_GAP_S = 60;
/** Readings in a row that must agree: one alone may be damaged as a whole. */
const AGREED = 2;
/** Share by which one and the same capacity may waver, and by which remainder and SoC may miss it. */
const SAME = 0.05;
/** % below which the remainder is too small to tell one capacity from another. */
const LEAST_SOC = 20;

export const NO_CAPACITY: CapacityWatch = {
  inForce: undefined,
  proved: undefined,
  claim: undefined,
  at: undefined,
};

/** Takes up one reading. */
export function watchCapacity(before: CapacityWatch, told: CapacityTold): CapacityWatch {
  const { capacity, t } = told;
  if (capacity === undefined || !Number.isFinite(capacity) || capacity <= 0) return before;
  const gap = Math.min(Math.max(0, t - (before.at ?? t)), MOST_GAP_S);
  const agrees = isAgreed(told, capacity);
  const { claim: was } = before;
  const isSame = was !== undefined && Math.abs(capacity - was.least) <= SAME * was.least;
  const claim = {
    least: isSame ? Math.min(was.least, capacity) : capacity,
    seconds: isSame ? Math.min(was.seconds + gap, BELIEVED_S) : 0,
    agreed: agrees ? Math.min((isSame ? was.agreed : 0) + 1, AGREED) : 0,
  };
  const isProved = claim.seconds >= BELIEVED_S || claim.agreed >= AGREED;
  const proved = isProved ? claim.least : before.proved;
  const inForce = before.inForce ?? capacity;
  return {
    inForce: capacity <= inForce ? capacity : Math.max(inForce, Math.min(capacity, proved ?? inForce)),
    proved,
    claim,
    at: t,
  };
}

/** Ah that are told and not believed; undefined while what is told counts. */
export function doubtedCapacity({ inForce, claim }: CapacityWatch): number | undefined {
  return inForce !== undefined && claim !== undefined && claim.least > (1 + SAME) * inForce
    ? claim.least
    : undefined;
}

function isAgreed({ remaining, soc }: CapacityTold, capacity: number): boolean {
  if (remaining === undefined || soc === undefined || !(soc >= LEAST_SOC && soc <= 100)) return false;
  return Math.abs((100 * remaining) / soc - capacity) <= SAME * capacity;
}
