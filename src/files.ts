import { access, constants, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from './errors.ts';
import { systemFault } from './system-fault.ts';

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
    throw new ConfigError(`${path} cannot be read: ${systemFault(cause)}`, { cause });
  }
  throw new ConfigError(`${path} cannot be read: it has ${Math.round(bytes / 1024 / 1024)} MiB`);
}

/** Writes a file that must not exist yet: an older one may hold what its owner wrote by hand. */
export async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { flag: 'wx' }).catch((cause: unknown) => {
    throw new ConfigError(`${path} cannot be written: ${systemFault(cause)}`, { cause });
  });
}

/** Writes a file, over an older one. */
export async function writeOver(path: string, text: string): Promise<void> {
  await writeFile(path, text).catch((cause: unknown) => {
    throw new ConfigError(`${path} cannot be written: ${systemFault(cause)}`, { cause });
  });
}

/** Rejects as `writeOver` would, before work is done whose result could not be kept. */
export async function assertWritable(path: string): Promise<void> {
  try {
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isDirectory() === true) throw Object.assign(new Error(path), { code: 'EISDIR' });
    await access(facts === undefined ? dirname(path) : path, constants.W_OK);
  } catch (cause) {
    throw new ConfigError(`${path} cannot be written: ${systemFault(cause)}`, { cause });
  }
}

/** Whether something has this name already. */
export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
