import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection, type Hub, type Rule, ruleOf } from './bus-connection.ts';
import { type Message, NO_REPLY, TYPE } from './dbus-messages.ts';

const DAEMON = 'org.freedesktop.DBus';
const DAEMON_PATH = '/org/freedesktop/DBus';
const ALREADY_OWNER = 4;
const EXISTS = 3;
const PRIMARY_OWNER = 1;
/** The consumer that asks and writes for the harness; no connection has this name. */
const CONSUMER = ':1.0';

/** What a call is answered with. */
export type Reply =
  | { readonly signature: string; readonly body: readonly unknown[] }
  | { readonly error: string };

/** A service that lives in the harness. */
export interface Inhabitant {
  readonly name: string;
  answer(call: Message): Reply;
}

/** Told of everything that a program on the bus does for others. `name` is what it owns, "" before it owns anything. */
export interface BusWatcher {
  onCall(name: string, call: Message): void;
  onSignal(name: string, signal: Message): void;
  /** A name was taken, with the flags of RequestName, or given up. */
  onName(name: string, isTaken: boolean, flags?: number): void;
}

/** Stands in for the D-Bus daemon: real bytes over a real socket, and nothing that depends on real time. */
export class GoldenBus implements Hub {
  readonly address: string;
  /** Bytes and connections so far, in both directions. */
  activity = 0;
  readonly later: Hub['later'];
  readonly #folder: string;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #names = new Map<string, Connection>();
  readonly #inhabitants = new Map<string, Inhabitant>();
  readonly #awaited = new Map<number, (reply: Message) => void>();
  readonly #watcher: BusWatcher;
  #count = 0;
  #serial = 0;

  /** `later` does something a little later in virtual time. */
  static async open(watcher: BusWatcher, later: Hub['later']): Promise<GoldenBus> {
    const bus = new GoldenBus(watcher, later);
    await new Promise<void>((resolve, reject) => {
      bus.#server.once('error', reject);
      bus.#server.listen(join(bus.#folder, 'bus'), resolve);
    });
    return bus;
  }

