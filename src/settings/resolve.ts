import { CELL_LIMITS, CHEMISTRIES, type Chemistry } from '../model/chemistry.ts';
import { reconcile } from './contradictions.ts';
import { type Section, type SectionValues, type Stated, valuesOf } from './section.ts';
import { portName } from './setting-location.ts';
import {
  SETTING_BY_NAME,
  type Setting,
  type SettingName,
  type Settings,
  type SettingValue,
  settingsFrom,
} from './table.ts';

export interface Problem {
  /** Line of the file, from 1; absent when the file as a whole is meant. */
  readonly line?: number;
  /** `section.name`, with the port before it when only that port is meant. */
  readonly key?: string;
  /** An error makes the limits conservative until it is put right; a warning changes nothing. */
  readonly severity: 'error' | 'warning';
  readonly text: string;
}

/** What counts on one port. */
export interface PortSettings {
  readonly settings: Settings;
  /** Present when anything that concerns this port is wrong; the first error, for people. */
  readonly configError?: string;
  /** What concerns this port, in the order of the file. */
  readonly problems: readonly Problem[];
}

export interface SettingsFile {
  readonly fileName: string;
  /** There is no such file, so the defaults count. */
  readonly isMissing?: true;
  /** Everything that is wrong anywhere in the file, in the order of its lines. */
  readonly problems: readonly Problem[];
  /** The ports that have settings of their own. */
  readonly ports: readonly string[];
  /** Settings for `/dev/ttyUSB0`, `ttyUSB0` or `tcp://host:port`; for any other port those that count for all. */
  forPort(port?: string): PortSettings;
  /** What `[section]` says; undefined when it is not there, or lacks what it needs. */
  section<S extends Section>(section: S): InForce<S> | undefined;
  /** Each `[[section]]` that has what it needs, in the order of the file. */
  list<S extends Section>(section: S): readonly InForce<S>[];
  /** Secrets that the file holds, to be kept out of every log. */
  readonly secrets: readonly string[];
  /** The line that says what a setting is on that port; undefined when none does. */
  lineOf(name: SettingName, port?: string): number | undefined;
}

/** A section of its own, or one of a list. */
export interface InForce<S extends Section> {
  readonly values: SectionValues<S>;
  /** `bridge`, or `bluetooth[2]` for the second of a list. */
  readonly place: string;
  readonly line: number;
  /** What is wrong in it, in the order of the file. */
  readonly problems: readonly Problem[];
  /** The settings of a battery that count for it: those for all ports, and of a list its own. */
  readonly port: PortSettings;
}

/** What the file says of one setting, for all ports or for one. */
export interface Entry {
  readonly setting: Setting;
  readonly line: number;
  /** Every readable value that was given; more than one only when it is bad. */
  readonly values: readonly SettingValue[];
  readonly isBad: boolean;
}

/** A problem, and the port, or the place of a section of its own, that alone it concerns. */
export interface Finding extends Problem {
  readonly port?: string;
}

/** Entries by port, or by place in a list; '' for all ports; then by the name of the setting. */
export type Entries = ReadonlyMap<string, ReadonlyMap<string, Entry>>;

/** Puts together what the file says: for each port the defaults, what counts for all, and what is the port's own. */
export function settingsFile(
  fileName: string,
  findings: readonly Finding[],
  entries: Entries,
  stated: readonly Stated[] = [],
  secrets: readonly string[] = [],
): SettingsFile {
  const places = new Set(stated.map(({ place }) => place));
  const ports = [...entries.keys()].filter((port) => port !== '' && !places.has(port));
  const forPort = (port = ''): PortSettings => resolve(findings, entries, portName(port));
  const all = new Map<string, Problem>();
  // A contradiction shows only once a port's settings are put together; the same one may show on several ports.
  const everywhere: Finding[] = [
    ...findings,
    ...['', ...ports, ...places].flatMap((port) => forPort(port).problems),
  ];
  for (const finding of everywhere) {
    const { port: _port, ...problem } = finding;
    const id = `${problem.line} ${problem.key} ${problem.text}`;
    if (!all.has(id)) all.set(id, problem);
  }
  const lineOf = (name: SettingName, port = ''): number | undefined =>
    (entries.get(portName(port))?.get(name) ?? entries.get('')?.get(name))?.line;
  const list = <S extends Section>(section: S): readonly InForce<S>[] =>
    stated
      .filter((one) => one.section.name === section.name)
      .flatMap((one) => {
        const values = valuesOf(one, section);
        if (values === undefined) return [];
        const { place, line } = one;
        const own = findings.filter(({ port }) => port === place);
        const problems = inOrder(own.map(({ port: _port, ...problem }) => problem));
        return [{ values, place, line, problems, port: forPort(place) }];
      });
  const section = <S extends Section>(section: S): InForce<S> | undefined => list(section)[0];
  return { fileName, problems: inOrder([...all.values()]), ports, forPort, lineOf, section, list, secrets };
}

