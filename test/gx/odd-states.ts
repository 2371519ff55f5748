import { appendFile, mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Device } from './device.ts';
import { freshDevice } from './fresh.ts';
import type { Packages } from './packages.ts';
import { expect, expectText, type GxTest } from './runner.ts';
import { must } from './shell.ts';
import { difference, treeOf } from './tree.ts';

const VERSION = '0.1.0';
const APPS = '/data/apps/dbus-bms';
const SCRIPT = `${APPS}/current/install.sh`;
const STICK = `/media/usb/dbus-bms-${VERSION}`;
const NOTHING = /^$/;
const WITH_ERRORS = 3;

/** States in which an installation should never be: what the script says, and an exit code that does not call it well. */
export function oddStateTests(device: Device, packages: Packages): readonly GxTest[] {
  const { fresh, install, refuses, write } = freshDevice(device, packages, VERSION);

  async function says(command: string, code: number, ...lines: readonly RegExp[]): Promise<string> {
    const outcome = await device.exec(command);
    expect(
      outcome.code === code,
      `${command} ended with ${outcome.code}, expected ${code}:\n${outcome.output}`,
    );
    for (const line of lines) expectText(outcome.output, line);
    return outcome.output;
  }

  /** What makes an installed device ill, and the line of the status that says so. */
  const ills: readonly (readonly [what: string, make: () => Promise<unknown>, line: RegExp])[] = [
    [
      'settings that are no TOML',
      () => write('conf/dbus-bms.toml', 'this is = not [toml\n'),
      /configuration +\/data\/conf\/dbus-bms\.toml has ERRORS.*\n +.*: error: line 1/,
    ],
    [
      'a value that is not allowed',
      () => write('conf/dbus-bms.toml', '[limits]\nmaxChargeCurrent = "many"\n'),
      /configuration +.* has ERRORS.*\n +.*maxChargeCurrent/,
    ],
    [
      'settings in Latin-1 outside of a comment',
      () =>
        writeFile(
          join(device.data, 'conf/dbus-bms.toml'),
          Buffer.from('[identity]\nn\xe4me = 1\n', 'latin1'),
        ),
      /configuration +.* has ERRORS/,
    ],
    [
      'a folder in place of the settings',
      async () => {
        await rm(join(device.data, 'conf/dbus-bms.toml'));
        await mkdir(join(device.data, 'conf/dbus-bms.toml'));
      },
      /configuration +.* has ERRORS.*\n +.*folder/,
    ],
    [
      'a program that does not run',
      () => write(`apps/dbus-bms/${VERSION}/node`, '#!/nowhere/node\n', 0o755),
      /files +DAMAGED[\s\S]*program +DOES NOT RUN/,
    ],
    [
      'a file that is missing',
      () => rm(join(device.data, `apps/dbus-bms/${VERSION}/start.sh`)),
      /files +DAMAGED/,
    ],
    [
      'a list of checksums that was cut off',
      () => truncate(join(device.data, `apps/dbus-bms/${VERSION}/SHA256SUMS`), 0),
      /files +DAMAGED/,
    ],
    [
      'the package of another architecture',
      async () => {
        const file = join(device.data, `apps/dbus-bms/${VERSION}/package`);
        await writeFile(file, (await readFile(file, 'utf8')).replace('x64', 'armv7'));
      },
      /architecture +WRONG: install the package for x64/,
    ],
    ['no boot hook', () => rm(join(device.data, 'rcS.local')), /boot hook +MISSING/],
    [
      'no rule',
      () => rm(join(device.data, 'conf/serial-starter.d/dbus-bms.conf')),
      /serial-starter +has NO RULE/,
    ],
    [
      'a file of another program that hides the rule',
      () => write('conf/serial-starter.d/meter.conf', 'service meter dbus-meter\nalias default meter\n'),
      /serial-starter +has an OLD RULE/,
    ],
    [
      'another driver that came later',
      () => write('conf/serial-starter.d/a.conf', 'service sbattery dbus-serialbattery\n'),
      /other driver +AT WORK \(dbus-serialbattery in \/data\/conf\/serial-starter\.d\/a\.conf\)/,
    ],
    [
      'a /data that cannot be written',
      () => must('mount', '-o', 'remount,bind,ro', join(device.root, 'data')),
      /\/data +CANNOT BE WRITTEN/,
    ],
    [
      'no version at work',
      () => rm(join(device.data, 'apps/dbus-bms/current')),
      /not installed\nrests are there/,
    ],
  ];

  return [
    {
      name: 'status ends with 1 and says why, for each thing that can be wrong',
      async run() {
        for (const [what, make, line] of ills) {
          await fresh();
          await install();
          await make();
          await says(`${STICK}/install.sh status`, 1, line).catch((error: unknown) => {
            throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
          });
        }
        return `${ills.length} states`;
      },
    },
    {
      name: 'an installation, an update and a rollback with broken settings do their work, show the errors, and end with 3',
      async run() {
        const newer = await packages.folder('0.2.0');
        await fresh(() => write('conf/dbus-bms.toml', 'this is = not [toml\n'));
        await must('cp', '-a', newer, device.usb);
        const errors = /THE SETTINGS HAVE ERRORS.*\n.*: error: line 1/;
        await says(`${STICK}/install.sh`, WITH_ERRORS, errors, /installed version 0\.1\.0/);
        await says('/media/usb/dbus-bms-0.2.0/install.sh', WITH_ERRORS, errors, /updated from 0\.1\.0/);
        await says(`${SCRIPT} rollback`, WITH_ERRORS, errors, /went back to version 0\.1\.0/);
        await write('conf/dbus-bms.toml', '[limits]\nmaxChargeCurrent = 50\n');
        await says(`${SCRIPT} rollback`, 0, /went back to version 0\.2\.0/);
      },
    },
    {
      name: 'something else in the place of a file or a folder is refused with its name',
      async run() {
        for (const folder of ['conf/dbus-bms.toml', 'rcS.local']) {
          await fresh(() => mkdir(join(device.data, folder), { recursive: true }));
          await refuses(new RegExp(`refused: /data/${folder} must be a file and is something else`));
        }
        for (const file of ['apps', 'apps/dbus-bms', 'conf/serial-starter.d']) {
          await fresh(() => write(file, 'of somebody else\n'));
          await refuses(new RegExp(`refused: /data/${file} must be a folder and is something else`));
        }
      },
    },
    {
      name: 'a package with a part missing or a list of checksums that was cut off is refused as damaged',
      async run() {
        for (const part of ['rc/venus.sh', 'rc/status.sh', 'node', 'package']) {
          await fresh(() => rm(join(device.usb, `dbus-bms-${VERSION}`, part)));
          await refuses(part === 'package' ? /this is not a package/ : /package is damaged/);
        }
        for (const name of ['SHA256SUMS', 'package']) {
          await fresh(() => truncate(join(device.usb, `dbus-bms-${VERSION}`, name), 0));
          await refuses(/package is damaged/);
        }
        await fresh(async () => {
          const list = join(device.usb, `dbus-bms-${VERSION}/SHA256SUMS`);
          const lines = (await readFile(list, 'utf8')).split('\n').slice(0, 3);
          await writeFile(list, `${lines.join('\n')}\n`);
          await appendFile(join(device.usb, `dbus-bms-${VERSION}/start.sh`), 'rubbish\n');
        });
        await refuses(/package is damaged/);
      },
    },
    {
      name: 'a /data that is full is refused, also where the version is there already',
      async run() {
        await fresh(undefined, 16);
        await install();
        await device.exec('dd if=/dev/zero of=/data/full bs=4k');
        await refuses(/refused: \/data (has 0 MB free|cannot be written)/);
        await says(`${SCRIPT} status`, 1, /\/data +(FULL|CANNOT BE WRITTEN)/);
        await says(`rm /data/full; ${STICK}/install.sh`, 0, /is installed and complete/);
      },
    },
    {
      name: 'a backup that was restored without links is repaired by installing again',
      async run() {
        await fresh();
        await install();
        await must(
          'sh',
          '-c',
          `cd ${join(device.data, 'apps/dbus-bms')} && rm current && cp -a ${VERSION} current && cp -a ${VERSION} previous`,
        );
        await says(`${STICK}/install.sh status`, 1, /not installed\nrests are there/);
        await install();
        const output = await says(`${SCRIPT} status`, 1, /files +complete/);
        expect(!/DAMAGED|MISSING|ERRORS/.test(output), output);
      },
    },
    {
      name: "a link in place of the settings that leads nowhere stays the owner's",
      async run() {
        await fresh(() => symlink('/media/usb/mine.toml', join(device.data, 'conf/dbus-bms.toml')));
        await install();
        await says('readlink /data/conf/dbus-bms.toml', 0, /^\/media\/usb\/mine\.toml$/m);
      },
    },
    {
      name: 'uninstalling where nothing is installed says so and changes nothing',
      async run() {
        await fresh();
        const before = await treeOf(device.data, NOTHING);
        await says(`${STICK}/install.sh uninstall`, 0, /nothing is installed, so nothing was removed/);
        await says(`${STICK}/install.sh status`, 1, /not installed/);
        const after = await treeOf(device.data, NOTHING);
        expect(after === before, difference(before, after));
        await install();
        await says(`${SCRIPT} uninstall`, 0, /removed; take USB sticks/);
        await says(`${STICK}/install.sh uninstall`, 0, /nothing is installed, so nothing was removed/);
      },
    },
    {
      name: 'uninstalling removes the rests of an installation that was begun, and says what it cannot remove',
      async run() {
        await fresh();
        const before = await treeOf(device.data, NOTHING);
        await install();
        await rm(join(device.data, 'apps/dbus-bms/current'));
        await says(`${STICK}/install.sh uninstall`, 0, /removed; take USB sticks/);
        const after = await treeOf(device.data, NOTHING);
        expect(after === before, difference(before, after));
        await install();
        await must('mount', '-o', 'remount,bind,ro', join(device.root, 'data'));
        await refuses(
          /failed: \/data cannot be written; nothing was removed; version 0\.1\.0/,
          `${SCRIPT} uninstall`,
        );
        await refuses(/there is no version to go back to/, `${SCRIPT} rollback`);
      },
    },
    {
      name: 'a second script at the same time is refused',
      async run() {
        await fresh();
        // A process whose command line is that of an installer at work.
        await device.exec('mkdir /tmp/other; printf "sleep 60\\n" >/tmp/other/install.sh');
        await device.exec('sh /tmp/other/install.sh >/dev/null 2>&1 & echo $! >/run/dbus-bms.install');
        await refuses(/failed: another install\.sh is at work \(process \d+\)/);
        await device.exec('kill $(cat /run/dbus-bms.install)');
        await install();
      },
    },
    {
      name: 'a command line that cannot be understood ends with 2 and the usage',
      async run() {
        await fresh();
        for (const words of ['remove', 'install --quick', 'status now', 'rollback 0.1.0', 'uninstall --all'])
          await says(`${STICK}/install.sh ${words}`, 2, /^usage: install\.sh/m);
      },
    },
  ];
}
