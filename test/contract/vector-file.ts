import { fromHex } from '../../src/protocol/bytes.ts';
import { editDistance } from '../../src/settings/nearest.ts';

/** One captured conversation as its file has it. */
export interface VectorItem {
  readonly name: string;
  readonly exchanges: readonly {
    /** Hex. */
    readonly request: string;
    /** Hex; a reply that came in pieces is a list. */
    readonly response: string | readonly string[];
  }[];
  readonly expect: Readonly<Record<string, unknown>>;
  readonly error?: unknown;
  readonly constructed?: boolean;
}

/** A file of test/vectors/<family>. */
export interface VectorFile {
  /** `expect.alarms` lists only those that are set: every other alarm that is read must be 0. */
  readonly unlistedAlarmsAreZero?: boolean;
  readonly cases: readonly VectorItem[];
}

/** Canonical keys that vectors may expect; everything else in `expect` is about things outside of the model. */
export const CANONICAL: ReadonlySet<string> = new Set([
  'voltage',
  'current',
  'power',
  'soc',
  'soh',
  'capacityRemaining',
  'capacityFull',
  'capacityDesign',
  'cycles',
  'cellCount',
  'cellVoltages',
  'cellBalancing',
  'temperatures',
  'mosfetTemperature',
  'ambientTemperature',
  'chargeEnabled',
  'dischargeEnabled',
  'balancing',
  'maxChargeCurrent',
  'maxDischargeCurrent',
  'maxChargeVoltage',
  'minDischargeVoltage',
  'model',
  'hardwareVersion',
  'firmwareVersion',
  'serialNumber',
  'productionDate',
  'alarms',
  'modules',
]);
/** So many wrong letters make a slip of a key. */
const SLIP = 2;
/** A word for the reply that is not the one that is wanted. */
const REPLIES: readonly string[] = ['reply', 'answer', 'received', 'responses'];
/** What earlier files wrote in their notes in place of the key. */
const NOTE_OF_ZERO = 'alarms lists only the non-zero';

/**
 * The content of a vector file. Throws an Error that names file, case and key, and says what was expected, for everything that
 * would otherwise be passed over or fail somewhere else.
 */
export function parseVectorFile(text: string, file: string): VectorFile {
  const { cases, notes, unlistedAlarmsAreZero } = record(json(text, file), file);
  if (!Array.isArray(cases)) throw wrong(file, '"cases" must be a list of conversations');
  if (JSON.stringify(notes ?? '').includes(NOTE_OF_ZERO) && unlistedAlarmsAreZero !== true)
    throw wrong(file, `say "unlistedAlarmsAreZero": true beside "cases"; a note alone counts for nothing`);
  const items = cases.map((value: unknown, index) => itemOf(value, file, index));
  return { cases: items, ...(unlistedAlarmsAreZero === true && { unlistedAlarmsAreZero }) };
}

function itemOf(value: unknown, file: string, index: number): VectorItem {
  const { constructed, error, exchanges, expect, name, ...others } = record(
    value,
    `${file}, case ${index + 1}`,
  );
  if (typeof name !== 'string') throw wrong(`${file}, case ${index + 1}`, '"name" must be a text');
  const where = `${file}, case "${name}"`;
  if (!Array.isArray(exchanges))
    throw wrong(where, `"exchanges" must be a list${instead(others, 'exchanges')}`);
  const expected = record(expect, `${where}, "expect"`);
  for (const key of Object.keys(expected)) checkKey(key, where);
  return {
    name,
    exchanges: exchanges.map((item: unknown, at) => exchangeOf(item, `${where}, exchange ${at + 1}`)),
    expect: expected,
    ...(error !== undefined && { error }),
    ...(constructed === true && { constructed }),
  };
}

function exchangeOf(value: unknown, where: string): VectorItem['exchanges'][number] {
  const { request, response, ...others } = record(value, where);
  if (typeof request !== 'string' || fromHex(request) === undefined)
    throw wrong(where, '"request" must be bytes in hex');
  const pieces: unknown[] = [response].flat();
  const isHex = (piece: unknown): piece is string =>
    typeof piece === 'string' && fromHex(piece) !== undefined;
  if (!pieces.every(isHex)) {
    const other = REPLIES.find((key) => key in others);
    throw wrong(where, `"response" must be bytes in hex${other ? `; it is called "${other}" here` : ''}`);
  }
  return { request, response: pieces };
}

/** A slip of a canonical key would be passed over as something that the model does not have. */
function checkKey(key: string, where: string): void {
  if (CANONICAL.has(key)) return;
  const meant = [...CANONICAL].find((known) => editDistance(known, key) <= SLIP);
  if (meant !== undefined) throw wrong(where, `"expect" has "${key}"; the name is "${meant}"`);
}

function json(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(file, `is no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function record(value: unknown, where: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong(where, 'must be an object in braces');
  return Object.fromEntries(Object.entries(value));
}

function instead(others: Readonly<Record<string, unknown>>, wanted: string): string {
  const slip = Object.keys(others).find((key) => editDistance(wanted, key) <= SLIP);
  return slip === undefined ? '' : `; it is called "${slip}" here`;
}

function wrong(where: string, what: string): Error {
  return new Error(`${where}: ${what}`);
}
