import { access, readFile, stat, writeFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';

/** What the system says when a file cannot be used, in an owner's words. */
const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  EACCES: 'this user has no permission for it',
  EPERM: 'this user has no permission for it',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EEXIST: 'there is such a file already, and it is not overwritten',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk can only be read',
  ENAMETOOLONG: 'the name is too long',
  ELOOP: 'its links lead in a circle',
  EMFILE: 'too many files are open',
};

/** Why a file could not be used, without the words of the system. */
export function fileFault(cause: unknown): string {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return FAULTS[code] ?? `the system says ${code === '' ? String(cause) : code}`;
}

/** Nothing that a command reads is larger; a larger file is another one than was meant. */
const LONGEST_INPUT = 256 * 1024 * 1024;

/** The bytes of a file that a command was given. Rejects with a ConfigError of one line. */
export async function readInput(path: string): Promise<Uint8Array> {
  let bytes: number;
  try {
    const facts = await stat(path);
    if (facts.size <= LONGEST_INPUT) return await readFile(path);
    bytes = facts.size;
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read: ${fileFault(cause)}`, { cause });
  }
  throw new ConfigError(`${path} cannot be read: it has ${Math.round(bytes / 1024 / 1024)} MiB`);
}

/** Writes a file that must not exist yet: an older one may hold what its owner wrote by hand. */
export async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' }).catch((cause: unknown) => {
    throw new ConfigError(`${path} cannot be written: ${fileFault(cause)}`, { cause });
  });
}

/** Writes a file, over an older one. */
export async function writeOver(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new ConfigError(`${path} cannot be written: ${fileFault(cause)}`, { cause });
  });
}

/** Whether something has this name already. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
