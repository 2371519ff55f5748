import type { BmsDriver } from '../bms/driver.ts';
import { type Clock, sleep } from '../clock.ts';
import { type BmsError, NothingFoundError, PortError } from '../errors.ts';
import type { Log, LogSource } from '../log.ts';
import type { PortSettings } from '../settings/resolve.ts';
import type { Bluetooth } from '../transport/ble/bluetooth.ts';
import { type Wanted, WrongPinError } from '../transport/ble/connect.ts';
import type { GattLink } from '../transport/ble/gatt-link.ts';
import { GattWire, type Learned } from '../transport/ble/gatt-wire.ts';
import { LinkKeeper } from '../transport/ble/keeper.ts';
import { GuardedWire } from '../transport/guarded-wire.ts';
import { HalfDuplex } from '../transport/half-duplex.ts';
import type { PortUrl } from '../transport/port-url.ts';
import type { LinkOptions } from './link.ts';
import { allowedFrames, overBluetooth } from './over-bluetooth.ts';
import { type PortOptions, PortService } from './port-service.ts';

/** A device that is no battery of a known type is looked at again after so long, ms: the app may have set it up meanwhile. */
const LOOK_AGAIN_MS = 300_000;

/** One battery of `[[bluetooth]]`. */
export interface BluetoothBatteryPlan {
  readonly wanted: Wanted;
  /** Types to look for. */
  readonly drivers: readonly BmsDriver[];
  readonly settings: PortSettings;
  readonly adapter?: string;
  /** The link is given up for so long, ms, after it was kept for so long. */
  readonly release?: { readonly everyMs: number; readonly forMs: number };
}

export interface BluetoothBatteryOptions extends BluetoothBatteryPlan {
  readonly bluetooth: Bluetooth;
  readonly clock: Clock;
  readonly log: LogSource;
  readonly signal: AbortSignal;
  readonly stateFolder: string;
  readonly random: () => number;
  readonly openOutput?: PortOptions['openOutput'];
  readonly onExchange?: PortOptions['onExchange'];
  readonly banks?: PortOptions['banks'];
  /** The adapter carries fewer links than there are batteries. */
  readonly onFewLinks?: (most: number) => void;
}

/** Serves one battery over Bluetooth for as long as the program runs: its link, and what a port does for one on a cable. */
export class BluetoothBattery {
  readonly #options: BluetoothBatteryOptions;
  readonly #log: Log;
  readonly #keeper: LinkKeeper;
  readonly #learned: Learned = {};
  #linkedAt = 0;
  #saidNothing = '';

