import fc from 'fast-check';
import { it } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Cases of a property that were tried and held. */
    cases?: number;
  }
}

/** The ordinary tests try a part of the cases; `npm run invariants` tries all of them, and many more. */
const ORDINARY = 0.12;
const FACTOR = Number(process.env['FUZZ_FACTOR'] ?? ORDINARY);
const RUNS = 300;
const PATIENCE_MS = 30_000 * Math.max(1, FACTOR);

/**
 * A property of the charge control that holds for every input. The title begins with the number of the invariant, and the
 * number of cases is left in the meta data of the test, so that `npm run invariants` can count them.
 */
export function invariant<T>(
  title: `I${number} ${string}`,
  cases: fc.Arbitrary<T>,
  check: (value: T) => void,
): void {
  it(
    title,
    ({ task }) => {
      let held = 0;
      const counted = (value: T): void => {
        check(value);
        held += 1;
      };
      try {
        fc.assert(fc.property(cases, counted), { numRuns: Math.ceil(RUNS * FACTOR) });
      } finally {
        task.meta.cases = held;
      }
    },
    PATIENCE_MS,
  );
}

/** Numbers spread evenly; `fc.double` spreads them over their binary exponents, which are nearly all close to 0. */
export function evenly(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 1_000_000 }).map((share) => min + (share / 1_000_000) * (max - min));
}

/** Cheap enough for every step of a hundred thousand walks, which `expect` is not. */
export function claim(holds: boolean, what: () => string): void {
  if (!holds) throw new Error(what());
}

/** That a value does not exceed a limit, but for binary rounding. */
export function claimAtMost(name: string, value: number, limit: number, tolerance = 1e-6): void {
  claim(value <= limit + tolerance, () => `${name} is ${value}, at most ${limit} was expected`);
}
