import type { BmsDriver } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import type { AdapterOptions, AdapterStandIn } from '../../src/simulator/bluez/adapter.ts';
import { batteryPeripheral } from '../../src/simulator/bluez/battery.ts';
import type { DeviceStandIn } from '../../src/simulator/bluez/device.ts';
import type { RadioFaults } from '../../src/simulator/bluez/peripheral.ts';
import { BluezStandIn } from '../../src/simulator/bluez/stand-in.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { Bluetooth } from '../../src/transport/ble/bluetooth.ts';
import { MemoryBus } from './memory-bus.ts';
import { until } from './virtual-line.ts';

export const ADDRESS = 'C8:47:80:00:00:01';

/** A battery near to the adapter, and what can be done to it. */
export interface NearBattery {
  readonly driver: BmsDriver;
  readonly address: string;
  readonly faults: RadioFaults;
  readonly device: DeviceStandIn;
}

/** BlueZ, an adapter and batteries that do not exist, in virtual time, and the Bluetooth of the program on the same bus. */
export class RadioScene {
  readonly clock: VirtualClock;
  readonly bus: MemoryBus;
  readonly bluez: BluezStandIn;
  readonly adapter: AdapterStandIn;
  readonly bluetooth: Bluetooth;

  static async open(options: AdapterOptions = {}): Promise<RadioScene> {
    const clock = new VirtualClock();
    const bus = new MemoryBus(clock);
    const bluez = await until(clock, BluezStandIn.open(bus.connect(), clock));
    const adapter = bluez.addAdapter('hci0', options);
    const bluetooth = await until(clock, Bluetooth.open(bus.connect(), clock));
    return new RadioScene({ clock, bus, bluez, adapter, bluetooth });
  }

  private constructor(parts: Pick<RadioScene, 'clock' | 'bus' | 'bluez' | 'adapter' | 'bluetooth'>) {
    this.clock = parts.clock;
    this.bus = parts.bus;
    this.bluez = parts.bluez;
    this.adapter = parts.adapter;
    this.bluetooth = parts.bluetooth;
  }

  /** Brings a simulated battery of a type near. */
  async bring(
    id = 'jbd',
    {
      address = ADDRESS,
      name = `${id}-1`,
      ...more
    }: { address?: string; name?: string; mtu?: number; port?: number } = {},
  ): Promise<NearBattery> {
    const driver = driverOf(id);
    const faults: RadioFaults = {};
    const battery = await buildDevice(id, parseScenario({ packs: [{ soc: 60, noise: 0 }] }), this.clock);
    const peripheral = batteryPeripheral(battery, driver, { address, name, faults, ...more });
    return { driver, address, faults, device: this.adapter.bring(peripheral) };
  }

  until<T>(promise: Promise<T>): Promise<T> {
    return until(this.clock, promise);
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    await this.clock.run(this.clock.now() + ms);
  }
}

export function driverOf(id: string): BmsDriver {
  const entry = BMSES.find(({ driver }) => driver.id === id);
  if (entry === undefined) throw new Error(`there is no driver ${id}`);
  return entry.driver;
}
