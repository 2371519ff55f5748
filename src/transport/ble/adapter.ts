import { type Clock, sleep } from '../../clock.ts';
import { CallError } from '../../dbus/bus.ts';
import { variant } from '../../dbus/client.ts';
import { PortMissingError } from '../../errors.ts';
import { ADAPTER, type BluezTree, DEVICE } from './bluez-tree.ts';

/** Somebody else scans past BlueZ, in turns with us: so often it is tried again, with pauses that grow to 3 s. */
const SCAN_TRIES = 10;
const LONGEST_PAUSE_MS = 3000;
/** Between the end of a scan and a connect, ms. */
const AFTER_SCAN_MS = 700;
/** An adapter stays off for so long when it is switched off and on, ms. */
const OFF_MS = 2000;

/**
 * One adapter: scans and connects on it happen one at a time, because two of them at once mostly fail. Scans of other programs go
 * on; only our own one is ended.
 */
export class Adapter {
  readonly path: string;
  readonly tree: BluezTree;
  readonly #clock: Clock;
  #tail: Promise<unknown> = Promise.resolve();
  /** How many of ours want to scan; the scan ends with the last. */
  #scanners = 0;
  #isScanning = false;

  constructor(tree: BluezTree, path: string, clock: Clock) {
    this.tree = tree;
    this.path = path;
    this.#clock = clock;
  }

  /** `hci0`. */
  get name(): string {
    return this.path.slice(this.path.lastIndexOf('/') + 1);
  }

  get isReady(): boolean {
    return this.tree.isSet(this.path, ADAPTER, 'Powered');
  }

  /** Devices of this adapter that somebody on this machine is connected to. */
  get links(): readonly string[] {
    return this.tree
      .paths(DEVICE)
      .filter((path) => path.startsWith(`${this.path}/`) && this.tree.isSet(path, DEVICE, 'Connected'));
  }

  devicePath(address: string): string {
    return `${this.path}/dev_${address.toUpperCase().replaceAll(':', '_')}`;
  }

  /** Does something while nobody else of this program scans or connects. */
  alone<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#tail.then(action);
    this.#tail = turn.catch(() => {}); // The caller has the error; the next in line must run all the same.
    return turn;
  }

  /**
   * Scans until `find` finds something or time is over; rejects with PortMissingError when the adapter does not scan. Not to be
   * called beside a connect: see `alone`.
   */
  async scan<T>(find: () => T | undefined, timeoutMs: number, signal?: AbortSignal): Promise<T | undefined> {
    await this.beginScan(signal);
    try {
      return await this.tree.until(find, timeoutMs, signal);
    } finally {
      await this.endScan();
      await sleep(this.#clock, AFTER_SCAN_MS, signal);
    }
  }

  /** Every `beginScan` that did not reject needs an `endScan`. */
  async beginScan(signal?: AbortSignal): Promise<void> {
    this.#scanners += 1;
    if (this.#isScanning) return;
    try {
      await this.#startDiscovery(signal);
    } catch (error) {
      this.#scanners -= 1;
      throw error;
    }
  }

  async endScan(): Promise<void> {
    this.#scanners = Math.max(0, this.#scanners - 1);
    if (this.#scanners > 0 || !this.#isScanning) return;
    this.#isScanning = false;
    // BlueZ may have ended it before, with the adapter or with itself.
    await this.tree.call(this.path, ADAPTER, 'StopDiscovery').catch(ignoreCallError);
  }

  /** bluetoothd or the adapter went away, and our scan with it. */
  scanWasLost(): void {
    this.#isScanning = false;
  }

  /** Switches the adapter off and on, which frees one that is stuck. Only where nobody uses it. */
  async powerCycle(): Promise<void> {
    await this.endScan();
    await this.tree.set(this.path, ADAPTER, 'Powered', variant('b', false)).catch(ignoreCallError);
    await sleep(this.#clock, OFF_MS);
    await this.tree.set(this.path, ADAPTER, 'Powered', variant('b', true)).catch(ignoreCallError);
  }

  /** Another program of this machine scans through BlueZ. */
  get isScannedByOthers(): boolean {
    return !this.#isScanning && this.tree.isSet(this.path, ADAPTER, 'Discovering');
  }

  async #startDiscovery(signal: AbortSignal | undefined): Promise<void> {
    // Every advertisement is told, or its strength and data would be seen once only.
    const filter = { Transport: variant('s', 'le'), DuplicateData: variant('b', true) };
    const set = { signature: 'a{sv}', body: [filter] };
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.tree.call(this.path, ADAPTER, 'SetDiscoveryFilter', set);
        await this.tree.call(this.path, ADAPTER, 'StartDiscovery', { deadlineMs: 10_000 });
        this.#isScanning = true;
        return;
      } catch (cause) {
        if (!(cause instanceof CallError)) throw cause;
        const isBusy = cause.errorName === 'org.bluez.Error.InProgress';
        if (!isBusy)
          throw new PortMissingError(`the Bluetooth adapter ${this.name} does not scan: ${cause.message}`, {
            cause,
          });
        if (attempt >= SCAN_TRIES || signal?.aborted)
          throw new PortMissingError(
            `another program scans with the Bluetooth adapter ${this.name} all the time, so no battery can be looked for`,
            { cause },
          );
        // Only a scan of our own is ended by this, one that was thought to be over.
        await this.tree.call(this.path, ADAPTER, 'StopDiscovery').catch(ignoreCallError);
        await sleep(this.#clock, Math.min(LONGEST_PAUSE_MS, 1000 * attempt), signal);
      }
    }
  }
}

/** What BlueZ answers where there is nothing left to do; the loss of the bus stays an error. */
export function ignoreCallError(error: unknown): void {
  if (!(error instanceof CallError)) throw error;
}
