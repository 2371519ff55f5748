import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Device, RUN_SERVICE_KINDS } from './device.ts';
import { emulatedTests } from './emulated.ts';
import { installerTests } from './installer.ts';
import { lifeTests } from './life.ts';
import { oddStateTests } from './odd-states.ts';
import { Packages } from './packages.ts';
import { powerTests } from './power.ts';
import { runTests } from './runner.ts';

/** System programs and libraries, and the Debian package that brings each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  '/usr/bin/bash': 'bash',
  '/usr/bin/busybox': 'busybox',
  '/usr/bin/svscan': 'daemontools',
  '/usr/bin/multilog': 'daemontools',
  '/usr/bin/dbus-daemon': 'dbus-daemon',
  '/usr/bin/unshare': 'util-linux',
  '/usr/bin/nsenter': 'util-linux',
  '/usr/sbin/chroot': 'coreutils',
  '/usr/bin/tar': 'tar',
  '/usr/bin/qemu-arm-static': 'qemu-user-static',
  '/usr/bin/qemu-aarch64-static': 'qemu-user-static',
  '/usr/bin/arm-linux-gnueabihf-strip': 'binutils-arm-linux-gnueabihf',
  '/usr/bin/aarch64-linux-gnu-strip': 'binutils-aarch64-linux-gnu',
  '/usr/bin/shellcheck': 'shellcheck',
  '/usr/arm-linux-gnueabihf/lib/libstdc++.so.6': 'libstdc++6-armhf-cross',
  '/usr/aarch64-linux-gnu/lib/libstdc++.so.6': 'libstdc++6-arm64-cross',
};
const INSIDE = 'DBUS_BMS_GX_NAMESPACE';

function isMissing(program: string): boolean {
  try {
    accessSync(program, constants.R_OK);
    return false;
  } catch {
    return true;
  }
}

function checkMachine(): void {
  const missing = Object.entries(PROGRAMS).filter(([program]) => isMissing(program));
  for (const [program, debian] of missing)
    console.error(`${program} is missing; on Debian: apt-get install ${debian}`);
  if (process.getuid?.() !== 0) console.error('this test makes namespaces and mounts; run it as root');
  if (missing.length > 0 || process.getuid?.() !== 0) process.exit(2);
}

checkMachine();
if (process.env[INSIDE] === undefined) {
  // A mount namespace of our own: whatever happens, no mount is left behind.
  const again = [
    '--mount',
    '--propagation',
    'private',
    process.execPath,
    ...process.execArgv,
    ...process.argv.slice(1),
  ];
  const { status } = spawnSync('unshare', again, {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  process.exit(status ?? 1);
}

const work = mkdtempSync(join(tmpdir(), 'dbus-bms-gx-'));
const packages = new Packages(join(work, 'packages'));
await packages.prepare();
const device = new Device(join(work, 'life'));
const only = process.argv[2];
const tests = [
  ...installerTests(device, packages),
  ...oddStateTests(device, packages),
  ...powerTests(device, packages),
  ...RUN_SERVICE_KINDS.flatMap((kind) => lifeTests(device, packages, kind)),
  ...emulatedTests(join(work, 'emulated')),
];
const chosen = tests.filter(({ name }) => only === undefined || new RegExp(only).test(name));
const passed = await runTests(chosen);
await device.scrap();
rmSync(work, { recursive: true, force: true });
process.exit(passed ? 0 : 1);
