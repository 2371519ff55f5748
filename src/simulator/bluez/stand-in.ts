import type { Clock } from '../../clock.ts';
import type { Bus, MethodCall } from '../../dbus/bus.ts';
import { unwrap } from '../../dbus/wire-values.ts';
import { type AdapterOptions, AdapterStandIn } from './adapter.ts';
import { ObjectTree } from './objects.ts';
import type { Peripheral } from './peripheral.ts';
import { bluezError, DONE, type Reply } from './replies.ts';

const DAEMON = 'org.freedesktop.DBus';
const BLUEZ = 'org.bluez';

/** An agent of a client, which knows the PIN. */
interface Agent {
  readonly client: string;
  readonly path: string;
}

/**
 * Stands in for bluetoothd where no radio exists: adapters, devices, services and characteristics on a bus, with the behaviour of
 * BlueZ 5.55 to 5.72, and faults that a test switches on.
 */
export class BluezStandIn {
  readonly tree: ObjectTree;
  readonly clock: Clock;
  readonly adapters = new Map<string, AdapterStandIn>();
  /** Calls so far, by member. */
  readonly calls = new Map<string, number>();
  readonly #bus: Bus;
  #agents: Agent[] = [];
  #isRunning = false;

  static async open(bus: Bus, clock: Clock): Promise<BluezStandIn> {
    const bluez = new BluezStandIn(bus, clock);
    bus.serve((call) => bluez.#answer(call));
    await bus.watch({ sender: DAEMON, interface: DAEMON, member: 'NameOwnerChanged' }, ({ body }) => {
      const [name, , owner] = body;
      if (typeof name === 'string' && name.startsWith(':') && owner === '') bluez.#clientLeft(name);
    });
    await bluez.start();
    return bluez;
  }

  private constructor(bus: Bus, clock: Clock) {
    this.#bus = bus;
    this.clock = clock;
    this.tree = new ObjectTree(bus);
  }

  /** bluetoothd starts; the adapters of the machine appear a moment later. */
  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#bus.requestName(BLUEZ);
    this.tree.add('/org/bluez', { 'org.bluez.AgentManager1': {} });
    for (const adapter of this.adapters.values()) adapter.appear();
  }

  /** bluetoothd ends: every link, discovery and object is gone. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    for (const adapter of this.adapters.values()) adapter.vanish(false);
    this.#agents = [];
    this.tree.clear();
    await this.#bus.releaseName(BLUEZ);
  }

  addAdapter(name: string, options: AdapterOptions = {}): AdapterStandIn {
    const adapter = new AdapterStandIn(this, name, options);
    this.adapters.set(name, adapter);
    if (this.#isRunning) adapter.appear();
    return adapter;
  }

  removeAdapter(name: string): void {
    this.adapters.get(name)?.vanish(true);
    this.adapters.delete(name);
  }

  /** Somebody holds a peripheral near to every adapter. */
  add(peripheral: Peripheral): void {
    for (const adapter of this.adapters.values()) adapter.bring(peripheral);
  }

  /** Asks the agent of a client for the PIN; undefined when it has none or refuses. */
  async passkey(client: string, device: string): Promise<number | undefined> {
    const agent = this.#agents.find((one) => one.client === client);
    if (agent === undefined) return undefined;
    const call = {
      destination: client,
      path: agent.path,
      interface: 'org.bluez.Agent1',
      member: 'RequestPasskey',
    };
    const [passkey] = await this.#bus.call({ ...call, signature: 'o', body: [device] }).catch(() => []);
    return typeof passkey === 'number' ? passkey : undefined;
  }

  close(): void {
    this.#bus.disconnect();
  }

  #answer(call: MethodCall): Reply | undefined {
    const { body, member, path, sender } = call;
    this.calls.set(member, (this.calls.get(member) ?? 0) + 1);
    if (!this.#isRunning) return new Promise(() => {});
    if (path === '/' && member === 'GetManagedObjects')
      return { signature: 'a{oa{sa{sv}}}', body: [this.tree.managed()] };
    if (path === '/org/bluez') return this.#agentCall(member, sender, String(body[0]));
    const adapter = this.adapters.get(path.split('/')[3] ?? '');
    const device = adapter?.device(path);
    if (adapter === undefined || !this.tree.has(path))
      return { error: `${DAEMON}.Error.UnknownObject`, text: `there is no ${path}` };
    if (member === 'Set') return adapter.setProperty(path, String(body[1]), unwrap(body[2]));
    if (path === adapter.path) return adapter.call(member, sender, body);
    return device?.call(path, member, sender, body);
  }

  #agentCall(member: string, client: string, path: string): Reply {
    switch (member) {
      case 'RegisterAgent':
        if (this.#agents.some((agent) => agent.client === client))
          return bluezError('AlreadyExists', 'Already Exists');
        this.#agents.push({ client, path });
        return DONE;
      case 'UnregisterAgent':
        this.#agents = this.#agents.filter((agent) => agent.client !== client);
        return DONE;
      default:
        return bluezError('NotSupported', member);
    }
  }

  #clientLeft(client: string): void {
    this.#agents = this.#agents.filter((agent) => agent.client !== client);
    for (const adapter of this.adapters.values()) adapter.clientLeft(client);
  }
}
