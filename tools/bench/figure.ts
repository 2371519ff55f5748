/** A target: what is held against it, and how high it may be. */
export interface Mark {
  readonly of: 'median' | 'max';
  readonly most: number;
}

/** One measured quantity with all its samples. */
export interface Figure {
  /** Unique within its section. */
  readonly name: string;
  readonly unit: string;
  readonly samples: readonly number[];
  /** Decimals to show; default 2. */
  readonly digits?: number;
  readonly mark?: Mark;
  /** What the established driver was measured at, as text, in the same unit. */
  readonly established?: string;
  /** What explains the figure; the same keys in every figure of a section. */
  readonly more?: Readonly<Record<string, number>>;
}

export interface Section {
  readonly title: string;
  /** How it was measured, and what a reader must know to judge it. */
  readonly notes: readonly string[];
  readonly figures: readonly Figure[];
}

/** How thorough a run is. */
export interface Effort {
  readonly quick: boolean;
}

/** One question that the bench answers, alone or together with the others. */
export interface Measurement {
  readonly name: string;
  measure(program: string, effort: Effort): Promise<Section>;
}

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** NaN all over where there is no sample: no mark is met by a figure that was not measured. */
export function spreadOf(samples: readonly number[]): Spread {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    min: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    max: at(sorted.length - 1),
  };
}

/** The sample below which `share` (0..1) of all samples lie. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Undefined where the figure has no mark. */
export function isMet({ samples, mark }: Figure): boolean | undefined {
  return mark === undefined ? undefined : spreadOf(samples)[mark.of] <= mark.most;
}
