import { variant } from '../../dbus/client.ts';
import { longUuid } from '../../transport/ble/uuid.ts';
import type { AdapterStandIn } from './adapter.ts';
import { GattStandIn } from './gatt.ts';
import type { Properties } from './objects.ts';
import type { Peripheral, RadioFaults } from './peripheral.ts';
import { bluezError, DONE, type Reply } from './replies.ts';

const DEVICE = 'org.bluez.Device1';

const CONNECT_MS = 250;
const RESOLVE_MS = 400;
/** Disconnect is answered so much later, ms; a Connect in between gets the dying link. */
const DISCONNECT_MS = 2000;
/** The kernel gives up connecting after so long, ms. */
const GIVE_UP_MS = 20_000;
/** A temporary object goes so long after its last advertisement, ms. */
const TEMPORARY_MS = 30_000;

/** A device as one adapter sees it. */
export class DeviceStandIn {
  readonly path: string;
  readonly peripheral: Peripheral;
  readonly gatt: GattStandIn;
  isPermanent = false;
  isPaired = false;
  /** How often a link came up. */
  connects = 0;
  readonly #adapter: AdapterStandIn;
  readonly #timers = new Set<() => void>();
  #cancelConnect: ((answer: Reply) => void) | undefined;
  #isDying = false;
  #cancelAir = (): void => {};
  #cancelTemporary = (): void => {};

  constructor(adapter: AdapterStandIn, peripheral: Peripheral) {
    this.#adapter = adapter;
    this.peripheral = peripheral;
    this.path = `${adapter.path}/dev_${peripheral.address.replaceAll(':', '_')}`;
    this.gatt = new GattStandIn(adapter, this.path, peripheral);
    this.gatt.isPaired = () => this.isPaired;
  }

  get faults(): RadioFaults {
    return this.peripheral.faults ?? {};
  }

  get isLinked(): boolean {
    return this.gatt.isLinked;
  }

