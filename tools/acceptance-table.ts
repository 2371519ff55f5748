import type { ControlSettings } from '../src/control/law.ts';
import type { Verdict } from '../src/simulator/trials/judge.ts';

/** The profile that must meet the marks; the other one stands beside it for comparison. */
export const PROFILES = ['adaptive', 'soc-steps'] as const satisfies readonly ControlSettings['profile'][];
const [JUDGED] = PROFILES;

export type Row = Readonly<Record<(typeof PROFILES)[number], Verdict>>;

/** Time to full beyond that of the ideal controller that is aimed at; a goal, not a mark. */
const GOAL_PERCENT = 5;
/** An ideal charge shorter than this is no measure: the pack was all but full at the start. */
const LEAST_IDEAL_S = 60;

/** How much longer a charge took than under the ideal controller, %; undefined where that says nothing. */
export function lateness({ measured: { fullAt }, ideal }: Verdict): number | undefined {
  if (fullAt === undefined || ideal.fullAt < LEAST_IDEAL_S) return undefined;
  return (100 * (fullAt - ideal.fullAt)) / ideal.fullAt;
}

const COLUMNS: readonly {
  readonly title: string;
  readonly width: number;
  readonly text: (verdict: Verdict) => string;
  /** The mark whose miss is shown here. */
  readonly mark?: string;
}[] = [
  { title: 'cell V', width: 6, text: ({ measured }) => measured.highestCell.toFixed(3), mark: 'highestCell' },
  { title: 'trips', width: 5, text: ({ measured }) => String(measured.trips), mark: 'trips' },
  { title: 'full s', width: 6, text: ({ measured }) => measured.fullAt?.toFixed(0) ?? 'never' },
  { title: 'late %', width: 6, text: (verdict) => lateness(verdict)?.toFixed(0) ?? '-' },
  {
    title: 'float s',
    width: 7,
    text: ({ measured }) => measured.floatAt?.toFixed(0) ?? 'never',
    mark: 'float',
  },
  { title: 'CVL', width: 3, text: ({ measured }) => String(measured.cvlTurns), mark: 'cvlTurns' },
  { title: 'CCL', width: 3, text: ({ measured }) => String(measured.cclTurns), mark: 'cclTurns' },
  { title: 'pull A', width: 6, text: ({ measured }) => measured.pulled.toFixed(1), mark: 'pulled' },
  { title: 'lost Wh', width: 7, text: ({ measured }) => measured.unchargedWh.toFixed(0) },
];
const NAME_WIDTH = 32;
const GROUP_WIDTH = COLUMNS.reduce((sum, { width }) => sum + width + 1, 0);

/** The two lines above the table. */
export function header(): readonly string[] {
  const titles = COLUMNS.map(({ title, width }) => `${title.padStart(width)} `).join('');
  return [
    line(
      '',
      PROFILES.map((profile) => ` ${profile}`.padEnd(GROUP_WIDTH)),
    ),
    line(
      '',
      PROFILES.map(() => titles),
    ),
  ];
}

/** One trial; `!` follows a figure that misses its mark. */
export function rowLine(name: string, row: Row): string {
  return line(
    name,
    PROFILES.map((profile) => figures(row[profile])),
  );
}

/** What is said below the table; the last line tells whether the judged profile meets every mark, and which it misses. */
export function summary(rows: readonly Row[]): {
  readonly lines: readonly string[];
  readonly passed: boolean;
} {
  const missed = rows.map((row) => row[JUDGED]).filter((verdict) => verdict.missed.length > 0);
  const which = missed.map((verdict) => `${verdict.trial} (${verdict.missed.join(', ')})`).join('; ');
  return {
    lines: [
      ...PROFILES.map((profile) => goal(profile, rows)),
      missed.length === 0
        ? `${JUDGED} meets every mark in ${rows.length} trials`
        : `${JUDGED} misses marks in ${missed.length} of ${rows.length} trials: ${which}`,
    ],
    passed: missed.length === 0,
  };
}

function goal(profile: (typeof PROFILES)[number], rows: readonly Row[]): string {
  const measurable = rows.map((row) => row[profile]).filter(({ ideal }) => ideal.fullAt >= LEAST_IDEAL_S);
  const late = measurable.map(lateness).filter((percent) => percent !== undefined);
  const within = late.filter((percent) => percent <= GOAL_PERCENT).length;
  const seconds = measurable.flatMap(({ measured: { fullAt }, ideal }) =>
    fullAt === undefined ? [] : [fullAt - ideal.fullAt],
  );
  const [percent, second] = [median(late), median(seconds)];
  const never = measurable.length - late.length;
  const begun = rows.length - measurable.length;
  return [
    `goal: ${profile} full within ${GOAL_PERCENT} % of the ideal controller's time in ${within} of ${measurable.length} trials`,
    ...(percent === undefined || second === undefined
      ? []
      : [`median ${percent.toFixed(0)} % (${second.toFixed(0)} s) later`]),
    ...(never === 0 ? [] : [`never full in ${never}`]),
    ...(begun === 0 ? [] : [`${begun} more begin all but full`]),
  ].join(', ');
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function figures(verdict: Verdict): string {
  return COLUMNS.map(({ width, text, mark }) => {
    const missed = mark !== undefined && verdict.missed.some((miss) => miss.startsWith(mark));
    return text(verdict).padStart(width) + (missed ? '!' : ' ');
  }).join('');
}

function line(name: string, groups: readonly string[]): string {
  return `${name.padEnd(NAME_WIDTH)}|${groups.join('|')}`;
}
