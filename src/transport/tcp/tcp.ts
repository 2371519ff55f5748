import { connect, type Socket } from 'node:net';
import { type Clock, systemClock } from '../../clock.ts';
import { type BmsError, PortLostError, PortMissingError } from '../../errors.ts';
import { systemFault } from '../../system-fault.ts';
import { portName } from '../port-url.ts';
import type { Wire } from '../wire.ts';

const CONNECT_MS = 5000;
/** Silence after which the system asks whether the bridge is still there. */
const KEEP_ALIVE_MS = 10_000;

/** Connects to a serial-to-network bridge that passes bytes through. Rejects with PortMissingError. */
export function openTcp(host: string, port: number, clock: Clock = systemClock): Promise<Wire> {
  return new Promise((resolve, reject) => {
    const name = portName({ kind: 'tcp', host, port });
    const socket = connect({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    });
    const fail = (cause: NodeJS.ErrnoException): void => {
      cancel();
      socket.destroy();
      reject(new PortMissingError(explain(name, cause), { cause }));
    };
    const cancel = clock.after(CONNECT_MS, () => {
      socket.off('error', fail);
      socket.on('error', () => {}); // The attempt is given up; how else it might have failed does not matter.
      fail(Object.assign(new Error(`no connection within ${CONNECT_MS / 1000} s`), { code: 'ETIMEDOUT' }));
    });
    socket.once('error', fail);
    socket.once('connect', () => {
      cancel();
      socket.off('error', fail);
      resolve(new TcpWire(name, socket));
    });
  });
}

class TcpWire implements Wire {
  readonly name: string;
  onBytes: (bytes: Uint8Array) => void = () => {};
  onLost: (error: BmsError) => void = () => {};
  readonly #socket: Socket;
  #closed = false;

  constructor(name: string, socket: Socket) {
    this.name = name;
    this.#socket = socket;
    let cause: Error | undefined;
    socket.on('data', (bytes) => this.onBytes(bytes));
    socket.on('end', () => socket.destroy());
    socket.on('error', (error) => {
      cause = error;
    });
    socket.on('close', () => {
      if (this.#closed) return;
      this.#closed = true;
      const reason = cause === undefined ? 'the other side closed the connection' : systemFault(cause);
      this.onLost(new PortLostError(`${name} was lost: ${reason}`, { cause }));
    });
  }

  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new PortLostError(`${this.name} is not open`));
      this.#socket.write(bytes.slice(), (cause) => {
        if (cause) reject(new PortLostError(`${this.name} was lost: ${systemFault(cause)}`, { cause }));
        else resolve();
      });
    });
  }

  /** The bridge has its own line settings. */
  async configure(): Promise<void> {}

  /** The network cannot be emptied; a turn of the event loop lets what has arrived come out, for the receiver to drop. */
  flush(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  close(): Promise<void> {
    this.#closed = true;
    return new Promise((resolve) => {
      if (this.#socket.closed) return resolve();
      this.#socket.once('close', () => resolve());
      this.#socket.destroy();
    });
  }
}

function explain(name: string, cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'ECONNREFUSED':
      return `${name} refuses the connection; check the port number in the settings of the serial bridge`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${name}: this name is not known in the network; write the IP address of the serial bridge instead`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
      return `${name} does not answer; check the address, and that the serial bridge has power and network`;
    default:
      return `${name} cannot be reached: ${systemFault(cause)}`;
  }
}
