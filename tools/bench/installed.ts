import { existsSync } from 'node:fs';
import { chmod, copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '../bundle.ts';
import { atHome, CONSTANT } from './home.ts';
import { pause } from './monotonic.ts';

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

const COMPILED_WITHIN_MS = 90_000;

/** Lets a driver live until it has written down its compiled code: whoever starts later starts as on a device after the first day. */
export async function compile(folder: string, program: string): Promise<void> {
  await atHome(async (home) => {
    const path = await home.battery('ttyFIRST', CONSTANT);
    await home.run(path, { program, args: ['--bms', 'jbd'], state: home.freshState() });
    const until = performance.now() + COMPILED_WITHIN_MS;
    while (!existsSync(join(folder, 'dbus-bms.cache'))) {
      if (performance.now() > until) throw new Error('the driver has not written down its compiled code');
      await pause(500);
    }
  });
}
