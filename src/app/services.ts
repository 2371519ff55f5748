import type { Clock } from '../clock.ts';
import { BmsError } from '../errors.ts';
import type { LogSource } from '../log.ts';
import type { BatteryState } from '../publish/battery-state.ts';
import { SET_OK, SET_REFUSED } from '../publish/dbus/bus-item.ts';
import { batteryServiceName, settingsId } from '../publish/dbus/names.ts';
import type { PackMarks } from '../publish/dbus/predecessor.ts';
import type { Settings } from '../settings/table.ts';
import { type PortUrl, portName, serviceSuffix } from '../transport/port-url.ts';
import { VERSION } from '../version.ts';
import type { Bank, BankState } from './bank.ts';
import type { Battery } from './battery.ts';
import { batteryKey, hardwareOf, packMarks, productName } from './identity.ts';
import { OWNER_DECLARATIONS, type Owner } from './owner.ts';
import { Publication, type PublicationOptions } from './publication.ts';

type Shown = Omit<BatteryState, 'identity'>;

export interface ServicesOptions {
  readonly port: PortUrl;
  readonly settings: Settings;
  readonly owner: Owner;
  /** Key under which this bank was known before. */
  readonly knownKey: string | undefined;
  readonly clock: Clock;
  readonly log: LogSource;
  /** The battery is on the bus, under this key. */
  readonly onUp: (key: string) => void;
  /** A client wants the history forgotten. */
  readonly onClear: () => void;
  /** The bus is gone, or would not have us. */
  readonly onLost: (error: BmsError) => void;
}

/**
 * One service while it waits for the bus and for localsettings, and then: polling goes on meanwhile, and what consumers see
 * first is what is true then.
 */
class Slot {
  publication: Publication | undefined;
  #latest: Shown | undefined;
  #isClosed = false;
  #onNext: () => void = () => {};

  get latest(): Shown | undefined {
    return this.#latest;
  }

  /** Resolves when something newer is shown. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#onNext = resolve;
    });
  }

  show(
    state: Shown,
    open: (latest: () => Shown) => Promise<Publication>,
    onLost: (error: BmsError) => void,
  ): void {
    const isFirst = this.#latest === undefined;
    this.#latest = state;
    this.#onNext();
    if (!isFirst) {
      this.publication?.update(state);
      return;
    }
    open(() => this.#latest ?? state).then(
      (publication) => {
        if (this.#isClosed) return publication.close();
        this.publication = publication;
      },
      (error: unknown) => {
        if (!(error instanceof BmsError)) throw error;
        if (!this.#isClosed) onLost(error);
      },
    );
  }

  close(): void {
    this.#isClosed = true;
    this.publication?.close();
  }
}

/** What one port shows on the bus: the bank (or its only pack), and the packs of a bank one by one. */
export class Services {
  readonly #options: ServicesOptions;
  readonly #main = new Slot();
  readonly #packs = new Map<number, Slot>();

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  /** The battery is on the bus. */
  get isUp(): boolean {
    return this.#main.publication !== undefined;
  }

  /** The bank (or the only pack): everything of the last cycle in one update. */
  show(bank: Bank, best: Battery, state: BankState): void {
    const { onLost, onUp, owner } = this.#options;
    const { averageCurrent } = state.control;
    const shown = {
      ...state,
      ...(!bank.isBank && { history: best.history }),
      ...(averageCurrent !== undefined && { averageCurrent }),
      requests: owner.requests,
      isSwitchable: owner.mayStandBy(best.pack.driver),
    };
    if (state.control.state === 'topBalance' && this.#main.publication !== undefined) {
      owner.balanceBegan(this.#main.publication);
    }
    this.#main.show(
      shown,
      async (latest) => {
        const key = (bank.isBank ? this.#options.knownKey : undefined) ?? this.#key(best);
        const publication = await Publication.open({
          ...this.#common(best, key, latest),
          ...this.#control(),
          // A bank is new to the device: its packs are what another driver knew.
          ...(!bank.isBank && { marks: this.#marks(best, false) }),
        });
        onUp(key);
        return publication;
      },
      onLost,
    );
  }

  /** One pack of a bank, without limits: it only shows itself. */
  showPack(battery: Battery, now: number): void {
    if (!this.isUp || battery.output === undefined) return;
    const { address } = battery.pack;
    const reading = battery.shown(now);
    const { facts, history } = battery;
    const slot = this.#packs.get(address) ?? new Slot();
    this.#packs.set(address, slot);
    slot.show(
      { facts, history, link: battery.link(now), ...(reading !== undefined && { reading }) },
      (latest) => {
        const key = `${this.#key(battery)}_pack_${address}`;
        const name = batteryServiceName(serviceSuffix(this.#options.port), address);
        const marks = this.#marks(battery, true);
        return Publication.open({ ...this.#common(battery, key, latest), name, marks });
      },
      this.#options.onLost,
    );
  }

  /** Packs came, or one moved: its old service must not go on showing a pack that is elsewhere now. */
  keepPacks(addresses: readonly number[]): void {
    for (const [address, slot] of this.#packs) {
      if (addresses.includes(address)) continue;
      slot.close();
      this.#packs.delete(address);
    }
  }

  close(): void {
    this.#main.close();
    for (const slot of this.#packs.values()) slot.close();
  }

  #key(battery: Battery): string {
    const { port, settings } = this.#options;
    return batteryKey({
      driver: battery.pack.driver,
      address: battery.pack.address,
      reading: battery.facts,
      batteryId: settings.batteryId,
      hardware: hardwareOf(port),
    });
  }

  #marks({ facts, pack: { address } }: Battery, isOneOfMany: boolean): PackMarks {
    return packMarks({ facts, address, port: serviceSuffix(this.#options.port), isOneOfMany });
  }

  #common(battery: Battery, key: string, state: () => Shown): PublicationOptions {
    const { clock, log, onLost, port } = this.#options;
    return {
      name: batteryServiceName(serviceSuffix(port)),
      id: settingsId(key),
      identity: {
        productName: productName(battery.pack.driver),
        connection: port.kind === 'serial' ? port.path.replace(/^\/dev\//, '') : portName(port),
        processVersion: VERSION,
        serial: battery.facts.serialNumber ?? key,
      },
      state,
      onLost,
      log: log.scope('dbus'),
      clock,
    };
  }

  /** What only the service with the limits has: the owner's settings, and what may be written. */
  #control(): Partial<PublicationOptions> {
    const { onClear, owner, settings } = this.#options;
    const { customName, deviceInstance } = settings;
    return {
      ...(deviceInstance !== undefined && { wantedInstance: deviceInstance }),
      ...(customName !== undefined && { wantedName: customName }),
      settings: OWNER_DECLARATIONS,
      onRemembered: async (publication) => {
        owner.take(publication);
        // What the owner forbade must be in the first limits that anybody sees.
        if (Object.keys(owner.requests).length > 0) await this.#main.next();
      },
      onWrite: (path, value) => this.#write(path, value, onClear),
      onSetting: () => this.#main.publication && owner.take(this.#main.publication),
    };
  }

  #write(path: string, value: number | string, onClear: () => void): number {
    if (path === '/History/Clear') {
      onClear();
      return SET_OK;
    }
    const { latest, publication } = this.#main;
    if (path === '/Mode' && latest?.isSwitchable !== true) return SET_REFUSED;
    return publication === undefined ? SET_REFUSED : this.#options.owner.write(path, value, publication);
  }
}
