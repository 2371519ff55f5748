import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import type { Device } from '../../src/simulator/line/device.ts';
import { type Serving, servePty } from '../../src/simulator/line/serve.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { SettingsStandIn } from '../../src/simulator/venus/localsettings.ts';
import { type PrivateBus, startPrivateBus } from '../../src/simulator/venus/private-bus.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { STEADY } from './house.ts';
import { Program, temporaryFolder } from './program.ts';

const CVL = '/Info/MaxChargeVoltage';
const HANDED = '/Bank/MaxChargeVoltage';

/** Two batteries with a driver each and a bank, on a private bus, and what the system controller sees of them. */
export class ParallelHouse {
  /** Moments at which a member offered limits beside the bank. */
  readonly doubles: string[] = [];
  readonly programs: Program[] = [];
  readonly #bus: PrivateBus;
  readonly #folder: ReturnType<typeof temporaryFolder>;
  readonly #devices: { readonly device: Device; readonly serving: Serving }[] = [];
  readonly #readers = new Map<string, BusReader>();
  readonly #closing: (() => void)[] = [];

  static async open(settings: string): Promise<ParallelHouse> {
    const house = new ParallelHouse(await startPrivateBus());
    await house.#furnish(settings);
    return house;
  }

  private constructor(bus: PrivateBus) {
    this.#bus = bus;
    this.#folder = temporaryFolder();
  }

  async #furnish(settings: string): Promise<void> {
    writeFileSync(join(this.#folder.path, 'dbus-bms.toml'), settings);
    const { address } = this.#bus;
    const stand = await SettingsStandIn.open(await connectBus({ address }), {});
    const client = await connectBus({ address });
    this.#closing.push(
      () => stand.close(),
      () => client.disconnect(),
    );
    for (const name of ['ttyUSB1', 'ttyUSB2']) {
      const device = await buildDevice('jbd', parseScenario(STEADY), systemClock);
      this.#devices.push({ device, serving: await servePty(device, join(this.#folder.path, name)) });
    }
    for (const name of ['ttyUSB1', 'ttyUSB2', 'house']) {
      const reader = await BusReader.open(client, batteryServiceName(name));
      reader.onChange = () => {
        const offering = this.offering;
        if (offering.includes('house') && offering.length > 1) this.doubles.push(offering.join());
      };
      this.#readers.set(name, reader);
    }
  }

  /** Services that offer limits to chargers now. */
  get offering(): readonly string[] {
    return [...this.#readers.keys()].filter((name) => this.number(name, CVL) !== undefined);
  }

  /** Services that hand their limits to the bank now. */
  get handing(): readonly string[] {
    return [...this.#readers.keys()].filter((name) => this.number(name, HANDED) !== undefined);
  }

  number(name: string, path: string): number | undefined {
    return this.#readers.get(name)?.number(path);
  }

  text(name: string, path: string): string | undefined {
    return this.#readers.get(name)?.text(path);
  }

  /** Whether the service has such a path at all. */
  has(name: string, path: string): boolean {
    return this.#readers.get(name)?.items.has(path) === true;
  }

  runBattery(name: string): Program {
    return this.#start('run', join(this.#folder.path, name), '--bms', 'jbd');
  }

  runBank(): Program {
    return this.#start('bank');
  }

  #start(...args: readonly string[]): Program {
    const config = join(this.#folder.path, 'dbus-bms.toml');
    const program = new Program([...args, '--config', config], {
      DBUS_SESSION_BUS_ADDRESS: this.#bus.address,
      DBUS_BMS_STATE: this.#folder.path,
    });
    this.programs.push(program);
    return program;
  }

  async close(): Promise<void> {
    for (const program of this.programs) await program.stop();
    for (const { device, serving } of this.#devices) {
      await serving.close();
      device.close();
    }
    for (const close of this.#closing) close();
    await this.#bus.stop();
    this.#folder.remove();
  }
}
