import type { BankPlan } from '../battery/bank-members.ts';
import type { BatteryKey } from '../battery/battery-key.ts';
import type { BatteryView } from '../battery/battery-view.ts';
import type { Command } from '../battery/command.ts';
import type { Output } from '../battery/output.ts';
import { NAME_SETTING, type OwnerStore } from '../battery/owner-store.ts';
import { isOutdated, readTraits, type Traits, writeTraits } from '../battery/traits.ts';
import { WISHES } from '../battery/wishes.ts';
import type { Clock } from '../clock.ts';
import type { Bus } from '../dbus/bus.ts';
import { connectBus } from '../dbus/client.ts';
import { BmsError } from '../errors.ts';
import { BankWatch } from './bank-watch.ts';
import { findGroup, TRAITS_SETTING } from './battery-group.ts';
import { BatteryService } from './battery-service.ts';
import { portOf } from './claim.ts';
import { DeviceSettings, type DeviceSettingsOptions, type SettingDeclaration } from './localsettings.ts';
import { batteryServiceName, keyOf, type Log, settingsId } from './names.ts';

/** What localsettings keeps for the owner beside the name. */
const WISH_SETTINGS: readonly SettingDeclaration[] = WISHES.map(({ max, min, name, none, type }) => ({
  name,
  type,
  default: none,
  min,
  max,
}));

const TRAITS_DECLARATION: SettingDeclaration = { name: TRAITS_SETTING, type: 's', default: '', silent: true };

export interface VenusOutputOptions {
  /** Port in the names of the services: "ttyUSB0". */
  readonly port: string;
  readonly wantedInstance?: number;
  readonly wantedName?: string;
  /** The owner's wishes are known, or were changed elsewhere. True when the limits of the next view follow from them. */
  readonly onStore: (store: OwnerStore) => boolean;
  /** A client asks for something of the battery or bank; false refuses. */
  readonly onCommand: (command: Command) => boolean;
  /** A battery is new to the device: its keys, confirmed. */
  readonly onNew: () => Promise<readonly BatteryKey[]>;
  /** Banks of the settings; the battery is a member of the one that names it. */
  readonly banks?: readonly BankPlan[];
  /** The last minute on the wire, as the text of a capture. */
  readonly recentExchanges?: () => string;
  /** The battery or bank is on the bus; the device knows it under this key. */
  readonly onUp: (key: string) => void;
  /** The bus is gone, or would not have us. */
  readonly onLost: (error: BmsError) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** "unix:path=..."; absent: the bus of the environment. */
  readonly busAddress?: string;
}

/**
 * The batteries of one port on D-Bus, each as a service with a connection of its own: the battery or bank with its limits,
 * and the packs of a bank, which only show themselves.
 */
export class VenusOutput implements Output {
  readonly #options: VenusOutputOptions;
  /** By address of the pack; undefined for the battery or bank. */
  readonly #services = new Map<number | undefined, PendingService>();

  constructor(options: VenusOutputOptions) {
    this.#options = options;
  }

