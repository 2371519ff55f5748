import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lacking, type SystemProgram } from '../../tools/system-programs.ts';
import { Device, RUN_SERVICE_KINDS } from './device.ts';
import { emulatedTests } from './emulated.ts';
import { installerTests } from './installer.ts';
import { lifeTests } from './life.ts';
import { oddStateTests } from './odd-states.ts';
import { Packages } from './packages.ts';
import { powerTests } from './power.ts';
import { runTests } from './runner.ts';

/** System programs and libraries, and the Debian package that brings each. */
const PROGRAMS: readonly SystemProgram[] = [
  { program: '/usr/bin/bash', debian: 'bash' },
  { program: '/usr/bin/busybox', debian: 'busybox' },
  { program: '/usr/bin/svscan', debian: 'daemontools' },
  { program: '/usr/bin/multilog', debian: 'daemontools' },
  { program: '/usr/bin/dbus-daemon', debian: 'dbus-daemon' },
  { program: '/usr/bin/unshare', debian: 'util-linux' },
  { program: '/usr/bin/nsenter', debian: 'util-linux' },
  { program: '/usr/sbin/chroot', debian: 'coreutils' },
  { program: '/usr/bin/tar', debian: 'tar' },
  { program: '/usr/bin/qemu-arm-static', debian: 'qemu-user-static' },
  { program: '/usr/bin/qemu-aarch64-static', debian: 'qemu-user-static' },
  { program: '/usr/bin/arm-linux-gnueabihf-strip', debian: 'binutils-arm-linux-gnueabihf' },
  { program: '/usr/bin/aarch64-linux-gnu-strip', debian: 'binutils-aarch64-linux-gnu' },
  { program: '/usr/bin/shellcheck', debian: 'shellcheck' },
  { program: '/usr/arm-linux-gnueabihf/lib/libstdc++.so.6', debian: 'libstdc++6-armhf-cross' },
  { program: '/usr/aarch64-linux-gnu/lib/libstdc++.so.6', debian: 'libstdc++6-arm64-cross' },
];
const INSIDE = 'DBUS_BMS_GX_NAMESPACE';

function checkMachine(): void {
  const missing = lacking(PROGRAMS);
  const isRoot = process.getuid?.() === 0;
  if (missing !== undefined) console.error(missing);
  if (!isRoot) console.error('this test makes namespaces and mounts; run it as root');
  if (missing !== undefined || !isRoot) process.exit(2);
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
