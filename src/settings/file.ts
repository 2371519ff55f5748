import { legacyOption } from './legacy.ts';
import { legacyReason } from './legacy-reasons.ts';
import { nearest, plainName } from './nearest.ts';
import { OWN_SECTIONS } from './own-sections.ts';
import {
  type Entry,
  type Finding,
  keyOnPort,
  type Problem,
  type SettingsFile,
  settingsFile,
} from './resolve.ts';
import type { Section } from './section.ts';
import { SectionReader } from './section-reader.ts';
import { locate, type Place, unquoted } from './setting-location.ts';
import { SETTING_BY_NAME, type Setting, type SettingValue, splitKey } from './table.ts';
import { type Assignment, type Broken, type Header, readStatements } from './toml-statements.ts';
import { allowed, insteadOf, readValue, shortened, written } from './value.ts';

export interface ParseOptions {
  /** BMS types that `connection.bms` may name; absent: not checked. */
  readonly bmsTypes?: readonly string[];
  /** Nobody but its owner may read the file, so it may hold secrets. */
  readonly isPrivate?: boolean;
  /** Sections that are not about one battery on a cable. */
  readonly sections?: readonly Section[];
}

/** Everything beyond is not a settings file. */
const LONGEST_FILE = 256 * 1024;

/** Reads a settings file. Pure and total: whatever the text, there are settings to go on with. */
export function parseSettings(text: string, fileName: string, options: ParseOptions = {}): SettingsFile {
  const unusable = unusableBecause(text);
  return unusable === undefined
    ? new Reader(fileName, options).read(text)
    : unreadableSettings(unusable, fileName);
}

function unusableBecause(text: string): string | undefined {
  if (text.length > LONGEST_FILE) return `the file is larger than ${LONGEST_FILE / 1024} KiB`;
  if (text.includes('\0')) return 'this is not a plain text file; save it as UTF-8 text';
  return undefined;
}

/** The careful presets for every setting, because the file as a whole cannot be read. */
export function unreadableSettings(reason: string, fileName: string): SettingsFile {
  const entries = [...SETTING_BY_NAME.values()].map((setting) => ({
    setting,
    line: 0,
    values: [],
    isBad: true,
  }));
  return settingsFile(
    fileName,
    [{ severity: 'error', text: `${reason}; careful presets are used` }],
    new Map([['', new Map(entries.map((entry) => [splitKey(entry.setting.key)[1], entry]))]]),
  );
}

class Reader {
  readonly #fileName: string;
  readonly #options: ParseOptions;
  readonly #findings: Finding[] = [];
  readonly #sections: SectionReader;
  readonly #oddPorts = new Set<string>();
  /** By port, '' for all ports; then by the name of the setting. */
  readonly #entries = new Map<string, Map<string, Entry>>();

  constructor(fileName: string, options: ParseOptions) {
    this.#fileName = fileName;
    this.#options = options;
    const { sections = OWN_SECTIONS, isPrivate = false } = options;
    this.#sections = new SectionReader(sections, isPrivate, (finding) => this.#findings.push(finding));
  }

  read(text: string): SettingsFile {
    this.#encoding(text);
    let section: readonly string[] = [];
    let brokenHeader: Broken | undefined;
    for (const statement of readStatements(text)) {
      if (statement.kind === 'assignment') {
        if (brokenHeader !== undefined) this.#withoutSection(statement, brokenHeader);
        else this.#assignment(statement, section);
        continue;
      }
      const fault = statement.kind === 'broken' ? statement : this.#header(statement);
      if (fault !== undefined) this.#broken(fault, section);
      if (statement.kind === 'broken' && !statement.isHeader) continue;
      section = statement.kind === 'header' && fault === undefined ? statement.path : [];
      brokenHeader = fault;
    }
    this.#sections.close();
    const { stated, secrets } = this.#sections;
    return settingsFile(this.#fileName, this.#findings, this.#entries, stated, secrets);
  }

  /** Opens a section; gives what is wrong with the header. */
  #header(header: Header): Broken | undefined {
    const own = this.#sections.find(header.path);
    const { line, path } = header;
    if (header.isElement && (own?.isList !== true || path.length > 1)) {
      const reason = 'a section has one pair of brackets';
      return { kind: 'broken', line, column: 1, reason, name: `[[${path.join('.')}]]`, isHeader: true };
    }
    if (own !== undefined) this.#sections.header(own, header);
    return undefined;
  }

