import { join, parse } from 'node:path';
import { openPort } from '../app/open-port.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { UsageError } from '../errors.ts';
import { exists } from '../files.ts';
import type { LogLevel } from '../log.ts';
import { Capture } from '../transport/capture.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import type { HalfDuplex } from '../transport/half-duplex.ts';
import { type PortUrl, parsePort } from '../transport/port-url.ts';
import { onlyWord } from './arguments.ts';
import type { Io } from './command.ts';

/** Options that every command with a port has. */
export const PORT_OPTIONS = {
  bms: { type: 'string' },
  address: { type: 'string' },
  verbose: { type: 'boolean' },
  capture: { type: 'string' },
  'capture-size': { type: 'string' },
} as const;

export const PORT_USAGE = `  <port>            ttyUSB0, /dev/ttyUSB0, tcp://host:port (serial-to-IP bridge) or ble:address (Bluetooth)
  --bms <id>        look only for this BMS or family (jbd, daly, ...)
  --address <n>     look only at this address
  --verbose         every byte, on stderr
  --capture FILE    every exchange with its time, as JSON lines in a new file (docs/capturing.md)
  --capture-size N  ends the capture after so many MiB; default 4`;

/** The one port of a command line. */
export function onePort(positionals: readonly string[]): PortUrl {
  return parsePort(onlyWord(positionals, 'one port such as ttyUSB0 or tcp://10.0.0.5:23'));
}

export function addressOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const address = Number(text);
  if (text.trim() === '' || !Number.isInteger(address) || address < 0 || address > 255) {
    throw new UsageError(`--address must be a whole number from 0 to 255, got "${text}"`);
  }
  return address;
}

export function levelOf(verbose: boolean | undefined): LogLevel {
  return verbose ? 'debug' : 'warn';
}

const MIB = 1024 * 1024;

/** Names that are tried beside the one that is taken: a service that is started again and again must not fill the disk. */
const MOST_CAPTURES = 20;

/**
 * The capture that the owner asked for. It never goes over an older file: that name gets a number. `say` is told so, and
 * why a capture ended before the command did.
 */
export async function captureOf(
  values: { readonly capture?: string | undefined; readonly 'capture-size'?: string | undefined },
  { clock }: Pick<Io, 'clock'>,
  say: (text: string) => void,
): Promise<Capture | undefined> {
  const { capture: file, 'capture-size': size } = values;
  const mebibytes = Number(size ?? 4);
  if (!(mebibytes > 0 && mebibytes <= 1024)) {
    throw new UsageError(`--capture-size must be a number of MiB up to 1024, got "${size}"`);
  }
  if (file === undefined) {
    if (size !== undefined) throw new UsageError('--capture-size needs --capture');
    return undefined;
  }
  const free = await freeName(file);
  if (free === undefined) {
    say(`${file} and ${MOST_CAPTURES - 1} files with numbers are there already; nothing is captured`);
    return undefined;
  }
  if (free !== file) say(`${file} is there already and stays as it is; the capture goes to ${free}`);
  return new Capture(free, { clock, most: Math.floor(mebibytes * MIB), onEnd: say });
}

/** `report.jsonl`, else `report-2.jsonl` and so on. */
async function freeName(file: string): Promise<string | undefined> {
  const { dir, name, ext } = parse(file);
  for (let number = 1; number <= MOST_CAPTURES; number += 1) {
    const path = number === 1 ? file : join(dir, `${name}-${number}${ext}`);
    if (!(await exists(path))) return path;
  }
  return undefined;
}

export interface PortUse {
  readonly port: PortUrl;
  readonly drivers: readonly BmsDriver[];
  readonly capture: Capture | undefined;
  readonly onExchange: (record: ExchangeRecord) => void;
}

/** Opens a port for one command; `use` gets the drivers as they are reached over it. It is closed at the end, and at once when the user breaks the command off. */
export async function withPort<T>(
  { port, drivers, capture, onExchange }: PortUse,
  { clock, signal }: Pick<Io, 'clock' | 'signal'>,
  use: (link: HalfDuplex, drivers: readonly BmsDriver[]) => Promise<T>,
): Promise<T> {
  const { link, drivers: reached } = await openPort({
    port,
    drivers,
    clock,
    signal,
    onExchange(record) {
      capture?.note(record);
      onExchange(record);
    },
  });
  const stop = (): void => void link.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await use(link, reached);
  } finally {
    signal.removeEventListener('abort', stop);
    await link.close();
    await capture?.close();
  }
}
