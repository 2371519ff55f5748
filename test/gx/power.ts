import { cp, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Device } from './device.ts';
import { powerCycle } from './installer.ts';
import type { Packages } from './packages.ts';
import { expect, type GxTest } from './runner.ts';

const OLD = '0.1.0';
const NEW = '0.2.0';
const KILLED = 137;
const CURRENT = '/data/apps/dbus-bms/current';

interface Operation {
  readonly name: string;
  /** Brings a new device to where the operation begins. */
  readonly before: readonly string[];
  readonly command: string;
  /** The version that is installed after it, none for undefined. */
  readonly goal: string | undefined;
  /** The versions that may be at work after it was cut off. */
  readonly either: readonly (string | undefined)[];
}

const installer = (version: string): string => `/media/usb/dbus-bms-${version}/install.sh`;

const OPERATIONS: readonly Operation[] = [
  { name: 'install', before: [], command: installer(OLD), goal: OLD, either: [undefined, OLD] },
  { name: 'update', before: [installer(OLD)], command: installer(NEW), goal: NEW, either: [OLD, NEW] },
  {
    name: 'rollback',
    before: [installer(OLD), installer(NEW)],
    command: `${CURRENT}/install.sh rollback`,
    goal: OLD,
    either: [OLD, NEW],
  },
  {
    name: 'uninstall',
    before: [installer(OLD)],
    command: `${installer(OLD)} uninstall`,
    goal: undefined,
    either: [undefined, OLD],
  },
];

/** Each operation is cut off after each of its steps; the device is switched on again, must work, and must finish the job. */
export function powerTests(device: Device, packages: Packages): readonly GxTest[] {
  return OPERATIONS.map((operation) => ({
    name: `power loss after any step of ${operation.name}: the old state works or the new one, and repeating it finishes`,
    async run() {
      for (let step = 1; ; step += 1) {
        await prepare(operation);
        const { code, output } = await device.exec(operation.command, { DBUS_BMS_FAIL_AFTER: String(step) });
        if (code === 0) {
          expect(step > 3, 'the operation has no steps');
          return `${step - 1} steps`;
        }
        expect(code === KILLED, `step ${step}: exit ${code}: ${output}`);
        await powerCycle(device);
        await checkDevice(operation.either, `after step ${step}`);
        // A rollback that was done is no rollback when it is repeated.
        const version = await versionAtWork();
        if (version !== operation.goal || operation.name !== 'rollback') {
          const again = await device.exec(operation.command);
          expect(again.code === 0, `repeated after step ${step}: ${again.output}`);
        }
        await powerCycle(device);
        await checkDevice([operation.goal], `repeated after step ${step}`);
      }
    },
  }));

  async function prepare({ before }: Operation): Promise<void> {
    await device.scrap();
    await device.unpack();
    for (const version of [OLD, NEW]) {
      const folder = await packages.folder(version);
      await rm(join(device.usb, basename(folder)), { recursive: true, force: true });
      await cp(folder, join(device.usb, basename(folder)), { recursive: true });
    }
    await device.mount();
    for (const command of before) {
      const { code, output } = await device.exec(command);
      expect(code === 0, output);
    }
  }

  /** The version that serial-starter would start now; undefined if it knows nothing of us. */
  async function versionAtWork(): Promise<string | undefined> {
    const { code } = await device.exec('cat /data/conf/serial-starter.d/*dbus-bms.conf');
    if (code !== 0) return undefined;
    const { output } = await device.exec(`${CURRENT}/dbus-bms --version`);
    return output.trim();
  }

  async function checkDevice(allowed: readonly (string | undefined)[], when: string): Promise<void> {
    const version = await versionAtWork();
    expect(
      allowed.includes(version),
      `${when}: version ${version} is at work, expected ${allowed.join(' or ')}`,
    );
    if (version === undefined) return;
    const status = await device.exec(`${CURRENT}/install.sh status`);
    expect(!/MISSING|DAMAGED|NO RULE/.test(status.output), `${when}: ${status.output}`);
    const template = await device.exec(
      'cat /opt/victronenergy/service-templates/dbus-bms/run /opt/victronenergy/service-templates/gps-dbus/run',
    );
    expect(template.code === 0, `${when}: ${template.output}`);
    const rests = (await readdir(join(device.data, 'conf/serial-starter.d'))).filter(
      (name) => !name.endsWith('.conf'),
    );
    const hook = await device.exec('sh -n /data/rcS.local');
    expect(hook.code === 0, `${when}: the hook is broken: ${hook.output}`);
    expect(
      rests.every((name) => name.endsWith('.new')),
      `${when}: ${rests.join(' ')}`,
    );
  }
}
