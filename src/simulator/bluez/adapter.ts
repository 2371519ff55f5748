import type { Answer } from '../../dbus/bus.ts';
import { DeviceStandIn } from './device.ts';
import type { Peripheral } from './peripheral.ts';
import { bluezError, DONE, type Reply } from './replies.ts';
import type { BluezStandIn } from './stand-in.ts';

export interface AdapterOptions {
  /** Links that the controller carries at once; default 7. */
  readonly mostLinks?: number;
  readonly powered?: boolean;
  /** Characteristics tell their MTU, as BlueZ does since 5.62; default true. */
  readonly tellsMtu?: boolean;
}

/** What can go wrong with an adapter. */
export interface AdapterFaults {
  /** StartDiscovery fails because somebody else scans. */
  discovery?: 'inProgress';
  /** Every Connect fails until the adapter was switched off and on. */
  stuck?: boolean;
  /** It cannot be switched on. */
  unpowerable?: boolean;
}

const ADAPTER = 'org.bluez.Adapter1';
const DEVICE = 'org.bluez.Device1';
/** A device is heard for the first time so long after a scan began, and then so often, ms. */
const FIRST_HEARD_MS = 300;
const ADVERTISED_EVERY_MS = 1000;

/** One adapter. */
export class AdapterStandIn {
  readonly path: string;
  readonly bluez: BluezStandIn;
  readonly options: AdapterOptions;
  readonly faults: AdapterFaults = {};
  /** Whose scans run. */
  readonly scanners = new Set<string>();
  /** A Connect is pending; a second one at the same time fails. */
  connecting: DeviceStandIn | undefined;
  readonly #devices = new Map<string, DeviceStandIn>();
  #powered: boolean;
  #isThere = false;

  constructor(bluez: BluezStandIn, name: string, options: AdapterOptions) {
    this.bluez = bluez;
    this.path = `/org/bluez/${name}`;
    this.options = options;
    this.#powered = options.powered ?? true;
  }

  get isPowered(): boolean {
    return this.#isThere && this.#powered;
  }

  get devices(): readonly DeviceStandIn[] {
    return [...this.#devices.values()];
  }

  get links(): number {
    return this.devices.filter(({ isLinked }) => isLinked).length;
  }

  appear(): void {
    this.#isThere = true;
    this.bluez.tree.add(this.path, {
      [ADAPTER]: {
        Address: ['s', '00:00:5E:00:53:01'],
        Name: ['s', 'stand-in'],
        Powered: ['b', this.#powered],
        Discovering: ['b', false],
      },
    });
    for (const device of this.devices) if (device.isPermanent) device.appear();
  }

  /** `told`: bluetoothd is there to tell of it. */
  vanish(told: boolean): void {
    this.#isThere = false;
    this.scanners.clear();
    this.connecting = undefined;
    for (const device of this.devices) device.lose(told);
    if (told) this.bluez.tree.remove(this.path);
    for (const device of this.devices) device.forgotten();
  }

  bring(peripheral: Peripheral): DeviceStandIn {
    const device = new DeviceStandIn(this, peripheral);
    this.#devices.set(device.path, device);
    this.#advertise(device, FIRST_HEARD_MS);
    return device;
  }

  /** The device of an object path, also of one below it. */
  device(path: string): DeviceStandIn | undefined {
    return this.#devices.get(path.split('/').slice(0, 5).join('/'));
  }

  setProperty(path: string, name: string, value: unknown): Answer {
    if (path === this.path && name === 'Powered') return this.#power(value === true);
    if (name === 'Trusted') this.bluez.tree.set(path, DEVICE, { Trusted: ['b', value] });
    return DONE;
  }

  call(member: string, client: string, body: readonly unknown[]): Reply {
    if (!this.isPowered && member !== 'RemoveDevice') return bluezError('NotReady', 'Resource Not Ready');
    switch (member) {
      case 'SetDiscoveryFilter':
        return DONE;
      case 'StartDiscovery':
        if (this.faults.discovery === 'inProgress' || this.scanners.has(client))
          return bluezError('InProgress', 'Operation already in progress');
        this.scanners.add(client);
        this.#tellScanning();
        for (const device of this.devices) this.#advertise(device, FIRST_HEARD_MS);
        return DONE;
      case 'StopDiscovery':
        if (!this.scanners.delete(client)) return bluezError('Failed', 'No discovery started');
        this.#tellScanning();
        return DONE;
      case 'RemoveDevice': {
        const device = this.device(String(body[0]));
        if (device === undefined || !this.bluez.tree.has(device.path))
          return bluezError('DoesNotExist', 'Does Not Exist');
        device.lose(true);
        this.bluez.tree.remove(device.path);
        device.forgotten();
        return DONE;
      }
      default:
        return bluezError('NotSupported', member);
    }
  }

  clientLeft(client: string): void {
    if (this.scanners.delete(client)) this.#tellScanning();
    for (const device of this.devices) device.clientLeft(client);
  }

  #power(on: boolean): Answer {
    if (on && this.faults.unpowerable === true) return bluezError('Failed', 'Not Powered');
    if (on && !this.#powered) this.faults.stuck = false;
    this.#powered = on;
    if (!on) {
      this.scanners.clear();
      this.connecting = undefined;
      for (const device of this.devices) device.lose(true);
    }
    this.bluez.tree.set(this.path, ADAPTER, { Powered: ['b', on] });
    this.#tellScanning();
    return DONE;
  }

  #tellScanning(): void {
    const isScanning = this.scanners.size > 0;
    this.bluez.tree.set(this.path, ADAPTER, { Discovering: ['b', isScanning] });
    if (!isScanning) for (const device of this.devices) device.scanEnded();
  }

  /** Every device advertises all the time; it is heard while somebody scans. */
  #advertise(device: DeviceStandIn, ms: number): void {
    device.onAir(ms, () => {
      if (!this.isPowered || this.scanners.size === 0) return;
      device.heard();
      this.#advertise(device, ADVERTISED_EVERY_MS);
    });
  }
}
