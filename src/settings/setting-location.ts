import { plainName } from './nearest.ts';
import { SECTIONS, SETTING_BY_NAME } from './table.ts';

/** Which setting a path of names means, and on which port. */
export interface Place {
  /** The setting's name as the table has it, or as it was written when there is none. */
  readonly name: string;
  readonly written: string;
  readonly section?: string;
  /** Absent: for all ports. */
  readonly port?: string;
  /** A section that is named like a port, without `ports.` before it. */
  readonly isPortByName?: true;
  /** The path goes on below the setting: a table stands where its value should be. */
  readonly isTable?: true;
}

/** Takes `ports.<port>.<section>.<name>` apart, where everything but the name may be missing or spelled otherwise. */
export function locate(path: readonly string[]): Place {
  const isPorts = path.length > 2 && plainName(path[0] ?? '') === 'ports';
  const isPortByName = !isPorts && path.length > 1 && /^(\/dev\/|tty[A-Z]|tcp:\/\/|ble:)/.test(path[0] ?? '');
  const port = isPorts ? path[1] : isPortByName ? path[0] : undefined;
  const rest = path.slice(isPorts ? 2 : isPortByName ? 1 : 0);
  const known = rest.findIndex((part) => SETTING_BY_NAME.has(part));
  const at = known >= 0 ? known : rest.length - 1;
  const own = rest[at] ?? '';
  const name =
    [...SETTING_BY_NAME.keys()].find((candidate) => plainName(candidate) === plainName(own)) ?? own;
  const before = rest.slice(0, at).join('.');
  const section = SECTIONS.find((candidate) => plainName(candidate) === plainName(before)) ?? before;
  return {
    name,
    written: own,
    ...(section !== '' && { section }),
    ...(port !== undefined && { port: portName(port) }),
    ...(isPortByName && { isPortByName }),
    ...(at < rest.length - 1 && { isTable: true }),
  };
}

/** `ttyUSB0` for `/dev/ttyUSB0`; anything else as it is. */
export function portName(port: string): string {
  return port.replace(/^\/dev\//, '');
}

export function unquoted(name: string): string {
  return name.trim().replace(/^["']|["']$/g, '');
}
