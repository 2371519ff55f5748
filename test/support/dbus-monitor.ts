import type { Bus, Signal } from '../../src/dbus/bus.ts';
import { connectBus, isVariant, variant } from '../../src/dbus/client.ts';
import { BUS_ITEM } from '../../src/dbus/names.ts';
import { entriesOf, fromVariant, unwrap } from '../../src/dbus/wire-values.ts';

/** An item as a consumer holds it; `type` is the signature that came, 'ai' for the invalid value. */
export interface HeldItem {
  readonly type: string;
  readonly value: number | string | undefined;
  readonly text: string;
}

/**
 * A consumer that works as velib's dbusmonitor does, without introspection: it scans a service when its name gets an owner
 * (GetItems), follows ItemsChanged and PropertiesChanged of that owner only, and forgets the service when the name is lost.
 */
export class DbusMonitor {
  readonly service: string;
  /** Empty while the service is not on the bus. */
  items = new Map<string, HeldItem>();
  /** How often the service was scanned, and lost. */
  scans = 0;
  losses = 0;
  /** Values that came in signals, in their order. */
  readonly heard: string[] = [];
  readonly #bus: Bus;
  #owner: string | undefined;

  static async open(address: string, service: string): Promise<DbusMonitor> {
    const monitor = new DbusMonitor(await connectBus({ address }), service);
    await monitor.#start();
    return monitor;
  }

  private constructor(bus: Bus, service: string) {
    this.#bus = bus;
    this.service = service;
  }

  close(): void {
    this.#bus.disconnect();
  }

  /** Everything that the service sent before has arrived when this resolves. */
  async settled(): Promise<void> {
    await this.#call('/Connected', 'GetValue');
  }

  async setValue(path: string, type: string, value: unknown): Promise<unknown> {
    return (await this.#call(path, 'SetValue', 'v', [variant(type, value)]))[0];
  }

  async #start(): Promise<void> {
    await this.#bus.watch(
      { sender: this.service, path: '/', interface: BUS_ITEM, member: 'ItemsChanged' },
      (signal) => {
        if (signal.sender !== this.#owner) return;
        for (const [path, fields] of entriesOf(signal.body[0])) this.#hear(path, fields);
      },
    );
    await this.#bus.watch(
      { sender: this.service, interface: BUS_ITEM, member: 'PropertiesChanged' },
      (signal: Signal) => {
        if (signal.sender === this.#owner) this.#hear(signal.path, signal.body[0]);
      },
    );
    await this.#bus.watchOwner(this.service, (owner) => {
      this.#owner = owner;
      this.items = new Map();
      if (owner === undefined) this.losses += 1;
      else void this.#scan();
    });
  }

  async #scan(): Promise<void> {
    const [items] = await this.#call('/', 'GetItems');
    this.items = new Map(entriesOf(items).map(([path, fields]) => [path, held(fields)]));
    this.scans += 1;
  }

  /** Like dbusmonitor: only what was there at the scan is followed. */
  #hear(path: string, fields: unknown): void {
    this.heard.push(path);
    if (this.items.has(path)) this.items.set(path, held(fields));
  }

  #call(path: string, member: string, signature = '', body: readonly unknown[] = []) {
    return this.#bus.call({ destination: this.service, path, interface: BUS_ITEM, member, signature, body });
  }
}

function held(properties: unknown): HeldItem {
  const fields = new Map(entriesOf(properties));
  let value = fields.get('Value');
  while (isVariant(value) && isVariant(value.value)) value = value.value;
  return {
    type: isVariant(value) ? value.signature : 'missing',
    value: fromVariant(value),
    text: String(unwrap(fields.get('Text'))),
  };
}
