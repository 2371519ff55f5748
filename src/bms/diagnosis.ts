import { type BmsError, FrameError, hex, ImplausibleError, RefusedError, TimeoutError } from '../errors.ts';
import type { LineSettings } from '../transport/exchange.ts';

/** How one attempt to recognise a BMS failed. */
export interface Failure {
  /** Id of the driver that asked. */
  readonly id: string;
  readonly line: LineSettings;
  readonly error: BmsError;
}

/** A BMS in the middle of a frame begins like this; more than so many bytes are worth showing. */
const SHOWN_BYTES = 24;
/** Bytes from which on a text is believed to be one. */
const LEAST_TEXT = 12;
/** So much of what came must be printable. */
const PRINTABLE = 0.9;

/**
 * What is likely wrong on a port on which no BMS was recognised, in words for an owner. The most telling observation
 * wins: a damaged reply tells more than noise, noise more than an echo, an echo more than silence.
 */
export function diagnose(failures: readonly Failure[]): string {
  const heard = failures.flatMap(({ error }) => (bytesOf(error).length > 0 ? [error] : []));
  const noise = heard.filter((error) => !isEcho(error)).map(bytesOf);
  return (
    answeredOddly(failures) ??
    foreignMaster(noise) ??
    foreignText(noise) ??
    damaged(failures) ??
    stuck(noise) ??
    nonsense(failures, noise) ??
    (heard.length > 0 ? ONLY_ECHO : SILENCE)
  );
}

const SILENCE =
  'not a single byte came back: is the BMS awake, does the cable belong to this port of it, are RX and TX (or A and B) ' +
  'the right way round, is ground connected?';
const ONLY_ECHO =
  'only our own requests came back: the adapter echoes and nobody answers. Are A and B swapped, is the cable plugged into ' +
  'the BMS, is the BMS awake?';

/** A believable frame came, so the line is in order and only its content is not that of a known battery. */
function answeredOddly(failures: readonly Failure[]): string | undefined {
  const found = failures.find(
    ({ error }) => error instanceof ImplausibleError || error instanceof RefusedError,
  );
  return (
    found &&
    `something answers in the language of ${found.id}, but not like a battery: ${found.error.message}`
  );
}

/** Requests that are not ours: PACE masters poll the packs behind them several times a second. */
function foreignMaster(noise: readonly Uint8Array[]): string | undefined {
  const request = noise.map((bytes) => /~2[0-9A-F]{3}46(?:90|4[24])[0-9A-F]{2}/.exec(textOf(bytes))?.[0]);
  const seen = request.find((text) => text !== undefined);
  return (
    seen &&
    `another master already polls this line (${seen}): this is the port between packs, or an inverter is connected to it; ` +
      'use another port of the BMS'
  );
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
function damaged(failures: readonly Failure[]): string | undefined {
  const found = failures.find(({ error }) => error instanceof FrameError && error.fault === 'checksum');
  return (
    found &&
    `replies that look like ${found.id} at ${found.line.baudRate} baud came, but damaged: check ground, termination and ` +
      'cable length, and that no second program or device polls the same line, or two packs have the same address'
  );
}

/** A line that is held low or open reads as one and the same byte. */
function stuck(noise: readonly Uint8Array[]): string | undefined {
  const all = noise.flatMap((bytes) => [...bytes]);
  const [first] = all;
  if (first === undefined || (first !== 0 && first !== 0xff) || all.some((byte) => byte !== first))
    return undefined;
  return `only bytes ${hex(Uint8Array.of(first))} came: the line is held at one level; A and B (or RX and TX) are likely swapped, or ground is missing`;
}

function nonsense(failures: readonly Failure[], noise: readonly Uint8Array[]): string | undefined {
  const sample = noise.reduce((longest, bytes) => (bytes.length > longest.length ? bytes : longest), NOTHING);
  if (sample.length === 0) return undefined;
  const speeds = [...new Set(failures.map(({ line }) => line.baudRate))].join(', ');
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
