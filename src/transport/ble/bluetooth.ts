import { type Clock, sleep } from '../../clock.ts';
import type { Bus } from '../../dbus/bus.ts';
import { BusError, PortMissingError } from '../../errors.ts';
import { Adapter } from './adapter.ts';
import { PinAgent } from './agent.ts';
import { ADAPTER, BluezTree, DEVICE } from './bluez-tree.ts';
import { connectDevice, NotThereError, type Wanted, WrongPinError } from './connect.ts';
import type { GattLink } from './gatt-link.ts';
import { Turns } from './turns.ts';

/** Nothing worked on an adapter for so long: it is switched off and on, if nobody uses it, ms. */
const STUCK_MS = 180_000;
/** And not more often than this, ms. */
const CYCLE_EVERY_MS = 600_000;
/** An adapter is ready again so long after it was switched on, ms. */
const ON_MS = 1000;
/** So many failures of one device in a row, and BlueZ is made to forget what it knows of it. */
const FORGET_AFTER = 3;

/** A device that was heard. */
export interface Heard {
  /** `C8:47:80:11:22:33`. */
  readonly address: string;
  readonly name?: string;
  /** Services, 128 bits, lower case; after a first link also those that were not advertised. */
  readonly services: readonly string[];
  readonly manufacturerData: ReadonlyMap<number, Uint8Array>;
  /** Strength, dBm, while it is heard. */
  readonly rssi?: number;
  /** Somebody on this machine is connected to it. */
  readonly isConnected: boolean;
}

/** What is known of one adapter. */
interface Radio {
  readonly adapter: Adapter;
  readonly turns: Turns;
  /** Since when nothing has worked. */
  failingSince?: number | undefined;
  cycledAt: number;
}

/**
 * The Bluetooth of this machine as this program uses it: one owner of scans and links for all batteries. It never restarts
 * bluetoothd, and leaves scans, links and pairings of others alone.
 */
export class Bluetooth {
  readonly tree: BluezTree;
  readonly #clock: Clock;
  readonly #agent: PinAgent;
  readonly #radios = new Map<string, Radio>();
  readonly #links = new Set<GattLink>();
  readonly #stop = new AbortController();

  /** Follows BlueZ on a bus connection of its own. It need not be running. */
  static async open(bus: Bus, clock: Clock): Promise<Bluetooth> {
    return new Bluetooth(bus, clock, await BluezTree.open(bus, clock));
  }