  /** Letters that are no UTF-8 have become the replacement character. */
  #encoding(text: string): void {
    const line = text.split(/\r\n|\n|\r/).findIndex((content) => content.includes('\uFFFD')) + 1;
    if (line === 0) return;
    const why = 'a letter is not in UTF-8 (it may be Latin-1) and is lost; save the file as UTF-8 text';
    this.#report('warning', line, undefined, undefined, why);
  }

  /** What cannot be parsed: an error; a setting whose name is still readable takes its careful preset. */
  #broken(statement: Broken, section: readonly string[]): void {
    const { line, column, reason, name } = statement;
    const names = statement.isHeader ? headerNames(name) : [...section, ...name.split('.')];
    const own = this.#sections.find(names);
    if (own !== undefined && (statement.isHeader || names.length > 1)) {
      this.#sections.broken(own, statement, section);
      return;
    }
    const place = statement.isHeader ? undefined : locate([...section, ...name.split('.').map(unquoted)]);
    const setting = place === undefined ? undefined : SETTING_BY_NAME.get(place.name);
    // An option of another driver is ignored whatever it holds; there many are left empty.
    if (place !== undefined && setting === undefined && legacyHint(place.written) !== undefined) {
      this.#unknown(statement, place);
      return;
    }
    this.#report('error', line, setting, place?.port, `column ${column}: ${reason}`);
    if (place !== undefined && setting !== undefined) this.#enter(setting, place.port, line, undefined);
  }

  /** It may have been meant for one port only, so its value must not count for all. */
  #withoutSection(statement: Assignment, header: Broken): void {
    const own = this.#sections.find(headerNames(header.name));
    if (own !== undefined) {
      this.#sections.unread(own, statement.line, header.line);
      return;
    }
    const { name } = locate(statement.path);
    const setting = SETTING_BY_NAME.get(name);
    if (setting === undefined) return;
    const text = `is not used because the section in line ${header.line} cannot be read`;
    this.#report('error', statement.line, setting, undefined, text);
    this.#enter(setting, undefined, statement.line, undefined);
  }

  #assignment(statement: Assignment, section: readonly string[]): void {
    const path = [...section, ...statement.path];
    const own = this.#sections.find(path);
    if (own === undefined) {
      this.#portSetting(statement, locate(path));
      return;
    }
    for (const { place, path: below } of this.#sections.assignment(own, statement, path)) {
      const { isPortByName: _, ...located } = locate(below);
      this.#portSetting(statement, { ...located, port: place });
    }
  }

  #portSetting(statement: Assignment, place: Place): void {
    const { line, value } = statement;
    const setting = SETTING_BY_NAME.get(place.name);
    if (setting === undefined) {
      this.#unknown(statement, place);
      return;
    }
    const [home, name] = splitKey(setting.key);
    const warn = (text: string): void => this.#report('warning', line, setting, place.port, text);
    if (place.name !== place.written) warn(`"${place.written}" is read as ${name}`);
    if (place.section !== undefined ? place.section !== home : place.port === undefined) {
      const where =
        place.section === undefined ? 'stands before any section' : `stands in [${place.section}]`;
      warn(`${where}; it belongs to [${home}] and is read all the same`);
    }
    if (place.port !== undefined) this.#oddPort(line, place.port);
    if (place.isPortByName) warn(`settings of one port belong to [ports."${place.port}"]; read all the same`);
    const read = place.isTable ? { fault: 'in a table is not possible' } : this.#value(setting, value);
    if ('fault' in read) {
      const hint = read.hint === undefined ? '' : `; ${read.hint}`;
      const text = `${shortened(value)} ${read.fault}; allowed: ${allowed(setting)}${hint}`;
      this.#report('error', line, setting, place.port, text);
    } else {
      const note = statement.note ?? read.note;
      if (note !== undefined) warn(note);
    }
    this.#enter(setting, place.port, line, 'fault' in read ? undefined : read.value);
  }

  /** Settings of a port that nobody opens count nowhere. */
  #oddPort(line: number, port: string): void {
    if (/^\w+\[\d+\]$|^tty\w+$|^tcp:\/\/\S+:\d+$|^ble:|\//.test(port) || this.#oddPorts.has(port)) return;
    this.#oddPorts.add(port);
    const meant = /^(USB|ACM|S|AMA|O)\d+$/i.test(port) ? `; did you mean [ports."tty${port}"]?` : '';
    this.#findings.push({
      line,
      key: `ports."${port}"`,
      severity: 'warning',
      text: `is no name of a port, such as ttyUSB0 or tcp://10.0.0.5:23${meant}`,
    });
  }

  #value(setting: Setting, raw: unknown): ReturnType<typeof readValue> {
    const read = readValue(setting, raw);
    const { bmsTypes } = this.#options;
    if (setting.key !== 'connection.bms' || bmsTypes === undefined || 'fault' in read) return read;
    const types = ['auto', ...bmsTypes];
    const meant = types.find((type) => plainName(type) === plainName(String(read.value)));
    if (meant !== undefined) return { value: meant };
    const near = nearest(String(read.value), types);
    return {
      fault: 'is no known BMS type',
      ...(near !== undefined && { hint: `nearest: "${near}"` }),
    };
  }

  #enter(setting: Setting, port: string | undefined, line: number, value: SettingValue | undefined): void {
    const entries = this.#entries.get(port ?? '') ?? new Map<string, Entry>();
    this.#entries.set(port ?? '', entries);
    const [, name] = splitKey(setting.key);
    const values = value === undefined ? [] : [value];
    const before = entries.get(name);
    if (before === undefined) {
      entries.set(name, { setting, line, values, isBad: value === undefined });
      return;
    }
    const [first] = before.values;
    const isSame = !before.isBad && value !== undefined && written(first) === written(value);
    const text = `is given twice, before in line ${before.line}`;
    if (isSame) this.#report('warning', line, setting, port, text);
    else {
      this.#report('error', line, setting, port, `${text}, with another value`);
      entries.set(name, { setting, line: before.line, values: [...before.values, ...values], isBad: true });
    }
  }

  #unknown(statement: { readonly line: number }, place: Place): void {
    const key = [...(place.section === undefined ? [] : [place.section]), place.written].join('.');
    this.#findings.push({
      line: statement.line,
      key: key.slice(0, 80),
      severity: 'warning',
      text:
        legacyHint(place.written) ?? `there is no such setting, it is ignored${nearestHint(place.written)}`,
      ...(place.port !== undefined && { port: place.port }),
    });
  }

  #report(
    severity: Problem['severity'],
    line: number,
    setting: Setting | undefined,
    port: string | undefined,
    text: string,
  ): void {
    const key = setting === undefined ? undefined : keyOnPort(setting.key, port);
    this.#findings.push({
      line,
      severity,
      text: severity === 'error' && setting !== undefined ? `${text}; ${insteadOf(setting)}` : text,
      ...(key !== undefined && { key }),
      ...(port !== undefined && { port }),
    });
  }
}

/** The names in a header, whole or not. */
function headerNames(header: string): string[] {
  return header.replaceAll(/[[\]]/g, '').split('.').map(unquoted);
}

function nearestHint(name: string): string {
  const meant = SETTING_BY_NAME.get(nearest(name, SETTING_BY_NAME.keys()) ?? '');
  return meant === undefined ? '' : `; the nearest is ${meant.key}`;
}

/** What became of an option that people know from dbus-serialbattery. */
function legacyHint(name: string): string | undefined {
  const key = legacyOption(name)?.key;
  if (key !== undefined) {
    return `is an option of dbus-serialbattery and ignored; here it is ${key}, and import-config converts the whole file`;
  }
  const reason = /^[A-Z][A-Z\d_]+$/.test(name) ? legacyReason(name)?.why : undefined;
  return reason === undefined ? undefined : `is an option of dbus-serialbattery and ignored: ${reason}`;
}
