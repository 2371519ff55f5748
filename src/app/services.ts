import type { Bank, BankState } from '../battery/bank-poller.ts';
import type { Battery } from '../battery/battery.ts';
import type { BatteryState } from '../battery/battery-view.ts';
import {
  bankKeys,
  batteryKeys,
  hardwareOf,
  type IdentitySources,
  type KeyMemory,
  packMarks,
  productName,
  traitsOf,
} from '../battery/identity.ts';
import type { Traits } from '../battery/traits.ts';
import type { Clock } from '../clock.ts';
import { SET_OK, SET_REFUSED } from '../dbus/item.ts';
import { BmsError } from '../errors.ts';
import type { LogSource } from '../log.ts';
import type { Settings } from '../settings/table.ts';
import type { Exchange } from '../transport/exchange.ts';
import { type PortUrl, portName, serviceSuffix } from '../transport/port-url.ts';
import type { Key } from '../venus/battery-group.ts';
import { batteryServiceName } from '../venus/names.ts';
import type { PackMarks } from '../venus/predecessor.ts';
import { VERSION } from '../version.ts';
import { OWNER_DECLARATIONS, type Owner } from './owner.ts';
import { Publication, type PublicationOptions } from './publication.ts';
import { SerialCheck } from './serial-check.ts';

type Shown = Omit<BatteryState, 'identity'>;

export interface ServicesOptions {
  readonly port: PortUrl;
  readonly settings: Settings;
  readonly owner: Owner;
  /** What the port remembers of its battery or bank. */
  readonly memory: KeyMemory;
  readonly clock: Clock;
  readonly log: LogSource;
  /** The battery is on the bus, under this key. */
  readonly onUp: (key: string) => void;
  /** The serial number of the battery turned out to be another at every read. */
  readonly onDoubt: () => void;
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
  /** Does not change while the port is served: an adapter that is unplugged ends the service. */
  readonly #hardware: string;
  #check: SerialCheck | undefined;

  constructor(options: ServicesOptions) {
    this.#options = options;
    this.#hardware = hardwareOf(options.port);
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
    const sources = [best, ...bank.batteries].map((battery) => this.#sources(battery));
    const traits = bank.isBank ? { place: this.#hardware } : this.#traitsOf(best);
    this.#main.publication?.note(traits);
    this.#main.show(
      shown,
      async (latest) => {
        const { memory } = this.#options;
        const publication = await Publication.open({
          ...this.#common(best, latest),
          traits,
          keys: bank.isBank ? bankKeys(sources, memory.known) : this.#keys(best, memory),
          ...this.#control(),
          // A bank is new to the device: its packs are what another driver knew.
          ...(!bank.isBank && { marks: this.#marks(best, false), confirm: () => this.#confirm(best) }),
        });
        onUp(publication.key);
        return publication;
      },
      onLost,
    );
  }

  /** Reads a serial number again that is to name a new battery. Does nothing while there is none to be read. */
  async readAgain(link: Exchange): Promise<void> {
    await this.#check?.run(link);
  }

  /** The keys of a new battery, after its serial number was read again. */
  async #confirm(battery: Battery): Promise<readonly Key[]> {
    const { log, memory, onDoubt } = this.#options;
    const { serialNumber } = battery.facts;
    if (serialNumber === undefined || memory.isSerialDoubtful === true) return this.#keys(battery, memory);
    this.#check = new SerialCheck(battery.pack, serialNumber);
    const other = await this.#check.outcome;
    this.#check = undefined;
    if (other === undefined) return this.#keys(battery, memory);
    log
      .scope('dbus')
      .warn(
        `the serial number reads as ${JSON.stringify(serialNumber)} and as ${JSON.stringify(other)}: it is not used, ` +
          'the battery is known by its adapter; connection.batteryId can name it',
      );
    onDoubt();
    return this.#keys(battery, { ...memory, isSerialDoubtful: true });
  }

  /** One pack of a bank, without limits: it only shows itself. */
  showPack(battery: Battery, now: number): void {
    if (!this.isUp || battery.output === undefined) return;
    const { address } = battery.pack;
    const reading = battery.shown(now);
    const { facts, history } = battery;
    const slot = this.#packs.get(address) ?? new Slot();
    this.#packs.set(address, slot);
    slot.publication?.note(this.#traitsOf(battery));
    slot.show(
      { facts, history, link: battery.link(now), ...(reading !== undefined && { reading }) },
      (latest) => {
        const name = batteryServiceName(serviceSuffix(this.#options.port), address);
        const keys = this.#keys(battery).map((key) => ({ ...key, key: `${key.key}_pack_${address}` }));
        const marks = this.#marks(battery, true);
        return Publication.open({ ...this.#common(battery, latest), keys, name, marks });
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

  #keys(battery: Battery, memory: KeyMemory = {}): readonly Key[] {
    return batteryKeys(this.#sources(battery), memory);
  }

  #sources({ facts, pack: { address, driver } }: Battery): IdentitySources {
    const { batteryId } = this.#options.settings;
    return { driver, address, reading: facts, batteryId, hardware: this.#hardware };
  }

  #traitsOf({ facts, pack }: Battery): Traits {
    return traitsOf(facts, this.#hardware, pack.address);
  }

  #marks({ facts, pack: { address } }: Battery, isOneOfMany: boolean): PackMarks {
    return packMarks({ facts, address, port: serviceSuffix(this.#options.port), isOneOfMany });
  }

  #common(battery: Battery, state: () => Shown): Omit<PublicationOptions, 'keys'> {
    const { clock, log, onLost, port } = this.#options;
    const { serialNumber } = battery.facts;
    return {
      name: batteryServiceName(serviceSuffix(port)),
      traits: this.#traitsOf(battery),
      identity: {
        productName: productName(battery.pack.driver),
        connection: port.kind === 'serial' ? port.path.replace(/^\/dev\//, '') : portName(port),
        processVersion: VERSION,
        ...(serialNumber !== undefined && { serial: serialNumber }),
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
