import type { BatteryIdentity, BatteryView, LinkState } from '../battery/battery-view.ts';
import { flag } from '../battery/derived-values.ts';
import type { ToldValues } from '../battery/told-values.ts';
import type { ItemValue } from '../dbus/item.ts';
import type { HistoryFigures } from '../history/history.ts';
import type { AlarmLevel, AlarmName, Alarms } from '../model/alarms.ts';
import type { PackReading } from '../model/reading.ts';

/** Parts of a view by name; `view` are the values that stand in none of them. */
interface Parts {
  readonly view: Pick<BatteryView, 'averageCurrent' | 'isSwitchable'>;
  readonly identity: Partial<BatteryIdentity>;
  readonly reading: PackReading;
  readonly facts: PackReading;
  readonly control: NonNullable<BatteryView['control']>;
  readonly link: Partial<LinkState>;
  readonly requests: NonNullable<BatteryView['requests']>;
  readonly bank: Partial<NonNullable<BatteryView['bank']>>;
  readonly history: Partial<HistoryFigures>;
  readonly told: ToldValues;
  /** What is there at all, though it may have no values yet: 1. */
  readonly keeps: { readonly history?: number };
}
type PartName = keyof Parts;

/** What the items of a service say, sorted into the parts of a view while it is read back. */
export interface Draft extends Parts {
  readonly alarms: { -readonly [K in keyof Alarms]: Alarms[K] };
  /** By number of the cell or sensor, from 1. */
  readonly cellVoltages: Map<number, number>;
  readonly cellBalancing: Map<number, boolean>;
  readonly temperatures: Map<number, number>;
  /** By number of the module, from 0. */
  readonly modules: Map<number, DraftModule>;
}

export interface DraftModule {
  id?: string;
  readonly alarms: { -readonly [K in keyof Alarms]: Alarms[K] };
}

export function emptyDraft(): Draft {
  return {
    view: {},
    identity: {},
    reading: {},
    facts: {},
    control: {},
    link: {},
    requests: {},
    bank: {},
    history: {},
    told: {},
    keeps: {},
    alarms: {},
    cellVoltages: new Map(),
    cellBalancing: new Map(),
    temperatures: new Map(),
    modules: new Map(),
  };
}

/** Takes a valid value of an item, in the type of its line, into the draft of a view. */
export type Back<T extends number | string> = (draft: Draft, value: T) => void;

/** What a line shows of a view, and where the value of its item belongs when a view is read back. */
export interface Field<T extends number | string> {
  readonly value: (view: BatteryView) => ItemValue;
  readonly back: Back<T>;
}

type KeyOf<P extends PartName, T> = {
  [K in keyof Parts[P]]-?: [NonNullable<Parts[P][K]>] extends [T] ? K : never;
}[keyof Parts[P]];

/** One number of a view. */
export function numberAt<P extends PartName>(part: P, key: KeyOf<P, number>): Field<number> {
  return { value: (view) => valueAt(view, part, key), back: (draft, value) => put(draft[part], key, value) };
}

/** One text of a view. */
export function textAt<P extends PartName>(part: P, key: KeyOf<P, string>): Field<string> {
  return { value: (view) => valueAt(view, part, key), back: (draft, value) => put(draft[part], key, value) };
}

/** Where the number of a line that is computed from several fields belongs. */
export function into<P extends PartName>(part: P, key: KeyOf<P, number>): Back<number> {
  return (draft, value) => put(draft[part], key, value);
}

export function intoText<P extends PartName>(part: P, key: KeyOf<P, string>): Back<string> {
  return (draft, value) => put(draft[part], key, value);
}

/** The same for a line that shows a flag as 0 or 1. */
export function intoFlag<P extends PartName>(part: P, key: KeyOf<P, boolean>): Back<number> {
  return (draft, value) => put(draft[part], key, value > 0);
}

/** An alarm of the battery; a level that Venus OS does not know says nothing. */
export function intoAlarm(name: AlarmName): Back<number> {
  return ({ alarms }, value) => {
    if (isLevel(value)) alarms[name] = value;
  };
}

export const cellVoltageAt = (number: number): Field<number> => ({
  value: ({ reading }) => reading?.cellVoltages?.[number - 1],
  back: ({ cellVoltages }, value) => void cellVoltages.set(number, value),
});

export const cellBalancingAt = (number: number): Field<number> => ({
  value: ({ reading }) => flag(reading?.cellBalancing?.[number - 1]),
  back: ({ cellBalancing }, value) => void cellBalancing.set(number, value > 0),
});

export const temperatureAt = (number: number): Field<number> => ({
  value: ({ reading }) => reading?.temperatures?.[number - 1],
  back: ({ temperatures }, value) => void temperatures.set(number, value),
});

/** The module of a draft, made when it is first spoken of. */
export function moduleOf({ modules }: Draft, index: number): DraftModule {
  const known = modules.get(index);
  if (known !== undefined) return known;
  const made: DraftModule = { alarms: {} };
  modules.set(index, made);
  return made;
}

export function isLevel(value: number): value is AlarmLevel {
  return value === 0 || value === 1 || value === 2;
}

function valueAt(view: BatteryView, name: PartName, key: PropertyKey): ItemValue {
  if (name === 'keeps') return undefined;
  const part = name === 'view' ? view : view[name];
  return part === undefined ? undefined : Reflect.get(part, key);
}

/** Writes a field that the type of the caller has proven to be one of the part. */
export function put(part: object, key: PropertyKey, value: number | string | boolean): void {
  Object.assign(part, { [key]: value });
}
