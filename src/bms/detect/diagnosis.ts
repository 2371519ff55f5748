import {
  type BmsError,
  FrameError,
  hex,
  ImplausibleError,
  RefusedError,
  TimeoutError,
} from '../../errors.ts';
import { frameIn } from '../../protocol/ascii-frame.ts';
import { bytesOf as joined } from '../../protocol/bytes.ts';
import type { LineSettings } from '../../transport/exchange.ts';
import { foreignBytes, holds, isOneLevel } from './foreign-bytes.ts';

/** How one attempt to recognise a BMS failed. */
export interface Failure {
  /** Id of the driver that asked. */
  readonly id: string;
  readonly line: LineSettings;
  readonly error: BmsError;
  /** Every request that it sent. */
  readonly sent?: readonly Uint8Array[];
  /** All that came in one try of it each, echoes included; where it is absent, what the error holds. */
  readonly heard?: readonly Uint8Array[];
  /** At least one of its requests was answered. */
  readonly answered?: boolean;
}

/** A BMS in the middle of a frame begins like this; more than so many bytes are worth showing. */
const SHOWN_BYTES = 24;
/** Version, address and command of an ASCII request. */
const SHOWN_REQUEST = 9;
/** CID1 of batteries, and what masters of such packs ask. */
const BATTERY_DATA = 0x46;
const MASTER_COMMANDS: readonly number[] = [0x42, 0x44, 0x90];
/** Bytes from which on a text is believed to be one. */
const LEAST_TEXT = 12;
/** No reply is longer, bytes; what is takes any check for a damaged one of somebody by chance. */
const MOST_REPLY = 600;
/** So much of what came must be printable. */
const PRINTABLE = 0.9;

/** What came in one attempt, with our own requests taken off: those of this attempt, and late ones of any other. */
interface Heard {
  readonly failure: Failure;
  readonly bytes: number;
  readonly foreign: readonly Uint8Array[];
}

/**
 * What is likely wrong on a port on which no BMS was recognised, in words for an owner. The most telling observation
 * wins: a damaged reply tells more than noise, noise more than an echo, an echo more than silence. What we sent ourselves is
 * taken off before anything is judged.
 */
export function diagnose(failures: readonly Failure[]): string {
  const sent = unique(failures.flatMap((failure) => failure.sent ?? []));
  const heard = withoutLevels(
    failures.map((failure) => heardOf(failure, sent)),
    sent,
  );
  const noise = heard.flatMap(({ foreign }) => foreign);
  return (
    answeredOddly(failures) ??
    foreignMaster(noise) ??
    foreignText(noise) ??
    damaged(heard) ??
    stuck(noise, heard.some(hasEcho)) ??
    nonsense(heard, noise) ??
    echoing(heard) ??
    (failures.some(({ line }) => line.gatt !== undefined) ? RADIO_SILENCE : SILENCE)
  );
}

function heardOf(failure: Failure, sent: readonly Uint8Array[]): Heard {
  const { error, heard = [bytesOf(error)] } = failure;
  const foreign = heard
    .map((received) =>
      isEcho(error) && failure.heard === undefined ? NOTHING : foreignBytes(received, sent),
    )
    .filter(({ length }) => length > 0);
  return { failure, bytes: heard.reduce((sum, { length }) => sum + length, 0), foreign };
}

/** A request holds runs of 00 and FF. Where requests come back, such a run alone is the rest of one, elsewhere a line without life. */
function withoutLevels(heard: readonly Heard[], sent: readonly Uint8Array[]): readonly Heard[] {
  if (!heard.some(hasEcho)) return heard;
  const isRest = (bytes: Uint8Array): boolean =>
    isOneLevel(bytes) && sent.some((request) => holds(request, bytes));
  return heard.map((one) => ({ ...one, foreign: one.foreign.filter((bytes) => !isRest(bytes)) }));
}

function hasEcho({ bytes, foreign }: Heard): boolean {
  return bytes > foreign.reduce((sum, { length }) => sum + length, 0);
}

function unique(requests: readonly Uint8Array[]): Uint8Array[] {
  return [...new Map(requests.map((request) => [hex(request, request.length), request])).values()];
}

const SILENCE =
  'not a single byte came back: is the BMS awake, does the cable belong to this port of it, are RX and TX (or A and B) ' +
  'the right way round, is ground connected?';
const RADIO_SILENCE =
  'it is connected, but not a single byte came back: is it a battery at all, and of a type that is known?';
const ONLY_ECHO =
  'only our own requests came back: the adapter echoes and nobody answers. Are A and B swapped, is the cable plugged into ' +
  'the BMS, is the BMS awake?';

/**
 * An adapter echoes whatever is sent. Where the requests of one BMS alone come back, at a speed at which those of others do not,
 * it is the BMS that sends them back: a sleeping Daly board does.
 */
