/** One cell as it is drawn. */
export interface CellBar {
  /** From 1, in wire order. */
  readonly number: number;
  /** V; absent when the BMS does not tell this cell. */
  readonly volts?: number;
  /** V above the mean of the cells. */
  readonly above?: number;
  /** Share of the scale, -1 to 1: the bar from the mean. */
  readonly share: number;
  readonly isLowest: boolean;
  readonly isHighest: boolean;
  readonly isBalancing: boolean;
}

export interface CellBars {
  readonly cells: readonly CellBar[];
  readonly mean?: number;
  readonly lowest?: number;
  readonly highest?: number;
  /** V from the mean to the end of the scale. */
  readonly scale: number;
  /** Where the limits stand on the scale, -1 to 1; absent when beyond it. */
  readonly highLimit?: number;
  readonly lowLimit?: number;
}

/** Noise of a few mV must not fill the bars, V. */
const LEAST_SCALE = 0.01;
/** Cells nearer than this to each other are equal: none of them is the highest, V. */
const EQUAL = 0.0015;

/** The cells around their mean, over one scale that holds all of them. */
export function cellBars(
  voltages: readonly (number | null)[],
  balancing: readonly boolean[],
  limits: { readonly high?: number; readonly low?: number },
): CellBars {
  const known = voltages.filter((volts) => volts !== null);
  if (known.length === 0)
    return {
      cells: voltages.map((_, index) => ({
        number: index + 1,
        share: 0,
        isLowest: false,
        isHighest: false,
        isBalancing: false,
      })),
      scale: LEAST_SCALE,
    };
  const mean = known.reduce((sum, volts) => sum + volts, 0) / known.length;
  const [lowest, highest] = [Math.min(...known), Math.max(...known)];
  const scale = Math.max(LEAST_SCALE, highest - mean, mean - lowest);
  const differ = highest - lowest > EQUAL;
  const onScale = (volts: number | undefined): number | undefined => {
    const share = volts === undefined ? Number.NaN : (volts - mean) / scale;
    return Math.abs(share) <= 1 ? share : undefined;
  };
  const [highLimit, lowLimit] = [onScale(limits.high), onScale(limits.low)];
  return {
    cells: voltages.map((volts, index) => ({
      number: index + 1,
      ...(volts !== null && { volts, above: volts - mean }),
      share: volts === null ? 0 : (volts - mean) / scale,
      isLowest: differ && volts === lowest,
      isHighest: differ && volts === highest,
      isBalancing: balancing[index] === true,
    })),
    mean,
    lowest,
    highest,
    scale,
    ...(highLimit !== undefined && { highLimit }),
    ...(lowLimit !== undefined && { lowLimit }),
  };
}
