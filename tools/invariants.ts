import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/**
 * Runs every property test of the charge control's invariants and counts what was tried: one row per invariant. The full
 * run takes some minutes; `--quick` tries 300 cases of each property, and demands no number of cases. The ordinary tests try a part of those.
 */

const INVARIANTS: readonly string[] = [
  'every published number is finite, from the first output on',
  'currents stay within what owner, user and BMS allow',
  'CVL stays within what owner, chemistry and BMS allow',
  'CVL never falls below the floor of the chemistry',
  'a hard reason ends its current in the step that brings it',
  'a permission is withdrawn exactly when its limit is 0',
  'more danger never means more current, once settled',
  'down at once, up only after the hold and by the ramp',
  'missing, wrong or failing input never raises a limit',
  'one implausible sample raises nothing and alarms nobody',
  'monotonic time only; clock jumps raise nothing',
  'SoC within 0..100 %; unknown SoC ends only SoC rules',
  'a contradicting number of cells blocks',
  'compensation of cable losses is bounded, 0 without charge',
  'entering float never raises CVL, leaving it ramps',
  'the cell controller works in every charge state',
  'a bank allows no more than its packs, the weakest decides',
  'old state and state from the future decide nothing',
  'targets are met within tolerances, not to the last digit',
  "an owner's writes over the bus only lower limits",
  'two configuration errors never loosen a limit',
  'an unreachable BMS is never running; limits go down',
  'no ripple turns the sign of the current; a wrong one is found',
  'no sound pack contradicts its chemistry, 20 points of drift included',
];
const CASES = 10_000;
/** Times 300 cases. */
const FACTOR = 34;
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The part of vitest's report that counts here. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly title: string;
      readonly status: string;
      readonly meta?: { readonly cases?: number };
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
}

interface Tried {
  readonly number: number;
  readonly file: string;
  readonly title: string;
  readonly cases: number;
  readonly passed: boolean;
  readonly failure: string;
}

/** Test files that state an invariant. */
function filesWithInvariants(): readonly string[] {
  return ['src', 'test'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.test.ts'))
      .map((file) => join(folder, file))
      .filter((file) => /\binvariant\(\s*'I\d+ /.test(readFileSync(join(ROOT, file), 'utf8')))
      .sort(),
  );
}

function run(files: readonly string[], factor: number): readonly Tried[] {
  const folder = mkdtempSync(join(tmpdir(), 'invariants-'));
  const report = join(folder, 'report.json');
  try {
    const { error } = spawnSync(
      process.execPath,
      [
        join(ROOT, 'node_modules/vitest/vitest.mjs'),
        'run',
        ...files,
        '--testNamePattern=(^| )I\\d+ ',
        '--reporter=json',
        `--outputFile=${report}`,
      ],
      {
        cwd: ROOT,
        env: { ...process.env, FUZZ_FACTOR: String(factor) },
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    );
    if (error !== undefined) throw error;
    return triedIn(JSON.parse(readFileSync(report, 'utf8')) as Report); // vitest's own format
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function triedIn({ testResults }: Report): readonly Tried[] {
  return testResults.flatMap(({ name, assertionResults, message }) => {
    if (assertionResults.length === 0 && message !== '') process.stderr.write(`${name}: ${message}\n`);
    return assertionResults.flatMap(({ title, status, meta, failureMessages }) => {
      const number = /^I(\d+) /.exec(title)?.[1];
      if (number === undefined || status === 'skipped' || status === 'pending') return [];
      return [
        {
          number: Number(number),
          file: relative(ROOT, name),
          title,
          cases: meta?.cases ?? 0,
          passed: status === 'passed',
          failure: failureMessages?.[0] ?? '',
        },
      ];
    });
  });
}

/** What is wrong with one invariant; undefined when nothing is. */
function faultOf(tried: readonly Tried[], least: number): string | undefined {
  if (tried.length === 0) return 'no test';
  if (tried.some(({ passed }) => !passed)) return 'FAILED';
  if (tried.some(({ cases }) => cases < least)) return `fewer than ${least} cases`;
  return undefined;
}

/** What failed and with which seed; the walk itself fills pages, and the seed brings it back. */
function excerpt(failure: string): string {
  const lines = failure.split('\n').filter((line) => /Property failed|seed:|Caused by|Got/.test(line));
  return lines.map((line) => line.trim().slice(0, 300)).join('\n     ');
}

const { values } = parseArgs({ options: { quick: { type: 'boolean' } } });
const quick = values.quick === true;
const tried = run(filesWithInvariants(), quick ? 1 : FACTOR);
const faults: string[] = [];
for (const [index, sentence] of INVARIANTS.entries()) {
  const number = index + 1;
  const own = tried.filter((test) => test.number === number);
  const fault = faultOf(own, quick ? 1 : CASES);
  if (fault !== undefined) faults.push(`I${number} (${fault})`);
  const files = [...new Set(own.map(({ file }) => file))].join(', ');
  const cases = own.map((test) => test.cases).join(' + ') || '0';
  process.stdout.write(
    `${`I${number}`.padEnd(4)} ${sentence.padEnd(58)} ${cases.padStart(30)}  ${(fault ?? 'holds').padEnd(6)}  ${files}\n`,
  );
  for (const { failure, passed, title } of own)
    if (!passed) process.stdout.write(`     ${title}\n     ${excerpt(failure)}\n`);
}
process.stdout.write(
  faults.length === 0
    ? `all ${INVARIANTS.length} invariants hold, each property in ${quick ? 'its short form' : `${CASES} cases or more`}\n`
    : `${faults.length} of ${INVARIANTS.length} invariants are not shown: ${faults.join('; ')}\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
