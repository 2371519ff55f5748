import { parseArgs } from 'node:util';
import { bundle } from '../bundle.ts';
import { endRows } from './end-rows.ts';
import { lineRows } from './line-rows.ts';
import { lossRows } from './loss-rows.ts';
import { mutationRows } from './mutation-rows.ts';
import { missedBy, type Row, render, texts } from './row.ts';
import type { Effort } from './scene.ts';
import { virtualRows } from './virtual-rows.ts';

const SHORT = { frames: 20_000, silencesS: [30, 120, 1200], lossS: 600 };
const FULL = { frames: 1_000_000, silencesS: [30, 60, 120, 600, 1200], lossS: 3600 };
const SHORT_EFFORT: Effort = { faultMs: 4000, silencesMs: [5000, 20_000], endAfterMs: [0, 100, 250] };
const FULL_EFFORT: Effort = {
  faultMs: 20_000,
  silencesMs: [5000, 20_000, 70_000],
  endAfterMs: [0, 50, 100, 150, 200, 250, 300, 400, 600, 1000],
};

const { values } = parseArgs({
  options: { full: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const { frames, lossS, silencesS } = values.full ? FULL : SHORT;
const effort = values.full ? FULL_EFFORT : SHORT_EFFORT;
const tell = (row: Row): void =>
  void process.stderr.write(`${[...texts(row), ...missedBy(row)].join('  ')}\n`);
const PARTS: Readonly<Record<string, () => Promise<Row[]>>> = {
  frames: () => mutationRows(frames, tell),
  loss: () => lossRows(lossS, tell),
  virtual: () => virtualRows(silencesS),
  serial: () => lineRows('serial', effort, tell),
  network: () => lineRows('network', { ...effort, silencesMs: effort.silencesMs.slice(0, 1) }, tell),
  end: () => endRows(effort),
};
const chosen = Object.entries(PARTS).filter(([name]) => values.only === undefined || values.only === name);
if (chosen.length === 0) {
  process.stderr.write(`there is no part "${values.only}"; there are: ${Object.keys(PARTS).join(', ')}\n`);
  process.exit(2);
}

// An end that is not announced would leave the D-Bus daemons behind, and with them the drivers.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

await bundle();
const began = performance.now();
const rows: Row[] = [];
const broken: string[] = [];
for (const [name, part] of chosen) {
  try {
    const found = await part();
    rows.push(...found);
    process.stdout.write(`${render(found)}\n\n`);
  } catch (error) {
    // The other parts are worth knowing all the same; what could not be tried has not met its marks.
    broken.push(`${name}: ${error instanceof Error ? error.message : error}`);
    process.stdout.write(`${broken.at(-1)}\n\n`);
  }
}
const missed = [...rows.flatMap(missedBy), ...broken];
const struck = rows.reduce((sum, { injected }) => sum + injected, 0);
process.stdout.write(
  `${rows.length} faults, injected ${struck} times, ${((performance.now() - began) / 1000).toFixed(0)} s\n`,
);
process.stdout.write(missed.length === 0 ? 'all marks met\n' : `marks missed: ${missed.join('; ')}\n`);
process.exitCode = missed.length === 0 ? 0 : 1;
