import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** System programs that the tests and the demo run, and the Debian or Ubuntu package that brings each. */
const PROGRAMS = [{ program: 'dbus-daemon', packages: 'dbus-daemon (before Ubuntu 22.10: dbus)' }];

function isInstalled(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

const major = Number(process.versions.node.split('.')[0]);
const missing = PROGRAMS.filter(({ program }) => !isInstalled(program));
if (major < 20) console.error(`dbus-bms needs Node.js 20 or newer; this is ${process.versions.node}`);
for (const { program, packages } of missing) {
  console.error(`${program} is not installed; on Debian and Ubuntu: sudo apt-get install ${packages}`);
}
if (major < 20 || missing.length > 0) process.exit(1);
