import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Lock {
  readonly packages: Readonly<
    Record<string, { version?: string; license?: string; dev?: boolean; link?: boolean }>
  >;
}

/** The licence texts of everything that is packed: the packages that are no development tools, and Node.js. */
export async function thirdPartyLicences(
  root: string,
  runtime: { licence: string; title: string },
): Promise<string> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock; // npm writes that shape
  const parts = [];
  for (const [path, { version, license, dev, link }] of Object.entries(lock.packages)) {
    if (path === '' || dev === true || link === true || !path.startsWith('node_modules/')) continue;
    const folder = join(root, path);
    const files = await readdir(folder).catch(() => []);
    const texts = await Promise.all(
      files
        .filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
        .map((name) => readFile(join(folder, name), 'utf8')),
    );
    // An optional package that is not there for this machine is not packed either.
    if (files.length === 0) continue;
    const name = path.replace(/^.*node_modules\//, '');
    parts.push(section(`${name} ${version ?? ''} (${license ?? 'see text'})`, texts.join('\n')));
  }
  parts.push(section(runtime.title, await readFile(runtime.licence, 'utf8')));
  return parts.join('\n');
}

function section(title: string, text: string): string {
  return `${'='.repeat(78)}\n${title}\n${'='.repeat(78)}\n\n${text.trim()}\n`;
}
