import { parseArgs } from 'node:util';
import { lawFor } from '../src/control/decide.ts';
import { TRIALS } from '../src/simulator/trials/acceptance-scenarios.ts';
import { judge, prepare } from '../src/simulator/trials/judge.ts';
import { header, type Row, rowLine, summary } from './acceptance-table.ts';

/**
 * Runs both profiles through every trial in virtual time. `--only TEXT` takes the trials with this in their name,
 * `--json` prints everything measured, `--seed N` changes noise, scatter and clouds.
 */

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

if (!values.json) for (const text of header()) out(text);
const rows: Row[] = [];
for (const trial of chosen) {
  const prepared = prepare({ ...trial, plant: { ...trial.plant, seed: Number(values.seed ?? 1) } });
  const row = {
    adaptive: judge(prepared, lawFor('adaptive'), 'adaptive'),
    'soc-steps': judge(prepared, lawFor('soc-steps'), 'soc-steps'),
  };
  rows.push(row);
  if (!values.json) out(rowLine(trial.name, row));
}

const { lines, passed } = summary(rows);
if (values.json) out(JSON.stringify(rows, null, 2));
else for (const text of lines) out(text);
process.exitCode = passed ? 0 : 1;
