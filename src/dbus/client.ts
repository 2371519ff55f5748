import { type Clock, systemClock } from '../clock.ts';
import { BusError } from '../errors.ts';
import { busAddress, plainSocketAddress } from './address.ts';
import {
  type Answer,
  type Bus,
  CallError,
  type MethodCall,
  NO_REPLY,
  type OutgoingCall,
  type Signal,
  type Variant,
} from './bus.ts';
import { guardReader } from './guard-reader.ts';
import { type LibraryBus, type LibraryMessage, library, NO_REPLY_EXPECTED } from './library.ts';
import { type MatchRule, matches, ruleText } from './match-rule.ts';

export interface ConnectOptions {
  /** D-Bus address; absent: the bus that the environment names, else the system bus. */
  readonly address?: string;
  /** For connecting and for every call. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
}

const DEADLINE_MS = 5000;
const DAEMON = 'org.freedesktop.DBus';
const DAEMON_PATH = '/org/freedesktop/DBus';
const DO_NOT_QUEUE = 4;
const PRIMARY_OWNER = 1;
const ALREADY_OWNER = 4;

/** A value with its signature, for bodies of signature `v` and dictionaries of variants. */
export function variant(signature: string, value: unknown): Variant {
  return new library.Variant(signature, value);
}

export function isVariant(value: unknown): value is Variant {
  return value instanceof library.Variant;
}

/** Connects; rejects with a BusError when there is no bus or it does not take us within the deadline. */
export function connectBus(options: ConnectOptions = {}): Promise<Bus> {
  const { address = busAddress(process.env), deadlineMs = DEADLINE_MS, clock = systemClock } = options;
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      cancel();
      reject(new BusError(`no connection to D-Bus at ${address}: ${why}`));
    };
    const cancel = clock.after(deadlineMs, () => {
      raw?._connection.stream.destroy();
      fail(`the bus did not answer within ${deadlineMs / 1000} s`);
    });
    let raw: LibraryBus | undefined;
    try {
      raw = library.sessionBus({ busAddress: plainSocketAddress(address) });
    } catch (error) {
      fail(messageOf(error));
      return;
    }
    const connecting = raw;
    // Stays for ever: the library reports sending on a closed stream and unreadable messages as `error` as well, and an
    // error event that nobody listens to would end the process. The end of the connection is told by its stream.
    connecting.on('error', (error: unknown) => fail(messageOf(error)));
    connecting._connection.stream.once('close', () => fail('the bus closed the connection'));
    connecting.once('connect', () => {
      cancel();
      resolve(new Connection(connecting, address, deadlineMs, clock));
    });
  });
}

class Connection implements Bus {
  onLost: (error: BusError) => void = () => {};
  readonly name: string;
  readonly #raw: LibraryBus;
  readonly #deadlineMs: number;
  readonly #clock: Clock;
  readonly #pending = new Set<(error: BusError) => void>();
  readonly #watchers = new Set<{ rule: MatchRule; listener: (signal: Signal) => void }>();
  /** Set when the connection has ended, by either side. */
  #ended: BusError | undefined;
  #handler: ((call: MethodCall) => Answer | Promise<Answer> | undefined) | undefined;

