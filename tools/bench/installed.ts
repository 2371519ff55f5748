import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle.ts';

const SERVICE = fileURLToPath(new URL('../../service', import.meta.url));

/** Puts the program into `folder` as it stands on a device, and returns what is started there: the options of Node.js included. */
export async function install(folder: string): Promise<string> {
  await bundle(folder);
  const launcher = join(folder, 'dbus-bms');
  await copyFile(join(SERVICE, 'dbus-bms'), launcher);
  await copyFile(join(SERVICE, 'loader.cjs'), join(folder, 'loader.cjs'));
  await chmod(launcher, 0o755);
  return launcher;
}
