import type { BatteryView } from '../battery/battery-view.ts';
import type { Command } from '../battery/command.ts';
import type { Bus } from '../dbus/bus.ts';
import { type Item, SET_OK, SET_REFUSED, SET_REJECTED } from '../dbus/item.ts';
import { ItemTree } from '../dbus/item-server.ts';
import { BusError } from '../errors.ts';
import { WRITABLE } from './battery-paths.ts';
import { changes } from './changes.ts';
import { answerDiagnosis } from './diagnosis.ts';
import { keyOf, type Log } from './names.ts';

export interface BatteryServiceOptions {
  /** A connection of its own: consumers keep services apart by connection. The service disconnects it. */
  readonly bus: Bus;
  /** "com.victronenergy.battery.ttyUSB0", see `batteryServiceName`. */
  readonly name: string;
  /** What consumers see when the name appears; limits must be valid in it. */
  readonly view: BatteryView;
  /** Instance and name that the device remembers; absent: those of the view. */
  readonly device?: DeviceIdentity;
  /** Carries out what a client asks for; false refuses. Default: refuse. */
  readonly onCommand?: (command: Command) => boolean;
  /** The last minute on the wire, for a report. */
  readonly recentExchanges?: () => string;
  readonly log: Log;
}

/** What only the device knows of a battery; read anew at every update. */
export interface DeviceIdentity {
  /** Group of its settings. */
  readonly id: string;
  readonly instance: number;
  readonly customName: string;
}

/** One battery on the bus. */
export class BatteryService {
  /** Called once when the service is off the bus without `close` having been called. */
  onLost: (error: BusError) => void = () => {};
  readonly name: string;
  readonly #options: BatteryServiceOptions;
  readonly #bus: Bus;
  readonly #log: Log;
  #tree: ItemTree;
  #latest: BatteryView;
  /** Whether consumers see us, and with which instance. */
  #shown: Shown | undefined;
  /** Which paths the tree has. */
  #treeIsLed: boolean;
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

  private constructor(options: BatteryServiceOptions) {
    const { bus, name, view, log } = options;
    this.#options = options;
    this.name = name;
    this.#bus = bus;
    this.#log = log;
    this.#latest = this.#whole(view);
    this.#treeIsLed = shownOf(this.#latest).isLed;
    this.#tree = this.#newTree();
    this.#tree.set(changes(this.#tree.values, this.#latest));
    bus.serve((call) => answerDiagnosis(call, options.recentExchanges) ?? this.#tree.answer(call));
    bus.onLost = (error) => this.#fail(error);
  }

  /**
   * Shows `view`: one ItemsChanged with what differs from what is shown, none when nothing does. With another
   * device instance, or when a bank begins or ends to lead the battery, the service leaves the bus and returns: consumers
   * read the instance once, and a limit that once existed counts for them as long as the service is there.
   */
  update(view: BatteryView): void {
    if (this.#closed) return;
    this.#latest = this.#whole(view);
    // While the service is leaving or returning, `#join` shows the latest view when it is back.
    if (this.#shown === undefined) return;
    const next = shownOf(this.#latest);
    if (next.instance !== this.#shown.instance || next.isLed !== this.#shown.isLed) {
      this.#leaveFor(next, this.#shown);
      return;
    }
    const changed = changes(this.#tree.values, this.#latest);
    this.#tree.set(changed);
    this.#announce(changed);
  }

  /** Leaves the bus at once. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#shown = undefined;
    this.#bus.disconnect();
  }

  #whole(view: BatteryView): BatteryView {
    const { device } = this.#options;
    if (device === undefined) return view;
    const { id, instance, customName } = device;
    const identity = { serial: keyOf(id), ...view.identity, deviceInstance: instance, customName };
    return { ...view, identity };
  }

  #newTree(): ItemTree {
    return new ItemTree({
      writable: WRITABLE,
      onWrite: (path, value) => this.#write(path, value),
      onChanged: (item) => this.#announce([item]),
    });
  }

  #leaveFor(next: Shown, before: Shown): void {
    this.#shown = undefined;
    const bank = this.#latest.bank?.name;
    const as =
      next.instance !== before.instance
        ? `as device instance ${next.instance}`
        : next.isLed
          ? `as a member of the bank ${bank}, which steers the chargers`
          : 'with limits of its own: no bank leads it';
    this.#log.info(`${this.name} leaves the bus to return ${as}`);
    this.#bus
      .releaseName(this.name)
      .then(() => this.#join())
      .catch((error: unknown) => this.#fail(asBusError(error)));
  }

  /** Nobody listens before the name is ours, so what changes until then needs no signal. */
  async #join(): Promise<void> {
    const shown = shownOf(this.#latest);
    // Paths that were there once would still be read.
    if (shown.isLed !== this.#treeIsLed) this.#tree = this.#newTree();
    this.#treeIsLed = shown.isLed;
    this.#tree.set(changes(this.#tree.values, this.#latest));
    await this.#bus.requestName(this.name);
    if (this.#closed) return;
    this.#shown = shown;
    this.#log.info(`${this.name} is on the bus as device instance ${shown.instance}`);
    this.update(this.#latest);
  }

  #announce(items: readonly Item[]): void {
    if (items.length === 0 || this.#shown === undefined) return;
    this.#tree.announce(this.#bus, items);
  }

  #write(path: string, value: number | string): number {
    const command = WRITABLE.get(path)?.command(value);
    if (command === undefined) return SET_REFUSED;
    try {
      return this.#options.onCommand?.(command) === true ? SET_OK : SET_REFUSED;
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

/** What consumers learn of a service only when it appears. */
interface Shown {
  readonly instance: number | undefined;
  readonly isLed: boolean;
}

function shownOf({ bank, identity }: BatteryView): Shown {
  return { instance: identity.deviceInstance, isLed: bank?.isLed === true };
}

function asBusError(error: unknown): BusError {
  return error instanceof BusError ? error : new BusError(String(error), { cause: error });
}
