import { longUuid } from '../../transport/ble/uuid.ts';
import type { AdapterStandIn } from './adapter.ts';
import type { Peripheral, PeripheralSession, RadioFaults } from './peripheral.ts';
import { bluezError, DONE, type Reply, writeType } from './replies.ts';

const SERVICE = 'org.bluez.GattService1';
const CHARACTERISTIC = 'org.bluez.GattCharacteristic1';
/** A request to the device and its confirmation take so long, ms. */
const GATT_MS = 15;

interface Characteristic {
  readonly uuid: string;
  readonly path: string;
  readonly flags: readonly string[];
}

/** Services and characteristics of one device. The objects stay when a link ends, and so does who listens. */
export class GattStandIn {
  /** Everything that was written to it, oldest first. */
  readonly written: { readonly bytes: Uint8Array; readonly withResponse: boolean }[] = [];
  isPaired: () => boolean = () => false;
  readonly peripheral: Peripheral;
  readonly #adapter: AdapterStandIn;
  /** Object path of the device. */
  readonly #device: string;
  readonly #characteristics: readonly Characteristic[];
  /** Clients that listen, by path. */
  readonly #listeners = new Map<string, Set<string>>();
  #session: PeripheralSession | undefined;
  #isResolved = false;

  constructor(adapter: AdapterStandIn, device: string, peripheral: Peripheral) {
    this.#adapter = adapter;
    this.#device = device;
    this.peripheral = peripheral;
    this.#characteristics = peripheral.services.flatMap((service, at) =>
      service.characteristics.map(({ flags, uuid }, index) => ({
        uuid: longUuid(uuid),
        flags,
        path: `${this.#servicePath(at)}/char${hex4(16 * (at + 1) + index + 1)}`,
      })),
    );
  }

  get faults(): RadioFaults {
    return this.peripheral.faults ?? {};
  }

  get isLinked(): boolean {
    return this.#session !== undefined;
  }

  get #clock() {
    return this.#adapter.bluez.clock;
  }

  get #tree() {
    return this.#adapter.bluez.tree;
  }

  /** A link comes up. */
  begin(): void {
    this.#session = this.peripheral.open((uuid, bytes) => this.notify(uuid, bytes));
  }

  /** Its services are known from now on. */
  resolve(): void {
    for (const [at, service] of this.peripheral.services.entries()) {
      const path = this.#servicePath(at);
      if (this.#tree.has(path)) continue;
      this.#tree.add(path, {
        [SERVICE]: { UUID: ['s', longUuid(service.uuid)], Device: ['o', this.#device] },
      });
      for (const { flags, path: own, uuid } of this.#characteristics.filter((one) =>
        one.path.startsWith(`${path}/`),
      ))
        this.#tree.add(own, {
          [CHARACTERISTIC]: {
            UUID: ['s', uuid],
            Service: ['o', path],
            Flags: ['as', [...flags]],
            Notifying: ['b', false],
            ...(this.#adapter.options.tellsMtu !== false && { MTU: ['q', this.#mtu] }),
          },
        });
    }
    this.#isResolved = true;
    // What was listened to before lives again without being asked for.
    for (const { path, uuid } of this.#characteristics)
      if (this.#listenersOf(path).size > 0) this.#session?.subscribed?.(uuid);
  }

  /** The link dies: nothing can be asked any more. */
  fade(): void {
    this.#isResolved = false;
  }

  /** The link is gone. */
  end(): void {
    const session = this.#session;
    this.#session = undefined;
    this.#isResolved = false;
    session?.end();
  }

  clientLeft(client: string): void {
    for (const [path, clients] of this.#listeners) if (clients.delete(client)) this.#tellNotifying(path);
  }

  /** BlueZ forgets the device. */
  forget(): void {
    this.#listeners.clear();
  }

  call(path: string, member: string, client: string, body: readonly unknown[]): Reply {
    const characteristic = this.#characteristics.find((one) => one.path === path);
    if (characteristic === undefined) return bluezError('NotSupported', member);
    switch (member) {
      case 'StartNotify':
        return this.#startNotify(characteristic, client);
      case 'StopNotify':
        if (!this.#listenersOf(path).delete(client)) return bluezError('Failed', 'No notify session started');
        this.#tellNotifying(path);
        return DONE;
      case 'ReadValue':
        return this.#attribute(characteristic, ['read'], () => {
          const value = this.#session?.read?.(characteristic.uuid) ?? new Uint8Array();
          this.#tellValue(path, value);
          return { signature: 'ay', body: [Buffer.from(value)] };
        });
      case 'WriteValue':
        return this.#write(characteristic, body);
      default:
        return bluezError('NotSupported', member);
    }
  }

  #startNotify(characteristic: Characteristic, client: string): Reply {
    return this.#attribute(characteristic, ['notify', 'indicate'], () => {
      if (this.faults.deaf === true) return bluezError('Failed', 'Operation failed with ATT error: 0x0e');
      const clients = this.#listenersOf(characteristic.path);
      if (clients.has(client)) return bluezError('InProgress', 'In Progress');
      clients.add(client);
      this.#tellNotifying(characteristic.path);
      this.#session?.subscribed?.(characteristic.uuid);
      return DONE;
    });
  }

  #write(characteristic: Characteristic, [value, options]: readonly unknown[]): Reply {
    const bytes = value instanceof Uint8Array ? Uint8Array.from(value) : new Uint8Array();
    const type = writeType(options) ?? 'request';
    if (type === 'command' && bytes.length > this.#mtu - 3)
      return bluezError('Failed', 'Failed to initiate write');
    const needs = type === 'command' ? ['write-without-response'] : ['write'];
    return this.#attribute(characteristic, needs, () => {
      const withResponse = type !== 'command';
      this.written.push({ bytes, withResponse });
      const { hears } = this.faults;
      if (hears === undefined || (hears === 'request') === withResponse)
        this.#session?.write(characteristic.uuid, bytes, withResponse);
      return DONE;
    });
  }

  /** A request to the device: a moment later, if it may be made at all. */
  #attribute({ flags }: Characteristic, needs: readonly string[], action: () => Reply): Reply {
    if (!needs.some((flag) => flags.includes(flag)))
      return bluezError('NotSupported', 'Operation is not supported');
    if (this.#session === undefined || !this.#isResolved) return bluezError('Failed', 'Not connected');
    if (this.peripheral.pin !== undefined && !this.isPaired())
      return bluezError('NotPermitted', 'Not paired');
    const session = this.#session;
    return new Promise((resolve) => {
      this.#clock.after(GATT_MS, () => {
        const isSame = this.#session === session;
        resolve(isSame ? action() : bluezError('Failed', 'Operation failed with ATT error: 0x0e'));
      });
    });
  }

  /** The device says something. */
  notify(uuid: string, bytes: Uint8Array): void {
    const characteristic = this.#characteristics.find((one) => one.uuid === longUuid(uuid));
    if (characteristic === undefined || this.faults.mute === true || !this.#isResolved) return;
    const clients = this.#listenersOf(characteristic.path).size;
    if (clients === 0) return;
    const times = clients + (this.faults.doubled === true ? 1 : 0);
    for (let time = 0; time < times; time += 1) this.#tellValue(characteristic.path, bytes);
  }

  #tellValue(path: string, bytes: Uint8Array): void {
    this.#tree.set(path, CHARACTERISTIC, { Value: ['ay', Buffer.from(bytes)] }, true);
  }

  #tellNotifying(path: string): void {
    this.#tree.set(path, CHARACTERISTIC, { Notifying: ['b', this.#listenersOf(path).size > 0] });
  }

  get #mtu(): number {
    return this.peripheral.mtu ?? 23;
  }

  #listenersOf(path: string): Set<string> {
    const known = this.#listeners.get(path) ?? new Set();
    this.#listeners.set(path, known);
    return known;
  }

  #servicePath(at: number): string {
    return `${this.#device}/service${hex4(16 * (at + 1))}`;
  }
}

function hex4(number: number): string {
  return number.toString(16).padStart(4, '0');
}
