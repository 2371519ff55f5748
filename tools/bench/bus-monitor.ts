import { connect, type Socket } from 'node:net';

/** A message as it passed over the bus. */
export interface Passed {
  readonly kind: 'call' | 'reply' | 'error' | 'signal';
  readonly bytes: number;
}

const KINDS: Readonly<Record<number, Passed['kind']>> = { 1: 'call', 2: 'reply', 3: 'error', 4: 'signal' };
const DAEMON = 'org.freedesktop.DBus';
const FIXED_HEADER = 16;

/**
 * Sees every message on a bus (`BecomeMonitor`) and knows its length to the byte. It speaks D-Bus by itself, because a
 * library hands out messages already taken apart, without their lengths.
 */
export class BusMonitor {
  /** All messages since `restart`. */
  passed: Passed[] = [];
  readonly #socket: Socket;
  #received = Buffer.alloc(0);

  static async open(address: string): Promise<BusMonitor> {
    const path = /unix:path=([^,;]+)/.exec(address)?.[1];
    if (path === undefined) throw new Error(`no unix socket in "${address}"`);
    const socket = connect(path);
    await event(socket, 'connect');
    const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
    socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
    await event(socket, 'data');
    socket.write('BEGIN\r\n');
    const monitor = new BusMonitor(socket);
    socket.write(daemonCall(1, 'Hello', DAEMON));
    // Two empty arguments: all messages, no flags.
    socket.write(daemonCall(2, 'BecomeMonitor', `${DAEMON}.Monitoring`, 'asu', Buffer.alloc(8)));
    await monitor.#granted();
    return monitor;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  restart(): void {
    this.passed = [];
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Four messages tell the newcomer its name and that it has become a monitor and lost that name; then come those of others. */
  async #granted(): Promise<void> {
    for (let round = 0; round < 100; round += 1) {
      const replies = this.passed.filter(({ kind }) => kind === 'reply').length;
      if (this.passed.some(({ kind }) => kind === 'error')) break;
      if (replies >= 2) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('the D-Bus daemon lets nobody monitor the bus');
  }

  #take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    for (;;) {
      const message = this.#received;
      if (message.length < FIXED_HEADER) return;
      const little = message[0] === 0x6c;
      const number = (at: number): number => (little ? message.readUInt32LE(at) : message.readUInt32BE(at));
      const bytes = FIXED_HEADER + padded(number(12)) + number(4);
      if (message.length < bytes) return;
      const kind = KINDS[message[1] ?? 0];
      if (kind !== undefined) this.passed.push({ kind, bytes });
      this.#received = message.subarray(bytes);
    }
  }
}

/** A call of the daemon, marshalled little endian. */
function daemonCall(
  serial: number,
  member: string,
  iface: string,
  signature = '',
  body = Buffer.alloc(0),
): Buffer {
  const text = (value: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(value.length);
    return Buffer.concat([length, Buffer.from(`${value}\0`)]);
  };
  const fields: readonly (readonly [code: number, type: string, value: Buffer])[] = [
    [1, 'o', text('/org/freedesktop/DBus')],
    [2, 's', text(iface)],
    [3, 's', text(member)],
    [6, 's', text(DAEMON)],
    [8, 'g', Buffer.from(`${String.fromCharCode(signature.length)}${signature}\0`)],
  ];
  let array = Buffer.alloc(0);
  for (const [code, type, value] of fields) {
    const aligned = Buffer.alloc(padded(array.length) - array.length);
    array = Buffer.concat([array, aligned, Buffer.from([code, 1]), Buffer.from(`${type}\0`), value]);
  }
  const header = Buffer.alloc(FIXED_HEADER);
  header.set([0x6c, 1, 0, 1]);
  header.writeUInt32LE(body.length, 4);
  header.writeUInt32LE(serial, 8);
  header.writeUInt32LE(array.length, 12);
  return Buffer.concat([header, array, Buffer.alloc(padded(array.length) - array.length), body]);
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function event(socket: Socket, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once(name, () => {
      socket.off('error', reject);
      resolve();
    });
  });
}
