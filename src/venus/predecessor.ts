import type { PackMarks } from '../battery/battery-view.ts';
import { instanceOf, type SettingValue } from './setting-values.ts';

/** One group of the other driver, with what can be used of it. */
export interface Entry {
  /** "serialbattery_JK_B2A20S20P". */
  readonly group: string;
  readonly instance?: number;
  readonly name?: string;
  /** Unix time, s. */
  readonly lastSeen?: number;
  /** What this program cannot use, in words. */
  readonly unusable: readonly string[];
}

export type Choice = { readonly entry: Entry; readonly because: string } | { readonly unclear: string };

/** Name under which a battery of ours remembers whose number it took: "serialbattery_X 3". */
export const ORIGIN_SETTING = 'ImportedFrom';

const DEVICES = '/Settings/Devices/';
const GROUP = /^serialbattery(_\w*)?$/;
const NAME_LENGTH = 32;
/** Old releases cut one character of the serial number off; less than this much of it proves nothing. */
const TELLING_PREFIX = 8;

/** Settings below /Settings/Devices: values by group and by name within it. */
export type Devices = ReadonlyMap<string, ReadonlyMap<string, SettingValue>>;

/** Sorts the items of localsettings, "/Settings/Devices/<group>/<name>", by group. */
export function devicesOf(
  items: Iterable<readonly [path: string, value: SettingValue | undefined]>,
): Devices {
  const devices = new Map<string, Map<string, SettingValue>>();
  for (const [path, value] of items) {
    const [group, name, ...deeper] = path.startsWith(DEVICES) ? path.slice(DEVICES.length).split('/') : [];
    if (group === undefined || name === undefined || deeper.length > 0 || value === undefined) continue;
    const settings = devices.get(group) ?? new Map<string, SettingValue>();
    devices.set(group, settings.set(name, value));
  }
  return devices;
}

/** The batteries that dbus-serialbattery remembers. */
export function entriesOfPredecessor(devices: Devices): Entry[] {
  return [...devices]
    .filter(([group]) => GROUP.test(group))
    .map(([group, settings]) => entry(group, settings));
}

function entry(group: string, settings: ReadonlyMap<string, SettingValue>): Entry {
  const stored = settings.get('ClassAndVrmInstance');
  const instance = instanceOf(stored);
  const called = settings.get('CustomName');
  const isName = typeof called === 'string' && [...called].length <= NAME_LENGTH && !/\p{Cc}/u.test(called);
  const seen = Number(settings.get('LastSeen'));
  const unusable: string[] = [];
  if (stored !== undefined && instance === undefined) unusable.push(`instance ${JSON.stringify(stored)}`);
  if (called !== undefined && !isName) unusable.push(`name ${JSON.stringify(called)}`);
  return {
    group,
    ...(instance !== undefined && { instance }),
    ...(isName && called.trim() !== '' && { name: called }),
    ...(seen > 0 && Number.isFinite(seen) && { lastSeen: seen }),
    unusable,
  };
}

/**
 * The entry that was this pack: by its serial number, else by version and capacity, else by capacity, else by the port,
 * which is what dbus-serialbattery made its ids of; the only entry of all where nothing speaks against it. What could be
 * two different packs is no choice.
 */
export function chooseEntry(entries: readonly Entry[], marks: PackMarks, isFirst: boolean): Choice {
  for (const { because, matches } of PROOFS) {
    const found = entries.filter(({ group }) => matches(idOf(group), marks));
    if (found.length === 0) continue;
    const last = lastSeen(found);
    return last === undefined ? { unclear: `${found.length} have ${because}` } : { entry: last, because };
  }
  const [only] = entries;
  if (entries.length === 1 && only !== undefined && isFirst && !contradicts(idOf(only.group), marks)) {
    return { entry: only, because: 'the only battery that it knew' };
  }
  return { unclear: 'none has a mark of this battery' };
}

interface Proof {
  readonly because: string;
  readonly matches: (id: string, marks: PackMarks) => boolean;
}

const PROOFS: readonly Proof[] = [
  {
    because: 'the same serial number',
    matches: (id, { serialNumber }) => id !== '' && id === comparable(serialNumber),
  },
  {
    because: 'the beginning of the serial number',
    matches: (id, { serialNumber }) => id.length >= TELLING_PREFIX && comparable(serialNumber).startsWith(id),
  },
  {
    because: 'the same version and capacity',
    matches: (id, { versions, capacities }) =>
      capacities.some((capacity) => capacityIn(id) === capacity) &&
      versions.some((version) => id.startsWith(`${comparable(version).replaceAll('_', '')}_`)),
  },
  {
    because: 'the same capacity',
    matches: (id, { serialNumber, capacities, isOneOfMany }) =>
      serialNumber === undefined &&
      !isOneOfMany &&
      capacities.some((capacity) => capacityIn(id) === capacity),
  },
  {
    because: 'the same port',
    matches: (id, { ports }) => ports.some((port) => id.replace(/^dev_/, '') === comparable(port)),
  },
];

/** What shows that the entry was another battery. */
function contradicts(id: string, { serialNumber, capacities, isOneOfMany }: PackMarks): boolean {
  const capacity = capacityIn(id);
  const isOtherSize = capacity !== undefined && capacities.length > 0;
  return serialNumber !== undefined || isOneOfMany || isOtherSize || /^(dev_)?tty/.test(id);
}

/**
 * The entry itself when there is one. Several with the same id in small and in capital letters are one pack under two
 * releases: the one that was in use last. Undefined when they are different packs, or when that is not known.
 */
function lastSeen(entries: readonly Entry[]): Entry | undefined {
  const [last, ...others] = entries.toSorted((a, b) => (b.lastSeen ?? 0) - (a.lastSeen ?? 0));
  if (last === undefined) return undefined;
  const isOlder = (other: Entry): boolean =>
    idOf(other.group) === idOf(last.group) && (other.lastSeen ?? 0) < (last.lastSeen ?? 0);
  return others.every(isOlder) ? last : undefined;
}

const idOf = (group: string): string => comparable(group.replace(/^serialbattery/, ''));

/** That driver turns what is no letter and no digit into "_", and newer releases write capitals. */
function comparable(text = ''): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '');
}

/** 100 in "25_100_0ah", the id of a pack without a serial number. */
function capacityIn(id: string): number | undefined {
  const found = /(?:^|_)(\d+)(?:_(\d+))?ah$/.exec(id);
  return found === null ? undefined : Number(`${found[1]}.${found[2] ?? 0}`);
}
