import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cpu } from './cpu.ts';
import { isMet, type Measurement, type Section, spreadOf } from './figure.ts';
import { compile, install } from './installed.ts';
import { memory } from './memory.ts';
import { reaction } from './reaction.ts';
import { roundTrip } from './round-trip.ts';
import { start } from './start.ts';
import { render } from './table.ts';
import { traffic } from './traffic.ts';
import { wire } from './wire.ts';

const MEASUREMENTS: readonly Measurement[] = [start, wire, cpu, memory, traffic, roundTrip, reaction];

const { values } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'string' }, quick: { type: 'boolean', default: false } },
});
const chosen = MEASUREMENTS.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  const names = MEASUREMENTS.map(({ name }) => name).join(', ');
  process.stderr.write(`there is no measurement "${values.only}"; there are: ${names}\n`);
  process.exit(2);
}

function out(text: string): void {
  process.stdout.write(`${text}\n`);
}

// An end that is not announced would leave the D-Bus daemons behind, and with them the drivers.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const begun = performance.now();
const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}, Node.js ${process.versions.node}`;
out(`${machine}, load ${loadavg()[0]?.toFixed(2)}${values.quick ? ', quick' : ''}\n`);

const folder = await mkdtemp(join(tmpdir(), 'dbus-bms-bench-bundle-'));
const sections: Record<string, Section> = {};
const failed: string[] = [];
try {
  const program = await install(folder);
  await compile(folder, program);
  for (const { name, measure } of chosen) {
    try {
      const section = await measure(program, { quick: values.quick });
      sections[name] = section;
      out(render(section));
    } catch (error) {
      // The others are worth knowing all the same; what could not be measured has not met its marks.
      failed.push(name);
      out(`${name} could not be measured: ${error instanceof Error ? error.message : error}\n`);
    }
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

const figures = Object.entries(sections).flatMap(([section, { figures }]) =>
  figures.map((figure) => ({ section, ...figure, ...spreadOf(figure.samples), met: isMet(figure) })),
);
if (values.json !== undefined) {
  await writeFile(
    values.json,
    `${JSON.stringify({ machine, quick: values.quick, failed, figures }, null, 2)}\n`,
  );
}
const marked = figures.filter(({ met }) => met !== undefined);
const missed = [
  ...marked.filter(({ met }) => met === false).map(({ section, name }) => `${section}: ${name}`),
  ...failed.map((name) => `${name}: not measured`),
];
out(`${((performance.now() - begun) / 1000).toFixed(0)} s, load ${loadavg()[0]?.toFixed(2)}`);
out(missed.length === 0 ? `all ${marked.length} marks met` : `marks missed: ${missed.join('; ')}`);
process.exitCode = missed.length === 0 ? 0 : 1;
