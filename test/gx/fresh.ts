import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Device } from './device.ts';
import type { Packages } from './packages.ts';
import { expect, expectText } from './runner.ts';
import type { Outcome } from './shell.ts';
import { difference, treeOf } from './tree.ts';

const NOTHING = /^$/;

export interface FreshDevice {
  /** A device with a package on a stick; `prepare` changes it before it is switched on. */
  fresh(prepare?: () => Promise<unknown>, sizeMb?: number): Promise<void>;
  /** Installs from the stick; the output. */
  install(options?: string): Promise<string>;
  /** The script says why on a line of its own, ends with an error, and has changed nothing. */
  refuses(reason: RegExp, command?: string): Promise<Outcome>;
  /** A file below /data. */
  write(path: string, text: string, mode?: number): Promise<void>;
}

/** For tests of the installer on devices that are not booted, only mounted: each begins with a new one. */
export function freshDevice(device: Device, packages: Packages, version: string): FreshDevice {
  const script = `/media/usb/dbus-bms-${version}/install.sh`;

  async function fresh(prepare?: () => Promise<unknown>, sizeMb?: number): Promise<void> {
    await device.scrap();
    await device.unpack('v3.72', sizeMb);
    const folder = await packages.folder(version);
    await cp(folder, join(device.usb, basename(folder)), { recursive: true });
    await prepare?.();
    await device.mount();
  }

  async function install(options = ''): Promise<string> {
    const { code, output } = await device.exec(`${script} ${options}`);
    expect(code === 0, output);
    return output;
  }

  async function refuses(reason: RegExp, command = script): Promise<Outcome> {
    const before = await treeOf(device.data, NOTHING);
    const outcome = await device.exec(command);
    expect(outcome.code !== 0, `was not refused:\n${outcome.output}`);
    expectText(outcome.output, reason);
    const after = await treeOf(device.data, NOTHING);
    expect(after === before, `was changed:\n${difference(before, after)}`);
    return outcome;
  }

  async function write(path: string, text: string, mode = 0o644): Promise<void> {
    await mkdir(dirname(join(device.data, path)), { recursive: true });
    await writeFile(join(device.data, path), text);
    await chmod(join(device.data, path), mode);
  }

  return { fresh, install, refuses, write };
}
