import { nearest } from './nearest.ts';
import type { Setting, SettingValue } from './table.ts';

export type ReadValue =
  | { readonly value: SettingValue; readonly note?: string }
  | { readonly fault: string; readonly hint?: string };

/** What a value of the file means for `setting`, or why it cannot be used. Never throws. */
export function readValue(setting: Setting, raw: unknown): ReadValue {
  if (typeof raw === 'string' && setting.words?.includes(raw.toLowerCase()))
    return { value: raw.toLowerCase() };
  switch (setting.type) {
    case 'number':
    case 'integer':
      return readNumber(setting, raw);
    case 'boolean':
      return readBoolean(raw);
    case 'choice':
      return readChoice(setting, raw);
    case 'text':
      return readText(setting, raw);
    case 'integers':
      return readIntegers(setting, raw);
    case 'rows':
      return readRows(setting, raw);
    case 'texts':
      return readTexts(setting, raw);
    case 'labels':
    case 'numbers':
      return readNamed(setting, raw);
  }
}

function readNumber(setting: Setting, raw: unknown): ReadValue {
  const number = typeof raw === 'string' ? numberInText(raw) : { value: raw };
  if ('fault' in number) return number;
  const { value } = number;
  if (typeof value !== 'number' || !Number.isFinite(value)) return { fault: 'is not a number' };
  if (setting.type !== 'number' && !Number.isInteger(value)) return { fault: 'is not a whole number' };
  if (setting.values !== undefined && !setting.values.includes(value)) return { fault: 'is not possible' };
  if (value < (setting.min ?? Number.NEGATIVE_INFINITY)) return { fault: 'is too low' };
  if (value > (setting.max ?? Number.POSITIVE_INFINITY)) return { fault: 'is too high' };
  return typeof raw === 'string' ? { value, note: `a number needs no quotes: write ${value}` } : { value };
}

/** A number that was written as text: without doubt, or with a hint how it must be written. */
function numberInText(text: string): { value: number } | { fault: string; hint?: string } {
  const trimmed = text.trim();
  if (/^[+-]?\d+(\.\d+)?$|^0x[\da-f]+$/i.test(trimmed)) return { value: Number(trimmed) };
  const comma = /^([+-]?\d+),(\d+)$/.exec(trimmed);
  if (comma !== null) {
    return { fault: 'is not a number', hint: `decimals follow a point: ${comma[1]}.${comma[2]}` };
  }
  const unit = /^([+-]?\d+(?:\.\d+)?)\s*[a-z%°]+$/i.exec(trimmed);
  if (unit !== null) return { fault: 'is not a number', hint: `write it without the unit: ${unit[1]}` };
  return { fault: 'is not a number' };
}

function readBoolean(raw: unknown): ReadValue {
  if (typeof raw === 'boolean') return { value: raw };
  if (typeof raw === 'string' && /^(true|false)$/i.test(raw)) {
    const value = raw.toLowerCase() === 'true';
    return { value, note: `write ${value} without quotes and in lower case` };
  }
  return { fault: 'is neither true nor false' };
}

function readChoice(setting: Setting, raw: unknown): ReadValue {
  const values = (setting.values ?? []).map(String);
  if (typeof raw !== 'string') return { fault: 'is not one of the words' };
  if (values.includes(raw)) return { value: raw };
  const meant = values.find((value) => plain(value) === plain(raw));
  if (meant !== undefined) return { value: meant, note: `write "${meant}"` };
  const fault = 'is not one of the words';
  const other = Object.entries(setting.alsoCalled ?? {}).find(([name]) => name === plain(raw))?.[1];
  const near = other ?? nearest(raw, values);
  return near === undefined ? { fault } : { fault, hint: `did you mean "${near}"?` };
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[\s_-]/g, '');
}

function readText(setting: Setting, raw: unknown): ReadValue {
  const text = typeof raw === 'number' && Number.isFinite(raw) ? String(raw) : raw;
  if (typeof text !== 'string') return { fault: 'is not a text' };
  const { min = 0, max = Number.POSITIVE_INFINITY } = setting;
  const length = [...text.trim()].length;
  if (length < min) return { fault: 'is too short' };
  if (length > max) return { fault: 'is too long' };
  if (/\p{Cc}/u.test(text)) return { fault: 'holds control characters' };
  if (setting.schemes !== undefined) return readAddress(setting.schemes, text.trim());
  return typeof raw === 'number'
    ? { value: text, note: `write "${text}" in quotes` }
    : { value: text.trim() };
}

function readAddress(schemes: readonly string[], text: string): ReadValue {
  const form = `${schemes[0]}://host:port`;
  if (!URL.canParse(text)) return { fault: 'is no address', hint: `write ${form}` };
  const { hostname, password, protocol, username } = new URL(text);
  if (!schemes.includes(protocol.slice(0, -1)) || hostname === '') {
    return { fault: `is no address that begins with ${schemes.join(':// or ')}://`, hint: `write ${form}` };
  }
  if (username !== '' || password !== '') {
    return { fault: 'names a user or a password', hint: 'they are settings of their own' };
  }
  return { value: text };
}

