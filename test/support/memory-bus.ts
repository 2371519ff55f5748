import type { Clock } from '../../src/clock.ts';
import {
  type Answer,
  type Bus,
  CallError,
  type MethodCall,
  NO_REPLY,
  type OutgoingCall,
  type Signal,
} from '../../src/dbus/bus.ts';
import { type MatchRule, matches } from '../../src/dbus/match-rule.ts';
import { BusError } from '../../src/errors.ts';

const DAEMON = 'org.freedesktop.DBus';
const DEADLINE_MS = 5000;

/** A bus without a daemon, for tests in virtual time. Messages of one sender arrive in order, one microtask later. */
export class MemoryBus {
  readonly #clock: Clock;
  readonly #connections = new Set<MemoryConnection>();
  readonly #owners = new Map<string, MemoryConnection>();
  readonly #queue: (() => void)[] = [];
  #count = 0;
  /** Calls and signals so far. */
  messages = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  connect(): MemoryConnection {
    this.#count += 1;
    const connection = new MemoryConnection(this, `:1.${this.#count}`, this.#clock);
    this.#connections.add(connection);
    return connection;
  }

  /** Match rules that are registered now, all connections together. */
  get rules(): number {
    return [...this.#connections].reduce((sum, { rules }) => sum + rules, 0);
  }

  find(name: string): MemoryConnection | undefined {
    return this.#owners.get(name) ?? [...this.#connections].find((connection) => connection.name === name);
  }

  /** Everything arrives in the order in which it was sent, as through a daemon. */
  post(deliver: () => void): void {
    this.#queue.push(deliver);
    if (this.#queue.length > 1) return;
    queueMicrotask(() => {
      for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
        next();
        this.#queue.shift();
      }
    });
  }

  broadcast(signal: Signal): void {
    this.messages += 1;
    this.post(() => {
      for (const connection of [...this.#connections])
        connection.hear(signal, (name) => this.find(name)?.name);
    });
  }

  own(name: string, connection: MemoryConnection): boolean {
    const owner = this.#owners.get(name);
    if (owner !== undefined) return owner === connection;
    this.#owners.set(name, connection);
    this.#changed(name, '', connection.name);
    return true;
  }

  release(name: string, connection: MemoryConnection): void {
    if (this.#owners.get(name) !== connection) return;
    this.#owners.delete(name);
    this.#changed(name, connection.name, '');
  }

  leave(connection: MemoryConnection): void {
    if (!this.#connections.delete(connection)) return;
    for (const [name, owner] of [...this.#owners]) if (owner === connection) this.release(name, connection);
    this.#changed(connection.name, connection.name, '');
  }

  /** The daemon ends. */
  die(): void {
    for (const connection of [...this.#connections]) connection.lose();
  }

  #changed(name: string, before: string, now: string): void {
    this.broadcast({
      sender: DAEMON,
      path: '/org/freedesktop/DBus',
      interface: DAEMON,
      member: 'NameOwnerChanged',
      body: [name, before, now],
    });
  }
}

export class MemoryConnection implements Bus {
  readonly name: string;
  onLost: (error: BusError) => void = () => {};
  readonly #bus: MemoryBus;
  readonly #clock: Clock;
  readonly #watchers = new Set<{ rule: MatchRule; listener: (signal: Signal) => void }>();
  readonly #pending = new Set<(error: BusError) => void>();
  #handler: ((call: MethodCall) => Answer | Promise<Answer> | undefined) | undefined;
  #ended: BusError | undefined;

  constructor(bus: MemoryBus, name: string, clock: Clock) {
    this.#bus = bus;
    this.name = name;
    this.#clock = clock;
  }

  get rules(): number {
    return this.#watchers.size;
  }

  call(call: OutgoingCall): Promise<readonly unknown[]> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#bus.messages += 1;
    const { deadlineMs = DEADLINE_MS, destination, member } = call;
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        cancel();
        this.#pending.delete(abandon);
      };
      const abandon = (error: BusError): void => {
        settle();
        reject(error);
      };
      const fail = (name: string, text: string): void =>
        abandon(new CallError(name, `${member} of ${destination} failed: ${text}`));
      const cancel = this.#clock.after(deadlineMs, () => fail(NO_REPLY, 'no answer'));
      this.#pending.add(abandon);
      const answered = (answer: Answer): void => {
        if ('error' in answer) fail(answer.error, answer.text);
        else {
          settle();
          resolve(answer.body);
        }
      };
      this.#bus.post(() => {
        const callee = this.#bus.find(destination);
        if (callee === undefined) fail(`${DAEMON}.Error.ServiceUnknown`, 'nobody has this name');
        else callee.receive({ sender: this.name, signature: '', body: [], ...call }, answered);
      });
    });
  }

  /** A call comes in. */
  receive(call: MethodCall, onAnswer: (answer: Answer) => void): void {
    if (this.#ended !== undefined) return;
    const unknown = { error: `${DAEMON}.Error.UnknownMethod`, text: `${call.path} has no ${call.member}` };
    const reply = (answer: Answer): void => this.#bus.post(() => onAnswer(answer));
    const answer = this.#handler?.(call) ?? unknown;
    if (answer instanceof Promise)
      answer.then(reply, (error: unknown) => reply({ error: `${DAEMON}.Error.Failed`, text: String(error) }));
    else reply(answer);
  }

  signal(path: string, iface: string, member: string, _signature: string, body: readonly unknown[]): void {
    if (this.#ended === undefined)
      this.#bus.broadcast({ sender: this.name, path, interface: iface, member, body });
  }

  sendEncoded(): void {
    throw new Error('a bus in memory carries no bytes');
  }

  serve(handler: (call: MethodCall) => Answer | Promise<Answer> | undefined): void {
    this.#handler = handler;
  }

  async watch(rule: MatchRule, listener: (signal: Signal) => void): Promise<() => void> {
    const watcher = { rule, listener };
    this.#watchers.add(watcher);
    this.#bus.messages += 1;
    return () => void this.#watchers.delete(watcher);
  }

  hear(signal: Signal, ownerOf: (name: string) => string | undefined): void {
    for (const { rule, listener } of [...this.#watchers]) {
      const { sender } = rule;
      const isDaemon = sender === DAEMON || sender === undefined || sender.startsWith(':');
      if (!isDaemon && ownerOf(sender) !== signal.sender) continue;
      if (matches(rule, signal)) listener(signal);
    }
  }

  async ownerOf(name: string): Promise<string | undefined> {
    return this.#bus.find(name)?.name;
  }

  async watchOwner(name: string, listener: (owner: string | undefined) => void): Promise<() => void> {
    const rule = { sender: DAEMON, interface: DAEMON, member: 'NameOwnerChanged', arg0: name };
    const unwatch = await this.watch(rule, ({ body: [, , owner] }) =>
      listener(typeof owner === 'string' && owner !== '' ? owner : undefined),
    );
    listener(await this.ownerOf(name));
    return unwatch;
  }

  async requestName(name: string): Promise<void> {
    if (!(await this.tryName(name))) throw new BusError(`${name} is taken`);
  }

  async tryName(name: string): Promise<boolean> {
    return this.#bus.own(name, this);
  }

  async releaseName(name: string): Promise<void> {
    this.#bus.release(name, this);
  }

  disconnect(): void {
    this.#end(new BusError('this D-Bus connection was closed'));
    this.#bus.leave(this);
  }

  lose(): void {
    const error = new BusError('the D-Bus daemon went away');
    this.#end(error);
    this.onLost(error);
  }

  #end(error: BusError): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#watchers.clear();
    for (const abandon of [...this.#pending]) abandon(error);
  }
}
