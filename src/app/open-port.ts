import type { BmsDriver } from '../bms/driver.ts';
import type { Clock } from '../clock.ts';
import { GattWire } from '../transport/ble/gatt-wire.ts';
import { openBluetooth } from '../transport/ble/open.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import { GuardedWire } from '../transport/guarded-wire.ts';
import { HalfDuplex } from '../transport/half-duplex.ts';
import { type PortUrl, portName } from '../transport/port-url.ts';
import { firstLine, openLink } from './link.ts';
import { allowedFrames, overBluetooth } from './over-bluetooth.ts';

export interface OpenPortOptions {
  readonly port: PortUrl;
  readonly drivers: readonly BmsDriver[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onExchange: (record: ExchangeRecord) => void;
}

export interface OpenPort {
  readonly link: HalfDuplex;
  /** The drivers that can be reached over it, as they are. */
  readonly drivers: readonly BmsDriver[];
}

/** Opens a port for a command that only reads. Rejects with a PortError, or a NothingFoundError where no driver fits the device. */
export async function openPort({
  port,
  drivers,
  clock,
  signal,
  onExchange,
}: OpenPortOptions): Promise<OpenPort> {
  if (port.kind !== 'ble')
    return { link: await openLink({ port, clock, line: firstLine(drivers), onExchange }), drivers };
  const { kind: _, ...wanted } = port;
  const bluetooth = await openBluetooth(clock);
  try {
    const link = await bluetooth.connect(wanted, { signal });
    const reached = overBluetooth(drivers, link, bluetooth.heard(link.path));
    const line = firstLine(reached);
    const release = (): Promise<void> => bluetooth.close();
    const wire = new GattWire({ link, name: portName(port), clock, learned: {}, release });
    await wire.configure(line);
    const guarded = new GuardedWire(wire, allowedFrames(reached, false));
    return { link: new HalfDuplex(guarded, { line, clock, onExchange }), drivers: reached };
  } catch (error) {
    await bluetooth.close();
    throw error;
  }
}