  private constructor(watcher: BusWatcher, later: Hub['later']) {
    this.later = later;
    this.#watcher = watcher;
    this.#folder = mkdtempSync(join(tmpdir(), 'golden-bus-'));
    this.address = `unix:path=${join(this.#folder, 'bus')}`;
    this.#server = createServer((socket) => {
      this.#count += 1;
      this.activity += 1;
      this.#connections.add(new Connection(socket, `:1.${this.#count}`, this));
    });
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The daemon breaks every connection off, as when it is started anew. */
  drop(): void {
    for (const { socket } of this.#connections) socket.destroy();
  }

  /** A service of the harness comes to the bus. */
  join(inhabitant: Inhabitant): void {
    this.#inhabitants.set(inhabitant.name, inhabitant);
    this.#ownerChanged(inhabitant.name, '', uniqueOf(inhabitant.name));
  }

  leave(inhabitant: Inhabitant): void {
    this.#inhabitants.delete(inhabitant.name);
    this.#ownerChanged(inhabitant.name, uniqueOf(inhabitant.name), '');
  }

  /** A service of the harness tells something. */
  signal(
    from: Inhabitant,
    path: string,
    iface: string,
    member: string,
    signature: string,
    body: unknown[],
  ): void {
    const sender = uniqueOf(from.name);
    this.#broadcast({
      ...this.#message(TYPE.signal),
      sender,
      path,
      interface: iface,
      member,
      signature,
      body,
    });
  }

  /** The consumer calls a program on the bus; `onReply` is told when it answers. */
  ask(
    name: string,
    call: Pick<Message, 'path' | 'interface' | 'member' | 'signature' | 'body'>,
    onReply: (reply: Message) => void,
  ): void {
    const message = { ...this.#message(TYPE.call), flags: 0, sender: CONSUMER, destination: name, ...call };
    const owner = this.#names.get(name);
    if (owner === undefined) {
      const error = `${DAEMON}.Error.ServiceUnknown`;
      onReply({ ...this.#message(TYPE.error), errorName: error, signature: '', body: [] });
      return;
    }
    this.#awaited.set(message.serial, onReply);
    owner.send(message);
  }

  /** A whole message came from a program. */
  take(from: Connection, message: Message): void {
    const sent = { ...message, sender: from.unique };
    if (message.type === TYPE.signal) {
      this.#watcher.onSignal(this.#nameOf(from), sent);
      this.#broadcast(sent);
    } else if (message.type === TYPE.call) this.#call(from, sent);
    else this.#reply(sent);
  }

  lose(connection: Connection): void {
    this.activity += 1;
    this.#connections.delete(connection);
    for (const [name, owner] of [...this.#names]) if (owner === connection) this.#release(name, connection);
  }

  #call(from: Connection, call: Message): void {
    const { destination = '' } = call;
    if (destination === DAEMON) {
      this.#answer(from, call, this.#daemon(from, call));
      return;
    }
    this.#watcher.onCall(this.#nameOf(from), call);
    const inhabitant = this.#inhabitants.get(destination);
    const owner = this.#names.get(destination);
    if (inhabitant !== undefined) this.#answer(from, call, inhabitant.answer(call));
    else if (owner !== undefined) owner.send(call);
    else this.#answer(from, call, { error: `${DAEMON}.Error.ServiceUnknown` });
  }

  #reply(reply: Message): void {
    if (reply.destination === CONSUMER) {
      const onReply = this.#awaited.get(reply.replySerial ?? 0);
      this.#awaited.delete(reply.replySerial ?? 0);
      onReply?.(reply);
      return;
    }
    for (const connection of this.#connections)
      if (connection.unique === reply.destination) connection.send(reply);
  }

  #answer(to: Connection, call: Message, reply: Reply): void {
    if ((call.flags & NO_REPLY) !== 0) return;
    const { destination: sender = DAEMON, serial: replySerial } = call;
    const common = {
      destination: to.unique,
      sender: this.#inhabitants.has(sender) ? uniqueOf(sender) : sender,
      replySerial,
    };
    if ('error' in reply) {
      const errorName = reply.error;
      to.send({ ...this.#message(TYPE.error), ...common, errorName, signature: 's', body: [errorName] });
    } else to.send({ ...this.#message(TYPE.reply), ...common, ...reply });
  }

  #daemon(from: Connection, { member, body }: Message): Reply {
    const [name] = body.map(String);
    switch (member) {
      case 'Hello':
        return { signature: 's', body: [from.unique] };
      case 'AddMatch':
        from.rules.push(ruleOf(name ?? ''));
        return NOTHING;
      case 'RemoveMatch':
        return NOTHING;
      case 'RequestName':
        return { signature: 'u', body: [this.#request(name ?? '', Number(body[1]), from)] };
      case 'ReleaseName':
        this.#release(name ?? '', from);
        return { signature: 'u', body: [1] };
      case 'GetNameOwner': {
        const owner = this.#ownerOf(name ?? '');
        return owner === undefined
          ? { error: `${DAEMON}.Error.NameHasNoOwner` }
          : { signature: 's', body: [owner] };
      }
      case 'NameHasOwner':
        return { signature: 'b', body: [Number(this.#ownerOf(name ?? '') !== undefined)] };
      case 'ListNames':
        return { signature: 'as', body: [[DAEMON, ...this.#inhabitants.keys(), ...this.#names.keys()]] };
      default:
        return { error: `${DAEMON}.Error.UnknownMethod` };
    }
  }

  #request(name: string, flags: number, from: Connection): number {
    const owner = this.#names.get(name);
    if (owner !== undefined) return owner === from ? ALREADY_OWNER : EXISTS;
    this.#names.set(name, from);
    this.#watcher.onName(name, true, flags);
    this.#ownerChanged(name, '', from.unique);
    return PRIMARY_OWNER;
  }

  #release(name: string, from: Connection): void {
    if (this.#names.get(name) !== from) return;
    this.#names.delete(name);
    this.#watcher.onName(name, false);
    this.#ownerChanged(name, from.unique, '');
  }

  #ownerOf(name: string): string | undefined {
    return this.#inhabitants.has(name) ? uniqueOf(name) : this.#names.get(name)?.unique;
  }

  #nameOf(connection: Connection): string {
    return [...this.#names].find(([, owner]) => owner === connection)?.[0] ?? '';
  }

  #ownerChanged(name: string, before: string, now: string): void {
    this.#broadcast({
      ...this.#message(TYPE.signal),
      sender: DAEMON,
      path: DAEMON_PATH,
      interface: DAEMON,
      member: 'NameOwnerChanged',
      signature: 'sss',
      body: [name, before, now],
    });
  }

  #broadcast(signal: Message): void {
    for (const connection of this.#connections) {
      if (connection.rules.some((rule) => this.#matches(rule, signal))) connection.send(signal);
    }
  }

  #matches(rule: Rule, { sender, interface: iface, member, path = '', body }: Message): boolean {
    return (
      (rule.sender === undefined || rule.sender === sender || this.#ownerOf(rule.sender) === sender) &&
      (rule.interface === undefined || rule.interface === iface) &&
      (rule.member === undefined || rule.member === member) &&
      (rule.path === undefined || rule.path === path) &&
      (rule.path_namespace === undefined || `${path}/`.startsWith(`${rule.path_namespace}/`)) &&
      (rule.arg0 === undefined || rule.arg0 === body[0])
    );
  }

  #message(type: number): Message {
    this.#serial += 1;
    return { type, flags: NO_REPLY, serial: this.#serial, signature: '', body: [] };
  }
}

const NOTHING: Reply = { signature: '', body: [] };

/** Services of the harness have unique names of their own. */
function uniqueOf(name: string): string {
  return `:0.${name}`;
}
