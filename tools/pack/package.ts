import { createHash } from 'node:crypto';
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { PROGRAMS } from '../bundle.ts';

export interface PackageParts {
  /** Project folder. */
  readonly root: string;
  /** Folder that `bundle` made. */
  readonly bundle: string;
  readonly architecture: string;
  readonly version: string;
  /** The program that becomes `node`, and which Node.js it is. */
  readonly node: { readonly program: string; readonly version: string };
  /** The serial binding, below prebuilds/. */
  readonly binding: string;
  readonly licences: string;
}

/** File of the project -> name in the package. */
const FILES: readonly (readonly [from: string, to: string, mode: number])[] = [
  ['install.sh', 'install.sh', 0o755],
  ['rc/boot.sh', 'rc/boot.sh', 0o755],
  ['rc/venus.sh', 'rc/venus.sh', 0o644],
  ['rc/bridge.sh', 'rc/bridge.sh', 0o644],
  ['rc/preflight.sh', 'rc/preflight.sh', 0o644],
  ['rc/services.sh', 'rc/services.sh', 0o644],
  ['rc/status.sh', 'rc/status.sh', 0o644],
  ['rc/rule.awk', 'rc/rule.awk', 0o644],
  ['service/dbus-bms', 'dbus-bms', 0o755],
  ['service/loader.cjs', 'loader.cjs', 0o644],
  ['service/start.sh', 'start.sh', 0o755],
  ['service/run', 'service/run', 0o755],
  ['service/down', 'service/down', 0o644],
  ['service/log/run', 'service/log/run', 0o755],
  ['service/bridge/run', 'bridge-service/run', 0o755],
  ['service/bridge/log/run', 'bridge-service/log/run', 0o755],
  ['docs/dbus-bms.example.toml', 'dbus-bms.example.toml', 0o644],
  ['LICENSE', 'LICENSE', 0o644],
];
/** What the hooks of a USB archive need before the archive is unpacked. */
const HOOKS: typeof FILES = [
  ['rc/pre-hook.sh', 'rc/pre-hook.sh', 0o755],
  ['rc/post-hook.sh', 'rc/post-hook.sh', 0o755],
  ['rc/venus.sh', 'rc/venus.sh', 0o644],
  ['rc/preflight.sh', 'rc/preflight.sh', 0o644],
];
/** The page of the bridge, made beside the program. */
const PAGE_FILES = ['index.html', 'app.js', 'app.css'];
/** Room for the second copy of small files, folders and logs. */
const MARGIN_KB = 4096;

/** Makes the folder that becomes /data/apps/dbus-bms/<version>; returns its size in bytes as a device would count it. */
export async function makePackage(folder: string, parts: PackageParts): Promise<number> {
  const { root, bundle, architecture, version, node, binding, licences } = parts;
  await rm(folder, { recursive: true, force: true });
  for (const [from, to, mode] of FILES) await place(join(root, from), join(folder, to), mode);
  for (const name of PROGRAMS) await place(join(bundle, name), join(folder, name), 0o644);
  for (const file of PAGE_FILES) await place(join(bundle, 'page', file), join(folder, 'page', file), 0o644);
  await place(join(bundle, 'prebuilds', binding), join(folder, 'prebuilds', binding), 0o644);
  await place(node.program, join(folder, 'node'), 0o755);
  await writeFile(join(folder, 'THIRD-PARTY-LICENCES.txt'), licences);
  await writeFile(join(folder, 'versions.txt'), `dbus-bms ${version}\nnode ${node.version}\n`);
  const bytes = await sizeOf(folder);
  const kilobytes = Math.ceil(bytes / 1024) + MARGIN_KB;
  // The description itself is one of the files that have a checksum; with their number a list that was cut off is noticed.
  const files = (await filesOf(folder)).length + 1;
  const description = { version, architecture, kilobytes, files };
  const lines = Object.entries(description).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(join(folder, 'package'), lines.join(''));
  await writeFile(join(folder, 'SHA256SUMS'), await checksums(folder));
  return bytes;
}

/** Makes the folder that is packed for USB sticks and SD cards: hooks in rc/, and the package where post-hook.sh finds it. */
export async function makeUsbTree(folder: string, packageFolder: string, root: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const [from, to, mode] of HOOKS) await place(join(root, from), join(folder, to), mode);
  await cp(join(packageFolder, 'package'), join(folder, 'rc/package'));
  await cp(packageFolder, join(folder, 'apps/dbus-bms/incoming'), { recursive: true });
}

async function place(from: string, to: string, mode: number): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
  await chmod(to, mode);
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

async function sizeOf(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await filesOf(folder)).map(async (file) => (await stat(join(folder, file))).size),
  );
  // Files take whole blocks of 4 KiB.
  return sizes.reduce((sum, size) => sum + Math.ceil(size / 4096) * 4096, 0);
}

async function checksums(folder: string): Promise<string> {
  const lines = [];
  for (const file of await filesOf(folder)) {
    if (file === 'SHA256SUMS') continue;
    const sum = createHash('sha256')
      .update(await readFile(join(folder, file)))
      .digest('hex');
    lines.push(`${sum}  ${file}\n`);
  }
  return lines.join('');
}
