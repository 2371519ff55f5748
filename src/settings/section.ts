import type { Setting, SettingValue, ValueOf } from './table.ts';

/**
 * A part of the settings file that is not about one battery on a cable: the bridge, a bank, batteries over Bluetooth. It is
 * absent until the owner writes it. `[name]` is there once; `[[name]]` as often as there are things of this kind.
 */
export interface Section {
  readonly name: string;
  /** Written `[[name]]`, once for each. */
  readonly isList?: true;
  /** Each of a list may also hold whatever may stand under `[ports."ttyUSB0"]`. */
  readonly takesPortSettings?: true;
  /** Title and first sentence for the page of settings. */
  readonly title: string;
  readonly help: string;
  /** Keys are `name.setting`, or `name.table.setting` for a table `[name.table]` inside; unlike elsewhere `setting` need not be unique. */
  readonly settings: readonly Setting[];
}

type Row<S extends Section> = S['settings'][number];
/** The key without the name of the section. */
type Inner<R> = R extends { key: `${string}.${infer Rest}` } ? Rest : never;
type TableNames<R> = Inner<R> extends infer I ? (I extends `${infer T}.${string}` ? T : never) : never;
type Direct<R> = R extends unknown ? (Inner<R> extends `${string}.${string}` ? never : R) : never;
type InTable<R, T extends string> = R extends unknown
  ? Inner<R> extends `${T}.${string}`
    ? R
    : never
  : never;
type NameOf<R> = Inner<R> extends `${string}.${infer L}` ? L : Inner<R>;
type IsAlways = { default: SettingValue } | { isNeeded: true };
type Fields<R> = {
  readonly [S in R as S extends IsAlways ? NameOf<S> : never]: ValueOf<S>;
} & {
  readonly [S in R as S extends IsAlways ? never : NameOf<S>]?: ValueOf<S>;
};

/**
 * What a section says. A table inside it is present when the file has it and nothing that it needs is missing; a setting
 * without a default when the owner stated it.
 */
export type SectionValues<S extends Section> = Fields<Direct<Row<S>>> & {
  readonly [T in TableNames<Row<S>>]?: Fields<InTable<Row<S>, T>>;
};

/** `table` and `setting` of a key; the table is '' for what stands in the section itself. */
export function innerKey({ key }: Pick<Setting, 'key'>): readonly [table: string, setting: string] {
  const [, ...rest] = key.split('.');
  return rest.length > 1 ? [rest[0] ?? '', rest.slice(1).join('.')] : ['', rest[0] ?? ''];
}

/** The tables inside a section, in the order of its settings. */
export function tablesOf(section: Section): readonly string[] {
  return [...new Set(section.settings.map((setting) => innerKey(setting)[0]))].filter((name) => name !== '');
}

/** A whole section or one of a list, as it was read, before defaults. */
export interface Stated {
  readonly section: Section;
  /** `bridge`, or `bluetooth[2]` for the second of a list. */
  readonly place: string;
  /** The line where it begins. */
  readonly line: number;
  /** Tables inside that the file has. */
  readonly tables: ReadonlySet<string>;
  /** By key of the setting; undefined: stated, and bad. */
  readonly values: ReadonlyMap<string, SettingValue | undefined>;
}

/** Settings that are needed and not there, by the table that cannot do without them. */
export function missingIn({ section, tables, values }: Stated): readonly Setting[] {
  return section.settings.filter((setting) => {
    const [table] = innerKey(setting);
    return (
      setting.isNeeded === true &&
      (table === '' || tables.has(table)) &&
      values.get(setting.key) === undefined
    );
  });
}

/** The values in force; undefined when something that the section itself needs is missing. */
export function valuesOf<S extends Section>(stated: Stated, section: S): SectionValues<S> | undefined {
  const lacking = new Set(missingIn(stated).map((setting) => innerKey(setting)[0]));
  if (lacking.has('')) return undefined;
  const values: Record<string, unknown> = {};
  const inner = new Map<string, Record<string, unknown>>();
  for (const name of tablesOf(section)) {
    if (stated.tables.has(name) && !lacking.has(name)) inner.set(name, {});
  }
  for (const setting of section.settings) {
    const [table, name] = innerKey(setting);
    const stands = stated.values.has(setting.key);
    const value =
      stated.values.get(setting.key) ?? (stands ? (setting.safe ?? setting.default) : setting.default);
    const holder = table === '' ? values : inner.get(table);
    if (value !== undefined && holder !== undefined) holder[name] = value;
  }
  for (const [name, table] of inner) values[name] = table;
  // The rows say which names there are and of which type; `readValue` holds each value to its row.
  return values as SectionValues<S>;
}
