import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { remove, storedBytes, storedNames } from '../test/golden/files.ts';
import { judge, rewrite, type Verdict } from '../test/golden/judge.ts';
import { PLANS } from '../test/golden/plans.ts';

/**
 * Compares what the program does with its golden recordings (docs/golden.md): exit 1 at the first difference, which is printed,
 * and whose recording the last line names. With --write the recordings are made anew.
 */

const USAGE =
  'usage: npm run golden [-- [--write] [name ...]], where a name is "jbd/single", or "jbd" for all of a driver';

/** What a process of its own does: one recording after the other, as they are handed out. */
interface Task {
  readonly name: string;
  readonly write: boolean;
}

const parent = process.send?.bind(process);
if (parent !== undefined) {
  process.on('message', ({ name, write }: Task) => {
    const verdict = write ? rewrite(name) : judge(name);
    verdict.then(
      (found) => parent(found),
      (error: unknown) => {
        throw error;
      },
    );
  });
} else await main();

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { write: { type: 'boolean' } },
  });
  const { write = false } = values;
  const all = write ? PLANS.map(({ name }) => name) : storedNames();
  const names = all.filter(
    (name) => positionals.length === 0 || positionals.some((wanted) => `${name}/`.startsWith(`${wanted}/`)),
  );
  if (names.length === 0) {
    process.stdout.write(`there is no such recording\n${USAGE}\n`);
    process.exitCode = 1;
    return;
  }
  if (write) for (const name of storedNames()) if (!PLANS.some((plan) => plan.name === name)) remove(name);
  const began = performance.now();
  const failed = await handOut(names, write);
  process.stdout.write(
    `${names.length} recordings in ${((performance.now() - began) / 1000).toFixed(0)} s\n`,
  );
  const size = `${(storedBytes() / 1024).toFixed(0)} KiB together`;
  const verdict =
    failed === undefined
      ? `all recordings ${write ? 'written' : 'as they were'}, ${size}`
      : `first difference: ${failed}`;
  process.stdout.write(`${verdict}\n`);
  process.exitCode = failed === undefined ? 0 : 1;
}

/** Name of the first recording that differs, in the order of names. */
async function handOut(names: readonly string[], write: boolean): Promise<string | undefined> {
  const waiting = [...names];
  const bad = new Map<string, string>();
  const workers = Math.min(names.length, availableParallelism());
  await Promise.all(Array.from({ length: workers }, () => worker(waiting, write, bad)));
  const first = names.find((name) => bad.has(name));
  if (first !== undefined) process.stdout.write(`${first}: ${bad.get(first)}\n`);
  return first;
}

/** Works until nothing waits, or until something differs. */
function worker(waiting: string[], write: boolean, bad: Map<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url));
    const next = (): void => {
      const name = bad.size > 0 ? undefined : waiting.shift();
      if (name === undefined) child.disconnect();
      else child.send({ name, write } satisfies Task);
    };
    child.on('message', ({ difference, name, outcome }: Verdict) => {
      if (difference === undefined) process.stdout.write(`${name}: ${outcome}\n`);
      else bad.set(name, difference);
      next();
    });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`a process ended with ${code}`)),
    );
    next();
  });
}
