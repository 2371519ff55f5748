import { leavesOf } from './transcript.ts';

/** Lines before and after the first difference that are shown. */
const AROUND = 2;
const MOST_LEAVES = 20;
const MOST_COLUMNS = 160;

/** Where two transcripts differ first, for people; undefined when they are the same. */
export function differenceOf(expected: string, actual: string): string | undefined {
  if (expected === actual) return undefined;
  const [wanted, got] = [expected.split('\n'), actual.split('\n')];
  const at = wanted.findIndex((line, index) => line !== got[index]);
  const first = at < 0 ? wanted.length : at;
  const shown = (lines: readonly string[], from: number, to: number, mark: string): string[] =>
    lines.slice(Math.max(0, from), to).map((line) => `${mark} ${cut(line)}`);
  const [before, after] = [wanted[first], got[first]];
  const details = before === undefined || after === undefined ? [] : leafDifferences(before, after);
  return [
    `line ${first + 1}:`,
    ...shown(wanted, first - AROUND, first, ' '),
    ...shown(wanted, first, first + 1, '-'),
    ...shown(got, first, first + 1, '+'),
    ...details.map((line) => `    ${line}`),
    ...shown(wanted, first + 1, first + 1 + AROUND, '-'),
    ...shown(got, first + 1, first + 1 + AROUND, '+'),
  ].join('\n');
}

/** What differs within two lines, value by value. */
function leafDifferences(before: string, after: string): readonly string[] {
  if (!before.startsWith('{') || !after.startsWith('{')) return [];
  const [old, now] = [new Map(leavesOf(JSON.parse(before))), new Map(leavesOf(JSON.parse(after)))];
  const paths = [...new Set([...old.keys(), ...now.keys()])].filter(
    (path) => old.get(path) !== now.get(path),
  );
  const rest = paths.length > MOST_LEAVES ? [`and ${paths.length - MOST_LEAVES} more`] : [];
  return [
    ...paths.slice(0, MOST_LEAVES).map((path) => `${path}: ${json(old.get(path))} -> ${json(now.get(path))}`),
    ...rest,
  ];
}

function json(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function cut(line: string): string {
  return line.length > MOST_COLUMNS ? `${line.slice(0, MOST_COLUMNS)}..` : line;
}
