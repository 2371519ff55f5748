import { bytesOf } from '../../src/protocol/bytes.ts';
import type { Device } from '../../src/simulator/device.ts';
import { openPty } from '../../src/simulator/pty.ts';
import { type Random, seeded } from '../../src/simulator/random.ts';
import type { Serving } from '../../src/simulator/serve.ts';

/** What the line makes of one whole answer; `before` is the answer ahead of it. Pieces follow each other by `everyMs`. */
export type Meddling = (
  answer: Uint8Array,
  line: { readonly before: Uint8Array; readonly request: Uint8Array; readonly random: Random },
) => Uint8Array | { readonly pieces: readonly Uint8Array[]; readonly everyMs: number };

/** A serial port to a simulated battery with somebody on the line between. */
export class MeddledPort implements Serving {
  readonly path: string;
  /** Undefined leaves the line alone. */
  meddling: Meddling | undefined;
  /** Called when a request has arrived, before it is answered. */
  onRequest: () => void = () => {};
  /** Answers that were meddled with. */
  struck = 0;
  readonly #close: () => Promise<void>;

  static async open(device: Device, link: string): Promise<MeddledPort> {
    const pty = await openPty(link);
    const random = seeded(7);
    let request: Uint8Array = new Uint8Array();
    let before: Uint8Array = new Uint8Array();
    const session = device.attach({
      delivery: 1,
      send(answer) {
        const outcome = port.meddling?.(answer, { before, request, random }) ?? answer;
        if (port.meddling !== undefined) port.struck += 1;
        before = answer;
        if (outcome instanceof Uint8Array) return pty.write(outcome);
        for (const [index, piece] of outcome.pieces.entries())
          setTimeout(() => pty.write(piece), index * outcome.everyMs);
      },
    });
    pty.onBytes = (bytes) => {
      request = bytes.slice();
      port.onRequest();
      session.receive(bytes);
    };
    const port = new MeddledPort(pty.path, async () => {
      session.detach();
      await pty.close();
    });
    return port;
  }

  private constructor(path: string, close: () => Promise<void>) {
    this.path = path;
    this.#close = close;
  }

  close(): Promise<void> {
    return this.#close();
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
  }),
};
