import type { Responder } from '../../src/bms/driver.ts';
import type { BankReading } from '../../src/model/reading.ts';
import type { Exchange } from '../../src/transport/exchange.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { MemoryWire, type Piece } from '../../src/transport/memory.ts';
import { ManualClock } from './manual-clock.ts';

const LINE = { baudRate: 9600 };

/** A real exchange over a connection in memory, with time that runs only while somebody waits. */
export interface Line {
  readonly link: Exchange;
  /** Every request that went over it. */
  readonly requests: readonly Uint8Array[];
  until<T>(promise: Promise<T>): Promise<T>;
}

/** A simulated battery at the other end; `obey` false means that it acknowledges writes and does nothing. */
export function batteryLine(
  responder: Responder,
  battery: BankReading,
  { echo = false, obey = true }: { readonly echo?: boolean; readonly obey?: boolean } = {},
): Line {
  let now = battery;
  const device = (request: Uint8Array): Uint8Array | undefined => {
    if (responder.accept(request) !== request.length) return undefined;
    const answer = responder.reply(request, now);
    if (obey) now = { ...now, ...answer?.changes };
    return answer?.bytes;
  };
  return line(device, echo);
}

/** A line on which every request is answered by these pieces. */
export function scriptedLine(pieces: readonly Piece[]): Line {
  return line(() => pieces, false);
}

function line(
  device: (request: Uint8Array) => Uint8Array | readonly Piece[] | undefined,
  echo: boolean,
): Line {
  const clock = new ManualClock();
  const wire = new MemoryWire(device, { clock, echo });
  const link = new HalfDuplex(wire, { line: LINE, clock });
  return { link, requests: wire.written, until: (promise) => clock.until(promise) };
}
