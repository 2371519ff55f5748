/** A stretch of the day in one charge state. */
export interface ModeSpan {
  /** Number of its first step. */
  readonly from: number;
  readonly steps: number;
  /** Undefined where nothing was known. */
  readonly name: string | undefined;
}

/** The day as stretches of equal state. */
export function spansOf(trace: readonly (number | null)[], modes: readonly string[]): readonly ModeSpan[] {
  const spans: { from: number; steps: number; name: string | undefined }[] = [];
  trace.forEach((index, step) => {
    const name = index === null ? undefined : modes[index];
    const last = spans.at(-1);
    if (last !== undefined && last.name === name) last.steps += 1;
    else spans.push({ from: step, steps: 1, name });
  });
  return spans;
}