  show(view: BatteryView): void {
    const { pack } = view.identity;
    const service = this.#services.get(pack);
    if (service !== undefined) {
      service.show(view);
      return;
    }
    const opened = new PendingService(view, this.#options);
    this.#services.set(pack, opened);
    opened.open();
  }

  keepPacks(addresses: readonly number[]): void {
    for (const [address, service] of this.#services) {
      if (address === undefined || addresses.includes(address)) continue;
      service.close();
      this.#services.delete(address);
    }
  }

  close(): void {
    for (const service of this.#services.values()) service.close();
  }
}

/**
 * One service while it waits for the bus and for localsettings, and then. Polling goes on meanwhile, and what consumers see
 * first is what is true then.
 */
class PendingService {
  readonly #options: VenusOutputOptions;
  readonly #first: BatteryView;
  #latest: BatteryView;
  #settings: DeviceSettings | undefined;
  #service: BatteryService | undefined;
  #bank: BankWatch | undefined;
  #isClosed = false;
  #onNext: () => void = () => {};

  constructor(view: BatteryView, options: VenusOutputOptions) {
    this.#options = options;
    this.#first = view;
    this.#latest = view;
  }

  show(view: BatteryView): void {
    this.#latest = view;
    this.#onNext();
    if (this.#service === undefined) return;
    this.#note(view.identity.traits);
    this.#update();
  }

  open(): void {
    this.#open().catch((error: unknown) => {
      if (!(error instanceof BmsError)) throw error;
      if (!this.#isClosed) this.#options.onLost(error);
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#bank?.close();
    this.#settings?.close();
    this.#service?.close();
  }

  get #isPack(): boolean {
    return this.#first.identity.pack !== undefined;
  }

  /** Waits for localsettings, because the device instance is needed before the name may appear. */
  async #open(): Promise<void> {
    const { busAddress, clock, log, onLost, onUp, recentExchanges } = this.#options;
    const bus = await connectBus({ clock, ...(busAddress !== undefined && { address: busAddress }) });
    try {
      const lost = new Promise<never>((_, reject) => {
        bus.onLost = reject;
      });
      const settings = await Promise.race([lost, DeviceSettings.open(this.#wanted(bus))]);
      this.#settings = settings;
      this.#note(this.#first.identity.traits);
      const store = storeOf(settings, log);
      settings.onChange = () => {
        if (!this.#isPack) this.#options.onStore(store);
        this.#update();
      };
      // What the owner forbade must be in the first limits that anybody sees.
      if (!this.#isPack && this.#options.onStore(store)) await Promise.race([lost, this.#next()]);
      // Whoever leads must be known before chargers see a limit.
      this.#bank = await Promise.race([lost, this.#watchBank(bus, settings)]);
      const service = await BatteryService.open({
        bus,
        name: this.#name,
        view: this.#withBank(this.#latest),
        device: settings,
        log,
        ...(!this.#isPack && recentExchanges !== undefined && { recentExchanges }),
        onCommand: (command) => this.#decide(command, store),
      });
      service.onLost = onLost;
      this.#service = service;
      this.#update();
      if (!this.#isPack) onUp(keyOf(settings.id));
    } catch (error) {
      bus.disconnect();
      throw error;
    }
    if (this.#isClosed) this.close();
  }

  #update(): void {
    this.#service?.update(this.#withBank(this.#latest));
  }

  #withBank(view: BatteryView): BatteryView {
    const bank = this.#bank?.part;
    return bank === undefined ? view : { ...view, bank };
  }

  /** A pack beside the bank of its port steers nothing, so it has nothing to hand over. */
  async #watchBank(bus: Bus, { id, instance }: DeviceSettings): Promise<BankWatch | undefined> {
    const { banks = [], log } = this.#options;
    if (this.#isPack || banks.length === 0) return undefined;
    const { serial = keyOf(id) } = this.#first.identity;
    const candidate = { place: portOf(this.#name), serial, instance };
    return BankWatch.open({ bus, plans: banks, candidate, log, onChange: () => this.#update() });
  }

  get #name(): string {
    return batteryServiceName(this.#options.port, this.#first.identity.pack);
  }

  #wanted(bus: Bus): DeviceSettingsOptions {
    const { clock, log, onNew, wantedInstance, wantedName } = this.#options;
    const { isBank, keys, marks, traits } = this.#first.identity;
    const group = { bus, service: this.#name, keys, traits, log, clock };
    const isBattery = !this.#isPack && isBank !== true;
    return {
      bus,
      id: settingsId(keys[0]?.key ?? ''),
      find: () => findGroup({ ...group, ...(isBattery && { confirm: onNew }) }),
      log,
      clock,
      settings: [...(this.#isPack ? [] : WISH_SETTINGS), TRAITS_DECLARATION],
      ...(marks !== undefined && { marks }),
      ...(!this.#isPack && wantedInstance !== undefined && { wantedInstance }),
      ...(!this.#isPack && wantedName !== undefined && { wantedName }),
    };
  }

  /** Writes down what tells this battery from others, when something of it has changed. */
  #note(traits: Traits): void {
    const settings = this.#settings;
    const now = this.#options.clock.wall() / 1000;
    if (settings === undefined || !isOutdated(readTraits(settings.get(TRAITS_SETTING)), traits, now)) return;
    settings.set(TRAITS_SETTING, writeTraits(traits, now)).catch((error: unknown) => {
      // Only a battery with a twin needs it, and that localsettings refuses to store anything is said by the settings.
      this.#options.log.debug(`${TRAITS_SETTING} is not stored: ${String(error)}`);
    });
  }

  /** A name is kept by the store of this very battery; everything else is for the battery or bank of the port. */
  #decide(command: Command, store: OwnerStore): boolean {
    if (command.kind === 'name') {
      store.set(NAME_SETTING, command.name);
      this.#update();
      return true;
    }
    return !this.#isPack && this.#options.onCommand(command);
  }

  /** Resolves when something newer is shown. */
  #next(): Promise<void> {
    return new Promise((resolve) => {
      this.#onNext = resolve;
    });
  }
}

function storeOf(settings: DeviceSettings, log: Log): OwnerStore {
  return {
    get: (name) => settings.get(name),
    set(name, value) {
      settings.set(name, value).catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        log.warn(`${name} will be forgotten at the next start: ${why}`);
      });
    },
  };
}
