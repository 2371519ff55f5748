import type { Bus } from './bus.ts';
import type { ItemValue } from './item.ts';
import { BUS_ITEM } from './names.ts';
import { entriesOf, fromVariant } from './wire-values.ts';

export interface SeenItem {
  readonly value: ItemValue;
  readonly text: string;
}

/** Follows one service the way Venus OS does: GetItems when its name appears, then ItemsChanged. */
export class BusReader {
  readonly service: string;
  /** What is known of the service by path; empty while it is not on the bus. */
  readonly items = new Map<string, SeenItem>();
  /** Called when items changed, or the service came or went. */
  onChange: () => void = () => {};
  readonly #bus: Bus;
  #owner: string | undefined;
  /** ItemsChanged signals so far. */
  signals = 0;

  static async open(bus: Bus, service: string): Promise<BusReader> {
    const reader = new BusReader(bus, service);
    await bus.watch({ path: '/', interface: BUS_ITEM, member: 'ItemsChanged' }, (signal) => {
      if (signal.sender !== reader.#owner) return;
      reader.signals += 1;
      reader.#take(signal.body[0]);
    });
    await bus.watchOwner(service, (owner) => reader.#follow(owner));
    return reader;
  }

  private constructor(bus: Bus, service: string) {
    this.#bus = bus;
    this.service = service;
  }

  get isPresent(): boolean {
    return this.#owner !== undefined;
  }

  text(path: string): string | undefined {
    const item = this.items.get(path);
    return item?.value === undefined ? undefined : item.text;
  }

  number(path: string): number | undefined {
    const value = this.items.get(path)?.value;
    return typeof value === 'number' ? value : undefined;
  }

  #follow(owner: string | undefined): void {
    this.#owner = owner;
    this.items.clear();
    this.onChange();
    if (owner === undefined) return;
    const call = { destination: owner, path: '/', interface: BUS_ITEM, member: 'GetItems' };
    this.#bus.call(call).then(
      ([items]) => this.#take(items),
      () => this.items.clear(), // The service left before it could answer; its next owner is asked again.
    );
  }

  #take(dictionary: unknown): void {
    for (const [path, entry] of entriesOf(dictionary)) {
      const fields = new Map(entriesOf(entry));
      this.items.set(path, {
        value: fromVariant(fields.get('Value')),
        text: String(fromVariant(fields.get('Text')) ?? ''),
      });
    }
    this.onChange();
  }
}
