import type { BmsDriver } from '../bms/driver.ts';
import type { Clock } from '../clock.ts';
import { type BmsError, hex } from '../errors.ts';
import type { Log } from '../log.ts';
import type { ExchangeRecord, LineSettings } from '../transport/exchange.ts';
import { HalfDuplex } from '../transport/half-duplex.ts';
import { openWire } from '../transport/open.ts';
import type { PortUrl } from '../transport/port-url.ts';

export interface LinkOptions {
  readonly port: PortUrl;
  readonly clock: Clock;
  readonly line: LineSettings;
  readonly onExchange?: (record: ExchangeRecord) => void;
  readonly onLost?: (error: BmsError) => void;
}

/** Opens the port and makes it a half-duplex link. Rejects with PortMissingError or PortBusyError. */
export async function openLink(options: LinkOptions): Promise<HalfDuplex> {
  const { port, line, ...rest } = options;
  return new HalfDuplex(await openWire(port, line), { line, ...rest });
}

/** The line setting with which a port is opened before anything is known. */
export function firstLine(drivers: readonly BmsDriver[]): LineSettings {
  return drivers[0]?.reach.serial.lines[0] ?? { baudRate: 9600 };
}

/** One debug line for an exchange: what was sent, what came back, how long it took. */
export function logExchange(log: Log, record: ExchangeRecord): void {
  if (!log.debugging) return;
  const { request, reply, received, error, tookMs } = record;
  const answer =
    reply === undefined ? `${error?.message ?? ''}; received ${hex(received) || 'nothing'}` : hex(reply, 512);
  log.debug(`${hex(request)} -> ${answer} (${tookMs.toFixed(0)} ms)`);
}
