import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Every entry below a folder, with kind, mode and content: two equal texts are two equal trees, byte for byte. */
export async function treeOf(folder: string, leaveOut: RegExp): Promise<string> {
  const names = await readdir(folder, { recursive: true });
  const lines = await Promise.all(
    names
      .filter((name) => !leaveOut.test(name))
      .sort()
      .map(async (name) => `${name} ${await contentOf(join(folder, name))}`),
  );
  return lines.join('\n');
}

async function contentOf(path: string): Promise<string> {
  const entry = await lstat(path);
  const mode = (entry.mode & 0o7777).toString(8);
  if (entry.isSymbolicLink()) return `-> ${await readlink(path)}`;
  if (!entry.isFile()) return `${mode} folder or device`;
  return `${mode} ${createHash('sha256')
    .update(await readFile(path))
    .digest('hex')}`;
}

/** Lines of one text that are not in the other, for a message. */
export function difference(before: string, after: string): string {
  const old = new Set(before.split('\n'));
  const fresh = new Set(after.split('\n'));
  const gone = [...old].filter((line) => !fresh.has(line)).map((line) => `- ${line}`);
  const come = [...fresh].filter((line) => !old.has(line)).map((line) => `+ ${line}`);
  return [...gone, ...come].join('\n');
}
