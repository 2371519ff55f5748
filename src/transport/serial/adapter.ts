import { readdirSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';

const BY_ID = '/dev/serial/by-id';
const BY_PATH = '/dev/serial/by-path';

/**
 * What stays the same about a serial port when tty numbers move: the id of the adapter when it is the only one with
 * that id, else the USB socket in which it is, else (no USB adapter) the port itself.
 */
export function adapterOf(path: string): string {
  return linkTo(BY_ID, path) ?? linkTo(BY_PATH, path) ?? basename(path);
}

/** The link in `folder` that points at the device; adapters without a serial number of their own are told by it badly. */
function linkTo(folder: string, device: string): string | undefined {
  try {
    const target = realpathSync(device);
    const names = readdirSync(folder).filter((name) => realpathSync(join(folder, name)) === target);
    // "usb-1a86_USB_Serial-if00-port0" names a kind of adapter, not one adapter.
    return names.find((name) => folder !== BY_ID || /_[A-Za-z0-9]{6,}-if/.test(name));
  } catch {
    // The folders exist only on systems whose udev makes them, and only while USB adapters are plugged in.
    return undefined;
  }
}
