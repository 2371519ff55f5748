import { createServer, type Server, type Socket } from 'node:net';
import { type BmsError, PortBusyError, PortMissingError } from '../../errors.ts';
import { systemFault } from '../../system-fault.ts';
import type { Device } from './device.ts';
import { openPty } from './pty.ts';

/** A simulated device that clients can reach. */
export interface Serving {
  /** What a client opens: "tcp://127.0.0.1:5000" or the path of the serial port. */
  readonly path: string;
  /** Takes the device away from its clients; the device itself lives on. */
  close(): Promise<void>;
}

export interface ListenOptions {
  /** 0 takes any free port. */
  readonly port: number;
  /** Only this machine by default. */
  readonly host?: string;
  /** In how many network segments an answer comes. Default 1. */
  readonly segments?: number;
}

/** Serves `device` like a serial-to-network bridge. Rejects with PortBusyError or PortMissingError. */
export async function listen(device: Device, options: ListenOptions): Promise<Serving> {
  const { port, host = '127.0.0.1', segments = 1 } = options;
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (device.plugged) converse(device, socket, segments);
    else socket.destroy();
  });
  const unwatch = device.watch((plugged) => {
    if (!plugged) for (const socket of sockets) socket.destroy();
  });
  await opened(server, port, host);
  return {
    path: `tcp://${host}:${portOf(server)}`,
    close() {
      unwatch();
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function converse(device: Device, socket: Socket, segments: number): void {
  const session = device.attach({ delivery: segments, send: (bytes) => socket.write(bytes) });
  socket.on('data', (bytes) => session.receive(bytes));
  // A client that breaks the connection off is gone, however it went; `close` follows.
  socket.on('error', () => socket.destroy());
  socket.once('close', () => session.detach());
}

function opened(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, port, host)));
    server.listen(port, host, resolve);
  });
}

function listenError(cause: NodeJS.ErrnoException, port: number, host: string): BmsError {
  return cause.code === 'EADDRINUSE'
    ? new PortBusyError(`port ${port} is in use; choose another with --listen`, { cause })
    : new PortMissingError(`cannot listen on ${host}:${port}: ${systemFault(cause)}`, { cause });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/**
 * Serves `device` as a serial port that exists only in memory, reachable under `linkPath`. A client that set another
 * rate than the device's is not understood. The port vanishes when the device is unplugged and comes back with it.
 */
export async function servePty(device: Device, linkPath?: string): Promise<Serving> {
  let port = device.plugged ? await openPort(device, linkPath) : undefined;
  const path = port?.path ?? linkPath ?? '';
  let last: Promise<void> = Promise.resolve();
  const follow = async (wanted: boolean): Promise<void> => {
    if (wanted) port ??= await openPort(device, linkPath);
    else {
      await port?.close();
      port = undefined;
    }
  };
  const unwatch = device.watch((plugged) => {
    last = last.then(() => follow(plugged));
  });
  return {
    path,
    async close() {
      unwatch();
      await last;
      await follow(false);
    },
  };
}

async function openPort(device: Device, linkPath: string | undefined): Promise<Serving> {
  const pty = await openPty(linkPath);
  const session = device.attach({ delivery: 'uart', send: (bytes) => pty.write(bytes) });
  pty.onBytes = (bytes) => {
    if (pty.baudRate() === device.baudRate) session.receive(bytes);
  };
  return {
    path: pty.path,
    async close() {
      session.detach();
      await pty.close();
    },
  };
}
