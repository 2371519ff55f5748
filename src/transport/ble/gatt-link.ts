import { CallError } from '../../dbus/bus.ts';
import { variant } from '../../dbus/client.ts';
import { PortLostError, TimeoutError } from '../../errors.ts';
import { type BluezTree, CHARACTERISTIC, DEVICE, SERVICE } from './bluez-tree.ts';
import type { GattPort } from './gatt-port.ts';
import { longUuid } from './uuid.ts';

/** How bytes are written: with a confirmation of the device's radio, or without. */
export type WriteMode = 'request' | 'command';

const ATT_HEADER = 3;
/** Where BlueZ does not tell it, before 5.62. */
const LEAST_MTU = 23;
const WRITE_MS = 5000;

/** A link to one device, whose services are known. Single use: it ends with the link, or with `close`. */
export class GattLink {
  readonly path: string;
  /** Called once when the link is lost without `close` having been called. */
  onLost: (error: PortLostError) => void = () => {};
  /** Called once when the link has ended, by either side. */
  onEnd: () => void = () => {};
  readonly #tree: BluezTree;
  readonly #name: string;
  readonly #unwatch: () => void;
  readonly #unsubscribe = new Set<() => void>();
  readonly #listening = new Set<string>();
  #lost: PortLostError | undefined;

  /** `name` is for people. */
  constructor(tree: BluezTree, path: string, name: string) {
    this.#tree = tree;
    this.path = path;
    this.#name = name;
    this.#unwatch = tree.watch(() => {
      if (!this.isUp) this.#end(new PortLostError(`the Bluetooth link to ${name} was lost`));
    });
  }

  get isUp(): boolean {
    return this.#lost === undefined && this.#tree.isSet(this.path, DEVICE, 'Connected');
  }

  /** The path of a characteristic inside of a service. */
  find(service: string, characteristic: string): string | undefined {
    const uuidIs = (iface: string, uuid: string) => (path: string) =>
      this.#tree.text(path, iface, 'UUID')?.toLowerCase() === longUuid(uuid);
    const below = (parent: string) => (path: string) => path.startsWith(`${parent}/`);
    const services = this.#tree.paths(SERVICE).filter(below(this.path)).filter(uuidIs(SERVICE, service));
    for (const one of services) {
      const found = this.#tree
        .paths(CHARACTERISTIC)
        .filter(below(one))
        .find(uuidIs(CHARACTERISTIC, characteristic));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Whether the device has this port. */
  has({ service, notify, write, writeService = service }: GattPort): boolean {
    return (
      this.find(service, notify) !== undefined &&
      (write === undefined || this.find(writeService, write) !== undefined)
    );
  }

  /** UUIDs of the services of the device. */
  get services(): readonly string[] {
    return this.#tree
      .paths(SERVICE)
      .filter((path) => path.startsWith(`${this.path}/`))
      .map((path) => this.#tree.text(path, SERVICE, 'UUID') ?? '');
  }

  /** In which ways a characteristic may be written, the one to begin with first. */
  writeModes(characteristic: string): readonly WriteMode[] {
    const flags = this.#tree.texts(characteristic, CHARACTERISTIC, 'Flags');
    return [
      ...(flags.includes('write') ? (['request'] as const) : []),
      ...(flags.includes('write-without-response') ? (['command'] as const) : []),
    ];
  }

  /** Bytes that one write carries. */
  writeLength(characteristic: string): number {
    return (this.#tree.number(characteristic, CHARACTERISTIC, 'MTU') ?? LEAST_MTU) - ATT_HEADER;
  }

  /** Hands over the notifications of a characteristic until the link ends, or until the returned function was called. */
  async subscribe(
    characteristic: string,
    listener: (value: Uint8Array) => void,
  ): Promise<() => Promise<void>> {
    const unlisten = this.#tree.subscribe(characteristic, listener);
    this.#unsubscribe.add(unlisten);
    // What is left of a link before makes BlueZ refuse, or stay silent.
    await this.#call(characteristic, 'StopNotify').catch(ignoreRefusal);
    await this.#call(characteristic, 'StartNotify').catch((error: unknown) => {
      const isOn = error instanceof CallError && error.errorName === 'org.bluez.Error.InProgress';
      if (!isOn) throw this.#failed('does not let itself be listened to', error);
    });
    this.#listening.add(characteristic);
    return async () => {
      unlisten();
      this.#unsubscribe.delete(unlisten);
      this.#listening.delete(characteristic);
      if (this.isUp) await this.#call(characteristic, 'StopNotify').catch(ignoreRefusal);
    };
  }

  async write(characteristic: string, bytes: Uint8Array, mode: WriteMode): Promise<void> {
    const body = [Buffer.from(bytes), { type: variant('s', mode) }];
    await this.#call(characteristic, 'WriteValue', { signature: 'aya{sv}', body }).catch((error: unknown) => {
      throw this.#failed('could not be written to', error);
    });
  }

  async read(characteristic: string): Promise<Uint8Array> {
    const [value] = await this.#call(characteristic, 'ReadValue', { signature: 'a{sv}', body: [{}] }).catch(
      (error: unknown) => {
        throw this.#failed('could not be read', error);
      },
    );
    return value instanceof Uint8Array ? Uint8Array.from(value) : new Uint8Array();
  }

  /** Ends the link; does nothing when it has ended. */
  async close(): Promise<void> {
    if (this.#lost !== undefined) return;
    const listening = [...this.#listening];
    this.#finish(new PortLostError(`the Bluetooth link to ${this.#name} was closed`));
    try {
      for (const path of listening) await this.#call(path, 'StopNotify').catch(ignoreRefusal);
      await this.#tree.call(this.path, DEVICE, 'Disconnect').catch(ignoreRefusal);
    } finally {
      this.onEnd();
    }
  }

  #call(
    path: string,
    member: string,
    more: { signature?: string; body?: readonly unknown[] } = {},
  ): Promise<readonly unknown[]> {
    return this.#tree.call(path, CHARACTERISTIC, member, { ...more, deadlineMs: WRITE_MS });
  }

  /** While the link is up it is one request that failed, and can be made again. */
  #failed(what: string, error: unknown): unknown {
    if (!(error instanceof CallError)) return error;
    if (!this.isUp) return this.#lost ?? new PortLostError(`the Bluetooth link to ${this.#name} was lost`);
    const isPairing = /NotPermitted|NotAuthorized|0x05|0x0f/.test(`${error.errorName} ${error.message}`);
    const advice = isPairing ? '; it wants to be paired: set its pin' : '';
    return new TimeoutError(`${this.#name} ${what}: ${error.message}${advice}`);
  }

  #end(error: PortLostError): void {
    if (this.#lost !== undefined) return;
    this.#finish(error);
    this.onLost(error);
    this.onEnd();
  }

  #finish(error: PortLostError): void {
    this.#lost = error;
    this.#unwatch();
    for (const unlisten of this.#unsubscribe) unlisten();
    this.#unsubscribe.clear();
  }
}

/** BlueZ refuses what is done already; the loss of the bus stays an error. */
export function ignoreRefusal(error: unknown): void {
  if (!(error instanceof CallError)) throw error;
}
