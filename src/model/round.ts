const POWERS: readonly number[] = Array.from({ length: 10 }, (_, digits) => 10 ** digits);

/** Rounds half away from zero to `digits` decimals, so that 3.3000000000000003 V never leaves the house. */
export function round(value: number, digits: number): number {
  const factor = POWERS[digits] ?? 10 ** digits;
  const scaled = value * factor;
  // The nudge lifts 1.005 * 100 = 100.49999999999999 over the tie that the decimal number stands for.
  const rounded = Math.round(Math.abs(scaled) * (1 + Number.EPSILON));
  return rounded === 0 ? 0 : (Math.sign(scaled) * rounded) / factor;
}

/** A number as text with `digits` decimals; what rounds to 0 has no sign. */
export function fixed(value: number, digits: number): string {
  return (Number(value.toFixed(digits)) + 0).toFixed(digits);
}

/** Tables have few different steps, and each value of each poll asks for one of them. */
const known = new Map<number, number>();

/** Decimals that a step can carry: 0.01 -> 2, 0.1 -> 1, 1 and 60 -> 0. */
export function decimalsOf(step: number): number {
  let digits = known.get(step);
  if (digits === undefined) {
    digits = step === 0 ? 0 : Math.max(0, Math.ceil(-Math.log10(Math.abs(step)) - 1e-9));
    known.set(step, digits);
  }
  return digits;
}
