/** What one fault came to: a line of the table. Absent figures do not apply to this fault. */
export interface Row {
  readonly fault: string;
  /** How often it struck: damaged answers, lost answers, ended processes. */
  readonly injected: number;
  /** Values on the bus that were never true. */
  readonly wrong: number;
  /** Times that a limit stood above what it was before the fault. */
  readonly raised: number;
  /** Damaged frames that were believed because their checksum fits by chance, and how many of them the reading filter held back. */
  readonly collisions?: number;
  readonly filtered?: number;
  /** Answers that were true some seconds before and that no protocol can tell from those of now. */
  readonly outdated?: number;
  /** s from the beginning of the fault until limits were reduced. */
  readonly reducedS?: number;
  /** s from the end of the fault until fresh values were shown again. */
  readonly recoveryS?: number;
  /** Process restarts that were needed, and how many may be. */
  readonly restarts: number;
  readonly mayRestart?: number;
  /** 99th percentile of GetValue by another client during the fault, and at an idle service at the same time, ms. */
  readonly p99Ms?: number;
  readonly idleP99Ms?: number;
  /** Complete polls a second at an interval of one second, by how many requests are lost. */
  readonly perSecond?: Readonly<Record<string, number>>;
  /** Share of the polls that were complete where a tenth of the requests is lost, 0..1. */
  readonly complete?: number;
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

type Column = readonly [title: string, cell: (row: Row) => string];

const count = (value: number | undefined): string => (value === undefined ? '-' : String(value));
const figure = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(1));

/** Shares of requests that are lost, as columns of complete polls a second. */
const LOST = ['0 %', '5 %', '10 %', '15 %', '25 %'];

const COLUMNS: readonly Column[] = [
  ['fault', (row) => row.fault],
  ['injected', (row) => count(row.injected)],
  ['wrong', (row) => count(row.wrong)],
  ['raised', (row) => count(row.raised)],
  ['collisions', (row) => count(row.collisions)],
  ['held', (row) => count(row.filtered)],
  ['outdated', (row) => count(row.outdated)],
  ['reduced s', (row) => figure(row.reducedS)],
  ['recovery s', (row) => figure(row.recoveryS)],
  ['restarts', (row) => count(row.restarts)],
  ['p99 ms', (row) => figure(row.p99Ms)],
  ['idle ms', (row) => figure(row.idleP99Ms)],
  ...LOST.map((loss): Column => [loss, ({ perSecond }) => perSecond?.[loss]?.toFixed(2) ?? '-']),
  ['complete %', ({ complete }) => (complete === undefined ? '-' : (100 * complete).toFixed(1))],
  ['note', (row) => row.note ?? ''],
];
/** Columns of text. */
const LEFT: readonly string[] = ['fault', 'note'];

/** What a row says, as words for a log. */
export function texts(row: Row): string[] {
  return COLUMNS.map(([title, cell]) => [title, cell(row)] as const)
    .filter(([, text]) => text !== '-' && text !== '')
    .map(([title, text]) => (LEFT.includes(title) ? text : `${title} ${text}`));
}

/** The table as aligned plain text; columns that say nothing of any row are left out. */
export function render(rows: readonly Row[]): string {
  const columns = COLUMNS.filter(
    ([title, cell]) => LEFT.includes(title) || rows.some((row) => cell(row) !== '-'),
  ).map(([title, cell]) => ({ isText: LEFT.includes(title), texts: [title, ...rows.map(cell)] }));
  const padded = columns.map(({ isText, texts }) => {
    const width = Math.max(...texts.map(({ length }) => length));
    return texts.map((text) => (isText ? text.padEnd(width) : text.padStart(width)));
  });
  return Array.from({ length: rows.length + 1 }, (_, line) =>
    padded
      .map((texts) => texts[line] ?? '')
      .join('  ')
      .trimEnd(),
  ).join('\n');
}
