import type { PackMarks } from '../battery/battery-view.ts';
import { type Bus, CallError } from '../dbus/bus.ts';
import { BUS_ITEM } from '../dbus/names.ts';
import { entriesOf, fromVariant, toVariant } from '../dbus/wire-values.ts';
import { type Log, SETTINGS_INTERFACE, SETTINGS_SERVICE, settingsId } from './names.ts';
import {
  chooseEntry,
  type Devices,
  devicesOf,
  type Entry,
  entriesOfPredecessor,
  ORIGIN_SETTING,
} from './predecessor.ts';
import { instancesOnBus } from './provisional-instance.ts';
import { declaration, INSTANCE_SETTING, TRANSIENT } from './setting-values.ts';

export interface TakeOverOptions {
  readonly bus: Bus;
  /** Group of our battery, from `settingsId`. */
  readonly id: string;
  readonly marks: PackMarks;
  /** What the owner wrote into our settings file is not taken from anywhere else. */
  readonly instanceIsChosen: boolean;
  readonly nameIsChosen: boolean;
  readonly log: Log;
}

/** What a battery that is new to us brings along. */
export interface TakenOver {
  readonly instance?: number;
  readonly name?: string;
}

const OURS = settingsId('');
const NOTHING: TakenOver = {};

/**
 * Device instance and name that dbus-serialbattery gave to this battery; nothing for a battery that has settings of ours.
 * Localsettings gives a number to one entry only, so the entry of the other driver gets the next free one.
 * Rejects with a transient CallError when localsettings cannot answer now: asking again goes on where this ended.
 */
export async function takeOver(options: TakeOverOptions): Promise<TakenOver> {
  try {
    return await search(options);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    options.log.warn(`${options.id} takes nothing over from dbus-serialbattery: ${error.message}`);
    return NOTHING;
  }
}

async function search(options: TakeOverOptions): Promise<TakenOver> {
  const { bus, id, marks, log, instanceIsChosen, nameIsChosen } = options;
  if ((instanceIsChosen && nameIsChosen) || (await isKnown(bus, id))) return NOTHING;
  const devices = await readDevices(bus);
  const begun = unfinished(devices, id);
  if (begun !== undefined) return finish(options, begun, 'begun before a restart');
  const isFirst = ![...devices.keys()].some((group) => group.startsWith(OURS));
  const entries = entriesOfPredecessor(devices);
  if (entries.length === 0) return NOTHING;
  const choice = chooseEntry(entries, marks, isFirst);
  const obstacle = 'unclear' in choice ? choice.unclear : await whyNot(bus, devices, choice.entry);
  if ('entry' in choice && obstacle === undefined) return finish(options, choice.entry, choice.because);
  log.info(
    `${id} starts as a new battery: dbus-serialbattery left ${entries.map(described).join(', ')}, but ${obstacle}; ` +
      'device instance and name can be set in the display or in the settings file',
  );
  return NOTHING;
}

async function finish(
  { bus, id, log, instanceIsChosen, nameIsChosen }: TakeOverOptions,
  entry: Entry,
  because: string,
): Promise<TakenOver> {
  const instance = instanceIsChosen ? undefined : entry.instance;
  const name = nameIsChosen ? undefined : entry.name;
  const ignored = entry.unusable.length === 0 ? '' : `; ignored there: ${entry.unusable.join(', ')}`;
  const source = `${entry.group} of dbus-serialbattery (${because})`;
  if (instance === undefined && name === undefined) {
    log.info(`${id} takes nothing over from ${source}${ignored}`);
    return NOTHING;
  }
  // Written down before anything is moved: whoever is interrupted here finds the number again.
  await remember(bus, id, `${entry.group} ${instance ?? ''}`.trim());
  if (instance !== undefined) await makeRoom(bus, entry.group, instance);
  const taken = [
    ...(instance === undefined ? [] : [`device instance ${instance}`]),
    ...(name === undefined ? [] : [`name ${JSON.stringify(name)}`]),
  ].join(' and ');
  log.info(`${id} takes over ${taken} from ${source}${ignored}`);
  return { ...(instance !== undefined && { instance }), ...(name !== undefined && { name }) };
}

/** Whether localsettings holds an instance for this battery of ours. */
async function isKnown(bus: Bus, id: string): Promise<boolean> {
  try {
    await bus.call(item(`/Settings/Devices/${id}/${INSTANCE_SETTING}`, 'GetValue'));
    return true;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return false;
  }
}

async function readDevices(bus: Bus): Promise<Devices> {
  const [items] = await bus.call(item('/', 'GetItems'));
  return devicesOf(
    entriesOf(items)
      .filter(([path]) => path.startsWith('/Settings/Devices/'))
      .map(([path, fields]) => [path, fromVariant(new Map(entriesOf(fields)).get('Value'))]),
  );
}

/** The entry of a take-over that was interrupted before our battery got its instance. */
function unfinished(devices: Devices, id: string): Entry | undefined {
  const [group, number] = originOf(devices, id);
  const entry = entriesOfPredecessor(devices).find((other) => other.group === group);
  if (entry === undefined) return undefined;
  const { instance: _, ...rest } = entry;
  return number === undefined ? rest : { ...rest, instance: Number(number) };
}

function originOf(devices: Devices, id: string): readonly string[] {
  const origin = devices.get(id)?.get(ORIGIN_SETTING);
  return typeof origin === 'string' && /^\w+( \d{1,9})?$/.test(origin) ? origin.split(' ') : [];
}

/** Why the entry is not free to be taken; undefined when it is. */
async function whyNot(bus: Bus, devices: Devices, { group, instance }: Entry): Promise<string | undefined> {
  const heir = [...devices.keys()].find(
    (other) => other.startsWith(OURS) && originOf(devices, other)[0] === group,
  );
  if (heir !== undefined) return `${group} was taken over by ${heir}`;
  const isRunning = instance !== undefined && (await instancesOnBus(bus)).has(instance);
  return isRunning ? `device instance ${instance} of ${group} is on the bus now` : undefined;
}

async function remember(bus: Bus, id: string, origin: string): Promise<void> {
  const path = `/Settings/Devices/${id}/${ORIGIN_SETTING}`;
  await bus.call({
    destination: SETTINGS_SERVICE,
    path: '/',
    interface: SETTINGS_INTERFACE,
    member: 'AddSettings',
    signature: 'aa{sv}',
    body: [[declaration(path, { type: 's', default: origin, silent: true })]],
  });
}

async function makeRoom(bus: Bus, group: string, instance: number): Promise<void> {
  const path = `/Settings/Devices/${group}/${INSTANCE_SETTING}`;
  const [stored] = await bus.call(item(path, 'GetValue'));
  if (fromVariant(stored) !== `battery:${instance}`) return;
  await bus.call({
    ...item(path, 'SetValue'),
    signature: 'v',
    body: [toVariant('s', `battery:${instance + 1}`)],
  });
}

const item = (path: string, member: string) => ({
  destination: SETTINGS_SERVICE,
  path,
  interface: BUS_ITEM,
  member,
});

/** An answer that will be the same next time; everything else is worth another try. */
function isRefusal(error: unknown): error is CallError {
  return error instanceof CallError && !TRANSIENT.has(error.errorName);
}

function described({ group, instance, name }: Entry): string {
  const details = [
    ...(instance === undefined ? [] : [`instance ${instance}`]),
    ...(name === undefined ? [] : [JSON.stringify(name)]),
  ];
  return details.length === 0 ? group : `${group} (${details.join(', ')})`;
}
