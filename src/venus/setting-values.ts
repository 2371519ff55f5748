import { NO_REPLY, type Variant } from '../dbus/bus.ts';
import type { ItemType } from '../dbus/item.ts';
import { entriesOf, fromVariant, toVariant, unwrap } from '../dbus/wire-values.ts';

export type SettingValue = number | string;

/** One setting below /Settings/Devices/<id>/. Its type can never change once a device has stored it. */
export interface SettingDeclaration {
  /** "HistoryValues". */
  readonly name: string;
  readonly type: ItemType;
  readonly default: SettingValue;
  readonly min?: number;
  readonly max?: number;
  /** Changes are not logged by localsettings; for what the program itself writes. */
  readonly silent?: boolean;
}

export const INSTANCE_SETTING = 'ClassAndVrmInstance';
export const CUSTOM_NAME_SETTING = 'CustomName';

/** The device instance; localsettings gives the next free number when this one is taken. */
export const instanceSetting = (wanted: number): SettingDeclaration => ({
  name: INSTANCE_SETTING,
  type: 's',
  default: `battery:${wanted}`,
});

export const nameSetting = (wanted: string): SettingDeclaration => ({
  name: CUSTOM_NAME_SETTING,
  type: 's',
  default: wanted,
});

/** Errors that mean "not now": the service is starting, leaving or busy. */
export const TRANSIENT = new Set([
  NO_REPLY,
  ...['ServiceUnknown', 'NameHasNoOwner', 'Disconnected', 'LimitsExceeded', 'Timeout', 'TimedOut'].map(
    (name) => `org.freedesktop.DBus.Error.${name}`,
  ),
]);

/** One entry of an AddSettings call. */
export function declaration(
  path: string,
  { type, default: preset, min, max, silent = false }: Omit<SettingDeclaration, 'name'>,
): { [key: string]: Variant } {
  return {
    path: toVariant('s', path),
    default: toVariant(type, preset),
    ...(min === undefined ? {} : { min: toVariant(type, min) }),
    ...(max === undefined ? {} : { max: toVariant(type, max) }),
    ...(silent ? { silent: toVariant('i', 1) } : {}),
  };
}

/** Values of an AddSettings reply, by path; entries with an error are left out. */
export function stored(reply: unknown): Map<string, SettingValue> {
  const values = new Map<string, SettingValue>();
  for (const entry of Array.isArray(reply) ? reply : []) {
    const fields = new Map(entriesOf(entry));
    const path = unwrap(fields.get('path'));
    const value = fromVariant(fields.get('value'));
    if (typeof path === 'string' && value !== undefined && fromVariant(fields.get('error')) === 0) {
      values.set(path, value);
    }
  }
  return values;
}

/** Whether a received value can be the value of this setting. */
export function fits(
  { name, type }: SettingDeclaration,
  value: SettingValue | undefined,
): value is SettingValue {
  if (name === INSTANCE_SETTING) return instanceOf(value) !== undefined;
  return typeof value === (type === 's' ? 'string' : 'number');
}

/** The number in "battery:1"; undefined for anything else. */
export function instanceOf(value: SettingValue | undefined): number | undefined {
  const found = typeof value === 'string' ? /^battery:(\d{1,9})$/.exec(value) : null;
  return found === null ? undefined : Number(found[1]);
}
