import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dropNeeded } from './elf.ts';
import { clearLanguages } from './icu.ts';
import { NEWEST_SYMBOLS, type Target } from './targets.ts';

const run = promisify(execFile);

export interface Runtime {
  readonly program: string;
  readonly licence: string;
}

/** Node.js for a target: fetched once into `cache`, checked, stripped, and without what no device has or needs. */
export async function runtimeFor(target: Target, cache: string): Promise<Runtime> {
  const { name, version, integrity } = target.runtime;
  const archive = join(cache, `${name}-${version}.tgz`);
  await mkdir(cache, { recursive: true });
  if (!(await exists(archive))) {
    await run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', cache], { cwd: cache });
  }
  const found = `sha512-${createHash('sha512')
    .update(await readFile(archive))
    .digest('base64')}`;
  if (found !== integrity) throw new Error(`${archive} has checksum ${found}, expected ${integrity}`);
  const folder = join(cache, `${name}-${version}`);
  await mkdir(folder, { recursive: true });
  await run('tar', [
    '-xzf',
    archive,
    '-C',
    folder,
    '--strip-components=1',
    'package/bin/node',
    'package/LICENSE',
  ]);
  const program = join(folder, 'node');
  await slim(target, join(folder, 'bin/node'), program);
  await checkNeeds(target, program);
  return { program, licence: join(folder, 'LICENSE') };
}

async function slim(target: Target, from: string, to: string): Promise<void> {
  const stripped = `${to}.new`;
  await copyFile(from, stripped);
  await run(`${target.binutils.prefix}strip`, ['--strip-all', stripped]).catch((error: unknown) => {
    throw missing(error, target.binutils.debian);
  });
  const program = await readFile(stripped);
  if (!(await usesAtomics(target, stripped))) dropNeeded(program, 'libatomic.so.1');
  if (clearLanguages(program) === 0)
    throw new Error(`${from} carries no language data; is it another build?`);
  await writeFile(stripped, program);
  await chmod(stripped, 0o755);
  await rename(stripped, to);
}

/** Whether the program calls anything of libatomic; builds for armv7 name it but use nothing of it. */
async function usesAtomics(target: Target, program: string): Promise<boolean> {
  const symbols = await readelf(target, ['--dyn-syms', program]);
  return symbols.split('\n').some((line) => line.includes(' UND ') && /\b__(?:atomic|sync)_/.test(line));
}

/** A runtime that would not start on the oldest supported system must never be packed. */
async function checkNeeds(target: Target, program: string): Promise<void> {
  const dynamic = await readelf(target, ['-d', program]);
  const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, library = '']) => library);
  const unknown = needed.filter((library) => !target.libraries.includes(library));
  if (unknown.length > 0)
    throw new Error(`${program} needs ${unknown.join(', ')}, which not every device has`);
  const versions = await readelf(target, ['-V', program]);
  for (const [, family = '', version = ''] of versions.matchAll(/Name: (GLIBC|GLIBCXX)_([\d.]+)/g)) {
    const newest = NEWEST_SYMBOLS[family] ?? '0';
    if (isNewer(version, newest))
      throw new Error(`${program} needs ${family}_${version}, devices have ${newest}`);
  }
}

function isNewer(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) > 0;
}

async function readelf(target: Target, args: readonly string[]): Promise<string> {
  const options = { maxBuffer: 64 << 20 };
  const { stdout } = await run(`${target.binutils.prefix}readelf`, ['-W', ...args], options).catch(
    (error: unknown) => {
      throw missing(error, target.binutils.debian);
    },
  );
  return stdout;
}

function missing(error: unknown, debian: string): unknown {
  const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
  return absent ? new Error(`binutils are not installed; on Debian: sudo apt-get install ${debian}`) : error;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
