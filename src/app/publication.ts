import type { BatteryIdentity, BatteryState } from '../battery/battery-view.ts';
import { isOutdated, readTraits, type Traits, writeTraits } from '../battery/traits.ts';
import type { Clock } from '../clock.ts';
import type { Bus } from '../dbus/bus.ts';
import { connectBus } from '../dbus/client.ts';
import { SET_OK, SET_REFUSED } from '../dbus/item.ts';
import type { BusError } from '../errors.ts';
import type { Log } from '../log.ts';
import { findGroup, type Key, TRAITS_SETTING } from '../venus/battery-group.ts';
import { BatteryService } from '../venus/battery-service.ts';
import { CUSTOM_NAME_SETTING, DeviceSettings, type SettingDeclaration } from '../venus/localsettings.ts';
import { keyOf, settingsId } from '../venus/names.ts';
import type { PackMarks } from '../venus/predecessor.ts';

export interface PublicationOptions {
  /** "com.victronenergy.battery.ttyUSB0". */
  readonly name: string;
  /** Keys under which localsettings may know the battery, the best first, and what tells it from others that give the same. */
  readonly keys: readonly Key[];
  readonly traits: Traits;
  /** Asked before the battery counts as new: its keys, confirmed. */
  readonly confirm?: () => Promise<readonly Key[]>;
  readonly wantedInstance?: number;
  readonly wantedName?: string;
  /** By what another driver may have known this battery; absent for one that it cannot have known. */
  readonly marks?: PackMarks;
  /** What the device remembers beside instance and name. */
  readonly settings?: readonly SettingDeclaration[];
  /** Everything about the battery but what only localsettings knows. */
  readonly identity: Omit<BatteryIdentity, 'deviceInstance' | 'customName'>;
  /** What is true when it is asked: localsettings may take its time. */
  readonly state: () => Omit<BatteryState, 'identity'>;
  /** What the device remembers is known; the battery appears on the bus when this resolves. */
  readonly onRemembered?: (publication: Publication) => Promise<void>;
  /** A path other than the name was written; returns a result code of SetValue. */
  readonly onWrite?: (path: string, value: number | string) => number;
  /** A declared setting was changed by somebody else. */
  readonly onSetting?: (name: string) => void;
  /** The bus or the name is gone: nothing more can be published. */
  readonly onLost: (error: BusError) => void;
  readonly log: Log;
  readonly clock: Clock;
}

const TRAITS_DECLARATION: SettingDeclaration = { name: TRAITS_SETTING, type: 's', default: '', silent: true };

/** A battery on the bus together with what the device remembers of it. */
export class Publication {
  readonly #options: PublicationOptions;
  readonly #settings: DeviceSettings;
  #service: BatteryService | undefined;
  #state: Omit<BatteryState, 'identity'>;

  /** Waits for localsettings, because the device instance is needed before the name may appear. */
  static async open(options: PublicationOptions): Promise<Publication> {
    const bus = await connectBus({ clock: options.clock });
    try {
      const lost = new Promise<never>((_, reject) => {
        bus.onLost = reject;
      });
      const {
        confirm,
        keys,
        log,
        clock,
        name: service,
        traits,
        wantedInstance,
        wantedName,
        marks,
        settings = [],
      } = options;
      const device = await Promise.race([
        lost,
        DeviceSettings.open({
          bus,
          id: settingsId(keys[0]?.key ?? ''),
          find: () =>
            findGroup({ bus, service, keys, traits, log, clock, ...(confirm !== undefined && { confirm }) }),
          settings: [...settings, TRAITS_DECLARATION],
          log,
          clock,
          ...(wantedInstance !== undefined && { wantedInstance }),
          ...(wantedName !== undefined && { wantedName }),
          ...(marks !== undefined && { marks }),
        }),
      ]);
      const publication = new Publication(options, device);
      publication.note(traits);
      await Promise.race([lost, options.onRemembered?.(publication)]);
      await publication.#join(bus);
      return publication;
    } catch (error) {
      bus.disconnect();
      throw error;
    }
  }

  private constructor(options: PublicationOptions, settings: DeviceSettings) {
    this.#options = options;
    this.#settings = settings;
    this.#state = options.state();
    settings.onChange = (name) => {
      options.onSetting?.(name);
      this.#show();
    };
  }

  /** Key of the battery, by which its port may remember it. */
  get key(): string {
    return keyOf(this.#settings.id);
  }

  /** Writes down what tells this battery from others, when something of it has changed. */
  note(traits: Traits): void {
    const now = this.#options.clock.wall() / 1000;
    if (!isOutdated(readTraits(this.setting(TRAITS_SETTING)), traits, now)) return;
    this.#settings.set(TRAITS_SETTING, writeTraits(traits, now)).catch((error: unknown) => {
      // Only a battery with a twin needs it, and that localsettings refuses to store anything is said by the settings.
      this.#options.log.debug(`${TRAITS_SETTING} is not stored: ${String(error)}`);
    });
  }

  /** Value of a declared setting. */
  setting(name: string): number | string | undefined {
    return this.#settings.get(name);
  }

  /** Stores a declared setting; a refusal is said in the log, the value counts until the next start all the same. */
  remember(name: string, value: number | string): void {
    this.#settings.set(name, value).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#options.log.warn(`${name} will be forgotten at the next start: ${why}`);
    });
  }

  update(state: Omit<BatteryState, 'identity'>): void {
    this.#state = state;
    this.#show();
  }

  close(): void {
    this.#settings.close();
    this.#service?.close();
  }

  async #join(bus: Bus): Promise<void> {
    const { name, log, onLost, state } = this.#options;
    this.#state = state();
    this.#service = await BatteryService.open({
      bus,
      name,
      state: this.#whole(),
      log,
      onWrite: (path, value) => this.#write(path, value),
    });
    this.#service.onLost = onLost;
  }

  #write(path: string, value: number | string): number {
    if (path === '/CustomName') {
      this.remember(CUSTOM_NAME_SETTING, value);
      this.#show();
      return SET_OK;
    }
    return this.#options.onWrite?.(path, value) ?? SET_REFUSED;
  }

  #whole(): BatteryState {
    const { instance, customName } = this.#settings;
    const identity = { serial: this.key, ...this.#options.identity, deviceInstance: instance, customName };
    return { ...this.#state, identity };
  }

  #show(): void {
    this.#service?.update(this.#whole());
  }
}
