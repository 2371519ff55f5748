/** What one fault came to: a line of the table. Absent figures do not apply to this fault. */
export interface Row {
  readonly fault: string;
  /** How often it struck: damaged answers, lost answers, ended processes. */
  readonly injected: number;
  /** Values on the bus that were never true. */
  readonly wrong: number;
  /** Times that a limit stood above what it was before the fault. */
  readonly raised: number;
  /** s from the beginning of the fault until limits were reduced. */
  readonly reducedS?: number;
  /** s from the end of the fault until fresh values were shown again. */
  readonly recoveryS?: number;
  /** Process restarts that were needed, and how many may be. */
  readonly restarts: number;
  readonly mayRestart?: number;
  /** 99th percentile of GetValue by another client during the fault, ms. */
  readonly p99Ms?: number;
  /** What a reader should know. */
  readonly note?: string;
  /** Marks of this fault alone that were missed, in words. */
  readonly missed?: readonly string[];
}

/** Others on the bus must have their answer within this time, whatever the battery does; ms. */
const MOST_WAIT_MS = 10;

/** Every mark that a row misses, in words. */
export function missedBy(row: Row): string[] {
  const { fault, injected, missed = [], mayRestart = 0, p99Ms, raised, restarts, wrong } = row;
  return [
    injected === 0 && 'never struck',
    wrong > 0 && `${wrong} wrong values`,
    raised > 0 && `limits raised ${raised} times`,
    restarts > mayRestart && `${restarts} restarts`,
    p99Ms !== undefined && !(p99Ms <= MOST_WAIT_MS) && `GetValue p99 ${p99Ms.toFixed(1)} ms`,
    ...missed,
  ]
    .filter((text) => text !== false)
    .map((text) => `${fault}: ${text}`);
}

const COLUMNS = [
  'fault',
  'injected',
  'wrong',
  'raised',
  'reduced s',
  'recovery s',
  'restarts',
  'p99 ms',
  'note',
];

/** The table as aligned plain text. */
export function render(rows: readonly Row[]): string {
  const cells = [COLUMNS, ...rows.map(texts)];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((text, column) =>
          column === 0 || column === COLUMNS.length - 1
            ? text.padEnd(widths[column] ?? 0)
            : text.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function texts(row: Row): string[] {
  const figure = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(1));
  return [
    row.fault,
    String(row.injected),
    String(row.wrong),
    String(row.raised),
    figure(row.reducedS),
    figure(row.recoveryS),
    String(row.restarts),
    figure(row.p99Ms),
    row.note ?? '',
  ];
}
