import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { createGzip } from 'node:zlib';
import { bundle } from './bundle.ts';
import { thirdPartyLicences } from './pack/licences.ts';
import { makePackage, makeUsbTree } from './pack/package.ts';
import { runtimeFor } from './pack/runtime.ts';
import { MARKS_MB, TARGETS } from './pack/targets.ts';
import { lacking, type SystemProgram } from './system-programs.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CACHE = process.env['DBUS_BMS_CACHE'] ?? join(homedir(), '.cache/dbus-bms/npm');
const run = promisify(execFile);

/** Packs `names` of `folder` as root would have made them; returns the size of the archive. */
async function pack(
  archive: string,
  folder: string,
  names: readonly string[],
  seconds: string,
): Promise<number> {
  const owner = ['--owner=0', '--group=0', '--numeric-owner', `--mtime=@${seconds}`];
  const tar = spawn('tar', [
    '--create',
    '--format=ustar',
    '--sort=name',
    ...owner,
    '--directory',
    folder,
    ...names,
  ]);
  tar.stderr.pipe(process.stderr);
  const ended = new Promise<number>((resolve) => tar.once('close', (code) => resolve(code ?? 1)));
  await pipeline(tar.stdout, createGzip({ level: 9 }), createWriteStream(archive));
  if ((await ended) !== 0) throw new Error(`tar could not make ${archive}`);
  return (await stat(archive)).size;
}

/** What is called on the way, and the Debian package that brings each. */
const PROGRAMS: readonly SystemProgram[] = [
  { program: 'tar', debian: 'tar' },
  { program: 'npm', debian: 'npm' },
  ...TARGETS.flatMap(({ binutils: { prefix, debian } }) =>
    ['strip', 'readelf'].map((tool) => ({ program: `${prefix}${tool}`, debian })),
  ),
];

/** The time of the last commit: the same sources give the same archives. Sources without git have that of package.json. */
async function buildSeconds(): Promise<string> {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return given;
  try {
    const { stdout } = await run('git', ['log', '-1', '--format=%ct'], { cwd: ROOT });
    return stdout.trim();
  } catch {
    const { mtimeMs } = await stat(join(ROOT, 'package.json'));
    return String(Math.floor(mtimeMs / 1000));
  }
}

/**
 * Makes all archives and then puts them into the folder `out`; false when one of them misses its mark. Until all are made
 * `out` stays as it is, and nothing is left elsewhere, whatever happens.
 */
export async function release(out: string): Promise<boolean> {
  const missing = lacking(PROGRAMS);
  if (missing !== undefined) throw new Error(missing);
  const work = await mkdtemp(join(tmpdir(), 'dbus-bms-release-'));
  const cleanUp = (): void => rmSync(work, { recursive: true, force: true });
  const stop = (): void => {
    cleanUp();
    process.exit(130);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.once(signal, stop);
  try {
    const made = join(work, 'made');
    await mkdir(made);
    const fits = await makeArchives(work, made);
    await rm(out, { recursive: true, force: true });
    await cp(made, out, { recursive: true });
    return fits;
  } finally {
    for (const signal of signals) process.off(signal, stop);
    cleanUp();
  }
}

async function makeArchives(work: string, out: string): Promise<boolean> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const seconds = await buildSeconds();
  await bundle(join(work, 'bundle'));
  const sums = [];
  let fits = true;
  for (const target of TARGETS) {
    const { architecture, binding, runtime } = target;
    const node = await runtimeFor(target, CACHE);
    const title = `Node.js ${runtime.version} (npm package ${runtime.name})`;
    const name = `dbus-bms-${version}`;
    const folder = join(work, architecture, name);
    const installed = await makePackage(folder, {
      root: ROOT,
      bundle: join(work, 'bundle'),
      architecture,
      version,
      node: { program: node.program, version: `${runtime.version} from ${runtime.name}` },
      binding,
      licences: await thirdPartyLicences(ROOT, { licence: node.licence, title }),
    });
    const usb = join(work, architecture, 'usb');
    await makeUsbTree(usb, folder, ROOT);
    const archives = [
      { archive: `${name}-${architecture}.tar.gz`, from: dirname(folder), names: [name] },
      { archive: `venus-data-${name}-${architecture}.tar.gz`, from: usb, names: ['rc', 'apps'] },
    ];
    fits = report(`${architecture} installed`, installed, MARKS_MB.installed) && fits;
    for (const { archive, from, names } of archives) {
      const file = join(out, archive);
      fits = report(archive, await pack(file, from, names, seconds), MARKS_MB.archive) && fits;
      sums.push(
        `${createHash('sha256')
          .update(await readFile(file))
          .digest('hex')}  ${archive}\n`,
      );
    }
  }
  await writeFile(join(out, 'SHA256SUMS'), sums.join(''));
  return fits;
}

/** One line for each size; false when it misses its mark. */
function report(what: string, bytes: number, markMb: number): boolean {
  const fits = bytes <= markMb * 1e6;
  console.log(
    `${what.padEnd(48)} ${(bytes / 1e6).toFixed(1).padStart(6)} MB   mark ${markMb} MB   ${fits ? 'ok' : 'MISSED'}`,
  );
  return fits;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    const fits = await release(join(ROOT, 'release'));
    if (!fits) process.exitCode = 1;
  } catch (error) {
    // One line: the person who runs it has to do something, and where it happened does not help.
    const text = error instanceof Error ? error.message : String(error);
    console.error(`release: ${text.trim().replaceAll(/\s*\n\s*/g, ' | ')}`);
    process.exitCode = 1;
  }
}
