import { afterEach, beforeEach } from 'vitest';
import type { Bus, Variant } from '../../src/dbus/bus.ts';
import { connectBus, isVariant, variant } from '../../src/dbus/client.ts';
import { BUS_ITEM } from '../../src/dbus/names.ts';
import { entriesOf, fromVariant, unwrap } from '../../src/dbus/wire-values.ts';
import { type PrivateBus, startPrivateBus } from '../../src/simulator/venus/private-bus.ts';

export { SettingsStandIn } from '../../src/simulator/venus/localsettings.ts';
export {
  type PrivateBus as TestBus,
  startPrivateBus as startTestBus,
} from '../../src/simulator/venus/private-bus.ts';

/** A bus of its own for every test of a file, and connections to it that end with the test. */
export function busForEachTest(): { readonly connect: () => Promise<Bus> } {
  let daemon: PrivateBus;
  let buses: Bus[] = [];
  beforeEach(async () => {
    daemon = await startPrivateBus();
  });
  afterEach(async () => {
    for (const bus of buses) bus.disconnect();
    buses = [];
    await daemon.stop();
  });
  return {
    async connect() {
      const bus = await connectBus({ address: daemon.address });
      buses.push(bus);
      return bus;
    },
  };
}

/** An item as it came over the bus. */
export interface SeenItem {
  /** Signature of the value: 'i', 'd', 's', or 'ai' for the invalid value. */
  readonly type: string;
  readonly value: number | string | undefined;
  readonly text: string;
}
export type SeenItems = ReadonlyMap<string, SeenItem>;

/** A consumer of one service, as systemcalc or the display is one. */
export class BusReader {
  readonly bus: Bus;
  readonly service: string;
  /** Every ItemsChanged since `watch`, oldest first. */
  readonly seen: SeenItems[] = [];

  static async open(address: string, service: string): Promise<BusReader> {
    return new BusReader(await connectBus({ address }), service);
  }

  private constructor(bus: Bus, service: string) {
    this.bus = bus;
    this.service = service;
  }

  call(path: string, member: string, signature = '', body: readonly unknown[] = []) {
    return this.bus.call({ destination: this.service, path, interface: BUS_ITEM, member, signature, body });
  }

  async getItems(): Promise<SeenItems> {
    return seenItems((await this.call('/', 'GetItems'))[0]);
  }

  async getValue(path: string): Promise<number | string | undefined> {
    return fromVariant((await this.call(path, 'GetValue'))[0]);
  }

  async getText(path: string): Promise<unknown> {
    return unwrap((await this.call(path, 'GetText'))[0]);
  }

  /** Writes `value` with the given D-Bus type and gives the result code. */
  async setValue(path: string, type: string, value: unknown): Promise<unknown> {
    return (await this.call(path, 'SetValue', 'v', [variant(type, value)]))[0];
  }

  async watch(): Promise<void> {
    await this.bus.watch(
      { sender: this.service, path: '/', interface: BUS_ITEM, member: 'ItemsChanged' },
      ({ body }) => this.seen.push(seenItems(body[0])),
    );
  }

  /** Everything that the service sent before has arrived when this resolves: the bus keeps the order. */
  async settled(): Promise<void> {
    await this.call('/Connected', 'GetValue');
  }

  close(): void {
    this.bus.disconnect();
  }
}

function seenItems(dictionary: unknown): SeenItems {
  return new Map(
    entriesOf(dictionary).map(([path, properties]) => {
      const fields = new Map(entriesOf(properties));
      const value = fields.get('Value');
      if (!isVariant(value)) throw new Error(`${path} has no Value`);
      const type = innermost(value).signature;
      return [path, { type, value: fromVariant(value), text: String(unwrap(fields.get('Text'))) }];
    }),
  );
}

function innermost(value: Variant): Variant {
  return isVariant(value.value) ? innermost(value.value) : value;
}

/** Resolves when `condition` holds; for what arrives over a real bus. */
export async function eventually(condition: () => boolean, patienceMs = 25_000): Promise<void> {
  for (let round = 0; !condition(); round += 1) {
    if (round > patienceMs / 5) throw new Error(`did not come true: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
