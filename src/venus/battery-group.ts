import { type BatteryKey, COPY } from '../battery/battery-key.ts';
import { byLikeness, type Likeness, likeness, readTraits, type Traits } from '../battery/traits.ts';
import { type Clock, sleep } from '../clock.ts';
import { type Bus, CallError } from '../dbus/bus.ts';
import { BUS_ITEM } from '../dbus/names.ts';
import { entriesOf, fromVariant } from '../dbus/wire-values.ts';
import { announcePort, claimGroup, heldGroups, portOf } from './claim.ts';
import { type Log, SETTINGS_SERVICE, settingsId } from './names.ts';
import { type Devices, devicesOf } from './predecessor.ts';
import { INSTANCE_SETTING, TRANSIENT } from './setting-values.ts';

export interface GroupOptions {
  readonly bus: Bus;
  /** "com.victronenergy.battery.ttyUSB0". */
  readonly service: string;
  /** The best first; the first without a condition names a battery that is new. */
  readonly keys: readonly BatteryKey[];
  readonly traits: Traits;
  /** Asked before a battery counts as new: the keys again, after the serial number was read once more. */
  readonly confirm?: () => Promise<readonly BatteryKey[]>;
  readonly log: Log;
  readonly clock: Clock;
}

/** Where the traits of a battery are written down, beside its instance and name. */
export const TRAITS_SETTING = 'KnownBy';

/** So long a battery that may be another one leaves a group to whoever it belongs to; drivers start together after a power cut. */
const COURTESY_MS = 10_000;

interface Slot extends Likeness {
  readonly id: string;
  /** Position of its key. */
  readonly rank: number;
}

/**
 * The group of settings of a battery, held by this connection from now on. A key that several batteries give has a group
 * for each of them, "X", "X__2", "X__3"; of those the battery gets the one that fits it best and that nobody holds.
 * Undefined when localsettings cannot answer now; asking again is harmless.
 */
export async function findGroup(options: GroupOptions): Promise<string | undefined> {
  const { bus, service } = options;
  await announcePort(bus, service);
  const devices = await readDevices(bus);
  if (devices === undefined) return undefined;
  const id = await claimAny(options, devices);
  await tell(options, id);
  return id;
}

async function claimAny(options: GroupOptions, devices: Devices): Promise<string> {
  const known = await claimKnown(options, devices);
  if (known !== undefined) return known;
  const confirmed = await options.confirm?.();
  if (confirmed === undefined) return claimNew(options, devices);
  const again = { ...options, keys: confirmed };
  return (await claimKnown(again, devices)) ?? claimNew(again, devices);
}

async function claimKnown(
  { bus, clock, keys, traits }: GroupOptions,
  devices: Devices,
): Promise<string | undefined> {
  let patience = COURTESY_MS;
  for (const slot of slotsOf(devices, keys, traits, clock.wall() / 1000)) {
    const isDoubtful = slot.place === 2 && (slot.against > 0 || !slot.isTold);
    if (isDoubtful && patience > 0) {
      await sleep(clock, patience);
      patience = 0;
    }
    if (await claimGroup(bus, slot.id)) return slot.id;
  }
  return undefined;
}

/** Groups that may be those of this battery, the best first. */
function slotsOf(devices: Devices, keys: readonly BatteryKey[], traits: Traits, now: number): Slot[] {
  const slots = keys.flatMap(({ key, onlyIf }, rank) => {
    const ids = groupsOf(devices, key);
    // A key that several batteries give is known to prove nothing.
    const isShared = ids.length > 1;
    return ids
      .map((id) => ({
        id,
        rank,
        ...likeness(readTraits(devices.get(id)?.get(TRAITS_SETTING)), traits, now),
      }))
      .filter(({ against, place }) => {
        if (onlyIf !== undefined) return against === 0 && (onlyIf === 'fitting' || place === 0);
        return against === 0 || !(isShared && place === 2);
      });
  });
  const isAgainst = ({ against }: Slot): number => Number(against > 0);
  return slots.toSorted((a, b) => isAgainst(a) - isAgainst(b) || a.rank - b.rank || byLikeness(a, b));
}

/** The groups of one key that hold an instance. */
function groupsOf(devices: Devices, key: string): string[] {
  const base = settingsId(key);
  return [...devices]
    .filter(([id, settings]) => isOf(id, base) && settings.has(INSTANCE_SETTING))
    .map(([id]) => id);
}

/** The base itself, or a copy of it. */
function isOf(id: string, base: string): boolean {
  return (
    id === base || (id.startsWith(`${base}${COPY}`) && /^\d+$/.test(id.slice(base.length + COPY.length)))
  );
}

async function claimNew({ bus, keys }: GroupOptions, devices: Devices): Promise<string> {
  const base = settingsId(keys.find(({ onlyIf }) => onlyIf === undefined)?.key ?? '');
  for (let number = 1; ; number += 1) {
    const id = number === 1 ? base : `${base}${COPY}${number}`;
    if (devices.get(id)?.has(INSTANCE_SETTING) !== true && (await claimGroup(bus, id))) return id;
  }
}

/** One line when another battery that is running gives the same key: both ports, and what is done about it. */
async function tell({ bus, keys, log, service }: GroupOptions, id: string): Promise<void> {
  const bases = keys.map(({ key }) => settingsId(key));
  const twins = [...(await heldGroups(bus))].filter(
    ([other]) => other !== id && bases.some((base) => isOf(id, base) && isOf(other, base)),
  );
  if (twins.length === 0) return;
  const others = twins.map(([other, port]) => `${port} (${other})`).join(' and ');
  log.warn(
    `the battery on ${portOf(service)} (${id}) gives the same identification as that on ${others}; each has its own ` +
      'device instance and name, told apart by cycles, capacity and versions, else by the adapter: give each another ' +
      'serial number in the app of the BMS, or set connection.batteryId for each port',
  );
}

async function readDevices(bus: Bus): Promise<Devices | undefined> {
  try {
    const [items] = await bus.call({
      destination: SETTINGS_SERVICE,
      path: '/',
      interface: BUS_ITEM,
      member: 'GetItems',
    });
    return devicesOf(
      entriesOf(items).map(([path, fields]) => [path, fromVariant(new Map(entriesOf(fields)).get('Value'))]),
    );
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    // Without a list the claims alone keep batteries apart.
    return TRANSIENT.has(error.errorName) ? undefined : new Map();
  }
}
