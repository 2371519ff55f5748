import { readdir, readFile, realpath } from 'node:fs/promises';
import { availableParallelism, freemem, machine, release, totalmem, uptime } from 'node:os';
import { dirname, join } from 'node:path';
import { VERSION } from '../../version.ts';

/** A tty with a USB adapter behind it. */
export interface UsbPort {
  readonly name: string;
  /** "0403:6001". */
  readonly id: string;
  readonly maker: string;
  readonly product: string;
  readonly serial?: string;
}

/** Versions and sizes of this device, one fact a line; what a system does not tell is left out. `root` is for tests. */
export async function deviceFacts(root = '/'): Promise<string> {
  const mib = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
  const venus = await firstLine(join(root, 'opt/victronenergy/version'));
  const product = await firstLine(join(root, 'etc/venus/machine'));
  const system = (await text(join(root, 'etc/os-release')))?.match(/^PRETTY_NAME="?([^"\n]*)/m)?.[1];
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['dbus-bms', VERSION],
    ['Venus OS', venus],
    ['device', product],
    ['system', system],
    ['kernel', `${release()} ${machine()}`],
    ['Node.js', process.version],
    ['cores', String(availableParallelism())],
    ['memory', `${mib(totalmem())}, free ${mib(freemem())}`],
    ['up for', `${Math.round(uptime() / 60)} minutes`],
  ];
  return facts
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(10)} ${value}\n`]))
    .join('');
}

/** The ports with a USB adapter, in the order of their names. */
export async function usbPorts(root = '/'): Promise<readonly UsbPort[]> {
  const folder = join(root, 'sys/class/tty');
  const ports: UsbPort[] = [];
  for (const name of (await names(folder)).sort()) {
    const device = await adapterOf(join(folder, name, 'device'));
    if (device === undefined) continue;
    const [vendor, product, maker, title, serial] = await Promise.all(
      ['idVendor', 'idProduct', 'manufacturer', 'product', 'serial'].map((file) =>
        firstLine(join(device, file)),
      ),
    );
    ports.push({
      name,
      id: `${vendor}:${product}`,
      maker: maker ?? 'unknown maker',
      product: title ?? 'unknown product',
      ...(serial !== undefined && { serial }),
    });
  }
  return ports;
}

/** The folder above a tty that describes its USB device: two or three above the interface. */
async function adapterOf(link: string): Promise<string | undefined> {
  let folder = await realpath(link).catch(() => undefined);
  for (let level = 0; folder !== undefined && level < 5; level += 1, folder = dirname(folder)) {
    if ((await text(join(folder, 'idVendor'))) !== undefined) return folder;
  }
  return undefined;
}

/** What is not there, or is not for us, tells nothing. */
async function text(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

async function firstLine(file: string): Promise<string | undefined> {
  const line = (await text(file))?.split('\n')[0]?.trim();
  return line === '' ? undefined : line;
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
