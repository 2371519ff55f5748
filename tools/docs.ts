import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { detectionPage } from './docs/detection.ts';
import { dayDrawing, limitsDrawing } from './docs/drawings.ts';
import { errorsPage } from './docs/errors.ts';
import { pathsPage } from './docs/paths.ts';
import { exampleFile, settingsPage } from './docs/settings.ts';
import { supportedPage } from './docs/supported-bms.ts';

/** A file that is made from the tables of the program. */
export interface GeneratedDocument {
  /** Path from the top of the repository. */
  readonly file: string;
  /** The whole text of the file. */
  render(): string | Promise<string>;
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
];

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The files whose text is not what the program says now. */
export async function staleDocuments(): Promise<readonly string[]> {
  const stale: string[] = [];
  for (const { file, render } of DOCUMENTS) {
    // A file that does not exist, or cannot be read, is as stale as a wrong one.
    const text = await readFile(join(ROOT, file), 'utf8').catch(() => undefined);
    if (text !== (await render())) stale.push(file);
  }
  return stale;
}

async function main(args: readonly string[]): Promise<number> {
  const stale = await staleDocuments();
  if (args.includes('--check')) {
    for (const file of stale) process.stderr.write(`${file} is stale; run: npm run docs\n`);
    return stale.length === 0 ? 0 : 1;
  }
  for (const { file, render } of DOCUMENTS) {
    if (!stale.includes(file)) continue;
    await mkdir(dirname(join(ROOT, file)), { recursive: true });
    await writeFile(join(ROOT, file), await render());
    process.stdout.write(`${file} written\n`);
  }
  return 0;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv.slice(2));
