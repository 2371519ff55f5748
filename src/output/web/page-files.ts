import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { systemFault } from '../../system-fault.ts';
import type { PageFile } from './web-output.ts';

const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/app.js', 'app.js', 'text/javascript; charset=utf-8'],
  ['/app.css', 'app.css', 'text/css; charset=utf-8'],
] as const;

/** The files of the page by path. Rejects with a ConfigError when the package is not complete. */
export async function readPage(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>();
  for (const [path, name, type] of FILES) {
    const file = join(folder, name);
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw new ConfigError(
        `the page cannot be read (${file}: ${systemFault(cause)}); install the package again`,
        {
          cause,
        },
      );
    });
    files.set(path, { type, bytes });
  }
  return files;
}
