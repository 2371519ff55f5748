import { UsageError } from '../errors.ts';

/** Where a BMS is connected. */
export type PortUrl =
  | { readonly kind: 'serial'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number };

const FORMS = 'write /dev/ttyUSB0, ttyUSB0, or tcp://10.0.0.5:23';

/** Understands `/dev/ttyUSB0`, `ttyUSB0`, any other absolute path, and `tcp://host:port`. Throws a UsageError. */
export function parsePort(text: string): PortUrl {
  if (/^tcp:/i.test(text)) return parseTcp(text);
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) {
    throw new UsageError(`"${text}" is no kind of port that is supported; ${FORMS}`);
  }
  if (/^tty\w+$/.test(text)) return { kind: 'serial', path: `/dev/${text}` };
  if (/^\/.*[^/]$/.test(text)) return { kind: 'serial', path: text };
  throw new UsageError(`"${text}" is not a port; ${FORMS}`);
}

function parseTcp(text: string): PortUrl {
  const [, host, number] = /^tcp:\/\/(\[[0-9a-f:.]+\]|[\w.-]+)(?::(\d+))?\/?$/i.exec(text) ?? [];
  if (host === undefined) throw new UsageError(`"${text}" is not a network address; write tcp://10.0.0.5:23`);
  if (number === undefined) {
    throw new UsageError(
      `"${text}" lacks the port number of the serial bridge; write for example tcp://${host}:23`,
    );
  }
  const port = Number(number);
  if (port < 1 || port > 65535) {
    throw new UsageError(`the port number ${number} of "${text}" is not within 1 to 65535`);
  }
  return { kind: 'tcp', host: host.replaceAll(/[[\]]/g, ''), port };
}

/** The port as people write it; `parsePort` understands it. */
export function portName(port: PortUrl): string {
  if (port.kind === 'serial') return port.path;
  return `tcp://${port.host.includes(':') ? `[${port.host}]` : port.host}:${port.port}`;
}

/** The part of the D-Bus service name that stands for the port: `ttyUSB0`, `bms_pty`, `tcp_10_0_0_5_23`. */
export function serviceSuffix(port: PortUrl): string {
  const name =
    port.kind === 'serial'
      ? port.path.slice(port.path.lastIndexOf('/') + 1)
      : `tcp_${port.host}_${port.port}`;
  const element = name.replaceAll(/[^A-Za-z0-9_]/g, '_');
  return /^\d/.test(element) ? `_${element}` : element; // D-Bus forbids elements that begin with a digit.
}