  get #clock() {
    return this.#adapter.bluez.clock;
  }

  get #tree() {
    return this.#adapter.bluez.tree;
  }

  /** Does something when the device advertises next, once. */
  onAir(ms: number, action: () => void): void {
    this.#cancelAir();
    this.#cancelAir = this.#clock.after(ms, action);
  }

  /** An advertisement of it was received. */
  heard(): void {
    if (this.isLinked || this.faults.absent === true) return;
    this.#keepTemporary();
    if (!this.#tree.has(this.path)) this.appear();
    const { manufacturerData = {}, rssi = -60 } = this.peripheral;
    this.#tree.set(this.path, DEVICE, { RSSI: ['n', rssi], ManufacturerData: data(manufacturerData) }, true);
  }

  appear(): void {
    const { address, advertised = [], manufacturerData = {}, name } = this.peripheral;
    const properties: Properties = {
      Address: ['s', address],
      AddressType: ['s', 'public'],
      Alias: ['s', name ?? address.replaceAll(':', '-')],
      UUIDs: ['as', advertised.map(longUuid)],
      ManufacturerData: data(manufacturerData),
      Connected: ['b', false],
      ServicesResolved: ['b', false],
      Paired: ['b', this.isPaired],
      Trusted: ['b', false],
      Adapter: ['o', this.#adapter.path],
      ...(name !== undefined && { Name: ['s', name] }),
    };
    this.#tree.add(this.path, { [DEVICE]: properties });
  }

  scanEnded(): void {
    if (this.#tree.has(this.path)) this.#tree.set(this.path, DEVICE, { RSSI: undefined });
  }

  clientLeft(client: string): void {
    this.gatt.clientLeft(client);
  }

  /** The object is gone. */
  forgotten(): void {
    this.isPermanent = false;
    this.gatt.forget();
    this.#cancelTemporary();
  }

  /** The link is lost. `told`: bluetoothd tells of it. */
  lose(told: boolean): void {
    this.#cancelConnect?.(bluezError('Failed', 'le-connection-abort-by-local'));
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    const { isLinked } = this;
    this.#isDying = false;
    this.gatt.end();
    if (told && isLinked)
      this.#tree.set(this.path, DEVICE, { ServicesResolved: ['b', false], Connected: ['b', false] });
  }

  call(path: string, member: string, client: string, body: readonly unknown[]): Reply {
    if (path === this.path) return this.#deviceCall(member, client);
    return this.gatt.call(path, member, client, body);
  }

  #deviceCall(member: string, client: string): Reply {
    switch (member) {
      case 'Connect':
        return this.#connect();
      case 'Disconnect':
        return this.#disconnect();
      case 'Pair':
        return this.#pair(client);
      default:
        return bluezError('NotSupported', member);
    }
  }

  #connect(): Reply {
    const { faults, links, options } = this.#adapter;
    if (!this.#adapter.isPowered) return bluezError('Failed', 'Input/output error');
    if (this.#cancelConnect !== undefined) return bluezError('Failed', 'Operation already in progress');
    if (this.isLinked) return DONE;
    this.isPermanent = true;
    this.#cancelTemporary();
    const { absent = false, connect, connectMs = CONNECT_MS } = this.faults;
    if (connect === 'empty') return DONE;
    const others = this.#adapter.connecting;
    const isRefused = connect === 'fails' || faults.stuck === true || links >= (options.mostLinks ?? 7);
    return new Promise((resolve) => {
      this.#adapter.connecting = this;
      const settle = (answer: Reply): void => {
        cancel();
        this.#cancelConnect = undefined;
        if (this.#adapter.connecting === this) this.#adapter.connecting = undefined;
        resolve(answer);
      };
      this.#cancelConnect = settle;
      const abort = bluezError('Failed', 'le-connection-abort-by-local');
      const isBad = isRefused || absent || others !== undefined;
      const waitMs = absent ? GIVE_UP_MS : isBad ? 1000 : connectMs;
      const cancel =
        connect === 'never'
          ? () => {}
          : this.#clock.after(waitMs, () => {
              if (isBad) settle(abort);
              else {
                this.#link();
                settle(DONE);
              }
            });
    });
  }

  #link(): void {
    this.connects += 1;
    this.gatt.begin();
    this.#tree.set(this.path, DEVICE, { Connected: ['b', true] });
    const { cutAfterMs, unresolved = false } = this.faults;
    if (!unresolved) this.#later(RESOLVE_MS, () => this.#resolve());
    if (cutAfterMs !== undefined) this.#later(cutAfterMs, () => this.lose(true));
  }

  #resolve(): void {
    this.gatt.resolve();
    this.#tree.set(this.path, DEVICE, { ServicesResolved: ['b', true] });
  }

  #disconnect(): Reply {
    if (this.#cancelConnect !== undefined) {
      this.#cancelConnect(bluezError('Failed', 'br-connection-canceled'));
      return DONE;
    }
    if (!this.isLinked) return DONE;
    this.#isDying = true;
    this.gatt.fade();
    this.#tree.set(this.path, DEVICE, { ServicesResolved: ['b', false] });
    return new Promise((resolve) => {
      this.#clock.after(DISCONNECT_MS, () => {
        resolve(DONE);
        if (this.#isDying) this.lose(true);
      });
    });
  }

  async #pair(client: string): Promise<Awaited<Reply>> {
    if (this.isPaired) return bluezError('AlreadyExists', 'Already Exists');
    const { pin } = this.peripheral;
    const told = await this.#adapter.bluez.passkey(client, this.path);
    if (pin === undefined || told !== pin) {
      this.lose(true);
      this.isPermanent = false;
      this.#keepTemporary();
      return bluezError('AuthenticationFailed', 'Authentication Failed');
    }
    this.isPaired = true;
    this.#tree.set(this.path, DEVICE, { Paired: ['b', true] });
    return DONE;
  }

  #later(ms: number, action: () => void): void {
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(cancel);
      action();
    });
    this.#timers.add(cancel);
  }

  #keepTemporary(): void {
    this.#cancelTemporary();
    if (this.isPermanent) return;
    this.#cancelTemporary = this.#clock.after(TEMPORARY_MS, () => this.#tree.remove(this.path));
  }
}

/** The library cannot send a dictionary with numbers as keys; a client sees the same thing either way. */
function data(byCompany: Readonly<Record<number, Uint8Array>>): [string, unknown] {
  return [
    'a{sv}',
    Object.fromEntries(
      Object.entries(byCompany).map(([company, bytes]) => [company, variant('ay', Buffer.from(bytes))]),
    ),
  ];
}
