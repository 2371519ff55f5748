import { type Clock, sleep } from '../../clock.ts';
import { CallError, NO_REPLY } from '../../dbus/bus.ts';
import { variant } from '../../dbus/client.ts';
import { PortBusyError, type PortError, PortMissingError } from '../../errors.ts';
import type { Adapter } from './adapter.ts';
import type { PinAgent } from './agent.ts';
import { type BluezTree, CHARACTERISTIC, DEVICE } from './bluez-tree.ts';
import { GattLink, ignoreRefusal } from './gatt-link.ts';

/** A battery is looked for so long, ms; every module advertises far more often. */
const SCAN_MS = 15_000;
const CONNECT_MS = 22_000;
const RESOLVE_MS = 15_000;
const DISCONNECT_MS = 5000;
const PAIR_MS = 30_000;
/** A Connect that succeeded without a link is known by this, ms. */
const LINK_MS = 2000;
/** The end of a subscription is told by then, ms. */
const FREED_MS = 500;

/** A device as the owner names it: its address, or its name. */
export interface Wanted {
  /** `C8:47:80:11:22:33`. */
  readonly address?: string;
  readonly name?: string;
  /** Only where the device wants to be paired. */
  readonly pin?: number;
}

export interface ConnectOptions {
  readonly adapter: Adapter;
  readonly agent: PinAgent;
  readonly clock: Clock;
  readonly signal?: AbortSignal;
  /** The object of the device is made anew, because connecting failed before. */
  readonly anew?: boolean;
}

/** The device was not heard. */
export class NotThereError extends PortMissingError {
  /** Others were, so the adapter hears well. */
  readonly heardOthers: boolean;

  constructor(message: string, heardOthers: boolean) {
    super(message);
    this.heardOthers = heardOthers;
  }
}

/** The device answered that the PIN is wrong: to try again would lock some devices. */
export class WrongPinError extends PortMissingError {}

/**
 * Finds a device and connects to it, alone on its adapter. Rejects with PortMissingError when it is not there or does not connect,
 * PortBusyError when another program of this machine uses it, WrongPinError.
 */
export function connectDevice(wanted: Wanted, options: ConnectOptions): Promise<GattLink> {
  return options.adapter.alone(() => new Connecting(wanted, options).run());
}

/** How people know the device: `"Garage" (C8:47:80:11:22:33)`. */
export function deviceName({ address, name }: Wanted): string {
  if (name === undefined) return address ?? 'a device';
  return address === undefined ? JSON.stringify(name) : `${JSON.stringify(name)} (${address})`;
}

class Connecting {
  readonly #wanted: Wanted;
  readonly #options: ConnectOptions;
  readonly #tree: BluezTree;
  readonly #name: string;

  constructor(wanted: Wanted, options: ConnectOptions) {
    this.#wanted = wanted;
    this.#options = options;
    this.#tree = options.adapter.tree;
    this.#name = deviceName(wanted);
  }

