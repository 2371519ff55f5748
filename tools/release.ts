import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
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

/** The time of the last commit: the same sources give the same archives. */
async function buildSeconds(): Promise<string> {
  const given = process.env['SOURCE_DATE_EPOCH'];
  if (given !== undefined) return given;
  const { stdout } = await run('git', ['log', '-1', '--format=%ct'], { cwd: ROOT });
  return stdout.trim();
}

/** Makes all archives in the folder `out`; false when one of them misses its mark. */
export async function release(out: string): Promise<boolean> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const seconds = await buildSeconds();
  const work = await mkdtemp(join(tmpdir(), 'dbus-bms-release-'));
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
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
  await rm(work, { recursive: true, force: true });
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
  const fits = await release(join(ROOT, 'release'));
  if (!fits) process.exit(1);
}
