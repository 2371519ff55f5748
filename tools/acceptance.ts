import { parseArgs } from 'node:util';
import { lawFor } from '../src/control/decide.ts';
import { TRIALS } from '../src/simulator/acceptance-scenarios.ts';
import { judge, type Measurements, prepare, type Verdict } from '../src/simulator/judge.ts';

/**
 * Runs both profiles through every trial in virtual time. `--only TEXT` takes the trials with this in their name,
 * `--json` prints everything measured, `--seed N` changes noise, scatter and clouds.
 */

/** The profile that must meet the marks; the other one stands beside it for comparison. */
const PROFILES = ['adaptive', 'soc-steps'] as const;
const [DEFAULT_PROFILE] = PROFILES;

type Row = Readonly<Record<(typeof PROFILES)[number], Verdict>>;

const COLUMNS: readonly {
  readonly title: string;
  readonly width: number;
  readonly text: (measured: Measurements) => string;
  /** The mark whose miss is shown here. */
  readonly mark?: string;
}[] = [
  { title: 'cell V', width: 7, text: ({ highestCell }) => highestCell.toFixed(3), mark: 'highestCell' },
  { title: 'trips', width: 6, text: ({ trips }) => String(trips), mark: 'trips' },
  { title: 'full s', width: 7, text: ({ fullAt }) => fullAt?.toFixed(0) ?? 'never' },
  { title: 'float s', width: 8, text: ({ floatAt }) => floatAt?.toFixed(0) ?? 'never', mark: 'float' },
  { title: 'CVL', width: 4, text: ({ cvlTurns }) => String(cvlTurns), mark: 'cvlTurns' },
  { title: 'CCL', width: 4, text: ({ cclTurns }) => String(cclTurns), mark: 'cclTurns' },
  { title: 'pull A', width: 7, text: ({ pulled }) => pulled.toFixed(1), mark: 'pulled' },
  { title: 'lost Wh', width: 8, text: ({ unchargedWh }) => unchargedWh.toFixed(0) },
];
const NAME_WIDTH = 32;
const GROUP_WIDTH = COLUMNS.reduce((sum, { width }) => sum + width + 1, 0);

function cells(verdict: Verdict): string {
  return COLUMNS.map(({ width, text, mark }) => {
    const missed = mark !== undefined && verdict.missed.some((miss) => miss.startsWith(mark));
    return text(verdict.measured).padStart(width) + (missed ? '!' : ' ');
  }).join('');
}

function line(name: string, groups: readonly string[]): string {
  return `${name.padEnd(NAME_WIDTH)}|${groups.join('|')}`;
}

function out(text: string): void {
  process.stdout.write(`${text}\n`);
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'boolean' }, seed: { type: 'string' } },
});
const chosen = TRIALS.filter(({ name }) => values.only === undefined || name.includes(values.only));
if (chosen.length === 0) {
  process.stderr.write(
    `no trial is named like "${values.only}"; there are:\n  ${TRIALS.map(({ name }) => name).join('\n  ')}\n`,
  );
  process.exit(2);
}

if (!values.json) {
  out(
    line(
      '',
      PROFILES.map((profile) => ` ${profile}`.padEnd(GROUP_WIDTH)),
    ),
  );
  out(
    line(
      '',
      PROFILES.map(() => COLUMNS.map(({ title, width }) => `${title.padStart(width)} `).join('')),
    ),
  );
}
const rows: Row[] = [];
for (const trial of chosen) {
  const prepared = prepare({ ...trial, plant: { ...trial.plant, seed: Number(values.seed ?? 1) } });
  const row = {
    adaptive: judge(prepared, lawFor('adaptive'), 'adaptive'),
    'soc-steps': judge(prepared, lawFor('soc-steps'), 'soc-steps'),
  };
  rows.push(row);
  if (!values.json)
    out(
      line(
        trial.name,
        PROFILES.map((profile) => cells(row[profile])),
      ),
    );
}

const missed = rows.map((row) => row[DEFAULT_PROFILE]).filter((verdict) => verdict.missed.length > 0);
if (values.json) out(JSON.stringify(rows, null, 2));
else if (missed.length === 0) out(`${DEFAULT_PROFILE} meets every mark in ${rows.length} trials`);
else {
  const which = missed.map((verdict) => `${verdict.trial} (${verdict.missed.join(', ')})`).join('; ');
  out(`${DEFAULT_PROFILE} misses marks in ${missed.length} of ${rows.length} trials: ${which}`);
}
process.exitCode = missed.length === 0 ? 0 : 1;
