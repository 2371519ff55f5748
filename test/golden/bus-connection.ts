import type { Socket } from 'node:net';
import { decode, encode, lengthOf, type Message } from './dbus-messages.ts';

const GUID = '0123456789abcdef0123456789abcdef';

/** Which signals a program wants; what is absent does not matter. */
export interface Rule {
  readonly sender?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly path?: string;
  readonly path_namespace?: string;
  readonly arg0?: string;
}

/** Who hears what a program sends. */
export interface Hub {
  /** Bytes and messages so far. */
  activity: number;
  /** Does something a little later in virtual time. */
  readonly later: (action: () => void) => void;
  take(from: Connection, message: Message): void;
  lose(connection: Connection): void;
}

/** One program on the bus. */
export class Connection {
  readonly socket: Socket;
  readonly unique: string;
  readonly rules: Rule[] = [];
  readonly #bus: Hub;
  #received = Buffer.alloc(0);
  #isGreeted = false;

  constructor(socket: Socket, unique: string, bus: Hub) {
    this.socket = socket;
    this.unique = unique;
    this.#bus = bus;
    socket.on('data', (bytes) => this.#take(bytes));
    // Programs end with or without a farewell; `close` follows.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => bus.lose(this));
  }

  send(message: Message): void {
    this.#write(encode(message));
  }

  /** In virtual time, so that it does not matter in how many turns of the event loop the program waits. */
  #write(bytes: Uint8Array | string): void {
    this.#bus.later(() => {
      this.#bus.activity += 1;
      if (this.socket.writable) this.socket.write(bytes);
    });
  }

  #take(bytes: Buffer): void {
    this.#bus.activity += bytes.length;
    this.#received = Buffer.concat([this.#received, bytes]);
    if (!this.#isGreeted) this.#greet();
    if (!this.#isGreeted) return;
    for (;;) {
      const length = lengthOf(this.#received);
      if (length === undefined || this.#received.length < length) return;
      const message = decode(this.#received.subarray(0, length));
      this.#received = this.#received.subarray(length);
      this.#bus.take(this, message);
    }
  }

  /** The lines of authentication ahead of the first message. */
  #greet(): void {
    for (;;) {
      const end = this.#received.indexOf('\r\n');
      if (end < 0 || this.#isGreeted) return;
      const line = this.#received.toString('latin1', 0, end).replace('\0', '');
      this.#received = this.#received.subarray(end + 2);
      if (line === 'BEGIN') this.#isGreeted = true;
      else {
        this.#write(line.startsWith('AUTH EXTERNAL') ? `OK ${GUID}\r\n` : 'ERROR\r\n');
      }
    }
  }
}

/** "type='signal',member='ItemsChanged'". */
export function ruleOf(text: string): Rule {
  const parts = [...text.matchAll(/(\w+)='([^']*)'/g)].map(([, key = '', value = '']) => [key, value]);
  return Object.fromEntries(parts);
}
