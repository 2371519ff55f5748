import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { fatalLine } from '../../../src/app/fatal-line.ts';
import { PortService } from '../../../src/app/port-service.ts';
import type { Responder } from '../../../src/bms/driver.ts';
import { BMSES } from '../../../src/bms/index.ts';
import { BmsError, PortMissingError } from '../../../src/errors.ts';
import type { Log, LogSource } from '../../../src/log.ts';
import type { BankReading, ModuleReading, PackReading } from '../../../src/model/reading.ts';
import { loadSettings } from '../../../src/settings/load.ts';
import { type Random, seeded } from '../../../src/simulator/random.ts';
import { VirtualClock } from '../../../src/simulator/virtual-clock.ts';
import { HalfDuplex } from '../../../src/transport/half-duplex.ts';
import { MemoryWire, type Piece } from '../../../src/transport/memory.ts';
import { parsePort, serviceSuffix } from '../../../src/transport/port-url.ts';
import { batteryOf } from '../batteries.ts';

/** A line of the log, with the time since the start of the program, s. */
export interface LogLine {
  readonly at: number;
  readonly text: string;
}

export interface SiteOptions {
  /** Default jbd. */
  readonly bms?: string;
  readonly port?: string;
  /** Addresses of the packs where there are several. */
  readonly addresses?: readonly number[];
  /** Lines of the settings file. */
  readonly settings?: string;
}

const CELLS = 16;
/** Often enough for everything that counts polls, and two hours still pass in seconds. */
const POLL_S = 4;
const STEP_MS = 1000;
/** Time from a request to its answer, ms. */
const ANSWER_MS = 40;
/** Turns of the event loop without a file at work, after which no file operation follows on another. */
const QUIET_TURNS = 3;

/** What may be wrong with the line and with what is at its end; a fault changes it. */
export class Site {
  /** The battery, or what all packs have in common. */
  battery: PackReading = { ...batteryOf(CELLS), current: 0, power: 0 };
  /** How a pack differs. */
  readonly packs = new Map<number, PackReading>();
  readonly silent = new Set<number>();
  /** Whether the device leaves a request unanswered. */
  ignores: (request: string) => boolean = () => false;
  /** What the line does to an answer. */
  distorts: (answer: Uint8Array, request: Uint8Array) => Uint8Array = (answer) => answer;
  isThere = true;
  delayMs = ANSWER_MS;
  readonly random: Random = seeded(7);
  readonly clock = new VirtualClock();
  wire: MemoryWire | undefined;
  readonly stateFolder: string;
  readonly #options: SiteOptions;
  readonly #responder: Responder;

  constructor(options: SiteOptions, responder: Responder, stateFolder: string) {
    this.#options = options;
    this.#responder = responder;
    this.stateFolder = stateFolder;
  }

  /** The other side ends the connection; it is refused until `isThere` again. */
  cut(how = 'was lost: the other side closed the connection'): void {
    this.isThere = false;
    this.wire?.unplug(how);
  }

  /** What is written to the state folder finds the disk full, or not any more. */
  async fillDisk(port: string, isFull: boolean): Promise<void> {
    const file = join(this.stateFolder, `${port}.json.new`);
    await rm(file, { force: true });
    if (isFull) await symlink('/dev/full', file);
  }

  answer(request: Uint8Array): readonly Piece[] | undefined {
    if (this.ignores(Buffer.from(request).toString('hex'))) return undefined;
    const reply = this.#responder.reply(request, this.#present())?.bytes;
    if (reply === undefined) return undefined;
    const bytes = this.distorts(reply, request);
    return bytes.length === 0 ? undefined : [{ bytes, afterMs: this.delayMs }];
  }

  #present(): BankReading {
    const { addresses = [] } = this.#options;
    if (addresses.length === 0) return this.battery;
    const modules = addresses
      .filter((address) => !this.silent.has(address))
      .map((address): ModuleReading => {
        const serialNumber = `SIM${address}`;
        return { ...this.battery, serialNumber, ...this.packs.get(address), address };
      });
    return { ...this.battery, modules };
  }
}

/** What happens at a site, and when, s since the start of the program. */
export interface Happening {
  readonly at: number;
  readonly does: (site: Site) => void | Promise<void>;
}

/**
 * Runs the whole service of a port, from the search to its end, for so many hours of virtual time, with a simulated battery; what
 * it would show goes nowhere. Gives every line of the log from info on.
 */
export async function watchLog(
  options: SiteOptions,
  happenings: readonly Happening[],
  hours: number,
): Promise<readonly LogLine[]> {
  const { bms = 'jbd', port = 'ttyUSB0', settings = '' } = options;
  const entry = BMSES.find(({ driver }) => driver.id === bms);
  if (entry === undefined) throw new Error(`no driver ${bms}`);
  const folder = await mkdtemp(join(tmpdir(), 'dbus-bms-log-'));
  const file = join(folder, 'dbus-bms.toml');
  await writeFile(file, `[connection]\npollInterval = ${POLL_S}\n${settings}`);
  const site = new Site(options, await entry.responder(), join(folder, 'state'));
  const { clock } = site;
  const lines: LogLine[] = [];
  const stop = new AbortController();
  const service = new PortService({
    port: parsePort(port),
    drivers: [entry.driver],
    settings: (await loadSettings(file)).forPort(serviceSuffix(parsePort(port))),
    stateFolder: site.stateFolder,
    clock,
    log: logInto((text) => lines.push({ at: clock.now() / 1000, text })),
    signal: stop.signal,
    openLink: async ({ line, onExchange = () => {} }) => {
      if (!site.isThere) throw new PortMissingError(`${port} does not answer`);
      site.wire = new MemoryWire((request) => site.answer(request), { clock, name: port });
      return new HalfDuplex(site.wire, { line, clock, onExchange });
    },
    openOutput: ({ onUp }) => {
      let isUp = false;
      const show = (): void => {
        if (!isUp) onUp('site');
        isUp = true;
      };
      return { show, keepPacks: () => {}, close: () => {} };
    },
  });
  let isOver = false;
  const running = service.run().then(
    () => undefined,
    (error: unknown) => error,
  );
  void running.then(() => {
    isOver = true;
  });
  const step = async (): Promise<void> => {
    await filesAtRest();
    await clock.run(clock.now() + STEP_MS);
  };
  const due = happenings.toSorted((a, b) => a.at - b.at);
  while (!isOver && clock.now() < hours * 3_600_000) {
    for (let [next] = due; next !== undefined && clock.now() >= next.at * 1000; [next] = due) {
      await next.does(site);
      due.shift();
    }
    await step();
  }
  stop.abort();
  while (!isOver) await step();
  const error = await running;
  await rm(folder, { recursive: true });
  // The command writes the error that ends the service as the last line.
  if (error instanceof BmsError) lines.push({ at: clock.now() / 1000, text: fatalLine(error) });
  else if (error !== undefined) throw error;
  return lines;
}

function logInto(note: (text: string) => void): LogSource {
  return {
    scope(scope): Log {
      const say = (level: string) => (text: string) => note(`${level} ${scope}: ${text}`);
      const [error, warn, info] = [say('error'), say('warn'), say('info')];
      return { error, warn, info, debug: () => {}, debugging: false };
    },
    setLevel: () => {},
  };
}

/** Files are read and written in real time, for which virtual time has to stand still. */
async function filesAtRest(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
    if (process.getActiveResourcesInfo().some((name) => /^FSReq|CloseReq$/.test(name))) quiet = 0;
    await turn();
  }
}
