import type { Command } from '../battery/command.ts';
import { WISHES } from '../battery/wishes.ts';
import type { Bus } from '../dbus/bus.ts';
import { variant } from '../dbus/client.ts';
import { BUS_ITEM } from '../dbus/names.ts';
import { unwrap } from '../dbus/wire-values.ts';
import { BusError } from '../errors.ts';
import { wishPath } from './battery-lines.ts';

/** Paths of wishes, and the name of the wish. */
const WISH_AT: ReadonlyMap<string, string> = new Map(WISHES.map((wish) => [wishPath(wish), wish.name]));

/** The wishes that a service takes, by the paths that it has. */
export function wishesIn(paths: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>();
  for (const path of paths) {
    const name = WISH_AT.get(path);
    if (name !== undefined) found.add(name);
  }
  return found;
}

/**
 * Gives a wish to the driver of a battery by the item that it offers for it. The driver decides: rejects with a BusError when
 * it refuses, or does not answer. What it made of the wish is read back with its other values.
 */
export async function sendCommand(bus: Bus, service: string, command: Command): Promise<void> {
  if (command.kind !== 'wish') throw new BusError(`${command.kind} is not asked for over the bus`);
  const { value, wish } = command;
  const [code] = await bus.call({
    destination: service,
    path: wishPath(wish),
    interface: BUS_ITEM,
    member: 'SetValue',
    signature: 'v',
    body: [variant(wish.type, value)],
  });
  if (unwrap(code) !== 0) throw new BusError(`the driver refuses ${wish.name} = ${value}`);
}
