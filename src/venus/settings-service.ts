import type { Clock } from '../clock.ts';
import type { Bus, Signal } from '../dbus/bus.ts';
import type { ItemType } from '../dbus/item.ts';
import { BUS_ITEM } from '../dbus/names.ts';
import { toVariant } from '../dbus/wire-values.ts';
import { BusError } from '../errors.ts';
import { SETTINGS_INTERFACE, SETTINGS_SERVICE } from './names.ts';
import { declaration, type SettingDeclaration, type SettingValue } from './setting-values.ts';

const RETRY_MS = 1000;

/** Localsettings as a client sees it: whether it is there, waiting for it, and the calls that it takes. */
export class SettingsService {
  readonly #bus: Bus;
  readonly #clock: Clock;
  #owner: string | undefined;
  #wake: () => void = () => {};

  constructor(bus: Bus, clock: Clock) {
    this.#bus = bus;
    this.#clock = clock;
  }

  /** Unique name while it is on the bus. */
  get owner(): string | undefined {
    return this.#owner;
  }

  /** In words, for whoever waits for it. */
  get absence(): string {
    return `${SETTINGS_SERVICE} ${this.#owner === undefined ? 'is not on the bus' : 'does not answer'}`;
  }

  absent(waitMs: number): BusError {
    return new BusError(
      `${this.absence} since ${Math.round(waitMs / 1000)} s: without it the battery has no device instance`,
    );
  }

  /** Follows the service; the returned function ends it. */
  watch(onOwner: (owner: string | undefined, before: string | undefined) => void): Promise<() => void> {
    return this.#bus.watchOwner(SETTINGS_SERVICE, (owner) => {
      const before = this.#owner;
      this.#owner = owner;
      this.wake();
      onOwner(owner, before);
    });
  }

  /** Hears what others change below `root`. */
  follow(root: string, listener: (signal: Signal) => void): Promise<() => void> {
    const changed = {
      sender: SETTINGS_SERVICE,
      pathNamespace: root,
      interface: BUS_ITEM,
      member: 'PropertiesChanged',
    };
    return this.#bus.watch(changed, listener);
  }

  /** Until the service comes or goes, or `wake` is called; while it is there but did not answer, a second at most. */
  pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#owner === undefined ? () => {} : this.#clock.after(RETRY_MS, () => this.wake());
      this.#wake = () => {
        cancel();
        this.#wake = () => {};
        resolve();
      };
    });
  }

  /** Ends a pause. */
  wake(): void {
    this.#wake();
  }

  /** One AddSettings; resolves with its reply. */
  async add(root: string, settings: readonly SettingDeclaration[]): Promise<unknown> {
    const [reply] = await this.#bus.call({
      destination: SETTINGS_SERVICE,
      path: '/',
      interface: SETTINGS_INTERFACE,
      member: 'AddSettings',
      signature: 'aa{sv}',
      body: [settings.map((setting) => declaration(`${root}/${setting.name}`, setting))],
    });
    return reply;
  }

  /** One SetValue; resolves with its result code, 0 when the value was taken. */
  async write(path: string, type: ItemType, value: SettingValue | undefined): Promise<unknown> {
    const [result] = await this.#bus.call({
      destination: SETTINGS_SERVICE,
      path,
      interface: BUS_ITEM,
      member: 'SetValue',
      signature: 'v',
      body: [toVariant(type, value)],
    });
    return result;
  }
}
