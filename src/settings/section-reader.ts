import { nearest, plainName } from './nearest.ts';
import type { Finding } from './resolve.ts';
import { innerKey, missingIn, type Section, type Stated, tablesOf } from './section.ts';
import { unquoted } from './setting-location.ts';
import type { Setting, SettingValue } from './table.ts';
import { type Assignment, type Broken, flattened, type Header } from './toml-statements.ts';
import { allowed, insteadOf, readValue, shortened, written } from './value.ts';

/** A setting of a battery that stands in an element of a list, which is read as one on a port is. */
export interface PortSetting {
  /** Stands for the port. */
  readonly place: string;
  /** The path below the element. */
  readonly path: readonly string[];
}

interface Open extends Stated {
  readonly tables: Set<string>;
  readonly values: Map<string, SettingValue | undefined>;
  readonly lines: Map<string, number>;
}

/** What a path below a section means. */
interface Meant {
  readonly setting: Setting;
  /** What follows the setting: names that the owner chose, or a table where a value should be. */
  readonly rest: readonly string[];
}

/** Reads what belongs to sections of their own, with the checks that every setting gets. */
export class SectionReader {
  readonly #sections: readonly Section[];
  readonly #isPrivate: boolean;
  readonly #report: (finding: Finding) => void;
  readonly #open: Open[] = [];
  /** Header of a table that does not exist: one line says so, for all that stands below it. */
  #unknownTable: string | undefined;
  readonly #secrets: string[] = [];

  constructor(sections: readonly Section[], isPrivate: boolean, report: (finding: Finding) => void) {
    this.#sections = sections;
    this.#isPrivate = isPrivate;
    this.#report = report;
  }

  /** What was read, in the order of the file. */
  get stated(): readonly Stated[] {
    return this.#open;
  }

  /** Every secret that the file holds, also those that are refused. */
  get secrets(): readonly string[] {
    return this.#secrets;
  }

  /** The section of its own that a path of names leads to. */
  find(path: readonly string[]): Section | undefined {
    const first = plainName(path[0] ?? '');
    return this.#sections.find(({ name }) => plainName(name) === first);
  }

