import { parseSettings } from './file.ts';
import { type IniOption, readIni } from './ini.ts';
import {
  isRefusal,
  LEGACY_OPTIONS,
  type LegacyOption,
  type Lookup,
  legacyOption,
  newestName,
} from './legacy.ts';
import { legacyReason, noEffect } from './legacy-reasons.ts';
import { nearest, plainName } from './nearest.ts';
import type { Problem } from './resolve.ts';
import { SECTIONS, SETTING_BY_NAME, type Setting, type SettingValue, splitKey } from './table.ts';
import { allowed, readValue, written } from './value.ts';

/** One option of the old file that was not taken over, and why. */
export interface NotTaken {
  readonly option: string;
  readonly line: number;
  readonly why: string;
  /** This driver may allow more than the old file did. */
  readonly isLost: boolean;
}

export interface Imported {
  /** A settings file of this driver. */
  readonly toml: string;
  /** Options whose value stands in that file. */
  readonly taken: number;
  readonly notTaken: readonly NotTaken[];
  /** What the check of that file says: contradictions that the old file held too. */
  readonly problems: readonly Problem[];
}

interface Taken {
  readonly value: SettingValue;
  readonly from: readonly IniOption[];
}

/**
 * Turns the `config.ini` of dbus-serialbattery, any version, into settings of this driver. Pure and total. Whatever stands in
 * the file is a wish of its owner: it is in the result, or it is named with the reason why not.
 */
export function importConfig(text: string, bmsTypes?: readonly string[]): Imported {
  const { options, strange } = readIni(text);
  const notTaken: NotTaken[] = strange.map(({ line, text: content }) => ({
    option: printable(JSON.stringify(content.slice(0, 40))),
    line,
    why: 'this line cannot be read; expected NAME = value',
    isLost: true,
  }));
  const stated = new Map<string, IniOption>();
  for (const option of options) {
    const name = newestName(option.name);
    const before = stated.get(name);
    const { counts, gives } =
      before === undefined ? { counts: option, gives: undefined } : choose(before, option);
    stated.set(name, counts);
    if (gives !== undefined) notTaken.push(contradicted(gives, counts));
  }
  const other: Lookup = (name) => {
    const value = stated.get(name)?.value;
    return value === '' ? undefined : value;
  };
  const taken = new Map<string, Taken>();
  for (const option of stated.values()) {
    const { name, line } = option;
    const legacy = legacyOption(name);
    const outcome =
      legacy === undefined ? withoutCounterpart(option, other) : takeOver(legacy, option, other, bmsTypes);
    if (outcome.why !== undefined) {
      notTaken.push({ option: name, line, why: outcome.why, isLost: outcome.isLost ?? false });
    }
    if (legacy !== undefined && outcome.value !== undefined) {
      const from = [...(taken.get(legacy.key)?.from ?? []), option];
      taken.set(legacy.key, { value: outcome.value, from });
    }
  }
  const named = notTaken.toSorted((a, b) => a.line - b.line);
  const toml = [...settingLines(taken), ...notTakenLines(named), ''].join('\n');
  const { problems } = parseSettings(toml, 'dbus-bms.toml', bmsTypes === undefined ? {} : { bmsTypes });
  return { toml, taken: [...taken.values()].flatMap(({ from }) => from).length, notTaken: named, problems };
}

/** Why a text is no `config.ini` of the old driver at all; undefined when it may be one. */
export function notConfigIni(text: string): string | undefined {
  const expected = 'expected the config.ini of dbus-serialbattery';
  if (text.includes('\0')) return `this is not a text; ${expected}`;
  if (text.trim() === '') return `the file is empty; ${expected}`;
  const { options, sections, strange } = readIni(text);
  const known = options.filter(({ name }) => isLegacyName(name)).length;
  const ours =
    options.filter(({ name }) => settingNamed(name) !== undefined).length +
    sections.filter((section) => SECTIONS.includes(section.split('.')[0] ?? '')).length;
  if (ours > known) return `these are settings of this driver already; ${expected}`;
  if (known === 0 && options.length + strange.length > 0) {
    return `none of its lines is an option of that driver; ${expected}`;
  }
  if (strange.length > options.length) {
    return `most of its lines are not of the form NAME = value; ${expected}`;
  }
  return undefined;
}

function isLegacyName(name: string): boolean {
  return legacyOption(name) !== undefined || legacyReason(name) !== undefined;
}

function settingNamed(name: string): Setting | undefined {
  return [...SETTING_BY_NAME].find(([own]) => plainName(own) === plainName(name) && !name.includes('_'))?.[1];
}

interface Outcome {
  readonly value?: SettingValue;
  readonly why?: string;
  readonly isLost?: boolean;
}

