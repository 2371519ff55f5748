import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle.ts';

const LAUNCHER = fileURLToPath(new URL('../../service/dbus-bms', import.meta.url));

/** Puts the program into `folder` as it stands on a device, and returns what is started there: the options of Node.js included. */
export async function install(folder: string): Promise<string> {
  await bundle(folder);
  const launcher = join(folder, 'dbus-bms');
  await copyFile(LAUNCHER, launcher);
  await chmod(launcher, 0o755);
  return launcher;
}
