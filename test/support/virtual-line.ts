import { DeviceWire, type WiredDevice } from '../../src/simulator/line/device-wire.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import type { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import type { ExchangeRecord, LineSettings } from '../../src/transport/exchange.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';

/** How far time may run beyond the end of what is awaited, ms. */
const STEP_MS = 20;
const UART_MS = 8;
const BITS_PER_BYTE = 10;

/** The real exchange over a line at its real rate, in time that runs only while somebody waits. */
export class VirtualLine {
  readonly clock: VirtualClock;
  readonly wire: DeviceWire;
  readonly link: HalfDuplex;
  readonly records: ExchangeRecord[] = [];

  constructor(clock: VirtualClock, device: WiredDevice, line: LineSettings = { baudRate: 9600 }) {
    this.clock = clock;
    this.wire = new DeviceWire(device, line);
    this.link = new HalfDuplex(this.wire, { line, clock, onExchange: (record) => this.records.push(record) });
  }

  until<T>(promise: Promise<T>): Promise<T> {
    return until(this.clock, promise);
  }
}

/** Lets time run until `promise` is settled. */
export async function until<T>(clock: VirtualClock, promise: Promise<T>): Promise<T> {
  let pending = true;
  const done = (): void => {
    pending = false;
  };
  promise.then(done, done);
  await clock.run(clock.now());
  while (pending) await clock.run(clock.now() + STEP_MS);
  return promise;
}

/** A simulated battery that stands still, on its usual line settings. */
export async function simulated(
  id: string,
  clock: VirtualClock,
  scenario: unknown = {},
): Promise<WiredDevice> {
  return buildDevice(id, parseScenario(scenario), clock);
}

export interface Talk {
  /** What it says to whatever it hears; nothing is silence. */
  readonly answer?: (heard: Uint8Array) => Uint8Array | undefined;
  /** What it says by itself, and how often, ms. */
  readonly says?: (index: number) => Uint8Array;
  readonly everyMs?: number;
  readonly answerMs?: number;
}

/** A device made of a function, at the rate of its line. */
export function talker(clock: VirtualClock, baudRate: number, talk: Talk): WiredDevice {
  const { answer, says, everyMs = 1000, answerMs = 30 } = talk;
  const byteMs = (1000 * BITS_PER_BYTE) / baudRate;
  return {
    baudRate,
    attach({ send }) {
      let open = true;
      const sendAtRate = (bytes: Uint8Array, afterMs: number): void => {
        const piece = Math.max(1, Math.round(UART_MS / byteMs));
        for (let at = 0; at < bytes.length; at += piece) {
          const part = bytes.slice(at, at + piece);
          clock.after(afterMs + (at + part.length) * byteMs, () => open && send(part));
        }
      };
      const chatter = (index: number): void => {
        if (!open || says === undefined) return;
        sendAtRate(says(index), 0);
        clock.after(everyMs, () => chatter(index + 1));
      };
      clock.after(0, () => chatter(0));
      return {
        receive(bytes) {
          const reply = answer?.(bytes);
          if (reply !== undefined) sendAtRate(reply, bytes.length * byteMs + answerMs);
        },
        detach() {
          open = false;
        },
      };
    },
  };
}
