import type { BatteryView } from '../battery/battery-view.ts';
import type { ItemValue } from '../dbus/item.ts';
import type { Alarms } from '../model/alarms.ts';
import type { ModuleReading, PackReading } from '../model/reading.ts';
import { readablePaths } from './battery-paths.ts';
import { HANDED_VOLTAGE } from './member-lines.ts';
import { packOf } from './module-paths.ts';
import type { PathLine } from './path-line.ts';
import { type Draft, emptyDraft } from './view-field.ts';

/** An item as any driver may show it. */
export interface ReadItem {
  readonly value: ItemValue;
  readonly text: string;
}

const LINES = readablePaths();
/** No quantity of a battery is larger in its unit. */
const MOST = 1e9;
const CONNECTED = '/Connected';
/** A service that exports one of these tells chargers how far they may go, also while it tells no value. */
const LIMIT_PATHS = ['/Info/MaxChargeVoltage', '/Info/MaxChargeCurrent', '/Info/MaxDischargeCurrent'];

/** Whether an item of a battery service says something of a view: everything else need not be kept. */
export function isReadable(path: string): boolean {
  return LINES.has(path) || path === CONNECTED;
}

/**
 * The view that a battery service shows with its items, of this driver or another. What is missing, invalid or of a wrong
 * type is absent. A cell that is not told among others that are is NaN, so that each cell keeps its number.
 */
export function readView(service: string, items: ReadonlyMap<string, ReadItem>): BatteryView {
  const draft = emptyDraft();
  for (const [path, item] of items) {
    const line = LINES.get(path);
    const value = line === undefined ? undefined : valueFor(line, item);
    if (value !== undefined) line?.back?.(draft, value);
  }
  const isConnected = items.get(CONNECTED)?.value !== 0;
  return viewOf(service, draft, isConnected, new Set(items.keys()));
}

/** The value in the type of the line; undefined when it is not of that type. */
function valueFor({ type }: PathLine, { text, value }: ReadItem): number | string | undefined {
  if (type === 's') {
    // Some drivers give versions as numbers; their text is what an owner reads.
    return typeof value === 'number' ? text || String(value) : value;
  }
  return typeof value === 'number' && Math.abs(value) <= MOST ? value : undefined;
}

function viewOf(
  service: string,
  draft: Draft,
  isConnected: boolean,
  paths: ReadonlySet<string>,
): BatteryView {
  const { alarms, bank, control, facts, history, identity, keeps, link, requests, told } = draft;
  // A battery that left its bank may still have the paths on which it handed its limits over.
  const isLed = paths.has(HANDED_VOLTAGE);
  const controls = isLed || LIMIT_PATHS.some((path) => paths.has(path));
  const reading = readingOf(draft, controls, paths);
  const modules = modulesOf(draft);
  return {
    identity: {
      keys: [],
      traits: { place: service },
      productName: service,
      connection: '',
      processVersion: '',
      ...identity,
    },
    facts: { ...facts, ...(modules.all.length > 0 && { modules: modules.all }) },
    link: { text: '', errorCode: 0, ...link, online: isConnected && link.online !== false },
    ...draft.view,
    ...(reading !== undefined && {
      reading: { ...reading, ...(modules.heard.length > 0 && { modules: modules.heard }) },
    }),
    ...(controls && { control: { ...control, alarms } }),
    ...(Object.keys(requests).length > 0 && { requests }),
    ...((keeps.history === 1 || Object.keys(history).length > 0) && { history }),
    ...(bank.name !== undefined && { bank: { name: bank.name, isLed } }),
    ...(Object.keys(told).length > 0 && { told }),
  };
}

/** Undefined when nothing is measured now. */
function readingOf(draft: Draft, controls: boolean, paths: ReadonlySet<string>): PackReading | undefined {
  const { alarms, control, told } = draft;
  const cells = listOf(draft.cellVoltages, Number.NaN);
  const balancing = listOf(draft.cellBalancing, false);
  const temperatures = listOf(draft.temperatures, Number.NaN).filter((value) => !Number.isNaN(value));
  const soc = paths.has('/SocBms') && controls ? undefined : control.soc;
  const remaining = paths.has('/CapacityBms') ? undefined : told.remaining;
  const reading: PackReading = {
    ...(soc !== undefined && { soc }),
    ...(remaining !== undefined && { capacityRemaining: remaining }),
    ...draft.reading,
    ...(cells.length > 0 && { cellVoltages: cells }),
    ...(balancing.length > 0 && { cellBalancing: balancing }),
    ...(temperatures.length > 0 && { temperatures }),
    ...(!controls && switchesOf(draft)),
  };
  // That the cable is off is told by what has no measurements as well.
  const isTold = !controls && Object.keys(alarms).some((name) => name !== 'bmsCable');
  if (Object.keys(reading).length === 0 && !isTold) return undefined;
  const own: Alarms | undefined = controls || Object.keys(alarms).length === 0 ? undefined : alarms;
  return own === undefined ? reading : { ...reading, alarms: own };
}

/** What a service without limits allows is what its switches are. */
function switchesOf({ control }: Draft): PackReading {
  const { allowToCharge, allowToDischarge } = control;
  return {
    ...(allowToCharge !== undefined && { chargeEnabled: allowToCharge }),
    ...(allowToDischarge !== undefined && { dischargeEnabled: allowToDischarge }),
  };
}

/** All packs that the service names, and those that say something now. */
function modulesOf({ modules, told }: Draft): { all: ModuleReading[]; heard: ModuleReading[] } {
  const named = [...modules]
    .filter(([, { id }]) => id !== undefined && id !== '')
    .sort(([a], [b]) => a - b)
    .map(([index, { id, alarms }]) => ({ pack: packOf(id, index), alarms }));
  const all = named.map(({ pack }) => pack);
  const isEveryOneOnline = told.packsOnline !== undefined && told.packsOnline >= all.length;
  const heard = named
    .filter(({ alarms }) => isEveryOneOnline || Object.keys(alarms).length > 0)
    .map(({ alarms, pack }) => ({ ...pack, alarms }));
  return { all, heard };
}

/** From the first to the last number that is known; `hole` stands for one between them that is not. */
function listOf<T>(known: ReadonlyMap<number, T>, hole: T): T[] {
  const length = Math.max(0, ...known.keys());
  return Array.from({ length }, (_, index) => known.get(index + 1) ?? hole);
}
