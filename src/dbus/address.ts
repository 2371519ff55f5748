import { BusError } from '../errors.ts';

const SYSTEM_BUS = 'unix:path=/var/run/dbus/system_bus_socket';

/** The bus that Victron's own programs would use: the session bus where one is named, else the system bus. */
export function busAddress(env: Readonly<Record<string, string | undefined>>): string {
  return env['DBUS_SESSION_BUS_ADDRESS'] || env['DBUS_SYSTEM_BUS_ADDRESS'] || SYSTEM_BUS;
}

/** The bus on which the services of the system are, BlueZ among them; a session bus never has them. */
export function systemBusAddress(env: Readonly<Record<string, string | undefined>>): string {
  return env['DBUS_SYSTEM_BUS_ADDRESS'] || SYSTEM_BUS;
}

/**
 * The same address in the form that dbus-next connects with plain Node sockets: its undocumented key `socket`. Its key
 * `path` would load a native addon first. Other transports stay as they are.
 */
export function plainSocketAddress(address: string): string {
  return address
    .split(';')
    .filter((alternative) => alternative !== '')
    .map(plainSocket)
    .join(';');
}

function plainSocket(address: string): string {
  const colon = address.indexOf(':');
  if (colon < 0) throw new BusError(`"${address}" is not a D-Bus address, for example ${SYSTEM_BUS}`);
  if (address.slice(0, colon) !== 'unix') return address;
  const parts = new Map(
    address
      .slice(colon + 1)
      .split(',')
      .map((part): [string, string] => {
        const equals = part.indexOf('=');
        return [part.slice(0, equals), unescaped(part.slice(equals + 1))];
      }),
  );
  const path = parts.get('socket') ?? parts.get('path');
  if (path !== undefined) return `unix:socket=${path}`;
  const abstract = parts.get('abstract');
  if (abstract !== undefined) return `unix:socket=\0${abstract}`;
  throw new BusError(`the D-Bus address "${address}" names no socket`);
}

function unescaped(value: string): string {
  return value.replace(/%([0-9a-f]{2})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
