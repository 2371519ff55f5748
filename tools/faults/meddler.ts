import { createServer, type Socket } from 'node:net';
import { bytesOf } from '../../src/protocol/bytes.ts';
import type { Device } from '../../src/simulator/line/device.ts';
import { openPty } from '../../src/simulator/line/pty.ts';
import type { Serving } from '../../src/simulator/line/serve.ts';
import { type Random, seeded } from '../../src/simulator/random.ts';

/** What the line makes of one whole answer. */
export type Meddling = (
  answer: Uint8Array,
  line: { readonly before: Uint8Array; readonly request: Uint8Array; readonly random: Random },
) => Uint8Array | Delivery;

/** Pieces that follow each other by `everyMs`, the first one after `afterMs`. */
export interface Delivery {
  readonly pieces: readonly Uint8Array[];
  readonly everyMs: number;
  readonly afterMs: number;
}

/** A port to a simulated battery with somebody on the line between. */
export class MeddledPort implements Serving {
  readonly path: string;
  /** Undefined leaves the line alone. */
  meddling: Meddling | undefined;
  /** Called when a request has arrived, before it is answered. */
  onRequest: () => void = () => {};
  /** Answers that were meddled with. */
  struck = 0;
  /** Ends the connection that is there; a network bridge can be reached again at once. */
  drop: () => void = () => {};
  readonly #close: () => Promise<void>;

  /** A serial port under `link`. */
  static async serial(device: Device, link: string): Promise<MeddledPort> {
    const pty = await openPty(link);
    const port: MeddledPort = new MeddledPort(pty.path, async () => {
      line.detach();
      await pty.close();
    });
    const line = port.#line(device, (bytes) => pty.write(bytes));
    pty.onBytes = line.receive;
    return port;
  }

  /** A serial-to-network bridge. */
  static async network(device: Device): Promise<MeddledPort> {
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      const line = port.#line(device, (bytes) => socket.write(bytes));
      socket.on('data', line.receive);
      socket.on('error', () => socket.destroy()); // However the other side went, `close` follows.
      socket.once('close', () => {
        sockets.delete(socket);
        line.detach();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the bridge has no port');
    const port: MeddledPort = new MeddledPort(`tcp://127.0.0.1:${address.port}`, () => {
      port.drop();
      return new Promise((resolve) => server.close(() => resolve()));
    });
    port.drop = () => {
      for (const socket of sockets) socket.destroy();
    };
    return port;
  }

  private constructor(path: string, close: () => Promise<void>) {
    this.path = path;
    this.#close = close;
  }

  close(): Promise<void> {
    return this.#close();
  }

  #line(
    device: Device,
    write: (bytes: Uint8Array) => void,
  ): { readonly receive: (bytes: Uint8Array) => void; readonly detach: () => void } {
    const random = seeded(7);
    let request: Uint8Array = new Uint8Array();
    let before: Uint8Array = new Uint8Array();
    const session = device.attach({
      delivery: 1,
      send: (answer) => {
        const outcome = this.meddling?.(answer, { before, request, random }) ?? answer;
        if (this.meddling !== undefined) this.struck += 1;
        before = answer;
        if (outcome instanceof Uint8Array) return write(outcome);
        const { afterMs, everyMs, pieces } = outcome;
        for (const [index, piece] of pieces.entries())
          setTimeout(() => write(piece), afterMs + index * everyMs);
      },
    });
    return {
      receive: (bytes) => {
        request = bytes.slice();
        this.onRequest();
        session.receive(bytes);
      },
      detach: () => session.detach(),
    };
  }
}

const noise = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => Math.floor(random.next() * 256));

/** A valid frame of another BMS (a Daly), which a second device on the line might send. */
const STRANGER = Uint8Array.of(0xa5, 0x01, 0x90, 0x08, 0x02, 0x10, 0, 0, 0x75, 0x30, 0x03, 0x84, 0x7d);

/** What can happen to every answer on a line, by name. */
export const MEDDLINGS: Readonly<Record<string, Meddling>> = {
  'bit flips, 2 % of all bytes': (answer, { random }) =>
    answer.map((byte) => (random.next() < 0.02 ? byte ^ (1 << Math.floor(random.next() * 8)) : byte)),
  'every answer with a turned bit': (answer, { random }) => {
    const at = Math.floor(random.next() * answer.length);
    return answer.map((byte, index) => (index === at ? byte ^ (1 << Math.floor(random.next() * 8)) : byte));
  },
  'garbage ahead of every answer': (answer, { random }) => bytesOf(noise(random, 40), answer),
  'answers that break off': (answer, { random }) =>
    answer.subarray(0, Math.floor(random.next() * answer.length)),
  'answers twice': (answer) => bytesOf(answer, answer),
  'answers glued to the one before': (answer, { before }) => bytesOf(before, answer),
  'the answer before instead': (_, { before }) => before,
  'another device ahead': (answer) => bytesOf(STRANGER, answer),
  'another device instead': () => STRANGER,
  'echo of every request': (answer, { request }) => bytesOf(request, answer),
  'noise of a wrong baud rate': (answer, { random }) => noise(random, answer.length),
  'slow bytes, 8 ms each': (answer) => ({
    pieces: [...answer].map((byte) => Uint8Array.of(byte)),
    everyMs: 8,
    afterMs: 0,
  }),
  'answers 800 ms late': (answer) => ({ pieces: [answer], everyMs: 0, afterMs: 800 }),
};

/** With these the battery stays readable: values go on, and nothing is reduced. */
export const BEARABLE: readonly string[] = [
  'answers twice',
  'another device ahead',
  'echo of every request',
  'slow bytes, 8 ms each',
  'answers 800 ms late',
];