  header(section: Section, { line, path }: Header): void {
    this.#unknownTable = undefined;
    const [, table, ...more] = path;
    const current =
      table === undefined && section.isList ? this.#begin(section, line) : this.#current(section, line);
    if (table === undefined) return;
    const known = tablesOf(section).find((name) => plainName(name) === plainName(table));
    if (known !== undefined) current.tables.add(known);
    if (this.#meant(section, [table, ...more]) !== undefined || (known !== undefined && more.length === 0))
      return;
    if (section.takesPortSettings) return;
    const near = nearest(table, tablesOf(section));
    const hint = near === undefined ? '' : `; the nearest is [${section.name}.${near}]`;
    this.#unknownTable = path.join('.');
    this.#report({
      line,
      key: [current.place, table, ...more].join('.'),
      severity: 'warning',
      text: `there is no such table, what stands in it is ignored${hint}`,
      port: current.place,
    });
  }

  /** Reads an assignment; one of a battery's settings comes back, for the reader of those. */
  assignment(section: Section, statement: Assignment, path: readonly string[]): readonly PortSetting[] {
    const { line, value } = statement;
    if (path.length === 1) return this.#inline(section, statement);
    const current = this.#current(section, line);
    const below = path.slice(1);
    const meant = this.#meant(section, below);
    if (meant === undefined) {
      if (section.takesPortSettings) return [{ place: current.place, path: below }];
      if (this.#unknownTable === undefined || !path.join('.').startsWith(`${this.#unknownTable}.`)) {
        this.#unknown(current, line, below);
      }
      return [];
    }
    this.#enter(current, meant, statement, value);
    return [];
  }

  /** What cannot be parsed: an error; a setting whose name is still readable counts as badly given. */
  broken(section: Section, { line, column, reason, name, isHeader }: Broken, above: readonly string[]): void {
    const text = `column ${column}: ${reason}`;
    if (isHeader) {
      this.#report({ line, key: section.name, severity: 'error', text, port: section.name });
      return;
    }
    const current = this.#current(section, line);
    const meant = this.#meant(section, [...above, ...name.split('.').map(unquoted)].slice(1));
    if (meant === undefined) {
      this.#report({ line, key: current.place, severity: 'error', text, port: current.place });
      return;
    }
    this.#error(current, meant.setting, line, text);
    this.#keep(current, meant.setting, line, undefined);
  }

  /** Settings below a header that cannot be read. */
  unread(section: Section, line: number, header: number): void {
    const text = `is not used because the section in line ${header} cannot be read`;
    this.#report({ line, key: section.name, severity: 'error', text, port: section.name });
  }

  /** Says what is needed and was never given. */
  close(): void {
    for (const stated of this.#open) {
      for (const setting of missingIn(stated)) {
        if (stated.values.has(setting.key)) continue;
        this.#report({
          line: stated.lines.get(innerKey(setting)[0]) ?? stated.line,
          key: shownKey(stated, setting),
          severity: 'error',
          text: `is needed; until it is given ${unused(stated, setting)}`,
          port: stated.place,
        });
      }
    }
  }

  /** `bluetooth = [{ ... }, { ... }]`. */
  #inline(section: Section, statement: Assignment): PortSetting[] {
    const { line, value } = statement;
    const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
    const found: PortSetting[] = [];
    for (const element of elements) {
      if (typeof element !== 'object' || element === null || !section.isList) {
        const text = `is a section: write ${section.isList ? `[[${section.name}]]` : `[${section.name}]`}, and its settings below`;
        this.#report({ line, key: section.name, severity: 'error', text, port: section.name });
        continue;
      }
      this.#begin(section, line);
      for (const inner of flattened(element, line)) {
        found.push(...this.assignment(section, inner, [section.name, ...inner.path]));
      }
    }
    return found;
  }

  #current(section: Section, line: number): Open {
    return this.#open.findLast((open) => open.section === section) ?? this.#begin(section, line);
  }

  #begin(section: Section, line: number): Open {
    const before = this.#open.filter((open) => open.section === section).length;
    const place = section.isList ? `${section.name}[${before + 1}]` : section.name;
    const open = { section, place, line, tables: new Set<string>(), values: new Map(), lines: new Map() };
    this.#open.push(open);
    return open;
  }

  #meant(section: Section, path: readonly string[]): Meant | undefined {
    for (const setting of section.settings) {
      const [table, name] = innerKey(setting);
      const names = table === '' ? [name] : [table, name];
      const fits = names.every((part, at) => plainName(part) === plainName(path[at] ?? ''));
      if (fits) return { setting, rest: path.slice(names.length) };
    }
    return undefined;
  }

  #enter(current: Open, { setting, rest }: Meant, statement: Assignment, raw: unknown): void {
    const { line } = statement;
    const [table] = innerKey(setting);
    if (table !== '') current.tables.add(table);
    const isNamed = setting.type === 'labels' || setting.type === 'numbers';
    if (setting.isSecret && typeof raw === 'string') this.#secrets.push(raw);
    const wrapped = isNamed && rest.length > 0 ? { [rest.join('.')]: raw } : raw;
    const read =
      !isNamed && rest.length > 0 ? { fault: 'in a table is not possible' } : readValue(setting, wrapped);
    if ('fault' in read) {
      const shown = setting.isSecret ? 'the value' : shortened(raw);
      const hint = read.hint === undefined ? '' : `; ${read.hint}`;
      this.#error(current, setting, line, `${shown} ${read.fault}; allowed: ${allowed(setting)}${hint}`);
      this.#keep(current, setting, line, undefined);
      return;
    }
    if (setting.isSecret && !this.#isPrivate) {
      const file = current.section.settings.find(
        (other) => other.fileOf === innerKey(setting)[1] && innerKey(other)[0] === table,
      );
      const instead = file === undefined ? '' : `, or name a file of mode 0600 as ${innerKey(file)[1]}`;
      const text = `is refused because others may read this file: give it mode 0600${instead}`;
      this.#error(current, setting, line, text);
      this.#keep(current, setting, line, undefined);
      return;
    }
    const note = statement.note ?? read.note;
    if (note !== undefined) this.#warn(current, setting, line, setting.isSecret ? 'belongs in quotes' : note);
    this.#keep(current, setting, line, read.value, rest.join('.'));
  }

  #keep(current: Open, setting: Setting, line: number, value: SettingValue | undefined, name = ''): void {
    const { values, lines } = current;
    const [table] = innerKey(setting);
    if (!lines.has(table)) lines.set(table, line);
    const id = `${setting.key} ${name}`;
    const before = lines.get(id);
    const old = values.get(setting.key);
    const merged =
      name !== '' && typeof value === 'object' && typeof old === 'object'
        ? ({ ...old, ...value } as SettingValue)
        : value;
    if (before === undefined) {
      lines.set(id, line);
      // One bad name leaves the good ones.
      if (name === '' || value !== undefined) values.set(setting.key, merged);
      return;
    }
    const text = `is given twice, before in line ${before}`;
    if (value !== undefined && written(merged) === written(old)) this.#warn(current, setting, line, text);
    else {
      this.#error(current, setting, line, `${text}, with another value`);
      values.set(setting.key, undefined);
    }
  }

  #unknown(current: Open, line: number, path: readonly string[]): void {
    const { section, place } = current;
    const own = path.at(-1) ?? '';
    const keys = section.settings.map((setting) => setting.key.slice(section.name.length + 1));
    const byName = keys.find(
      (key) =>
        key.split('.').at(-1) ===
        nearest(
          own,
          keys.map((k) => k.split('.').at(-1) ?? ''),
        ),
    );
    const near = nearest(path.join('.'), keys) ?? byName;
    const hint = near === undefined ? '' : `; the nearest is ${section.name}.${near}`;
    this.#report({
      line,
      key: [place, ...path].join('.').slice(0, 80),
      severity: 'warning',
      text: `there is no such setting, it is ignored${hint}`,
      port: place,
    });
  }

  #error(current: Open, setting: Setting, line: number, text: string): void {
    const until = setting.isNeeded ? `until then ${unused(current, setting)}` : insteadOf(setting);
    const key = shownKey(current, setting);
    this.#report({ line, key, severity: 'error', text: `${text}; ${until}`, port: current.place });
  }

  #warn(current: Open, setting: Setting, line: number, text: string): void {
    this.#report({ line, key: shownKey(current, setting), severity: 'warning', text, port: current.place });
  }
}

/** `bridge.mqtt.url`, or `bluetooth[2].address`. */
function shownKey({ section, place }: Stated, { key }: Setting): string {
  return `${place}${key.slice(section.name.length)}`;
}

function unused({ section, place }: Stated, setting: Setting): string {
  const [table] = innerKey(setting);
  if (table !== '') return `[${section.name}.${table}] is not used`;
  return section.isList ? `${place} is not used` : `[${section.name}] is not used`;
}
