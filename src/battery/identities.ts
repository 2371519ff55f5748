import type { BmsDriver } from '../bms/driver.ts';
import { kindOf } from '../transport/port-kinds.ts';
import type { PortUrl } from '../transport/port-url.ts';
import { serviceSuffix } from '../transport/port-url.ts';
import { VERSION } from '../version.ts';
import type { Battery } from './battery.ts';
import type { BatteryKey } from './battery-key.ts';
import type { BatteryIdentity } from './battery-view.ts';
import {
  bankKeys,
  batteryKeys,
  type IdentitySources,
  type KeyMemory,
  packMarks,
  productName,
  traitsOf,
} from './identity.ts';
import type { Traits } from './traits.ts';

type Known = Omit<BatteryIdentity, 'traits'>;

export interface IdentitiesOptions {
  readonly driver: BmsDriver;
  readonly port: PortUrl;
  /** Chosen by the owner. */
  readonly batteryId: string;
  /** What the port remembers of its battery or bank. */
  readonly memory: KeyMemory;
}

/** Who the batteries of one port are. Keys and marks are those of the first look: what the device keeps does not move. */
export class Identities {
  readonly #options: IdentitiesOptions;
  /** Does not change while the port is served: an adapter that is unplugged ends the service. */
  readonly #hardware: string;
  /** By address of a pack that shows itself; undefined for the battery or bank. */
  readonly #known = new Map<number | undefined, Known>();

  constructor(options: IdentitiesOptions) {
    this.#options = options;
    this.#hardware = kindOf(options.port).hardware(options.port);
  }

  /** The battery or bank of the port; `best` answered last. */
  main(best: Battery, batteries: readonly Battery[]): BatteryIdentity {
    const isBank = batteries.length > 1;
    const traits = isBank ? { place: this.#hardware } : this.#traits(best);
    return { ...this.#remember(undefined, () => this.#first(best, batteries)), traits };
  }

  /** A pack that shows itself beside its bank. */
  pack(battery: Battery): BatteryIdentity {
    const { address } = battery;
    const first = (): Known => ({
      ...this.#common(battery),
      pack: address,
      keys: batteryKeys(this.#sources(battery)).map((key) => ({ ...key, key: `${key.key}_pack_${address}` })),
      marks: this.#marks(battery, true),
    });
    return { ...this.#remember(address, first), traits: this.#traits(battery) };
  }

  /** The keys of a battery whose serial number was read again: the same every time, or not. */
  keysOf(battery: Battery, isSerialDoubtful: boolean): readonly BatteryKey[] {
    const { memory } = this.#options;
    return batteryKeys(this.#sources(battery), isSerialDoubtful ? { ...memory, isSerialDoubtful } : memory);
  }

  /** Packs came, or one moved: who is at an address now is found out anew. */
  keepPacks(addresses: readonly number[]): void {
    for (const pack of this.#known.keys())
      if (pack !== undefined && !addresses.includes(pack)) this.#known.delete(pack);
  }

  #remember(pack: number | undefined, first: () => Known): Known {
    const known = this.#known.get(pack) ?? first();
    this.#known.set(pack, known);
    return known;
  }

  #first(best: Battery, batteries: readonly Battery[]): Known {
    const { memory } = this.#options;
    if (batteries.length > 1) {
      const sources = [best, ...batteries].map((battery) => this.#sources(battery));
      // A bank is new to the device: its packs are what another driver knew.
      return { ...this.#common(best), isBank: true, keys: bankKeys(sources, memory.known) };
    }
    return {
      ...this.#common(best),
      keys: batteryKeys(this.#sources(best), memory),
      marks: this.#marks(best, false),
    };
  }

  #common({ facts }: Battery): Omit<Known, 'keys'> {
    const { driver, port } = this.#options;
    return {
      productName: productName(driver),
      connection: kindOf(port).connection(port),
      ...(kindOf(port).comesAndGoes && { wireless: true }),
      processVersion: VERSION,
      ...(facts.serialNumber !== undefined && { serial: facts.serialNumber }),
    };
  }

  #sources({ address, facts }: Battery): IdentitySources {
    return {
      driver: this.#options.driver,
      address,
      reading: facts,
      batteryId: this.#options.batteryId,
      hardware: this.#hardware,
    };
  }

  #traits({ address, facts }: Battery): Traits {
    return traitsOf(facts, this.#hardware, address);
  }

  #marks({ address, facts }: Battery, isOneOfMany: boolean): NonNullable<Known['marks']> {
    return packMarks({ facts, address, port: serviceSuffix(this.#options.port), isOneOfMany });
  }
}