  constructor(options: BluetoothBatteryOptions) {
    this.#options = options;
    this.#log = options.log.scope('bluetooth');
    const { adapter, bluetooth, clock, onFewLinks, random, wanted } = options;
    this.#keeper = new LinkKeeper({
      bluetooth,
      clock,
      wanted,
      random,
      ...(adapter !== undefined && { adapter }),
      ...(onFewLinks !== undefined && { onFewLinks }),
    });
  }

  /** Rejects only with what ends the whole program: the loss of the bus, or a bug. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = new AbortController();
    const end = (): void => stop.abort();
    signal.addEventListener('abort', end, { once: true });
    const keeping = this.#keeper.run(stop.signal).catch((error: unknown) => {
      if (!(error instanceof WrongPinError)) throw error;
      this.#log.error(error.message);
    });
    // A device that refuses its PIN is left alone; the others go on.
    const over = keeping.finally(end);
    over.catch(() => {}); // Its error is that of the whole battery, below.
    try {
      await this.#serve(stop.signal);
    } finally {
      end();
      signal.removeEventListener('abort', end);
      await over;
    }
  }

  async #serve(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const link = await this.#keeper.linked(signal);
      if (link === undefined) return;
      try {
        await this.#servePort(link, signal);
      } catch (error) {
        if (!(error instanceof PortError || error instanceof NothingFoundError)) throw error;
        if (error instanceof NothingFoundError) await this.#nothingFound(error, signal);
        // A link that was lost before the battery was known: the keeper makes another one.
        else await sleep(this.#options.clock, 1000, signal);
      }
    }
  }

  async #nothingFound(error: BmsError, signal: AbortSignal): Promise<void> {
    // Once for each cause; a device that is no battery may be near for years.
    if (this.#saidNothing !== error.message.replaceAll(/[\d.]+ s/g, ''))
      this.#log.warn(`${error.message}; it is looked at again every ${LOOK_AGAIN_MS / 60_000} min`);
    this.#saidNothing = error.message.replaceAll(/[\d.]+ s/g, '');
    await this.#keeper.release(LOOK_AGAIN_MS);
    await sleep(this.#options.clock, LOOK_AGAIN_MS, signal);
  }

  async #servePort(link: GattLink, signal: AbortSignal): Promise<void> {
    const {
      banks = [],
      bluetooth,
      clock,
      drivers,
      log,
      openOutput,
      onExchange,
      settings,
      stateFolder,
    } = this.#options;
    const seen = bluetooth.heard(link.path);
    const { address = seen?.address, name } = this.#options.wanted;
    const port: PortUrl = {
      kind: 'ble',
      ...(address !== undefined && { address: address.toUpperCase() }),
      ...(name !== undefined && { name }),
    };
    const reached = overBluetooth(drivers, link, seen);
    const service = new PortService({
      port,
      drivers: reached,
      settings,
      banks,
      stateFolder,
      clock,
      log,
      signal,
      openLink: (options) => this.#openLink(options, reached),
      rests: (goodAt) => this.#rests(goodAt),
      ...(openOutput !== undefined && { openOutput }),
      ...(onExchange !== undefined && { onExchange }),
    });
    this.#saidNothing = '';
    await service.run();
  }

  /** The link of the moment as an exchange; says at once when there is none, so that the control goes on without. */
  async #openLink(
    { clock, line, onExchange, onLost }: LinkOptions,
    drivers: readonly BmsDriver[],
  ): Promise<HalfDuplex> {
    const { settings, wanted } = this.#options;
    const link = this.#keeper.take();
    const wire = new GattWire({
      link,
      name: `ble:${wanted.address ?? wanted.name}`,
      clock,
      learned: this.#learned,
      release: async () => this.#letGo(0),
      onDoubled: () =>
        this.#log.warn('another program on this machine listens to this battery too; stop one of them'),
    });
    this.#linkedAt = clock.now();
    try {
      await wire.configure(line);
    } catch (error) {
      await wire.close();
      throw error;
    }
    const guarded = new GuardedWire(wire, allowedFrames(drivers, settings.settings.allowSwitches));
    return new HalfDuplex(guarded, {
      clock,
      line,
      ...(onExchange !== undefined && { onExchange }),
      ...(onLost !== undefined && { onLost }),
    });
  }

  /** Whether the link is given up: the phone has its time, or another battery waits for it. */
  #rests(goodAt: number | undefined): boolean {
    const { adapter, bluetooth, clock, release } = this.#options;
    if (!this.#isLinked) return false;
    const now = clock.now();
    if (release !== undefined && now - this.#linkedAt >= release.everyMs) {
      this.#letGo(release.forMs);
      return true;
    }
    const hasRead = goodAt !== undefined && goodAt >= this.#linkedAt;
    return hasRead && bluetooth.turns(adapter).isWanted;
  }

  /** The control does not wait for the radio; that the bus went away meanwhile is told by the bus itself. */
  #letGo(forMs: number): void {
    this.#keeper.release(forMs).catch((error: unknown) => this.#log.debug(String(error)));
  }

  get #isLinked(): boolean {
    try {
      return this.#keeper.take().isUp;
    } catch (error) {
      if (error instanceof PortError) return false;
      throw error;
    }
  }
}
