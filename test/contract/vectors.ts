import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Exchanged } from '../../src/bms/decode.ts';
import { ALARM_NAMES } from '../../src/model/alarms.ts';
import { bytesOf, fromHex } from '../../src/protocol/bytes.ts';
import { CANONICAL, parseVectorFile } from './vector-file.ts';

const VECTORS = fileURLToPath(new URL('../vectors', import.meta.url));
/** Cases of a family that its drivers never meet, by name, each with the reason. */
const OUTSIDE = 'outside.json';
/** What the contract tests have to know of the devices of a family beside their captures, by driver. */
const DEVICES = 'devices.json';

/** A captured conversation and what it says. */
export interface VectorCase {
  readonly name: string;
  readonly exchanges: readonly Exchanged[];
  /** Expected values by canonical or foreign key; null means that the value must be absent. */
  readonly expect: Readonly<Record<string, unknown>>;
  /** Made from a document, not captured from a device. */
  readonly constructed: boolean;
  /** A driver must reject the conversation (damaged, refused or silent). */
  readonly refused: boolean;
  /** What is wrong with it, as the vector words it. */
  readonly error?: unknown;
  /** The file says that alarms which are not listed are 0. */
  readonly unlistedAlarmsAreZero: boolean;
}

/** Families that have captures, sorted. */
export function vectorFamilies(): string[] {
  return readdirSync(VECTORS).sort();
}

/** Every case of a family, also those outside of its drivers' conversations. */
export function casesOf(family: string): VectorCase[] {
  const folder = join(VECTORS, family);
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.json') && file !== OUTSIDE && file !== DEVICES,
  );
  return files.sort().flatMap((file) => {
    const { cases, unlistedAlarmsAreZero = false } = parseVectorFile(
      readFileSync(join(folder, file), 'utf8'),
      join('test/vectors', family, file),
    );
    return cases.map(({ name, exchanges, expect, error, constructed = false }) => ({
      name,
      constructed,
      exchanges: exchanges.map(({ request, response }) => ({
        request: hexBytes(request),
        reply: bytesOf(...[response].flat().map(hexBytes)),
      })),
      expect,
      refused: error !== undefined || expect['error'] !== undefined || expect['timeout'] !== undefined,
      error: error ?? expect['error'],
      unlistedAlarmsAreZero,
    }));
  });
}

/** Case name -> why no driver of this family has to understand it. */
export function outsideOf(family: string): Readonly<Record<string, string>> {
  const file = join(VECTORS, family, OUTSIDE);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

/** How a device of one type may differ from the usual one. */
export interface DeviceFacts {
  /** Requests that it may leave unanswered from the beginning, as patterns of `silentTo`. */
  readonly secondary: readonly string[];
  /** Where one request does not bring voltage, current, state of charge and cells: how many do. */
  readonly indispensable?: number;
  /** One of these, which may also fall silent after it was answered. */
  readonly fallsSilent?: string;
  /** What it still tells in that silence does not hold its alarm of high voltage. */
  readonly alarmsElsewhere?: true;
  /** Devices that want to be asked in another form: what such a one does, and the scenario in which it does. */
  readonly forms?: readonly (readonly [device: string, scenario: object])[];
  /** What it tells too coarsely to be of use, so that it is not in a reading. */
  readonly untold?: readonly string[];
  /** Damages of single bits that its checksums cannot show, in all captured replies together; the session has to see them. */
  readonly unseenBitErrors?: number;
}

/** What is known of the devices of a family, by the id of the driver. */
export function devicesOf(family: string): Readonly<Record<string, DeviceFacts>> {
  const file = join(VECTORS, family, DEVICES);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
}

function hexBytes(text: string): Uint8Array {
  const bytes = fromHex(text);
  if (bytes === undefined) throw new Error(`not hex: ${text}`);
  return bytes;
}

/** Half a step of the finest resolution (1 mV) and a little. */
const TOLERANCE = 0.0006;

/** Every difference between what a vector expects and what was read, in words; empty when they agree. */
export function differences(
  expected: Readonly<Record<string, unknown>>,
  actual: Readonly<Record<string, unknown>>,
  unlistedAlarmsAreZero: boolean,
  where = '',
): string[] {
  return Object.entries(expected).flatMap(([key, want]) => {
    const got = actual[key];
    const place = `${where}${key}`;
    if (key === 'alarms') return alarmDifferences(record(want), record(got), unlistedAlarmsAreZero, place);
    if (key === 'modules')
      return moduleDifferences(records(want), records(got), unlistedAlarmsAreZero, place);
    if (!CANONICAL.has(key)) return [];
    return agree(want, got) ? [] : [`${place}: expected ${text(want)}, read ${text(got)}`];
  });
}

function agree(want: unknown, got: unknown): boolean {
  if (want === null) return got === undefined;
  if (typeof want === 'number') return typeof got === 'number' && Math.abs(want - got) <= TOLERANCE;
  if (Array.isArray(want)) {
    return Array.isArray(got) && got.length === want.length && want.every((item, at) => agree(item, got[at]));
  }
  return want === got;
}

function alarmDifferences(
  want: Readonly<Record<string, unknown>>,
  got: Readonly<Record<string, unknown>>,
  unlistedAreZero: boolean,
  place: string,
): string[] {
  return ALARM_NAMES.flatMap((name) => {
    const expected = want[name] ?? (unlistedAreZero ? 0 : undefined);
    if (expected === undefined) return [];
    const read = got[name] ?? (unlistedAreZero ? 0 : undefined);
    return expected === read ? [] : [`${place}.${name}: expected ${text(expected)}, read ${text(read)}`];
  });
}

function moduleDifferences(
  want: readonly Readonly<Record<string, unknown>>[],
  got: readonly Readonly<Record<string, unknown>>[],
  unlistedAlarmsAreZero: boolean,
  place: string,
): string[] {
  const addresses = [want, got].map((list) => list.map((module) => module['address']));
  if (text(addresses[0]) !== text(addresses[1])) {
    return [`${place}: expected packs ${text(addresses[0])}, read ${text(addresses[1])}`];
  }
  return want.flatMap((module, index) =>
    differences(module, got[index] ?? {}, unlistedAlarmsAreZero, `${place}[${index}].`),
  );
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function records(value: unknown): Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}
