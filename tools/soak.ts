import { parseArgs } from 'node:util';
import { soakReally } from './soak/real.ts';
import { soakVirtually } from './soak/virtual.ts';

/** MiB that may be kept of the garbage of all polls. */
const MOST_GROWTH = 1;

const { values } = parseArgs({
  options: { polls: { type: 'string', default: '100000' }, real: { type: 'string' } },
});
const out = (text: string): void => void process.stdout.write(`${text}\n`);
const missed: string[] = [];
const hold = (name: string, is: string, isMet: boolean): void => {
  out(`  ${name.padEnd(34)} ${is.padStart(16)}  ${isMet ? 'met' : 'MISSED'}`);
  if (!isMet) missed.push(name);
};
const began = performance.now();

if (values.real === undefined) {
  const polls = Number(values.polls);
  out(
    `${polls} polls of a JBD battery by the service of a port in virtual time, from the wire to the changes for the bus`,
  );
  const soak = await soakVirtually(polls, Math.max(1000, Math.round(polls / 10)));
  hold('heap growth after warm-up', `${soak.heapGrowth.toFixed(2)} MiB`, soak.heapGrowth < MOST_GROWTH);
  hold('handles', `${soak.handlesBefore} -> ${soak.handlesAfter}`, soak.handlesAfter <= soak.handlesBefore);
  hold(
    'waiting timers',
    `${soak.timersBefore} -> ${soak.timersAfter}`,
    soak.timersAfter <= soak.timersBefore,
  );
  hold('missed polls', String(soak.missed), soak.missed === 0);
  hold('drift of the poll grid', `${soak.driftMs.toFixed(1)} ms`, soak.driftMs === 0);
} else {
  const minutes = Number(values.real);
  out(`4 processes of the program, moving values, ${minutes} minutes of real time`);
  for (const { expected, filesAfter, filesBefore, floors, polls, port } of await soakReally(minutes)) {
    const growth = (floors.at(-1) ?? Number.NaN) - (floors[0] ?? Number.NaN);
    out(`  ${port}: private memory ${floors.map((floor) => floor.toFixed(2)).join(' ')} MiB`);
    hold(`${port}: private memory growth`, `${growth.toFixed(2)} MiB`, growth < MOST_GROWTH);
    hold(`${port}: open files`, `${filesBefore} -> ${filesAfter}`, filesAfter <= filesBefore);
    hold(`${port}: polls`, `${polls} of ${expected.toFixed(0)}`, Math.abs(polls - expected) <= 2);
  }
}
out(`${((performance.now() - began) / 1000).toFixed(0)} s`);
out(missed.length === 0 ? 'all marks met' : `marks missed: ${missed.join('; ')}`);
process.exitCode = missed.length === 0 ? 0 : 1;