function withoutCounterpart({ name, value }: IniOption, other: Lookup): Outcome {
  const reason = legacyReason(name, value, other);
  if (reason !== undefined) return value === '' ? {} : reason;
  // Nobody knows what it limits.
  const meant = nearest(name, Object.keys(LEGACY_OPTIONS));
  const hint = meant === undefined ? '' : `; the nearest is ${meant}`;
  return { why: `this option is not known${hint}`, isLost: true };
}

/** Of an option that is given twice, under one name or two, the more careful value counts; where none is, the later one. */
function choose(before: IniOption, later: IniOption): { counts: IniOption; gives: IniOption | undefined } {
  if (before.value === '') return { counts: later, gives: undefined };
  if (later.value === '') return { counts: before, gives: undefined };
  const legacy = legacyOption(later.name);
  const saferEnd = legacy === undefined ? undefined : settingOf(legacy)?.saferEnd;
  const rank = ({ value }: IniOption): number => {
    const converted = legacy?.convert(value, () => undefined);
    if (typeof converted !== 'number' && typeof converted !== 'boolean') return Number.NaN;
    return saferEnd === 'high' ? -Number(converted) : Number(converted);
  };
  const isBeforeSafer = saferEnd !== undefined && rank(before) < rank(later);
  return isBeforeSafer ? { counts: before, gives: later } : { counts: later, gives: before };
}

function contradicted({ name, line, value }: IniOption, counts: IniOption): NotTaken {
  const where = `line ${counts.line} (${counts.name})`;
  if (value === counts.value) return { option: name, line, why: `${where} says the same`, isLost: false };
  const legacy = legacyOption(name);
  return {
    option: name,
    line,
    why: `${where} says otherwise, and counts`,
    isLost:
      legacy?.isHarmless !== true && (legacy === undefined || settingOf(legacy)?.saferEnd === undefined),
  };
}

function settingOf(legacy: LegacyOption): Setting | undefined {
  return SETTING_BY_NAME.get(splitKey(legacy.key)[1]);
}

function takeOver(
  legacy: LegacyOption,
  { value }: IniOption,
  other: Lookup,
  bmsTypes?: readonly string[],
): Outcome {
  const setting = settingOf(legacy);
  if (setting === undefined) return { why: 'it has no counterpart', isLost: true };
  if (value === '' && legacy.isRequired !== true) return {};
  const off = legacy.needs === undefined ? undefined : noEffect(legacy.needs, other);
  if (off !== undefined) return { why: off };
  const isLost = legacy.isHarmless !== true;
  const refuse = (why: string, nearestAllowed?: number): Outcome => {
    // Without the old limit this driver's default would count, which may be higher than what its owner meant.
    const instead = nearestAllowed ?? (setting.default === undefined ? setting.safe : undefined);
    if (instead === undefined) return { why, isLost };
    return { why: `${why}; ${written(instead)} is set instead`, value: instead, isLost };
  };
  const converted = legacy.convert(value, other);
  if (isRefusal(converted)) return refuse(`${converted.because}; here it would be ${legacy.key}`);
  if (legacy.key === 'connection.bms' && bmsTypes !== undefined && !bmsTypes.includes(String(converted))) {
    return refuse(`there is no BMS type of that name; ${legacy.key} may be ${bmsTypes.join(', ')}`);
  }
  const read = readValue(setting, converted);
  if ('value' in read) return { value: read.value };
  const { saferEnd, min } = setting;
  const isBelow = typeof converted === 'number' && min !== undefined && converted < min;
  return refuse(
    `${written(converted)} ${read.fault}; ${legacy.key} may be ${allowed(setting)}`,
    isBelow && saferEnd === 'low' ? min : undefined,
  );
}

function settingLines(taken: ReadonlyMap<string, Taken>): string[] {
  const lines = ['# Settings of dbus-bms, made from a config.ini of dbus-serialbattery.'];
  for (const section of SECTIONS) {
    const own = [...taken].filter(([key]) => key.startsWith(`${section}.`));
    if (own.length > 0) lines.push('', `[${section}]`);
    for (const [key, { value, from }] of own) {
      const name = key.slice(section.length + 1);
      lines.push(`${name} = ${written(value)}  # ${from.map((option) => option.name).join(', ')}`);
    }
  }
  if (taken.size === 0)
    lines.push('# Nothing there has a counterpart here, so every setting has its default.');
  return lines;
}

function notTakenLines(notTaken: readonly NotTaken[]): string[] {
  const lost = notTaken.filter(({ isLost }) => isLost);
  const others = notTaken.filter(({ isLost }) => !isLost);
  const block = (title: string, rows: readonly NotTaken[]): string[] =>
    rows.length === 0 ? [] : ['', title, ...rows.map(({ option, why }) => printable(`# ${option}: ${why}`))];
  return [
    ...block('# Limits of the old file that do not count here:', lost),
    ...block('# Not taken over:', others),
  ];
}

/** Control characters must not stand in a comment. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '?');
}
