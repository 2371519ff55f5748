import type { Bus } from '../dbus/bus.ts';
import { BUS_ITEM } from '../dbus/names.ts';
import { fromVariant } from '../dbus/wire-values.ts';
import { claimInstance } from './claim.ts';
import { BATTERY_PREFIX } from './names.ts';

const FIRST = 1000;
const COUNT = 1000;

/**
 * A device instance for a battery that could not get its own from localsettings: the same for the same `id` at each
 * start, far from the numbers that people choose, and not one that another battery on the bus has now.
 */
export async function provisionalInstance(bus: Bus, id: string): Promise<number> {
  const taken = await instancesOnBus(bus);
  let instance = FIRST + (hash(id) % COUNT);
  while (taken.has(instance) || !(await claimInstance(bus, instance))) instance += 1;
  return instance;
}

/** Device instances of the batteries that are on the bus. */
export async function instancesOnBus(bus: Bus): Promise<ReadonlySet<number>> {
  const [names] = await bus.call({
    destination: 'org.freedesktop.DBus',
    path: '/org/freedesktop/DBus',
    interface: 'org.freedesktop.DBus',
    member: 'ListNames',
  });
  const batteries = Array.isArray(names)
    ? names.filter((name): name is string => typeof name === 'string' && name.startsWith(BATTERY_PREFIX))
    : [];
  // A service that does not answer tells no instance; consumers ignore it for the same reason.
  const answers = await Promise.allSettled(
    batteries.map((destination) =>
      bus.call({ destination, path: '/DeviceInstance', interface: BUS_ITEM, member: 'GetValue' }),
    ),
  );
  return new Set(
    answers.flatMap((answer) => {
      const value = answer.status === 'fulfilled' ? fromVariant(answer.value[0]) : undefined;
      return typeof value === 'number' ? [value] : [];
    }),
  );
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
