import { type Bus, CallError } from '../dbus/bus.ts';
import { BusError } from '../errors.ts';
import { BATTERY_PREFIX } from './names.ts';

/**
 * Names that nobody but this program looks at. The bus gives each to one connection only, and takes it back when that
 * connection ends, which makes them the one thing that programs starting at the same moment cannot both have.
 */
const GROUP_PREFIX = 'dbusbms.battery.';
const PORT_PREFIX = 'dbusbms.port.';
const INSTANCE_PREFIX = 'dbusbms.instance.n';
const BANK_PREFIX = 'dbusbms.bank.';

/** Makes known who is asking, so that another program can name this port. BusError when the service is on the bus already. */
export async function announcePort(bus: Bus, service: string): Promise<void> {
  const owner = await bus.ownerOf(service);
  const isFree = owner === undefined && (await take(bus, `${PORT_PREFIX}${portOf(service)}`));
  if (!isFree) {
    throw new BusError(
      `${service} is already on the bus: another battery driver is running for this port; stop it, or leave the port to it`,
    );
  }
}

/** Whether the group of settings is this connection's alone from now on. */
export function claimGroup(bus: Bus, id: string): Promise<boolean> {
  return take(bus, `${GROUP_PREFIX}${id}`);
}

/** Whether a device instance that localsettings did not give is this connection's alone. */
export function claimInstance(bus: Bus, instance: number): Promise<boolean> {
  return take(bus, `${INSTANCE_PREFIX}${instance}`);
}

/**
 * The name that a bank holds while it leads its members; they follow its owner. It is taken before the bank shows itself and
 * lost with the same connection, so that at the end of the bank, whatever the end, no member waits for it.
 */
export function bankClaim(bank: string): string {
  return `${BANK_PREFIX}${bank}`;
}

/** Groups that other running programs hold, with the port of each. */
export async function heldGroups(bus: Bus): Promise<ReadonlyMap<string, string>> {
  const [reply] = await bus.call({
    destination: 'org.freedesktop.DBus',
    path: '/org/freedesktop/DBus',
    interface: 'org.freedesktop.DBus',
    member: 'ListNames',
  });
  const names = Array.isArray(reply) ? reply.filter((name) => typeof name === 'string') : [];
  const portsByOwner = new Map<string, string>();
  for (const name of names.filter((other) => other.startsWith(PORT_PREFIX))) {
    const owner = await bus.ownerOf(name);
    if (owner !== undefined) portsByOwner.set(owner, name.slice(PORT_PREFIX.length));
  }
  const held = new Map<string, string>();
  for (const name of names.filter((other) => other.startsWith(GROUP_PREFIX))) {
    const owner = await bus.ownerOf(name);
    const port = owner === undefined || owner === bus.name ? undefined : portsByOwner.get(owner);
    if (port !== undefined) held.set(name.slice(GROUP_PREFIX.length), port);
  }
  return held;
}

/** "ttyUSB0" of "com.victronenergy.battery.ttyUSB0". */
export function portOf(service: string): string {
  return service.slice(BATTERY_PREFIX.length);
}

/** A bus whose rules keep such names from us cannot tell us apart; nothing else of the service depends on them. */
async function take(bus: Bus, name: string): Promise<boolean> {
  try {
    return await bus.tryName(name);
  } catch (error) {
    if (!(error instanceof CallError) || error.errorName !== ACCESS_DENIED) throw error;
    return true;
  }
}

const ACCESS_DENIED = 'org.freedesktop.DBus.Error.AccessDenied';
