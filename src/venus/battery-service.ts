import type { BatteryState } from '../battery/battery-view.ts';
import type { Bus } from '../dbus/bus.ts';
import { type Item, SET_REFUSED, SET_REJECTED } from '../dbus/item.ts';
import { ItemTree, type OnWrite } from '../dbus/item-server.ts';
import { BusError } from '../errors.ts';
import { WRITABLE } from './battery-paths.ts';
import { changes } from './changes.ts';
import type { Log } from './names.ts';

export interface BatteryServiceOptions {
  /** A connection of its own: consumers keep services apart by connection. The service disconnects it. */
  readonly bus: Bus;
  /** "com.victronenergy.battery.ttyUSB0", see `batteryServiceName`. */
  readonly name: string;
  /** What consumers see when the name appears; limits must be valid in it. */
  readonly state: BatteryState;
  /** Carries out what a user wrote (/CustomName, /History/Clear, /Settings/...). Default: refuse. */
  readonly onWrite?: OnWrite;
  readonly log: Log;
}

/** One battery on the bus. */
export class BatteryService {
  /** Called once when the service is off the bus without `close` having been called. */
  onLost: (error: BusError) => void = () => {};
  readonly name: string;
  readonly #bus: Bus;
  readonly #log: Log;
  readonly #tree: ItemTree;
  #latest: BatteryState;
  /** Whether consumers see us, and with which instance. */
  #shown: { readonly instance: number } | undefined;
  #closed = false;

  /** Exports everything, then takes the name. Rejects with a BusError when another program holds it. */
  static async open(options: BatteryServiceOptions): Promise<BatteryService> {
    const service = new BatteryService(options);
    try {
      await service.#join();
    } catch (error) {
      service.close();
      throw error;
    }
    return service;
  }

  private constructor({ bus, name, state, onWrite = () => SET_REFUSED, log }: BatteryServiceOptions) {
    this.name = name;
    this.#bus = bus;
    this.#log = log;
    this.#latest = state;
    this.#tree = new ItemTree({
      writable: WRITABLE,
      onWrite: (path, value) => this.#carryOut(onWrite, path, value),
      onChanged: (item) => this.#announce([item]),
    });
    this.#tree.set(changes(this.#tree.values, state));
    bus.serve((call) => this.#tree.answer(call));
    bus.onLost = (error) => this.#fail(error);
  }

  /**
   * Shows `state`: one ItemsChanged with what differs from what is shown, none when nothing does. With another
   * DeviceInstance the service leaves the bus and returns, because consumers read the instance once.
   */
  update(state: BatteryState): void {
    if (this.#closed) return;
    this.#latest = state;
    // While the service is leaving or returning, `#join` shows the latest state when it is back.
    if (this.#shown === undefined) return;
    if (state.identity.deviceInstance !== this.#shown.instance) {
      this.#moveTo(state.identity.deviceInstance);
      return;
    }
    this.#show();
  }

  /** Leaves the bus at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#shown = undefined;
    this.#bus.disconnect();
  }

  #moveTo(instance: number): void {
    this.#shown = undefined;
    this.#log.info(`${this.name} leaves the bus to return as device instance ${instance}`);
    this.#bus
      .releaseName(this.name)
      .then(() => this.#join())
      .catch((error: unknown) => this.#fail(asBusError(error)));
  }

  /** Nobody listens before the name is ours, so what changes until then needs no signal. */
  async #join(): Promise<void> {
    this.#tree.set(changes(this.#tree.values, this.#latest));
    const instance = this.#latest.identity.deviceInstance;
    await this.#bus.requestName(this.name);
    if (this.#closed) return;
    this.#shown = { instance };
    this.#log.info(`${this.name} is on the bus as device instance ${instance}`);
    this.update(this.#latest);
  }

  #show(): void {
    const changed = changes(this.#tree.values, this.#latest);
    this.#tree.set(changed);
    this.#announce(changed);
  }

  #announce(items: readonly Item[]): void {
    if (items.length === 0 || this.#shown === undefined) return;
    this.#bus.itemsChanged(items);
  }

  #carryOut(onWrite: OnWrite, path: string, value: number | string): number {
    try {
      return onWrite(path, value);
    } catch (error) {
      this.#log.warn(`${this.name} could not set ${path} to ${JSON.stringify(value)}: ${String(error)}`);
      return SET_REJECTED;
    }
  }

  #fail(error: BusError): void {
    if (this.#closed) return;
    this.close();
    this.onLost(error);
  }
}

function asBusError(error: unknown): BusError {
  return error instanceof BusError ? error : new BusError(String(error), { cause: error });
}
