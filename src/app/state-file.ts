import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Remembered } from '../battery/controller.ts';
import type { Hit } from '../bms/detect/hit.ts';
import type { SearchPlace } from '../bms/detect/plan.ts';
import type { Log } from '../log.ts';
import { systemFault } from '../system-fault.ts';

/** What one port remembers over restarts. Everything in it may be missing or wrong: it only saves time. */
export interface PortMemory {
  /** Where the battery answered last. */
  readonly hit?: Hit;
  /** Where the last search ended, which found nothing; absent when one found a battery. */
  readonly search?: SearchPlace | undefined;
  /** Addresses at which packs of this port were seen. */
  readonly addresses?: readonly number[];
  /** Under which the settings of the battery of this port are kept. */
  readonly key?: string;
  /** The serial number of that battery reads differently from time to time. */
  readonly isSerialDoubtful?: boolean;
  /** Control and history of each battery by its address, and the calendar time at which they were written (ms since 1970). */
  readonly control?: Readonly<Record<string, unknown>>;
  readonly savedAt?: number;
}

const DEFAULT_FOLDER = '/data/var/lib/dbus-bms';

/** Where state files live: DBUS_BMS_STATE, else the persistent partition of a GX device. */
export function stateFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env['DBUS_BMS_STATE'] ?? DEFAULT_FOLDER;
}

/** One small JSON file for each port, replaced atomically; a damaged or missing one is an empty memory. */
export class StateFile {
  readonly #file: string;
  readonly #log: Log;
  #memory: PortMemory = {};
  #writing: Promise<void> = Promise.resolve();
  #complained = false;

  constructor(folder: string, port: string, log: Log) {
    this.#file = join(folder, `${port}.json`);
    this.#log = log;
  }

  get memory(): PortMemory {
    return this.#memory;
  }

  async load(): Promise<PortMemory> {
    try {
      this.#memory = memoryOf(JSON.parse(await readFile(this.#file, 'utf8')));
    } catch (error) {
      // Absent at the first start; damaged after a power cut. Both only cost the time of a full search.
      this.#memory = {};
      if (error instanceof SyntaxError) this.#log.warn(`${this.#file} is damaged and is not used`);
    }
    return this.#memory;
  }

  /** What was written down of the battery at an address; absent when there is nothing. `wall` is calendar time, ms. */
  ofBattery(address: number, wall: number): Remembered | undefined {
    const { control = {}, savedAt } = this.#memory;
    const memory = control[String(address)];
    if (savedAt === undefined || typeof memory !== 'object' || memory === null) return undefined;
    return { ...memory, ageSeconds: (wall - savedAt) / 1000 };
  }

  /** Writes what changed; a full or read-only disk is said once and costs only the memory. */
  async save(change: PortMemory): Promise<void> {
    this.#memory = { ...this.#memory, ...change };
    const text = `${JSON.stringify(this.#memory)}\n`;
    this.#writing = this.#writing.then(() => this.#write(text));
    await this.#writing;
  }

  async #write(text: string): Promise<void> {
    try {
      await mkdir(dirname(this.#file), { recursive: true });
      await writeFile(`${this.#file}.new`, text, { mode: 0o600 });
      await rename(`${this.#file}.new`, this.#file);
      if (this.#complained) this.#log.info('the state of this port is remembered again');
      this.#complained = false;
    } catch (error) {
      if (!this.#complained) {
        this.#complained = true;
        const why = systemFault(error);
        this.#log.warn(`cannot remember the state of this port: ${why}; the next start searches anew`);
      }
    }
  }
}

/** Only what has the right shape. */
function memoryOf(value: unknown): PortMemory {
  if (typeof value !== 'object' || value === null) return {};
  const { hit, search, addresses, isSerialDoubtful, key, control, savedAt } = value as Record<
    string,
    unknown
  >; // JSON.parse gives unknown shapes
  return {
    ...(isHit(hit) && { hit }),
    ...(isSearchPlace(search) && { search }),
    ...(Array.isArray(addresses) && { addresses: addresses.filter((item) => Number.isInteger(item)) }),
    ...(typeof key === 'string' && { key }),
    ...(isSerialDoubtful === true && { isSerialDoubtful }),
    ...(typeof control === 'object' && control !== null && { control: { ...control } }),
    ...(typeof savedAt === 'number' && Number.isFinite(savedAt) && { savedAt }),
  };
}

function isSearchPlace(value: unknown): value is SearchPlace {
  if (typeof value !== 'object' || value === null) return false;
  const { next, usualFirst } = value as Record<string, unknown>; // as above
  return (
    typeof usualFirst === 'boolean' &&
    isHit(next) &&
    ['short', 'full'].includes(String(Object(next)['patience']))
  );
}

function isHit(value: unknown): value is Hit {
  if (typeof value !== 'object' || value === null) return false;
  const { id, address, line } = value as Record<string, unknown>; // as above
  return (
    typeof id === 'string' &&
    Number.isInteger(address) &&
    typeof line === 'object' &&
    line !== null &&
    Number.isInteger((line as Record<string, unknown>)['baudRate'])
  );
}