  private constructor(bus: Bus, clock: Clock, tree: BluezTree) {
    this.tree = tree;
    this.#clock = clock;
    this.#agent = new PinAgent(bus);
    tree.watch(() => {
      for (const { adapter } of this.#radios.values()) if (!adapter.isReady) adapter.scanWasLost();
    });
  }

  /** The adapters of this machine, `hci0` first. */
  get adapters(): readonly string[] {
    return this.tree.paths(ADAPTER).map((path) => path.slice(path.lastIndexOf('/') + 1));
  }

  /** Whether that adapter, or without a name any, is there and switched on. */
  isReady(name?: string): boolean {
    const { adapters } = this;
    return (name === undefined ? adapters : [name]).some((one) => this.#isPowered(one));
  }

  /** The adapter of that name; without one the first that is switched on. Throws a PortMissingError that says what is wrong. */
  adapter(name?: string): Adapter {
    return this.#radio(name).adapter;
  }

  /** The links of an adapter, which batteries share. */
  turns(name?: string): Turns {
    return this.#radio(name).turns;
  }

  /** A device that BlueZ knows, as it was heard last. */
  heard(path: string): Heard | undefined {
    const address = this.tree.text(path, DEVICE, 'Address');
    if (address === undefined) return undefined;
    const name = this.tree.text(path, DEVICE, 'Name');
    const rssi = this.tree.number(path, DEVICE, 'RSSI');
    return {
      address,
      services: this.tree.texts(path, DEVICE, 'UUIDs').map((uuid) => uuid.toLowerCase()),
      manufacturerData: this.tree.data(path),
      isConnected: this.tree.isSet(path, DEVICE, 'Connected'),
      ...(name !== undefined && { name }),
      ...(rssi !== undefined && { rssi }),
    };
  }

  /** Everything that is heard within a time, and what is connected, by address. */
  async scan(forMs: number, adapterName?: string, signal?: AbortSignal): Promise<readonly Heard[]> {
    const adapter = this.adapter(adapterName);
    const found = new Map<string, Heard>();
    const note = (path: string): void => {
      const heard = path.startsWith(`${adapter.path}/`) ? this.heard(path) : undefined;
      if (heard !== undefined) found.set(heard.address, heard);
    };
    for (const path of adapter.links) note(path);
    const unwatch = this.tree.watchAdverts(note);
    try {
      await adapter.alone(() => adapter.scan(() => undefined, forMs, signal));
    } finally {
      unwatch();
    }
    return [...found.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /**
   * Connects to a device. `failures` of it in a row make it forget the device first, and an adapter on which nothing works is
   * switched off and on.
   */
  async connect(
    wanted: Wanted,
    {
      adapter: adapterName,
      failures = 0,
      signal,
    }: { adapter?: string; failures?: number; signal?: AbortSignal } = {},
  ): Promise<GattLink> {
    const radio = this.#radio(adapterName);
    const options = {
      adapter: radio.adapter,
      agent: this.#agent,
      clock: this.#clock,
      anew: failures > 0 && failures % FORGET_AFTER === 0,
      signal: signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
    };
    try {
      return this.#linked(radio, await connectDevice(wanted, options));
    } catch (error) {
      if (!speaksAgainstAdapter(error) || !(await this.#freed(radio))) throw error;
      return this.#linked(radio, await connectDevice(wanted, options));
    }
  }

  /** Ends a link. */
  async release(link: GattLink): Promise<void> {
    this.#links.delete(link);
    await link.close();
  }

  /** Ends every link and the scan, and lets go of the bus. */
  async close(): Promise<void> {
    this.#stop.abort();
    for (const link of this.#links) await link.close().catch(ignoreBusError);
    for (const { adapter } of this.#radios.values()) await adapter.endScan().catch(ignoreBusError);
    this.tree.close();
    this.tree.bus.disconnect();
  }

  #radio(name: string | undefined): Radio {
    const { adapters } = this;
    if (!this.tree.isRunning)
      throw new PortMissingError(
        'there is no Bluetooth: bluetoothd is not running on this machine, or this program may not use it',
      );
    const chosen = name ?? adapters.find((one) => this.#isPowered(one)) ?? adapters[0];
    if (chosen === undefined || !adapters.includes(chosen)) {
      const others = adapters.length === 0 ? 'there is none now' : `there are: ${adapters.join(', ')}`;
      throw new PortMissingError(
        name === undefined
          ? 'there is no Bluetooth adapter; plug one in, or switch the built-in one on'
          : `there is no Bluetooth adapter ${name}; ${others}`,
      );
    }
    const path = `/org/bluez/${chosen}`;
    const known = this.#radios.get(path) ?? {
      adapter: new Adapter(this.tree, path, this.#clock),
      turns: new Turns(),
      cycledAt: Number.NEGATIVE_INFINITY,
    };
    this.#radios.set(path, known);
    return known;
  }

  #isPowered(name: string): boolean {
    return this.tree.isRunning && this.tree.isSet(`/org/bluez/${name}`, ADAPTER, 'Powered');
  }

  #linked(radio: Radio, link: GattLink): GattLink {
    radio.failingSince = undefined;
    for (const other of this.#links) if (!other.isUp) this.#links.delete(other);
    this.#links.add(link);
    return link;
  }

  /** Something failed on an adapter: whether it was switched off and on because nothing works on it any more. */
  async #freed(radio: Radio): Promise<boolean> {
    const { adapter } = radio;
    const now = this.#clock.now();
    radio.failingSince ??= now;
    const isUsed = adapter.links.length > 0 || adapter.isScannedByOthers || !adapter.isReady;
    if (isUsed || now - radio.failingSince < STUCK_MS || now - radio.cycledAt < CYCLE_EVERY_MS) return false;
    radio.cycledAt = now;
    await adapter.alone(() => adapter.powerCycle());
    await sleep(this.#clock, ON_MS, this.#stop.signal);
    return true;
  }
}

/** Whether a failure to connect may be that of the adapter, rather than of one device. */
function speaksAgainstAdapter(error: unknown): boolean {
  if (!(error instanceof PortMissingError) || error instanceof WrongPinError) return false;
  return !(error instanceof NotThereError && error.heardOthers);
}

/** Where the bus is gone nothing is left to be let go. */
function ignoreBusError(error: unknown): void {
  if (!(error instanceof BusError)) throw error;
}
