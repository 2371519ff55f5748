import { type Clock, systemClock } from '../../clock.ts';
import { systemBusAddress } from '../../dbus/address.ts';
import { connectBus } from '../../dbus/client.ts';
import type { LineSettings } from '../exchange.ts';
import type { Wire } from '../wire.ts';
import { Bluetooth } from './bluetooth.ts';
import { deviceName, type Wanted } from './connect.ts';
import { GattWire } from './gatt-wire.ts';

/** The Bluetooth of this machine; rejects with a BusError where there is no system bus. */
export async function openBluetooth(clock: Clock = systemClock): Promise<Bluetooth> {
  return Bluetooth.open(await connectBus({ address: systemBusAddress(process.env) }), clock);
}

/** Connects to one device for as long as the wire is open. */
export async function openBle(wanted: Wanted, line: LineSettings, clock = systemClock): Promise<Wire> {
  const bluetooth = await openBluetooth(clock);
  try {
    const link = await bluetooth.connect(wanted);
    const release = (): Promise<void> => bluetooth.close();
    const wire = new GattWire({ link, name: deviceName(wanted), clock, learned: {}, release });
    await wire.configure(line);
    return wire;
  } catch (error) {
    await bluetooth.close();
    throw error;
  }
}