function readIntegers(setting: Setting, raw: unknown): ReadValue {
  const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  if (list.length === 0) return { fault: 'is an empty list' };
  const numbers: number[] = [];
  let note: string | undefined;
  for (const item of list) {
    const read = readNumber(setting, item);
    if ('fault' in read) return read;
    if (typeof read.value !== 'number') return { fault: 'is not a list of numbers' };
    if (numbers.includes(read.value)) return { fault: `names ${read.value} twice` };
    numbers.push(read.value);
    note ??= read.note;
  }
  return note === undefined ? { value: numbers } : { value: numbers, note };
}

function readRows(setting: Setting, raw: unknown): ReadValue {
  const [x, y] = setting.columns ?? [];
  if (!Array.isArray(raw) || raw.length < 2 || x === undefined || y === undefined) {
    return { fault: 'needs at least two rows' };
  }
  const rows: (readonly [number, number])[] = [];
  for (const row of raw as readonly unknown[]) {
    const [a, b, more]: readonly unknown[] = Array.isArray(row) ? row : [];
    if (typeof a !== 'number' || typeof b !== 'number' || more !== undefined) {
      return { fault: 'has a row that is not a pair of numbers' };
    }
    const inside = a >= x.min && a <= x.max && b >= y.min && b <= y.max;
    if (!inside) return { fault: `has a row out of range, [${a}, ${b}]` };
    const before = rows.at(-1);
    if (before !== undefined && before[0] >= a) return { fault: `does not rise from ${before[0]} to ${a}` };
    rows.push([a, b]);
  }
  return { value: rows };
}

function readTexts(setting: Setting, raw: unknown): ReadValue {
  const list: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  const texts: string[] = [];
  let note: string | undefined;
  for (const item of list) {
    const read = setting.values === undefined ? readText(setting, item) : readChoice(setting, item);
    if ('fault' in read) return read;
    const text = String(read.value);
    if (texts.includes(text)) return { fault: `names "${text}" twice` };
    texts.push(text);
    note ??= read.note;
  }
  return note === undefined ? { value: texts } : { value: texts, note };
}

/** One value by its name; the reader of the file gives them one by one. */
function readNamed(setting: Setting, raw: unknown): ReadValue {
  const entries = typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? Object.entries(raw) : [];
  if (entries.length === 0) return { fault: 'has no name before it: write name = value below the section' };
  const values: [string, string | number][] = [];
  let note: string | undefined;
  for (const [name, item] of entries) {
    const read =
      setting.type === 'labels' ? readText(setting, item) : readNumber({ ...setting, type: 'integer' }, item);
    if ('fault' in read) return read;
    if (typeof read.value === 'string' || typeof read.value === 'number') values.push([name, read.value]);
    note ??= read.note;
  }
  const value = Object.fromEntries(values);
  return note === undefined ? { value } : { value, note };
}

/** What may be written, for people: `0.5..1000 A or "auto"`. */
export function allowed(setting: Setting): string {
  const { type, unit, min, max, values, words = [], columns } = setting;
  const of = unit === undefined ? '' : ` ${unit}`;
  const parts: string[] = [];
  if (type === 'boolean') parts.push('true', 'false');
  else if (setting.schemes !== undefined)
    parts.push(...setting.schemes.map((scheme) => `${scheme}://host:port`));
  else if (type === 'text') parts.push(`a text of ${min} to ${max} characters`);
  else if (type === 'texts')
    return values === undefined
      ? `a list of texts of ${min} to ${max} characters`
      : `a list of ${values.map((value) => JSON.stringify(value)).join(', ')}`;
  else if (type === 'labels') return `name = "text" for each, a text of ${min} to ${max} characters`;
  else if (type === 'numbers') return `name = number for each, ${min}..${max}`;
  else if (values !== undefined) parts.push(...values.map((value) => JSON.stringify(value)));
  else if (columns !== undefined) {
    const [x, y] = columns.map((column) => `${column.min}..${column.max} ${column.unit}`);
    parts.push(`two or more rows of [${x}, ${y}]`);
  } else parts.push(`${type === 'integers' ? 'one or more of ' : ''}${min}..${max}${of}`);
  parts.push(...words.map((word) => `"${word}"`));
  const last = parts.pop() ?? '';
  return parts.length === 0 ? last : `${parts.join(', ')} or ${last}`;
}

/** A value for people: as it is written in the file, with its unit. */
export function withUnit(setting: Setting, value: unknown): string {
  return `${written(value)}${typeof value === 'number' && setting.unit !== undefined ? ` ${setting.unit}` : ''}`;
}

/** A value as it is written in the file. */
export function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`;
  if (typeof value === 'number') return String(value);
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([name, item]) => `${JSON.stringify(name)} = ${written(item)}`)
      .join(', ')} }`;
  }
  return JSON.stringify(value) ?? String(value);
}

/** A value of the file for a line of the log. */
export function shortened(value: unknown): string {
  const text = written(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** What counts until a bad value is put right. */
export function insteadOf(setting: Setting): string {
  const safe = setting.safe ?? setting.default;
  if (safe === undefined) return `until then: ${setting.otherwise ?? 'the preset'}`;
  const most = typeof safe === 'number' && setting.saferEnd === 'low' ? 'at most ' : '';
  return `until then: ${most}${withUnit(setting, safe)}`;
}