  async run(): Promise<GattLink> {
    const { adapter, anew = false, signal } = this.#options;
    if (signal?.aborted) throw new PortMissingError(`connecting to ${this.#name} was broken off`);
    if (!adapter.isReady) throw new PortMissingError(this.#whyNotReady());
    const known = this.#known();
    if (known !== undefined) await this.#free(known);
    if (known !== undefined && anew && !this.#tree.isSet(known, DEVICE, 'Paired')) await this.#forget(known);
    let path = this.#known() ?? (await this.#find());
    if (!(await this.#connect(path))) {
      // The object was a memory of BlueZ that has just run out.
      path = await this.#find();
      if (!(await this.#connect(path)))
        throw new PortMissingError(`${this.#name} came and went; it is looked for again`);
    }
    try {
      const { pin } = this.#wanted;
      if (pin !== undefined) path = await this.#pair(path, pin);
      await this.#resolve(path);
    } catch (error) {
      await this.#tree.call(path, DEVICE, 'Disconnect', { deadlineMs: DISCONNECT_MS }).catch(ignoreRefusal);
      throw error;
    }
    return new GattLink(this.#tree, path, this.#name);
  }

  /** The object of the device, where BlueZ knows it. */
  #known(): string | undefined {
    const { adapter } = this.#options;
    const { address, name } = this.#wanted;
    if (address !== undefined) {
      const path = adapter.devicePath(address);
      return this.#tree.has(path) ? path : undefined;
    }
    const called = this.#tree
      .paths(DEVICE)
      .filter((path) => path.startsWith(`${adapter.path}/`))
      .filter((path) => this.#tree.text(path, DEVICE, 'Name')?.trim() === name?.trim());
    if (called.length < 2) return called[0];
    const addresses = called.map((path) => this.#tree.text(path, DEVICE, 'Address')).join(' and ');
    throw new PortMissingError(
      `${called.length} devices are called ${this.#name}: ${addresses}; write the address of the one you mean`,
    );
  }

  async #find(): Promise<string> {
    const { adapter, signal } = this.#options;
    let heardOthers = false;
    const unwatch = this.#tree.watchAdverts(() => {
      heardOthers = true;
    });
    const path = await adapter.scan(() => this.#known(), SCAN_MS, signal).finally(unwatch);
    if (path !== undefined) return path;
    throw new NotThereError(
      `${this.#name} does not advertise: it is off, asleep or out of reach, or another client (a phone, another program) is connected to it`,
      heardOthers,
    );
  }

  /** A link that a program left behind when it died is ended; one that somebody uses is left alone. */
  async #free(path: string): Promise<void> {
    if (!this.#tree.isSet(path, DEVICE, 'Connected')) return;
    const listened = (): string[] =>
      this.#tree
        .paths(CHARACTERISTIC)
        .filter((one) => one.startsWith(`${path}/`) && this.#tree.isSet(one, CHARACTERISTIC, 'Notifying'));
    // Only a subscription of our own is ended by this, one that an earlier link left.
    for (const one of listened())
      await this.#tree.call(one, CHARACTERISTIC, 'StopNotify').catch(ignoreRefusal);
    const isFree = (): true | undefined => (listened().length === 0 ? true : undefined);
    if ((await this.#tree.until(isFree, FREED_MS, this.#options.signal)) === undefined)
      throw new PortBusyError(
        `another program on this machine is connected to ${this.#name}; stop that one first`,
      );
    await this.#disconnect(path);
  }

  async #disconnect(path: string): Promise<void> {
    await this.#tree.call(path, DEVICE, 'Disconnect', { deadlineMs: DISCONNECT_MS }).catch(ignoreRefusal);
    await this.#tree.until(
      () => (this.#tree.isSet(path, DEVICE, 'Connected') ? undefined : true),
      DISCONNECT_MS,
      this.#options.signal,
    );
  }

  async #forget(path: string): Promise<void> {
    const { adapter } = this.#options;
    const body = { signature: 'o', body: [path] };
    await this.#tree.call(adapter.path, 'org.bluez.Adapter1', 'RemoveDevice', body).catch(ignoreRefusal);
    await this.#tree.until(
      () => (this.#tree.has(path) ? undefined : true),
      DISCONNECT_MS,
      this.#options.signal,
    );
  }

  /** False where the object is gone. */
  async #connect(path: string): Promise<boolean> {
    const { clock, signal } = this.#options;
    // Disconnect breaks a Connect off that is pending.
    const breakOff = (): void =>
      void this.#tree.call(path, DEVICE, 'Disconnect', { deadlineMs: DISCONNECT_MS }).catch(() => {});
    signal?.addEventListener('abort', breakOff, { once: true });
    try {
      await this.#tree.call(path, DEVICE, 'Connect', { deadlineMs: CONNECT_MS });
    } catch (cause) {
      if (!(cause instanceof CallError)) throw cause;
      if (/Unknown(Object|Method|Interface)$/.test(cause.errorName)) return false;
      // A Connect that is still pending would be in the way of the next one.
      if (cause.errorName === NO_REPLY || /already in progress/i.test(cause.message)) {
        await this.#disconnect(path);
        await sleep(clock, 1000, signal);
      }
      throw this.#failed(cause);
    } finally {
      signal?.removeEventListener('abort', breakOff);
    }
    const isUp = await this.#tree.until(() => this.#isConnected(path), LINK_MS, signal);
    if (isUp === undefined) throw this.#failed(undefined);
    return true;
  }

  async #resolve(path: string): Promise<void> {
    const isOver = (): 'resolved' | 'lost' | undefined => {
      if (this.#isConnected(path) === undefined) return 'lost';
      return this.#tree.isSet(path, DEVICE, 'ServicesResolved') ? 'resolved' : undefined;
    };
    const outcome = await this.#tree.until(isOver, RESOLVE_MS, this.#options.signal);
    if (outcome === 'resolved') return;
    throw new PortMissingError(
      outcome === 'lost'
        ? `${this.#name} ended the link before its services were known`
        : `${this.#name} is connected, but its services stay unknown`,
    );
  }

  /** The path of the device, which is found again where a first attempt failed. */
  async #pair(path: string, pin: number): Promise<string> {
    const { agent } = this.#options;
    if (this.#tree.isSet(path, DEVICE, 'Paired')) return path;
    const pair = async (device: string): Promise<boolean> => {
      try {
        await agent.with(device, pin, () => this.#tree.call(device, DEVICE, 'Pair', { deadlineMs: PAIR_MS }));
      } catch (cause) {
        if (!(cause instanceof CallError)) throw cause;
        if (cause.errorName.endsWith('.AlreadyExists')) return true;
        if (/\.Authentication(Failed|Rejected)$/.test(cause.errorName)) return false;
        throw this.#failed(cause);
      }
      return true;
    };
    if (!(await pair(path))) {
      await this.#forget(path);
      const again = await this.#find();
      const isConnected = await this.#connect(again);
      if (!isConnected || !(await pair(again)))
        throw new WrongPinError(
          `${this.#name} refuses the PIN: check the setting pin; it is not tried again before the next start`,
        );
      return this.#trust(again);
    }
    return this.#trust(path);
  }

  async #trust(path: string): Promise<string> {
    await this.#tree.set(path, DEVICE, 'Trusted', variant('b', true)).catch(ignoreRefusal);
    return path;
  }

  #isConnected(path: string): true | undefined {
    return this.#tree.isSet(path, DEVICE, 'Connected') ? true : undefined;
  }

  #failed(cause: CallError | undefined): PortError {
    const reason = cause === undefined ? 'BlueZ gave no link' : wordsOf(cause);
    return new PortMissingError(`${this.#name} does not connect: ${reason}`, { cause });
  }

  #whyNotReady(): string {
    const { adapter } = this.#options;
    if (!this.#tree.isRunning) return 'bluetoothd is not running, so there is no Bluetooth';
    return this.#tree.has(adapter.path)
      ? `the Bluetooth adapter ${adapter.name} is switched off`
      : `there is no Bluetooth adapter ${adapter.name}`;
  }
}

/** What BlueZ says, in words of the owner where these are known. */
function wordsOf(error: CallError): string {
  if (error.errorName === NO_REPLY) return `it did not answer within ${CONNECT_MS / 1000} s`;
  if (/abort-by-local|connection abort|Host is down/i.test(error.message))
    return 'the adapter gave up; it is far away, busy with a phone, or the adapter carries no more links';
  if (/NotReady|Not Powered|Input\/output/.test(`${error.errorName} ${error.message}`))
    return 'the adapter is switched off';
  return error.message;
}
