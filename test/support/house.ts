import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import type { Bus } from '../../src/dbus/bus.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import type { Device } from '../../src/simulator/line/device.ts';
import { type Serving, servePty } from '../../src/simulator/line/serve.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { SettingsStandIn } from '../../src/simulator/venus/localsettings.ts';
import { type PrivateBus, startPrivateBus } from '../../src/simulator/venus/private-bus.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { eventually } from './bus.ts';
import { Program, temporaryFolder } from './program.ts';

/** A steady battery: 16 cells, nothing moves but what a test changes. */
export const STEADY = { packs: [{ soc: 60, noise: 0 }] };

/** A private bus with localsettings, a simulated battery on a pty, and a reader; the driver is started by the test. */
export class House {
  readonly bus: PrivateBus;
  readonly device: Device;
  readonly reader: BusReader;
  readonly service: string;
  serving: Serving;
  readonly #client: Bus;
  #settings: SettingsStandIn;
  readonly #folder: { readonly path: string; remove(): void };
  /** Every driver that was started, oldest first. */
  readonly programs: Program[] = [];

  /** `stored` is what localsettings holds from an earlier life. */
  static async open(
    bms = 'jbd',
    scenario: unknown = STEADY,
    name = 'ttyUSB1',
    stored: Readonly<Record<string, number | string>> = {},
  ): Promise<House> {
    const folder = temporaryFolder();
    const bus = await startPrivateBus();
    const settings = await SettingsStandIn.open(await connectBus({ address: bus.address }), stored);
    const device = await buildDevice(bms, parseScenario(scenario), systemClock);
    const serving = await servePty(device, join(folder.path, name));
    const client = await connectBus({ address: bus.address });
    const service = batteryServiceName(name);
    const reader = await BusReader.open(client, service);
    return new House({ bus, device, reader, serving, client, settings, folder, service });
  }

  private constructor(parts: {
    bus: PrivateBus;
    device: Device;
    reader: BusReader;
    serving: Serving;
    client: Bus;
    settings: SettingsStandIn;
    folder: { readonly path: string; remove(): void };
    service: string;
  }) {
    this.bus = parts.bus;
    this.device = parts.device;
    this.reader = parts.reader;
    this.serving = parts.serving;
    this.service = parts.service;
    this.#client = parts.client;
    this.#settings = parts.settings;
    this.#folder = parts.folder;
  }

  get port(): string {
    return this.serving.path;
  }

  /** Another reader of the bus of this house. */
  readerOf(service: string): Promise<BusReader> {
    return BusReader.open(this.#client, service);
  }

  /** Path of a file of this house. */
  file(name: string): string {
    return join(this.#folder.path, name);
  }

  get env(): Record<string, string> {
    return { DBUS_SESSION_BUS_ADDRESS: this.bus.address, DBUS_BMS_STATE: this.#folder.path };
  }

  /** Starts the driver on the port. */
  run(...args: readonly string[]): Program {
    const program = new Program(['run', this.port, ...args], this.env);
    this.programs.push(program);
    return program;
  }

  /** The battery is on the bus with a voltage. */
  async isUp(): Promise<void> {
    await eventually(() => this.reader.number('/Dc/0/Voltage') !== undefined);
  }

  /** Resolves after `count` more polls of the driver have been answered, whatever they brought. */
  async signals(count: number): Promise<void> {
    const until = this.reader.signals + count;
    await eventually(() => this.reader.signals >= until);
  }

  /** localsettings ends, as in an update of the device. */
  loseSettings(): void {
    this.#settings.close();
  }

  /** localsettings starts again with what it had stored. */
  async bringSettings(): Promise<void> {
    const { values } = this.#settings;
    this.#settings = await SettingsStandIn.open(await connectBus({ address: this.bus.address }), values);
  }

  /** What localsettings has stored, by path. */
  get stored(): Readonly<Record<string, number | string>> {
    return this.#settings.values;
  }

  async close(): Promise<void> {
    for (const program of this.programs) await program.stop();
    await this.serving.close();
    this.device.close();
    this.#client.disconnect();
    this.#settings.close();
    await this.bus.stop();
    this.#folder.remove();
  }
}
