import { UsageError } from '../errors.ts';
import { kindOf, PORT_KINDS } from './port-kinds.ts';

/** Where a BMS is connected. */
export type PortUrl =
  | { readonly kind: 'serial'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** One of the two: the address in capital letters, or the name that the device advertises. */
  | { readonly kind: 'ble'; readonly address?: string; readonly name?: string };

/** Understands `/dev/ttyUSB0`, `ttyUSB0`, any other absolute path, `tcp://host:port` and `ble:address`. Throws a UsageError. */
export function parsePort(text: string): PortUrl {
  const kinds = Object.values(PORT_KINDS);
  for (const { parse } of kinds) {
    const port = parse(text);
    if (port !== undefined) return port;
  }
  const forms = kinds.map(({ form }) => form).toReversed();
  const advice = `write ${forms.slice(0, -1).join(', ')}, or ${forms.at(-1)}`;
  throw new UsageError(
    /^[a-z][a-z0-9+.-]*:/i.test(text)
      ? `"${text}" is no kind of port that is supported; ${advice}`
      : `"${text}" is not a port; ${advice}`,
  );
}

/** The port as people write it; `parsePort` understands it. */
export function portName(port: PortUrl): string {
  return kindOf(port).name(port);
}

/** The part of the D-Bus service name that stands for the port: `ttyUSB0`, `bms_pty`, `tcp_10_0_0_5_23`. */
export function serviceSuffix(port: PortUrl): string {
  const element = kindOf(port)
    .element(port)
    .replaceAll(/[^A-Za-z0-9_]/g, '_');
  return /^\d/.test(element) ? `_${element}` : element; // D-Bus forbids elements that begin with a digit.
}
