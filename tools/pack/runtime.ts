import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, chmod, copyFile, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
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
  // A fetch that was broken off must not stay in the way of the next one.
  if ((await integrityOf(archive)) !== integrity) await fetchArchive(target, cache, archive);
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

/** Fetches the package beside its place, and moves it there when it is what it must be. */
async function fetchArchive(target: Target, cache: string, archive: string): Promise<void> {
  const { name, version, integrity } = target.runtime;
  const folder = await mkdtemp(join(cache, 'fetch-'));
  try {
    const args = ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder];
    await run('npm', args, { cwd: folder }).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`Node.js for ${target.architecture} could not be fetched; is there a network? ${why}`);
    });
    const fetched = join(folder, `${name}-${version}.tgz`);
    const found = await integrityOf(fetched);
    if (found === undefined) throw new Error(`${name} ${version} could not be fetched by npm pack`);
    if (found !== integrity)
      throw new Error(`${name} ${version} has checksum ${found}, expected ${integrity}`);
    await rename(fetched, archive);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Undefined where there is no such file. */
async function integrityOf(file: string): Promise<string | undefined> {
  if (!(await exists(file))) return undefined;
  return `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
}

async function slim(target: Target, from: string, to: string): Promise<void> {
  const stripped = `${to}.new`;
  await copyFile(from, stripped);
  await run(`${target.binutils.prefix}strip`, ['--strip-all', stripped]);
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
  const { stdout } = await run(`${target.binutils.prefix}readelf`, ['-W', ...args], options);
  return stdout;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
