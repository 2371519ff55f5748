/** Reproducible noise: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Mean 0, deviation 1, never beyond +-3.5 (so that one sample is never absurd). */
  gauss(): number;
}

/** A 32 bit generator (mulberry32): fast, no allocation, good enough for sensor noise. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  // The sum of four uniform numbers has a variance of 1/3.
  const gauss = (): number => (next() + next() + next() + next() - 2) * Math.sqrt(3);
  return { next, gauss };
}

/** A number in [0, 1) that depends on `seed` and `index` only: noise over time without a state. */
export function hashed(seed: number, index: number): number {
  return seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)).next();
}
