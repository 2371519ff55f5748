import { writeFile } from 'node:fs/promises';
import { LOG_FAULTS, linesOf, missesOf } from '../test/support/log/faults.ts';
import { pageOf, sectionOf } from './docs/log.ts';

/**
 * Runs every fault of the log, prints what it says of each, and writes docs/log.md; exit 1 when a line is missing or nobody
 * expects it. With words only the faults whose names hold them are run, and nothing is written.
 */
const words = process.argv.slice(2).join(' ');
const faults = LOG_FAULTS.filter(({ name }) => name.includes(words));
const sections: string[] = [];
let missed = 0;
for (const fault of faults) {
  const lines = await linesOf(fault);
  const misses = missesOf(fault, lines);
  sections.push(sectionOf(fault, lines));
  missed += misses.length;
  process.stdout.write(`\n${fault.name}\n`);
  for (const { at, text } of lines) process.stdout.write(`${at.toFixed(0).padStart(6)} ${text}\n`);
  for (const miss of misses) process.stdout.write(`MISSED ${miss}\n`);
}
if (missed === 0 && words === '')
  await writeFile(new URL('../docs/log.md', import.meta.url), pageOf(sections));
process.stdout.write(
  `\n${faults.length} faults, ${missed === 0 ? 'every line as it must be' : `${missed} misses`}\n`,
);
process.exitCode = missed === 0 ? 0 : 1;
