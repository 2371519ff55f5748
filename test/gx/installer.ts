import { appendFile, copyFile, cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Device } from './device.ts';
import { freshDevice } from './fresh.ts';
import { type Packages, ROOT } from './packages.ts';
import { expect, expectText, type GxTest } from './runner.ts';
import { must } from './shell.ts';
import { difference, treeOf } from './tree.ts';

const VERSION = '0.1.0';
const CURRENT = '/data/apps/dbus-bms/current';
const NOTHING = /^$/;
/** A hook of another program, with everything that makes a second line in it hard. */
const FOREIGN_HOOK = '#!/bin/bash\nset -e\n/data/other/start.sh &\nexit 0\n';

/** Bad input and odd devices: each test begins with a new device that is not booted, only mounted. */
export function installerTests(device: Device, packages: Packages): readonly GxTest[] {
  const { fresh, install, refuses, write } = freshDevice(device, packages, VERSION);
  const updateData = '/opt/victronenergy/swupdate-scripts/update-data.sh';
  const rule = (): Promise<string> => device.file('conf/serial-starter.d/dbus-bms.conf');

  return [
    {
      name: 'installs by script from an unpacked archive; a second run finds everything complete',
      async run() {
        await fresh();
        expectText(await install(), /installed version 0\.1\.0/);
        const before = await treeOf(device.data, NOTHING);
        expectText(await install(), /is installed and complete/);
        const after = await treeOf(device.data, NOTHING);
        expect(after === before, difference(before, after));
      },
    },
    {
      name: 'the rule of serial-starter is the union of what is there, and reaches cables of every chip',
      async run() {
        await fresh();
        await install();
        const lines = (await rule()).split('\n').filter((line) => !line.startsWith('#'));
        const expected = [
          'service bmsdriver dbus-bms',
          'service cgwacs2 dbus-cgwacs',
          'alias default gps:vedirect:bmsdriver',
          'alias rs485 cgwacs2:fzsonick:imt:modbus:bmsdriver',
          'alias cgwacs cgwacs2:bmsdriver',
          '',
        ];
        expect(lines.join('\n') === expected.join('\n'), lines.join('\n'));
      },
    },
    {
      name: 'the programs of another driver stay in the lists, also when its file is read after ours',
      async run() {
        const other = 'service othermeter dbus-other\nalias default gps:vedirect:othermeter\n';
        await fresh(() => write('conf/serial-starter.d/meter.conf', other));
        await install();
        const text = await device.file('conf/serial-starter.d/zz-dbus-bms.conf');
        expectText(text, /^alias default gps:vedirect:othermeter:bmsdriver$/m);
      },
    },
    {
      name: 'no name of ours is the end of a name of another program',
      async run() {
        await fresh(() =>
          write('conf/serial-starter.d/a.conf', 'service driver dbus-a\nalias default gps:driver\n'),
        );
        await install();
        expectText(await rule(), /^service bmsdriverx2 dbus-bms$/m);
      },
    },
    {
      name: 'uninstalling restores a device with hooks, rules and settings of others byte for byte',
      async run() {
        await fresh(async () => {
          await write('rcS.local', FOREIGN_HOOK, 0o755);
          await write('conf/serial-starter.d/meter.conf', 'service othermeter dbus-other\n');
          await write('apps/other/program', 'of somebody else\n', 0o755);
        });
        const before = await treeOf(device.data, NOTHING);
        const root = await treeOf(device.firmware, NOTHING);
        const templates = await device.exec('ls -lR /opt/victronenergy/service-templates');
        await install();
        expectText(await device.file('rcS.local'), /^#!\/bin\/bash\n.*# dbus-bms\nset -e\n/);
        const { code, output } = await device.exec(`${CURRENT}/install.sh uninstall`);
        expect(code === 0, output);
        const after = await treeOf(device.data, NOTHING);
        expect(after === before, difference(before, after));
        expect((await treeOf(device.firmware, NOTHING)) === root, 'the root file system was changed');
        const now = await device.exec('ls -lR /opt/victronenergy/service-templates');
        expect(now.output === templates.output, 'the folder of templates is not what it was');
      },
    },
    {
      name: 'a configuration that the owner edited survives uninstalling, unless --purge is given',
      async run() {
        await fresh();
        await install();
        await appendFile(join(device.data, 'conf/dbus-bms.toml'), '[identity]\ncustomName = "Mine"\n');
        const { output } = await device.exec(`${CURRENT}/install.sh uninstall`);
        expectText(output, /your configuration stays in \/data\/conf\/dbus-bms\.toml/);
        expectText(await device.file('conf/dbus-bms.toml'), /Mine/);
        await install();
        expectText(await device.file('conf/dbus-bms.toml'), /Mine/);
        await device.exec(`${CURRENT}/install.sh uninstall --purge`);
        const { code } = await device.exec('test -e /data/conf/dbus-bms.toml');
        expect(code !== 0, 'the configuration is still there');
      },
    },
    {
      name: 'the root file system stays read-only',
      async run() {
        await fresh();
        await install();
        const { code } = await device.exec(': >/opt/victronenergy/touched');
        expect(code !== 0, 'the root file system became writable');
      },
    },
    {
      name: 'too little room on /data is refused before the first change',
      async run() {
        await fresh(
          () => must('dd', 'if=/dev/zero', `of=${join(device.data, 'full')}`, 'bs=1M', 'count=7'),
          8,
        );
        await refuses(/refused: \/data has \d+ MB free, \d+ MB are needed/);
      },
    },
    {
      name: 'a /data that cannot be written is refused',
      async run() {
        await fresh();
        await must('mount', '-o', 'remount,bind,ro', join(device.root, 'data'));
        await refuses(/refused: \/data cannot be written/);
      },
    },
    {
      name: 'a system without service templates, or without serial-starter, is refused',
      async run() {
        await fresh(() =>
          rm(join(device.firmware, 'opt/victronenergy/service-templates'), { recursive: true }),
        );
        await refuses(/refused: there is no \/opt\/victronenergy\/service-templates/);
        await fresh(() => rm(join(device.firmware, 'opt/victronenergy/serial-starter'), { recursive: true }));
        await refuses(/refused: there is no serial-starter/);
      },
    },
    {
      name: 'switched-off boot hooks are refused, and accepted with --force',
      async run() {
        await fresh(() => write('rcS.local.disabled', FOREIGN_HOOK, 0o755));
        await refuses(/refused: \/data\/rcS\.local\.disabled: boot hooks are switched off/);
        expectText(await install('--force'), /warning: .*\n.*installed version/);
      },
    },
    {
      name: 'another battery driver at work is named and refused, and accepted with --force',
      async run() {
        const others: readonly (readonly [path: string, text: string])[] = [
          ['conf/serial-starter.d/dbus-serialbattery.conf', 'service sbattery dbus-serialbattery\n'],
          ['rc.local', '#!/bin/bash\nbash /data/etc/dbus-serialbattery/reinstall-local.sh\n'],
          ['rcS.local', '#!/bin/bash\nbash /data/apps/dbus-serialbattery/enable.sh\n'],
        ];
        for (const [path, text] of others) {
          await fresh(() => write(path, text, 0o755));
          const { output } = await refuses(/refused: another battery driver is at work/);
          expect(output.includes(`(dbus-serialbattery in /data/${path})`), output);
          expectText(await install('--force'), /warning: another .*\n.*\n?.*installed version/);
        }
      },
    },
    {
      name: 'another battery driver that is switched off may stay: the owner keeps a way back',
      async run() {
        await fresh(() => write('apps/dbus-serialbattery/enable.sh', '#!/bin/sh\n', 0o755));
        expectText(await install(), /note: the driver in \/data\/apps\/dbus-serialbattery is switched off/);
        expectText(await device.file('apps/dbus-serialbattery/enable.sh'), /^#!/);
      },
    },
    {
      name: 'the config.ini of the driver before becomes the settings, before anything is installed',
      async run() {
        const old = await readFile(join(ROOT, 'test/vectors/config-ini/two-dalys.ini'), 'utf8');
        await fresh(async () => {
          await write('apps/dbus-serialbattery/config.ini', old);
          await mkdir(join(device.data, 'conf'), { recursive: true });
        });
        const program = `/media/usb/dbus-bms-${VERSION}/dbus-bms`;
        const { code, output } = await device.exec(
          `${program} import-config /data/apps/dbus-serialbattery/config.ini --output /data/conf/dbus-bms.toml`,
        );
        expect(code === 0, output);
        expectText(output, /line 13: EXCLUDED_DEVICES is not taken over: /);
        await install();
        const expected = await readFile(join(ROOT, 'test/vectors/config-ini/two-dalys.toml'), 'utf8');
        expect((await device.file('conf/dbus-bms.toml')) === expected, 'the installer wrote other settings');
        const checked = await device.exec(`${CURRENT}/dbus-bms check-config`);
        expect(checked.code === 0, checked.output);
      },
    },
    {
      name: 'a Venus OS before v2.90 is refused; betas count as older than their release',
      async run() {
        const refused = ['v2.89', 'v2.82~large-30', 'v2.90~5', 'v1.99', 'nonsense'];
        for (const version of [...refused, 'v2.90', 'v3.80~40', 'v3.00', 'v10.1']) {
          await fresh(() => writeFile(join(device.firmware, 'opt/victronenergy/version'), `${version}\n`));
          if (refused.includes(version)) await refuses(/refused: .*(too old|no version)/);
          else await install();
        }
      },
    },
    {
      name: 'every check that fails has its line',
      async run() {
        await fresh(async () => {
          await write('rcS.local.disabled', FOREIGN_HOOK);
          await write('conf/serial-starter.d/other.conf', 'service sbattery dbus-serialbattery\n');
          await writeFile(join(device.firmware, 'opt/victronenergy/version'), 'v2.60\n');
        });
        const { output } = await refuses(/too old/);
        expect(output.match(/^dbus-bms: refused: /gm)?.length === 3, output);
        expectText(output, /nothing was changed; nothing is installed/);
      },
    },
    {
      name: 'a package for another architecture is refused by script and from a stick',
      async run() {
        const folder = await packages.folder(VERSION, 'armv7');
        const archive = await packages.usbArchive(VERSION, 'armv7');
        await fresh(() => cp(folder, join(device.usb, 'wrong'), { recursive: true }));
        await refuses(
          /refused: this package is for armv7, this device is x64/,
          '/media/usb/wrong/install.sh',
        );
        await copyFile(archive, join(device.usb, basename(archive)));
        await device.exec(updateData);
        expectText(
          await device.file('log/dbus-bms.install'),
          /this package is for armv7.*\n.*nothing was changed/,
        );
        const { code } = await device.exec('test -e /data/apps');
        expect(code !== 0, 'the archive was unpacked');
      },
    },
    {
      name: 'of two archives on one stick the one for this device is installed',
      async run() {
        const archives = [await packages.usbArchive(VERSION, 'armv7'), await packages.usbArchive(VERSION)];
        await fresh(async () => {
          for (const archive of archives) await copyFile(archive, join(device.usb, basename(archive)));
        });
        await device.exec(updateData);
        const { output } = await device.exec(`${CURRENT}/dbus-bms --version`);
        expectText(output, /^0\.1\.0$/m);
      },
    },
    {
      name: '/data of another device: nothing of ours starts, and the stock programs keep their ports',
      async run() {
        await fresh();
        await install();
        const file = join(device.data, 'apps/dbus-bms', VERSION, 'package');
        await writeFile(
          file,
          (await readFile(file, 'utf8')).replace('architecture=x64', 'architecture=aarch64'),
        );
        await powerCycle(device);
        expectText(
          await device.file('log/dbus-bms.boot'),
          /not started: the installed package is for aarch64, this device is x64/,
        );
        const { code } = await device.exec('ls /data/conf/serial-starter.d/*dbus-bms.conf');
        expect(code !== 0, 'the rule is still there');
        const started = await device.exec(`${CURRENT}/dbus-bms --version`);
        expect(started.code === 78, `exit ${started.code}`);
        expectText(started.output, /error start: this package is for aarch64, this device is x64/);
      },
    },
    {
      name: 'a firmware without the folder of templates: the boot hook says so and leaves the ports to the stock programs',
      async run() {
        await fresh();
        await install();
        await device.unmount();
        await rm(join(device.firmware, 'opt/victronenergy/service-templates'), { recursive: true });
        await device.mount();
        const { code } = await device.exec('/data/rcS.local');
        expect(code === 0, `the hook ended with ${code}`);
        expectText(
          await device.file('log/dbus-bms.boot'),
          /not started: the service template cannot be brought to \/opt\/victronenergy\/service-templates/,
        );
        const rules = await device.exec('ls /data/conf/serial-starter.d/*dbus-bms.conf');
        expect(rules.code !== 0, 'the rule is still there');
        const status = await device.exec(`${CURRENT}/install.sh status`);
        expect(status.code === 1, status.output);
        expectText(status.output, /template +MISSING.*\n.*has NO RULE for us/);
      },
    },
    {
      name: 'a damaged package is refused by script',
      async run() {
        await fresh(() => appendFile(join(device.usb, `dbus-bms-${VERSION}`, 'dbus-bms.cjs'), '\n'));
        await refuses(/failed: the package is damaged \(checksums\)/);
      },
    },
    {
      name: 'an archive on a stick that is cut off leaves the installed version at work, and no rest',
      async run() {
        const archive = await packages.usbArchive('0.2.0');
        await fresh();
        await install();
        const copy = join(device.usb, basename(archive));
        await copyFile(archive, copy);
        await truncate(copy, 300_000);
        await device.exec(updateData);
        expectText(await device.file('log/dbus-bms.install'), /could not be unpacked/);
        const { code, output } = await device.exec(
          `test ! -e /data/apps/dbus-bms/incoming && ${CURRENT}/dbus-bms --version`,
        );
        expect(code === 0, output);
        expectText(output, /^0\.1\.0$/m);
      },
    },
    {
      name: 'an archive on a stick with an altered program is not installed',
      async run() {
        const archive = await packages.usbArchive('0.2.0');
        await fresh();
        await install();
        const tree = join(device.usb, '../altered');
        await rm(tree, { recursive: true, force: true });
        await mkdir(tree);
        await must('tar', '-xzf', archive, '-C', tree);
        await appendFile(join(tree, 'apps/dbus-bms/incoming/dbus-bms.cjs'), '\n');
        await must('tar', '-czf', join(device.usb, basename(archive)), '-C', tree, 'rc', 'apps');
        await device.exec(updateData);
        expectText(
          await device.file('log/dbus-bms.install'),
          /package is damaged.*\n?.*version 0\.1\.0 stays installed/,
        );
        const { output } = await device.exec(`ls /data/apps/dbus-bms; ${CURRENT}/dbus-bms --version`);
        expect(!output.includes('incoming'), output);
        expectText(output, /^0\.1\.0$/m);
      },
    },
    {
      name: 'a damaged installation says so, and installing again repairs it',
      async run() {
        await fresh();
        await install();
        await appendFile(join(device.data, 'apps/dbus-bms', VERSION, 'dbus-bms.cjs'), 'rubbish');
        const damaged = await device.exec(`${CURRENT}/install.sh status`);
        expectText(damaged.output, /files +DAMAGED/);
        expect(damaged.code === 1, `status ended with ${damaged.code}`);
        await install();
        const repaired = await device.exec(`${CURRENT}/install.sh status`);
        expectText(repaired.output, /files +complete/);
        // Nothing is plugged in here, and a status without a battery is none that is well.
        expectText(repaired.output, /battery +none runs/);
        expect(repaired.code === 1 && !/DAMAGED|MISSING|ERRORS/.test(repaired.output), repaired.output);
      },
    },
    {
      name: 'a hook that a power cut filled with zeros is repaired',
      async run() {
        await fresh(() => write('rcS.local', '\0'.repeat(64), 0o755));
        await install();
        const text = await device.file('rcS.local');
        expectText(text, /^#!\/bin\/sh\n.* # dbus-bms\n$/);
      },
    },
    {
      name: 'rollback without a version before says so and changes nothing',
      async run() {
        await fresh();
        await install();
        await refuses(
          /there is no version to go back to; version 0\.1\.0 stays installed/,
          `${CURRENT}/install.sh rollback`,
        );
      },
    },
    {
      name: 'the files of the installer are clean for shellcheck',
      async run() {
        const folder = await packages.folder(VERSION);
        const scripts = [
          'install.sh',
          'start.sh',
          'dbus-bms',
          'service/run',
          'service/log/run',
          'rc/boot.sh',
        ];
        await must('shellcheck', '-x', '-P', 'SCRIPTDIR', ...scripts.map((name) => join(folder, name)));
        const hooks = ['pre-hook.sh', 'post-hook.sh', 'venus.sh', 'preflight.sh', 'services.sh'];
        await must('shellcheck', '-x', '-P', 'SCRIPTDIR', ...hooks.map((name) => join(ROOT, 'rc', name)));
      },
    },
  ];
}

/** Power off and on again, as far as the boot hook: RAM and mounts are new, /data stays. */
export async function powerCycle(device: Device): Promise<void> {
  await device.unmount();
  await device.mount();
  await device.exec('[ ! -x /data/rcS.local ] || /data/rcS.local');
}