function resolve(findings: readonly Finding[], entries: Entries, port: string): PortSettings {
  const general = entries.get('') ?? new Map<string, Entry>();
  const own = entries.get(port) ?? new Map<string, Entry>();
  const chemistry = chemistryIn(general, port === '' ? general : own);
  const values = new Map<string, SettingValue>();
  for (const [name, setting] of SETTING_BY_NAME) {
    const value = statedValue(setting, general.get(name), port === '' ? undefined : own.get(name), chemistry);
    if (value !== undefined) values.set(name, value);
  }
  const { settings, contradictions } = reconcile(settingsFrom(values), chemistry);
  const concerning = findings.filter((finding) => finding.port === undefined || finding.port === port);
  const problems: Problem[] = concerning.map(({ port: _port, ...problem }) => problem);
  for (const { keys, text } of contradictions) {
    const stated = keys
      .map((name) => own.get(name) ?? general.get(name))
      .find((entry) => entry !== undefined);
    if (stated === undefined) continue;
    const onPort = keys.some((name) => port !== '' && own.has(name)) ? port : undefined;
    const key = keyOnPort(stated.setting.key, onPort);
    problems.push({ line: stated.line, key, severity: 'error', text: `${text}; until then: the preset` });
  }
  const configError = summary(problems);
  return { settings, problems: inOrder(problems), ...(configError !== undefined && { configError }) };
}

/** The chemistry that the file states for a port; while it is open, LiFePO4, to which `controlSettings` has the last word. */
function chemistryIn(general: ReadonlyMap<string, Entry>, own: ReadonlyMap<string, Entry>): Chemistry {
  const entry = own.get('chemistry') ?? general.get('chemistry');
  const stated = entry === undefined || entry.isBad ? undefined : entry.values[0];
  return CHEMISTRIES.find((chemistry) => chemistry === stated) ?? 'lfp';
}

function statedValue(
  setting: Setting,
  general: Entry | undefined,
  own: Entry | undefined,
  chemistry: Chemistry,
): SettingValue | undefined {
  const entry = own ?? general;
  if (entry === undefined) return undefined;
  if (!entry.isBad) return entry.values[0];
  return fallback(
    setting,
    [...entry.values, ...(own === undefined ? [] : (general?.values ?? []))],
    chemistry,
  );
}

/**
 * What counts while the written value is bad: the careful preset, or a readable value from elsewhere in the file that is
 * more careful still. Undefined: the preset of the chemistry or of the law.
 */
function fallback(
  setting: Setting,
  readable: readonly SettingValue[],
  chemistry: Chemistry,
): SettingValue | undefined {
  const preset = setting.safe ?? setting.default;
  if (setting.saferEnd === undefined) return preset;
  const sign = setting.saferEnd === 'low' ? 1 : -1;
  let best = preset;
  let least = sign * Number(preset ?? cellPreset(setting, chemistry));
  for (const value of readable) {
    // "auto" follows the BMS, so nobody knows how careful it is.
    const rank = typeof value === 'number' || typeof value === 'boolean' ? sign * Number(value) : Number.NaN;
    if (rank < least) {
      best = value;
      least = rank;
    }
  }
  return best;
}

function cellPreset(setting: Setting, chemistry: Chemistry): number {
  const { absorb, float, softMin } = CELL_LIMITS[chemistry];
  const presets: Readonly<Record<string, number>> = {
    'charge.absorbCellVoltage': absorb,
    'charge.floatCellVoltage': float,
    'charge.minCellVoltage': softMin,
  };
  return presets[setting.key] ?? Number.NaN;
}

/** `ports."ttyUSB0".limits.x`, or `bluetooth[2].limits.x`. */
export function keyOnPort(key: string, port: string | undefined): string {
  if (port !== undefined && /^\w+\[\d+\]$/.test(port)) return `${port}.${key}`;
  return port === undefined ? key : `ports."${port}".${key}`;
}

function inOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function summary(problems: readonly Problem[]): string | undefined {
  const errors = inOrder(problems.filter(({ severity }) => severity === 'error'));
  const [first] = errors;
  if (first === undefined) return undefined;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return `${describe(first)}${more}`;
}

/** `line 3: limits.maxChargeCurrent: 5000 is too high ...`. */
export function describe({ line, key, text }: Problem): string {
  return [...(line === undefined ? [] : [`line ${line}`]), ...(key === undefined ? [] : [key]), text].join(
    ': ',
  );
}
