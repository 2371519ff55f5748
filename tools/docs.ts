import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { detectionPage } from './docs/detection.ts';
import { dayDrawing, limitsDrawing } from './docs/drawings.ts';
import { errorsPage } from './docs/errors.ts';
import { logPage } from './docs/log.ts';
import { pathsPage } from './docs/paths.ts';
import { exampleFile, settingsPage } from './docs/settings.ts';
import { supportedPage } from './docs/supported-bms.ts';

/** A file that is made from the tables of the program. */
export interface GeneratedDocument {
  /** Path from the top of the repository. */
  readonly file: string;
  /** The whole text of the file. */
  render(): string | Promise<string>;
  /** It takes long; another test says when it is out of date. */
  readonly testedBy?: string;
}

export const DOCUMENTS: readonly GeneratedDocument[] = [
  { file: 'docs/settings.md', render: settingsPage },
  { file: 'docs/dbus-bms.example.toml', render: exampleFile },
  { file: 'docs/errors.md', render: errorsPage },
  { file: 'docs/dbus-paths.md', render: pathsPage },
  { file: 'docs/supported-bms.md', render: supportedPage },
  { file: 'docs/detection.md', render: detectionPage },
  { file: 'docs/limits.svg', render: limitsDrawing },
  { file: 'docs/day.svg', render: dayDrawing },
  { file: 'docs/log.md', render: logPage, testedBy: 'test/log.test.ts' },
];

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** A file whose text is not what the program says now, and what it should be. */
interface Stale {
  readonly file: string;
  readonly text: string;
}

/** By default those that are quick to make. */
export async function staleDocuments(
  documents: readonly GeneratedDocument[] = DOCUMENTS.filter(({ testedBy }) => testedBy === undefined),
): Promise<readonly Stale[]> {
  const stale: Stale[] = [];
  for (const { file, render } of documents) {
    // A file that does not exist, or cannot be read, is as stale as a wrong one.
    const before = await readFile(join(ROOT, file), 'utf8').catch(() => undefined);
    const text = await render();
    if (before !== text) stale.push({ file, text });
  }
  return stale;
}

async function main(args: readonly string[]): Promise<number> {
  const stale = await staleDocuments(DOCUMENTS);
  if (args.includes('--check')) {
    for (const { file } of stale) process.stderr.write(`${file} is stale; run: npm run docs\n`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const { file, text } of stale) {
    await mkdir(dirname(join(ROOT, file)), { recursive: true });
    await writeFile(join(ROOT, file), text);
    process.stdout.write(`${file} written\n`);
  }
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