  constructor(raw: LibraryBus, address: string, deadlineMs: number, clock: Clock) {
    this.#raw = raw;
    this.#deadlineMs = deadlineMs;
    this.#clock = clock;
    this.name = raw.name ?? '';
    const { stream } = raw._connection;
    const lost = (): void => this.#end(new BusError(`the D-Bus daemon at ${address} went away`), true);
    stream.once('end', lost);
    stream.once('close', lost);
    guardReader(stream);
    raw.addMethodHandler((message) => this.#answer(message));
    raw.on('message', (message: LibraryMessage) => this.#dispatch(message));
  }

  async call(call: OutgoingCall): Promise<readonly unknown[]> {
    if (this.#ended !== undefined) throw this.#ended;
    const what = `${call.member} of ${call.destination}`;
    const { deadlineMs = this.#deadlineMs } = call;
    const message = new library.Message({ ...call, signature: call.signature ?? '', body: call.body ?? [] });
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        cancel();
        this.#pending.delete(abandon);
      };
      const abandon = (error: BusError): void => {
        settle();
        reject(error);
      };
      const cancel = this.#clock.after(deadlineMs, () =>
        abandon(new CallError(NO_REPLY, `${what} did not answer within ${deadlineMs / 1000} s`)),
      );
      this.#pending.add(abandon);
      this.#raw.call(message).then(
        (reply) => {
          settle();
          resolve(reply?.body ?? []);
        },
        (error: unknown) => {
          const name = error instanceof library.DBusError ? error.type : 'org.freedesktop.DBus.Error.Failed';
          abandon(new CallError(name, `${what} failed: ${messageOf(error)}`));
        },
      );
    });
  }

  signal(path: string, iface: string, member: string, signature: string, body: readonly unknown[]): void {
    const message = library.Message.newSignal(path, iface, member, signature, body);
    message.flags = NO_REPLY_EXPECTED;
    this.#send(message);
  }

  sendEncoded(encode: (serial: number) => Uint8Array): void {
    if (this.#isWritable) this.#raw._connection.stream.write(encode(this.#raw.newSerial()));
  }

  serve(handler: (call: MethodCall) => Answer | Promise<Answer> | undefined): void {
    if (this.#handler !== undefined) throw new Error('this connection is served already');
    this.#handler = handler;
  }

  async watch(rule: MatchRule, listener: (signal: Signal) => void): Promise<() => void> {
    const watcher = { rule, listener };
    this.#watchers.add(watcher);
    try {
      await this.#daemon('AddMatch', 's', [ruleText(rule)]);
    } catch (error) {
      this.#watchers.delete(watcher);
      throw error;
    }
    return () => {
      if (!this.#watchers.delete(watcher) || this.#ended !== undefined) return;
      // A rule that could not be removed costs the daemon a few bytes until we disconnect, and its signals are ignored.
      this.#daemon('RemoveMatch', 's', [ruleText(rule)]).catch(() => {});
    };
  }

  async ownerOf(name: string): Promise<string | undefined> {
    try {
      const [owner] = await this.#daemon('GetNameOwner', 's', [name]);
      return typeof owner === 'string' ? owner : undefined;
    } catch (error) {
      if (error instanceof CallError && error.errorName === `${DAEMON}.Error.NameHasNoOwner`)
        return undefined;
      throw error;
    }
  }

  async watchOwner(name: string, listener: (owner: string | undefined) => void): Promise<() => void> {
    const rule: MatchRule = {
      sender: DAEMON,
      path: DAEMON_PATH,
      interface: DAEMON,
      member: 'NameOwnerChanged',
      arg0: name,
    };
    let heard = false;
    const unwatch = await this.watch(rule, ({ body: [, , owner] }) => {
      heard = true;
      listener(typeof owner === 'string' && owner !== '' ? owner : undefined);
    });
    const owner = await this.ownerOf(name);
    // A change that was heard while asking is newer than the answer.
    if (!heard) listener(owner);
    return unwatch;
  }

  async tryName(name: string): Promise<boolean> {
    const [reply] = await this.#daemon('RequestName', 'su', [name, DO_NOT_QUEUE]);
    return reply === PRIMARY_OWNER || reply === ALREADY_OWNER;
  }

  async requestName(name: string): Promise<void> {
    if (await this.tryName(name)) return;
    throw new BusError(
      `${name} is already on the bus: another battery driver is running for this port; stop it, or leave the port to it`,
    );
  }

  async releaseName(name: string): Promise<void> {
    await this.#daemon('ReleaseName', 's', [name]);
  }

  disconnect(): void {
    if (this.#ended !== undefined) return;
    this.#end(new BusError('this D-Bus connection was closed'), false);
    this.#raw.disconnect();
  }

  #daemon(member: string, signature: string, body: readonly unknown[]): Promise<readonly unknown[]> {
    return this.call({ destination: DAEMON, path: DAEMON_PATH, interface: DAEMON, member, signature, body });
  }

  #end(error: BusError, lost: boolean): void {
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#watchers.clear();
    for (const abandon of [...this.#pending]) abandon(error);
    if (lost) this.onLost(error);
  }

  /** The library would answer an exception with its stack trace, so none may leave this function. */
  #answer(message: LibraryMessage): boolean {
    const fail = (error: unknown): void =>
      this.#reply(message, { error: `${DAEMON}.Error.Failed`, text: messageOf(error) });
    try {
      const answer = this.#handler?.(callOf(message));
      if (answer === undefined) return false;
      if (answer instanceof Promise) answer.then((later) => this.#reply(message, later)).catch(fail);
      else this.#reply(message, answer);
    } catch (error) {
      fail(error);
    }
    return true;
  }

  #reply(message: LibraryMessage, answer: Answer): void {
    if ((message.flags & NO_REPLY_EXPECTED) !== 0) return;
    this.#send(
      'error' in answer
        ? library.Message.newError(message, answer.error, answer.text)
        : library.Message.newMethodReturn(message, answer.signature, answer.body),
    );
  }

  #dispatch(message: LibraryMessage): void {
    const { type, sender, path, interface: iface, member, body } = message;
    if (type !== library.MessageType.SIGNAL || this.#ended !== undefined) return;
    if (sender === undefined || path === undefined || iface === undefined || member === undefined) return;
    const signal = { sender, path, interface: iface, member, body };
    for (const { rule, listener } of [...this.#watchers]) if (matches(rule, signal)) listener(signal);
  }

  /** Sending on a stream that is ending is not an error of its own: the loss is reported once, by the stream. */
  #send(message: LibraryMessage): void {
    if (this.#isWritable) this.#raw.send(message);
  }

  get #isWritable(): boolean {
    return this.#ended === undefined && this.#raw._connection.stream.writable;
  }
}

function callOf({ path, interface: iface, member, sender, signature, body }: LibraryMessage): MethodCall {
  const call = { sender: sender ?? '', path: path ?? '/', member: member ?? '', signature, body };
  return iface === undefined ? call : { ...call, interface: iface };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
