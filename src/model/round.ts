/** Rounds half away from zero to `digits` decimals, so that 3.3000000000000003 V never leaves the house. */
export function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  const scaled = value * factor;
  // The nudge lifts 1.005 * 100 = 100.49999999999999 over the tie that the decimal number stands for.
  const rounded = Math.round(Math.abs(scaled) * (1 + Number.EPSILON));
  return rounded === 0 ? 0 : (Math.sign(scaled) * rounded) / factor;
}
