import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bus } from '../../src/dbus/bus.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import { SettingsStandIn } from '../../src/simulator/venus/localsettings.ts';
import { startPrivateBus } from '../../src/simulator/venus/private-bus.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import type { BatteryMethods } from './battery-process.ts';
import { DriverProcess, type DriverProcessOptions } from './driver-process.ts';
import { Helper } from './helper.ts';
import { monotonicMs } from './monotonic.ts';

/** Nothing moves: no current, no noise. */
export const CONSTANT = { packs: [{ soc: 60, noise: 0, selfDischarge: 0 }] };
/**
 * A busy afternoon: clouds pass over a solar charger, a compressor and a kettle switch, and the last digits of the cell
 * voltages flicker. About as many values change with each poll as on a lively real battery.
 */
export const MOVING = {
  hour: 12,
  packs: [{ soc: 60, spread: 0.2, resistanceSpread: 8, noise: 0.001 }],
  sources: [{ power: 4000, pattern: { cloudSeconds: 7, cloudDepth: 0.7 } }],
  loads: [
    { power: 300 },
    { power: 500, pattern: { on: 9, off: 8 } },
    { power: 1500, pattern: { on: 5, off: 21 } },
  ],
};

export interface Running {
  readonly driver: DriverProcess;
  readonly reader: BusReader;
  /** When its name, and its first valid voltage, reached another program; ms after the process was started. */
  readonly nameMs: number;
  readonly voltageMs: number;
  /** CPU until then, s. */
  readonly cpu: number;
}

const PATIENCE_MS = 30_000;
const DAEMON = 'org.freedesktop.DBus';

/** A private bus with localsettings and a battery process, as a GX device would have it; closes what it opened. */
export class Home {
  readonly address: string;
  readonly daemonPid: number;
  /** The bench's own place on the bus. */
  readonly client: Bus;
  readonly batteries = new Helper<BatteryMethods>('./battery-process.ts');
  readonly #folder = mkdtempSync(join(tmpdir(), 'dbus-bms-bench-'));
  readonly #closing: (() => Promise<void> | void)[];
  #folders = 0;

  static async open(): Promise<Home> {
    const bus = await startPrivateBus();
    const settings = await connectBus({ address: bus.address });
    await SettingsStandIn.open(settings);
    const client = await connectBus({ address: bus.address });
    const [pid] = await client.call({
      destination: DAEMON,
      path: '/org/freedesktop/DBus',
      interface: DAEMON,
      member: 'GetConnectionUnixProcessID',
      signature: 's',
      body: [DAEMON],
    });
    if (typeof pid !== 'number') throw new Error('the D-Bus daemon does not tell its process id');
    return new Home(bus.address, pid, client, [
      () => client.disconnect(),
      () => settings.disconnect(),
      () => bus.stop(),
    ]);
  }

  private constructor(
    address: string,
    daemonPid: number,
    client: Bus,
    closing: readonly (() => Promise<void> | void)[],
  ) {
    this.address = address;
    this.daemonPid = daemonPid;
    this.client = client;
    this.#closing = [
      () => this.batteries.stop(),
      ...closing,
      () => rmSync(this.#folder, { recursive: true, force: true }),
    ];
  }

  /** A battery on a pty; returns the path of its port. */
  async battery(port: string, scenario: unknown, bms = 'jbd'): Promise<string> {
    const path = join(this.#folder, port);
    await this.batteries.ask('open', bms, path, scenario);
    return path;
  }

  /** A folder in which a driver remembers nothing yet. */
  freshState(): string {
    this.#folders += 1;
    const folder = join(this.#folder, `state${this.#folders}`);
    mkdirSync(folder);
    return folder;
  }

  /** A configuration file that asks for a poll every `seconds`. */
  pollEvery(seconds: number): string {
    const file = join(this.#folder, `poll-${seconds}.toml`);
    writeFileSync(file, `[connection]\npollInterval = ${seconds}\n`);
    return file;
  }

  /** Starts a driver on a port and waits for its first valid voltage. It ends with this home unless it is stopped before. */
  async run(
    path: string,
    options: Pick<DriverProcessOptions, 'program' | 'args' | 'node' | 'state'>,
  ): Promise<Running> {
    const port = path.slice(path.lastIndexOf('/') + 1);
    const reader = await BusReader.open(this.client, batteryServiceName(port));
    const start = monotonicMs();
    const driver = new DriverProcess({ ...options, port: path, bus: this.address });
    this.#closing.unshift(() => driver.stop());
    let nameMs: number | undefined;
    const up = new Promise<{ voltageMs: number; cpu: number }>((resolve) => {
      reader.onChange = () => {
        if (reader.isPresent) nameMs ??= monotonicMs() - start;
        if (reader.number('/Dc/0/Voltage') === undefined) return;
        reader.onChange = () => {};
        resolve({ voltageMs: monotonicMs() - start, cpu: driver.cpuSeconds() });
      };
    });
    const seen = await driver.soLongAs('first valid voltage', up, PATIENCE_MS);
    return { driver, reader, nameMs: nameMs ?? Number.NaN, ...seen };
  }

  async close(): Promise<void> {
    for (const close of this.#closing) await close();
  }
}

/** Gives `use` a home and closes it, whatever happens. */
export async function atHome<T>(use: (home: Home) => Promise<T>): Promise<T> {
  const home = await Home.open();
  try {
    return await use(home);
  } finally {
    await home.close();
  }
}
