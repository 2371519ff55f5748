import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import { PortLostError, PortMissingError } from '../../errors.ts';
import type { Accept } from '../../protocol/accept.ts';
import { HalfDuplex } from '../half-duplex.ts';
import { openWire } from '../open.ts';
import { parsePort } from '../port-url.ts';
import { openTcp } from './tcp.ts';

const REQUEST = Uint8Array.of(1, 2, 3);
const REPLY = Uint8Array.of(9, 8, 7, 6);
const accept: Accept = (received) => (received.length < REPLY.length ? 'more' : REPLY.length);

let server: Server | undefined;

afterEach(() => {
  server?.close();
  server = undefined;
});

/** A serial bridge on a free local port. */
async function bridge(onRequest: (socket: Socket) => void): Promise<number> {
  server = createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('data', () => onRequest(socket));
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server);
}

function portOf(listening: Server): number {
  const address: AddressInfo | string | null = listening.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function linkTo(port: number): Promise<HalfDuplex> {
  const wire = await openWire(parsePort(`tcp://127.0.0.1:${port}`), { baudRate: 9600 });
  return new HalfDuplex(wire, { line: { baudRate: 9600 }, clock: systemClock });
}

describe('a serial bridge in the network', () => {
  it('answers, in however many segments', async () => {
    const port = await bridge((socket) => {
      const bytes = [...REPLY];
      const next = (): void => {
        const byte = bytes.shift();
        if (byte === undefined) return;
        socket.write(Uint8Array.of(byte), () => setImmediate(next));
      };
      next();
    });
    const link = await linkTo(port);
    expect(await link.ask(REQUEST, accept, 5000)).toEqual(REPLY);
    expect(await link.ask(REQUEST, accept, 5000)).toEqual(REPLY);
    await link.close();
  });

  it('is lost when it closes the connection', async () => {
    const link = await linkTo(await bridge((socket) => socket.end()));
    const asked = link.ask(REQUEST, accept, 5000);
    await expect(asked).rejects.toThrow(PortLostError);
    await expect(asked).rejects.toThrow('the other side closed the connection');
    await expect(link.ask(REQUEST, accept, 5000)).rejects.toThrow(PortLostError);
  });

  it('is lost when it resets the connection', async () => {
    const link = await linkTo(await bridge((socket) => socket.resetAndDestroy()));
    await expect(link.ask(REQUEST, accept, 5000)).rejects.toThrow(PortLostError);
  });

  it('takes nothing more after a close, of which nobody is told', async () => {
    const wire = await openTcp('127.0.0.1', await bridge(() => {}));
    let told = 0;
    wire.onLost = () => {
      told += 1;
    };
    await wire.close();
    await wire.close();
    await expect(wire.write(REQUEST)).rejects.toThrow(PortLostError);
    expect(told).toBe(0);
  });

  it('is missing when it refuses the connection', async () => {
    const port = await bridge(() => {});
    server?.close();
    const opening = openTcp('127.0.0.1', port);
    await expect(opening).rejects.toThrow(PortMissingError);
    await expect(opening).rejects.toThrow('refuses the connection');
  });

  it('is missing when it does not answer in time', async () => {
    const port = await bridge(() => {});
    const impatient = {
      ...systemClock,
      after: (_ms: number, action: () => void) => {
        queueMicrotask(action);
        return () => {};
      },
    };
    const opening = openTcp('127.0.0.1', port, impatient);
    await expect(opening).rejects.toThrow(PortMissingError);
    await expect(opening).rejects.toThrow('does not answer');
  });
});
