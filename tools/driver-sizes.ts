import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const DRIVERS = fileURLToPath(new URL('../src/bms', import.meta.url));

/** The median of the drivers stays below this, and a driver that does not says why in its note. */
export const MOST_LINES = 150;
const REASON = `${MOST_LINES} lines`;

/** Data tables are counted apart; the simulated side and the tests are not part of a driver. */
const TABLES = 'fields.ts';
const NOTE = 'README.md';
const NOT_THE_DRIVER = /^responder\.ts$|\.test\.ts$/;

export interface DriverSize {
  readonly id: string;
  /** Lines of code without the tables. */
  readonly code: number;
  /** Lines of data tables. */
  readonly tables: number;
  /** The note beside the code. */
  readonly note: string;
}

export interface Verdict {
  /** The table for people, smallest driver first. */
  readonly text: string;
  /** What is wrong; empty when all is well. */
  readonly problems: readonly string[];
}

/** Lines that are neither blank nor comment nor part of an import, of a source in the format of this project. */
export function codeLines(source: string): number {
  let count = 0;
  let skippedUntil: string | undefined;
  for (const line of source.split('\n').map((text) => text.trim())) {
    skippedUntil ??= line.startsWith('/*') ? '*/' : line.startsWith('import ') ? ';' : undefined;
    if (skippedUntil !== undefined) {
      if (line.endsWith(skippedUntil)) skippedUntil = undefined;
    } else if (line !== '' && !line.startsWith('//')) {
      count += 1;
    }
  }
  return count;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, number) => sum + number, 0) / middle.length;
}

/** Judges the sizes: the median has to be below `MOST_LINES`, and the note of a larger driver has to say why. */
export function judge(drivers: readonly DriverSize[]): Verdict {
  const sorted = drivers.toSorted((a, b) => a.code - b.code);
  const middle = median(sorted.map(({ code }) => code));
  const rows = [
    ['driver', 'code lines', 'tables', 'together'],
    ...sorted.map(({ id, code, tables }) => [id, code, tables, code + tables]),
    [
      'median',
      middle,
      median(sorted.map(({ tables }) => tables)),
      median(sorted.map(({ code, tables }) => code + tables)),
    ],
  ];
  const unexplained = sorted.filter(({ code, note }) => code >= MOST_LINES && !note.includes(REASON));
  return {
    text: rows.map(([id, ...numbers]) => row(`${id}`, numbers.map(String))).join('\n'),
    problems: [
      ...(middle < MOST_LINES ? [] : [`the median is ${middle}; it has to be below ${MOST_LINES}`]),
      ...unexplained.map(
        ({ id, code }) => `${id} has ${code} lines and its README does not say why ("${REASON}")`,
      ),
    ],
  };
}

const row = (id: string, numbers: readonly string[]): string =>
  id.padEnd(16) + numbers.map((number) => number.padStart(11)).join('');

/** The folder of a driver in the tree of drivers: its own, or that of its family where it is a file in it. */
export function folderOf({ family, id }: { readonly id: string; readonly family: string }): string {
  const folders = foldersOf(DRIVERS);
  const named = (name: string): string | undefined =>
    folders.find((folder) => folder.replaceAll('/', '-') === name || basename(folder) === name);
  const found = named(id) ?? named(family);
  if (found === undefined) throw new Error(`no folder of ${id} in ${DRIVERS}`);
  return found;
}

/** Folders with a driver: those with a note. A variant has its folder in that of its family. */
function foldersOf(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => basename(name) === NOTE && dirname(name) !== '.')
    .map(dirname);
}

/** The drivers of this tree. What variants share counts for the driver whose folder it is in. */
export function driversOf(root: string): DriverSize[] {
  return foldersOf(root).map((folder) => {
    const sources = readdirSync(join(root, folder)).filter((name) => name.endsWith('.ts'));
    const lines = (name: string): number => codeLines(readFileSync(join(root, folder, name), 'utf8'));
    const code = sources.filter((name) => name !== TABLES && !NOT_THE_DRIVER.test(name));
    return {
      id: folder.replaceAll('/', '-'),
      code: code.map(lines).reduce((sum, count) => sum + count, 0),
      tables: sources.includes(TABLES) ? lines(TABLES) : 0,
      note: readFileSync(join(root, folder, NOTE), 'utf8'),
    };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { text, problems } = judge(driversOf(process.argv[2] ?? DRIVERS));
  console.log([text, ...problems].join('\n'));
  if (problems.length > 0) process.exitCode = 1;
}
