import { UsageError } from '../errors.ts';
import type { LineSettings } from './exchange.ts';
import type { PortUrl } from './port-url.ts';
import { adapterOf } from './serial/adapter.ts';
import type { Wire } from './wire.ts';

/** Everything that differs between the kinds of port. */
export interface PortKind<P extends PortUrl> {
  /** How people write one, in the list of forms. */
  readonly form: string;
  /** Understands what people write; undefined when it is a port of another kind. Throws a UsageError when it is a wrong one of this kind. */
  readonly parse: (text: string) => P | undefined;
  /** As people write it; `parse` understands it. */
  readonly name: (port: P) => string;
  /** As the list of devices shows it. */
  readonly connection: (port: P) => string;
  /** What stands for it in names on D-Bus, before characters are replaced that D-Bus does not take. */
  readonly element: (port: P) => string;
  /** What stays the same about the connection when names move. */
  readonly hardware: (port: P) => string;
  /** A port that is not there any more does not come back under this name: whoever serves it ends. */
  readonly endsWhenMissing: boolean;
  /** Its connection is lost now and then, which is no news while it comes back by itself. */
  readonly comesAndGoes: boolean;
  /** Rejects with PortMissingError or PortBusyError. */
  readonly open: (port: P, line: LineSettings) => Promise<Wire>;
}

/** What is written is tried in this order. Only what a kind needs for opening is loaded. */
export const PORT_KINDS: { readonly [K in PortUrl['kind']]: PortKind<Extract<PortUrl, { kind: K }>> } = {
  tcp: {
    form: 'tcp://10.0.0.5:23',
    parse: (text) => (/^tcp:/i.test(text) ? parseTcp(text) : undefined),
    name: tcpName,
    connection: tcpName,
    element: ({ host, port }) => `tcp_${host}_${port}`,
    hardware: tcpName,
    endsWhenMissing: false,
    comesAndGoes: false,
    async open({ host, port }) {
      const { openTcp } = await import('./tcp/tcp.ts');
      return openTcp(host, port);
    },
  },
  ble: {
    form: 'ble:C8:47:80:11:22:33',
    parse: (text) => (/^ble:/i.test(text) ? parseBle(text) : undefined),
    name: ({ address, name }) => `ble:${address ?? name}`,
    connection: ({ address, name }) => `Bluetooth ${address ?? name}`,
    element: ({ address, name = '' }) => `ble_${address?.replaceAll(':', '').toLowerCase() ?? name}`,
    hardware: ({ address, name = '' }) => `ble_${address?.replaceAll(':', '').toLowerCase() ?? name}`,
    endsWhenMissing: false,
    comesAndGoes: true,
    async open({ address, name }, line) {
      const { openBle } = await import('./ble/open.ts');
      return openBle(
        { ...(address !== undefined && { address }), ...(name !== undefined && { name }) },
        line,
      );
    },
  },
  serial: {
    form: '/dev/ttyUSB0, ttyUSB0',
    parse(text) {
      if (/^tty\w+$/.test(text)) return { kind: 'serial', path: `/dev/${text}` };
      return /^\/.*[^/]$/.test(text) ? { kind: 'serial', path: text } : undefined;
    },
    name: ({ path }) => path,
    connection: ({ path }) => path.replace(/^\/dev\//, ''),
    element: ({ path }) => path.slice(path.lastIndexOf('/') + 1),
    hardware: ({ path }) => adapterOf(path),
    endsWhenMissing: true,
    comesAndGoes: false,
    async open({ path }, line) {
      const { openSerial } = await import('./serial/serial.ts');
      return openSerial(path, line);
    },
  },
};

/** The kind of a port. */
export function kindOf<P extends PortUrl>(port: P): PortKind<P> {
  // The key chooses the row whose functions take this port; the type system cannot follow that.
  return PORT_KINDS[port.kind] as unknown as PortKind<P>;
}

function tcpName({ host, port }: { readonly host: string; readonly port: number }): string {
  return `tcp://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function parseTcp(text: string): Extract<PortUrl, { kind: 'tcp' }> {
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

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i;
/** The longest name that a device can have, bytes. */
const LONGEST_NAME = 248;

function parseBle(text: string): Extract<PortUrl, { kind: 'ble' }> {
  const what = text.slice('ble:'.length).replace(/^\/\//, '').trim();
  if (MAC.test(what)) return { kind: 'ble', address: what.toUpperCase() };
  if (/^[0-9a-f]*[:-][0-9a-f:-]*$/i.test(what) || /^[0-9a-f]{12}$/i.test(what)) {
    throw new UsageError(
      `"${what}" is no Bluetooth address; write six pairs of hex digits such as ble:C8:47:80:11:22:33 (dbus-bms scan lists them)`,
    );
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  if (what === '' || /[\u0000-\u001f\u007f]/.test(what) || Buffer.byteLength(what) > LONGEST_NAME) {
    throw new UsageError(`${JSON.stringify(text)} names no Bluetooth device; write ble:C8:47:80:11:22:33`);
  }
  return { kind: 'ble', name: what };
}
