import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../tools/bundle.ts';
import { makePackage, makeUsbTree } from '../../tools/pack/package.ts';
import { must } from './shell.ts';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Packages for this machine, made by the parts of `npm run release`; the runtime is the Node.js that runs the test. */
export class Packages {
  readonly #work: string;
  #ownVersion = '';

  constructor(work: string) {
    this.#work = work;
  }

  async prepare(): Promise<void> {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    this.#ownVersion = version;
    await mkdir(this.#work, { recursive: true });
    await bundle(join(this.#work, 'bundle'));
    await writeFile(join(this.#work, 'node'), '#!/bin/sh\nexec /usr/bin/development-node "$@"\n');
  }

  /** The folder of a package, as an owner has it after unpacking an archive. */
  async folder(version: string, architecture = 'x64'): Promise<string> {
    const folder = join(this.#work, architecture, `dbus-bms-${version}`);
    const bundled = join(this.#work, `bundle-${version}`);
    await cp(join(this.#work, 'bundle'), bundled, { recursive: true });
    const program = join(bundled, 'dbus-bms.cjs');
    const text = await readFile(program, 'utf8');
    await writeFile(program, text.replaceAll(`"${this.#ownVersion}"`, `"${version}"`));
    await makePackage(folder, {
      root: ROOT,
      bundle: bundled,
      architecture,
      version,
      node: { program: join(this.#work, 'node'), version: process.versions.node },
      binding: 'linux-x64/@serialport+bindings-cpp.glibc.node',
      licences: 'none: this package never leaves the test\n',
    });
    await chmod(join(folder, 'node'), 0o755);
    return folder;
  }

  /** An archive for USB sticks. */
  async usbArchive(version: string, architecture = 'x64'): Promise<string> {
    const tree = join(this.#work, `usb-${version}-${architecture}`);
    await makeUsbTree(tree, await this.folder(version, architecture), ROOT);
    const archive = join(this.#work, `venus-data-dbus-bms-${version}-${architecture}.tar.gz`);
    await must('tar', '--owner=0', '--group=0', '-czf', archive, '-C', tree, 'rc', 'apps');
    return archive;
  }
}
