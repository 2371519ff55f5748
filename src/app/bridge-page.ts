import { readdir, readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { BridgeOutput } from '../output/output.ts';
import type { ToldAbout } from '../output/web/told.ts';
import { redact } from '../redact.ts';
import { VERSION } from '../version.ts';
import type { BridgeSettings, BridgeValues } from './bridge-outputs.ts';
import type { OutputParts } from './bridge-service.ts';

const LOG_FOLDER = '/var/log';
const LOG_LINES = 50;
/** The end of a log in which so many lines surely stand. */
const LOG_CHARACTERS = 16_384;

interface PageSettings {
  readonly address: string;
  readonly port: number;
  readonly token?: string;
  readonly names?: readonly string[];
}

/** Opens the page as the settings of the bridge want it. */
export async function openPage(
  _settings: BridgeSettings,
  { page }: BridgeValues,
  parts: OutputParts,
): Promise<BridgeOutput> {
  if (page === undefined) throw new ConfigError('there is no [bridge.page]');
  return servePage(page, parts);
}

/** Serves the page. Rejects with a ConfigError of one line where it cannot, or must not, be served. */
export async function servePage(
  { address, names = ownNames(), port, token }: PageSettings,
  { clock, log, snapshot }: OutputParts,
): Promise<BridgeOutput> {
  if (!isLoopback(address) && token === undefined)
    throw new ConfigError(
      `on ${address} everybody in the network could read it: set bridge.page.tokenFile, or the address 127.0.0.1`,
    );
  const [{ WebOutput }, { readPage }] = await Promise.all([
    import('../output/web/web-output.ts'),
    import('../output/web/page-files.ts'),
  ]);
  return WebOutput.open({
    host: address,
    port,
    guard: {
      names: ['localhost', ...names.map((name) => name.toLowerCase())],
      ...(token !== undefined && { token }),
    },
    files: await readPage(pageFolder(process.argv[1] ?? '')),
    about: () => about(LOG_FOLDER),
    snapshot,
    clock,
    log: log.scope('page'),
  });
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);
}

function ownNames(): string[] {
  const name = hostname().toLowerCase();
  return [name, `${name}.local`];
}

/** Beside the program; for the sources beside the program that is made of them. */
export function pageFolder(program: string): string {
  const folder = dirname(program);
  return basename(program) === 'main.ts' ? join(folder, '../dist/page') : join(folder, 'page');
}

/** What the installer sees: the version, and the end of every log of this driver. */
export async function about(folder: string): Promise<ToldAbout> {
  const services = (await readdir(folder).catch(() => [])).filter((name) => /^dbus-bms\b/.test(name)).sort();
  const logs: { service: string; lines: string[] }[] = [];
  for (const service of services) {
    // A service that never said anything, or whose log is not for us, has none.
    const text = await readFile(join(folder, service, 'current'), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const lines = redact(text.slice(-LOG_CHARACTERS)).split('\n');
    logs.push({ service, lines: lines.filter((line) => line !== '').slice(-LOG_LINES) });
  }
  return { version: VERSION, host: hostname(), logs };
}