function echoing(heard: readonly Heard[]): string | undefined {
  const back = heard.filter(({ bytes }) => bytes > 0);
  const [first] = back;
  if (first === undefined) return undefined;
  const { id, line } = first.failure;
  const isOneBms = back.every(({ failure }) => failure.id === id);
  const others = heard.filter(({ failure }) => failure.id !== id && failure.line.baudRate === line.baudRate);
  if (!isOneBms || others.length === 0) return ONLY_ECHO;
  return (
    `only the requests to ${id} came back unchanged, those to others did not: the BMS is likely asleep; ` +
    'wake it up with its button, a charger or a load'
  );
}

/** A believable frame came, so the line is in order and only its content is not that of a known battery. */
function answeredOddly(failures: readonly Failure[]): string | undefined {
  const found = failures.find(
    ({ error }) => error instanceof ImplausibleError || error instanceof RefusedError,
  );
  if (found !== undefined)
    return `something answers in the language of ${found.id}, but not like a battery: ${found.error.message}`;
  const partly = failures.find(({ answered }) => answered === true);
  return (
    partly &&
    `something answers in the language of ${partly.id}, but not to everything that it is asked: ${partly.error.message}`
  );
}

/** Requests that are not ours: PACE masters poll the packs behind them several times a second. */
function foreignMaster(noise: readonly Uint8Array[]): string | undefined {
  const seen = noise.flatMap((bytes) => textOf(bytes).match(/~[0-9A-F]+\r/g) ?? []).find(isPollOfMaster);
  return (
    seen &&
    `another master already polls this line (${seen.slice(0, SHOWN_REQUEST)}): this is the port between packs, or an inverter is connected to it; ` +
      'use another port of the BMS'
  );
}

/** Only a whole frame counts: a part of one may be a damaged echo of our own. */
function isPollOfMaster(text: string): boolean {
  const frame = frameIn(Uint8Array.from(text, (char) => char.charCodeAt(0)));
  return frame !== undefined && frame.cid1 === BATTERY_DATA && MASTER_COMMANDS.includes(frame.code);
}

/** Devices that talk by themselves: GPS, VE.Direct, meters with a text protocol. */
function foreignText(noise: readonly Uint8Array[]): string | undefined {
  const text = noise.map(textOf).find(isText);
  if (text === undefined) return undefined;
  const sample = text.replaceAll(/\s+/g, ' ').trim().slice(0, SHOWN_BYTES);
  const kind = /\$G[A-Z]{2}/.test(text)
    ? 'a GPS receiver'
    : /\b(?:PID|VPV|Checksum)\t/.test(text)
      ? 'a VE.Direct device'
      : 'another device, such as a meter';
  return `text comes in without being asked for ("${sample}"): this is ${kind}, not a BMS`;
}

/** A frame that was right up to its checksum: this BMS is there, and its bytes are damaged on the way. */
function damaged(heard: readonly Heard[]): string | undefined {
  const found = heard.find(
    ({ failure: { error }, foreign }) =>
      error instanceof FrameError &&
      error.fault === 'checksum' &&
      foreign.some(({ length }) => length <= MOST_REPLY),
  )?.failure;
  return (
    found &&
    `replies that look like ${found.id} at ${found.line.baudRate} baud came, but damaged: check ground, termination and ` +
      'cable length, and that no second program or device polls the same line, or two packs have the same address'
  );
}

function stuck(noise: readonly Uint8Array[], echoes: boolean): string | undefined {
  const all = joined(...noise);
  if (!isOneLevel(all)) return undefined;
  const beside = echoes ? 'beside our own requests ' : '';
  return `${beside}only bytes ${hex(all.subarray(0, 1))} came: the line is held at one level; A and B (or RX and TX) are likely swapped, or ground is missing`;
}

function nonsense(heard: readonly Heard[], noise: readonly Uint8Array[]): string | undefined {
  const sample = noise.reduce((longest, bytes) => (bytes.length > longest.length ? bytes : longest), NOTHING);
  if (sample.length === 0) return undefined;
  const speeds = [...new Set(heard.map(({ failure }) => failure.line.baudRate))].join(', ');
  return (
    `bytes came (${hex(sample, SHOWN_BYTES)}), but none made sense at ${speeds} baud: another speed is set in the BMS, ` +
    'A and B are swapped, ground is missing, or this is not a BMS'
  );
}

const NOTHING = new Uint8Array();

function bytesOf(error: BmsError): Uint8Array {
  return error instanceof TimeoutError || error instanceof FrameError ? error.received : NOTHING;
}

function isEcho(error: BmsError): boolean {
  return error instanceof TimeoutError && error.onlyEcho;
}

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** The ASCII protocols of BMSes consist of hex digits after a tilde, which no other device is known to send. */
function isText(text: string): boolean {
  const printable = text.replaceAll(/[^\x20-\x7e\t\r\n]/g, '').length;
  return text.length >= LEAST_TEXT && printable >= PRINTABLE * text.length && !/~[0-9A-F]{8}/.test(text);
}
