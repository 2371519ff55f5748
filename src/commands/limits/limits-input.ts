import { ALARM_NAMES } from '../../model/alarms.ts';
import { CHEMISTRIES } from '../../model/chemistry.ts';
import type { BankReading } from '../../model/reading.ts';

/** What one line on stdin says. */
export interface InputLine {
  /** Monotonic seconds; absent when the line does not tell them. */
  readonly t?: number;
  /** Absent: a failed poll. */
  readonly reading?: BankReading;
  /** Why the line cannot be used: it counts as a failed poll. */
  readonly fault?: string;
  /** Names that mean nothing here and are left out. */
  readonly unknown: readonly string[];
}

type Kind = 'number' | 'flag' | 'text' | 'numbers' | 'flags' | 'alarms' | 'chemistry' | 'modules';

/** Every canonical field and what it must be. */
const FIELDS: Readonly<Record<keyof BankReading, Kind>> = {
  voltage: 'number',
  current: 'number',
  power: 'number',
  soc: 'number',
  soh: 'number',
  capacityRemaining: 'number',
  capacityFull: 'number',
  capacityDesign: 'number',
  cycles: 'number',
  cellCount: 'number',
  cellVoltages: 'numbers',
  cellBalancing: 'flags',
  temperatures: 'numbers',
  mosfetTemperature: 'number',
  ambientTemperature: 'number',
  chargeEnabled: 'flag',
  dischargeEnabled: 'flag',
  balancing: 'flag',
  maxChargeCurrent: 'number',
  maxDischargeCurrent: 'number',
  maxChargeVoltage: 'number',
  minDischargeVoltage: 'number',
  alarms: 'alarms',
  chemistry: 'chemistry',
  model: 'text',
  hardwareVersion: 'text',
  firmwareVersion: 'text',
  serialNumber: 'text',
  productionDate: 'text',
  modules: 'modules',
};

/** What each kind of field must be, in words. */
const WANTED: Readonly<Record<Kind, string>> = {
  number: 'a number',
  flag: 'true or false',
  text: 'a text',
  numbers: 'a list of numbers',
  flags: 'a list of true or false',
  alarms: 'an object of levels 0, 1 or 2',
  chemistry: CHEMISTRIES.join(', '),
  modules: 'a list of packs, each with its own address',
};

/** `dbus-bms read --json` writes these beside the reading. */
const BESIDE = new Set(['t', 'bms', 'address']);
const MOST_PACKS = 16;

type Fields = Readonly<Record<string, unknown>>;

/** Takes one line apart. Never throws; what is wrong is in `fault`. */
export function parseInputLine(line: string): InputLine {
  let content: unknown;
  try {
    content = JSON.parse(line);
  } catch {
    const t = timeIn(line);
    const fault = /\b(NaN|Infinity)\b/.test(line) ? 'NaN and Infinity are no JSON' : 'this is no JSON';
    return { ...(t !== undefined && { t }), fault: `${fault}: ${shown(line)}`, unknown: [] };
  }
  if (!isFields(content)) return { fault: `expected an object, got ${shown(content)}`, unknown: [] };
  const { t } = content;
  if (!isNumber(t)) {
    const fault = t === undefined ? '"t" is missing' : `"t" must be a number, got ${shown(t)}`;
    return { fault, unknown: [] };
  }
  const unknown: string[] = [];
  const fault = faultOf(content, unknown);
  if (fault !== undefined) return { t, fault, unknown };
  const known = Object.entries(content).filter(([name]) => Object.hasOwn(FIELDS, name));
  if (known.length === 0) return { t, unknown };
  // JSON has no types; every field was held against the table above.
  return { t, reading: Object.fromEntries(known) as BankReading, unknown };
}

/** The time in a line that is broken elsewhere, so that a battery which only talks nonsense is seen to be silent. */
function timeIn(line: string): number | undefined {
  const text = /^\s*\{\s*"t"\s*:\s*(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*[,}]/.exec(line)?.[1];
  const t = Number(text);
  return text !== undefined && Number.isFinite(t) ? t : undefined;
}

/** What is wrong with the fields of a reading; collects the names that are none. */
function faultOf(fields: Fields, unknown: string[]): string | undefined {
  for (const [name, value] of Object.entries(fields)) {
    if (!Object.hasOwn(FIELDS, name)) {
      if (!BESIDE.has(name)) unknown.push(name);
      continue;
    }
    // `name` is one of the keys of the table, as the line before says.
    const kind = FIELDS[name as keyof BankReading];
    if (!fits(kind, value, unknown)) return `"${name}" must be ${WANTED[kind]}, got ${shown(value)}`;
  }
  return undefined;
}

function fits(kind: Kind, value: unknown, unknown: string[]): boolean {
  switch (kind) {
    case 'number':
      return isNumber(value);
    case 'flag':
      return typeof value === 'boolean';
    case 'text':
      return typeof value === 'string';
    case 'numbers':
      return Array.isArray(value) && value.every(isNumber);
    case 'flags':
      return Array.isArray(value) && value.every((item) => typeof item === 'boolean');
    case 'chemistry':
      return CHEMISTRIES.some((chemistry) => chemistry === value);
    case 'alarms': {
      if (!isFields(value)) return false;
      unknown.push(...Object.keys(value).filter((name) => !ALARM_NAMES.some((known) => known === name)));
      return Object.values(value).every((level) => level === 0 || level === 1 || level === 2);
    }
    case 'modules':
      return Array.isArray(value) && areModules(value, unknown);
  }
}

function areModules(modules: readonly unknown[], unknown: string[]): boolean {
  const addresses = new Set<unknown>();
  for (const module of modules) {
    if (!isFields(module) || module['modules'] !== undefined) return false;
    const { address } = module;
    if (!isNumber(address) || !Number.isInteger(address) || address < 0 || address > 255) return false;
    if (faultOf(module, unknown) !== undefined) return false;
    addresses.add(address);
  }
  return modules.length > 0 && modules.length <= MOST_PACKS && addresses.size === modules.length;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** A value for a message: one short line whatever it holds. */
function shown(value: unknown): string {
  const text = Array.isArray(value) ? `[${value.slice(0, 20).map(brief).join(', ')}]` : brief(value);
  const plain = text.replaceAll(/[^\x20-\x7e]/g, '.');
  return plain.length > 80 ? `${plain.slice(0, 80)}...` : plain;
}

function brief(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return typeof value === 'string' ? `"${value}"` : String(value);
}
