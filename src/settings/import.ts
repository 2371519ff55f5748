import { parseSettings } from './file.ts';
import { isRefusal, LEGACY_OPTIONS, type LegacyOption, legacyReason } from './legacy.ts';
import type { Problem } from './resolve.ts';
import { SECTIONS, SETTING_BY_NAME, type SettingValue, splitKey } from './table.ts';
import { allowed, readValue, written } from './value.ts';

/** One option of the old file that was not taken over, and why. */
export interface NotTaken {
  readonly option: string;
  readonly line: number;
  readonly why: string;
}

export interface Imported {
  /** A settings file of this driver. */
  readonly toml: string;
  readonly taken: number;
  readonly notTaken: readonly NotTaken[];
  /** What the check of that file says: contradictions that the old file held too. */
  readonly problems: readonly Problem[];
}

interface OldOption {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/**
 * Turns the `config.ini` of dbus-serialbattery into settings of this driver. Pure and total. Options that nobody changed are
 * left out, so that this driver's own defaults count; only the maximum currents of the owner stay.
 */
export function importConfig(text: string, bmsTypes?: readonly string[]): Imported {
  const options = new Map(readIni(text).map((option) => [option.name, option]));
  const lookup = (name: string): string => options.get(name)?.value ?? LEGACY_OPTIONS[name]?.was ?? '';
  const taken = new Map<string, { readonly value: SettingValue; readonly from: readonly OldOption[] }>();
  const notTaken: NotTaken[] = [];
  for (const option of options.values()) {
    const { name, line } = option;
    const legacy = Object.hasOwn(LEGACY_OPTIONS, name) ? LEGACY_OPTIONS[name] : undefined;
    if (legacy === undefined) {
      const why = legacyReason(name) ?? 'this option is not known';
      notTaken.push({ option: name, line, why });
    } else if (!isUntouched(option, legacy)) {
      const read = takeOver(legacy, option, lookup, bmsTypes);
      if (read.why !== undefined) notTaken.push({ option: name, line, why: read.why });
      if (read.value !== undefined) {
        const from = [...(taken.get(legacy.key)?.from ?? []), option];
        taken.set(legacy.key, { value: read.value, from });
      }
    }
  }
  const toml = [...settingLines(taken), ...notTakenLines(notTaken)].join('\n');
  const { problems } = parseSettings(toml, 'dbus-bms.toml', bmsTypes === undefined ? {} : { bmsTypes });
  return { toml, taken: taken.size, notTaken, problems };
}

function isUntouched({ value }: OldOption, { was, binds }: LegacyOption): boolean {
  if (binds) return false;
  const comparable = (text: string): string =>
    text
      .split(',')
      .map((part) => (part.trim() === '' || Number.isNaN(Number(part)) ? part.trim() : String(Number(part))))
      .join()
      .toLowerCase();
  return value === '' || comparable(value) === comparable(was);
}

function takeOver(
  legacy: LegacyOption,
  option: OldOption,
  lookup: (name: string) => string,
  bmsTypes?: readonly string[],
): { readonly value?: SettingValue; readonly why?: string } {
  const setting = SETTING_BY_NAME.get(splitKey(legacy.key)[1]);
  if (setting === undefined) return { why: 'it has no counterpart' };
  const converted = legacy.convert(option.value, lookup);
  const refuse = (why: string): { why: string; value?: SettingValue } => {
    // Without the old limit this driver's default would count, which may be higher than what its owner meant.
    if (setting.default !== undefined || setting.safe === undefined) return { why };
    return { why: `${why}; ${written(setting.safe)} is set instead`, value: setting.safe };
  };
  if (isRefusal(converted)) return refuse(`${converted.because}; here it would be ${legacy.key}`);
  if (legacy.key === 'connection.bms' && bmsTypes !== undefined && !bmsTypes.includes(String(converted))) {
    return refuse(`there is no BMS type of that name; ${legacy.key} may be ${bmsTypes.join(', ')}`);
  }
  const read = readValue(setting, converted);
  if ('value' in read) return { value: read.value };
  return refuse(`${written(converted)} ${read.fault}; ${legacy.key} may be ${allowed(setting)}`);
}

function settingLines(
  taken: ReadonlyMap<string, { readonly value: SettingValue; readonly from: readonly OldOption[] }>,
): string[] {
  const lines = ['# Settings of dbus-bms, made from a config.ini of dbus-serialbattery.'];
  for (const section of SECTIONS) {
    const own = [...taken].filter(([key]) => key.startsWith(`${section}.`));
    if (own.length > 0) lines.push('', `[${section}]`);
    for (const [key, { value, from }] of own) {
      const name = key.slice(section.length + 1);
      lines.push(`${name} = ${written(value)}  # ${from.map((option) => option.name).join(', ')}`);
    }
  }
  if (taken.size === 0) lines.push('# No option was changed there, so nothing needs to be set here.');
  return lines;
}

function notTakenLines(notTaken: readonly NotTaken[]): string[] {
  if (notTaken.length === 0) return [''];
  return ['', '# Not taken over:', ...notTaken.map(({ option, why }) => `# ${option}: ${why}`), ''];
}

/**
 * Reads INI lines with the habits of Python's configparser: names in any case, `=` or `:`, indented lines go on with the value,
 * sections do not matter, the last of equal names counts; plus comments at the end of a line, which many have written.
 */
function readIni(text: string): OldOption[] {
  const found: OldOption[] = [];
  text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .forEach((raw, index) => {
      const content = raw.replace(/(^|\s)[;#].*$/, '').trimEnd();
      if (content.trim() === '' || content.startsWith('[')) return;
      const before = found.at(-1);
      if (/^\s/.test(content) && before !== undefined && !/^\s*[A-Za-z]\w*\s*=/.test(content)) {
        const value = [before.value, content.trim()].filter((part) => part !== '').join(' ');
        found[found.length - 1] = { ...before, value };
        return;
      }
      const [, name, value] = /^\s*([A-Za-z]\w*)\s*[=:]\s*(.*)$/.exec(content) ?? [];
      if (name !== undefined && value !== undefined) {
        found.push({ name: name.toUpperCase(), value: value.trim(), line: index + 1 });
      }
    });
  return found;
}
