import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { batteryPeripheral } from '../../src/simulator/bluez/battery.ts';
import { BluezStandIn } from '../../src/simulator/bluez/stand-in.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { type PrivateBus, startPrivateBus } from '../../src/simulator/venus/private-bus.ts';
import { Bluetooth } from '../../src/transport/ble/bluetooth.ts';
import { GattWire } from '../../src/transport/ble/gatt-wire.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { ADDRESS, driverOf } from '../support/radio.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function scene(): Promise<{ daemon: PrivateBus; bluez: BluezStandIn; bluetooth: Bluetooth }> {
  const daemon = await startPrivateBus();
  closing.push(() => daemon.stop());
  const bluez = await BluezStandIn.open(await connectBus({ address: daemon.address }), systemClock);
  closing.push(() => bluez.close());
  bluez.addAdapter('hci0');
  const bluetooth = await Bluetooth.open(await connectBus({ address: daemon.address }), systemClock);
  closing.push(() => bluetooth.close());
  return { daemon, bluez, bluetooth };
}

describe('over a real bus', () => {
  it('a battery is found, connected and read, and its data and strength are seen in a scan', async () => {
    const { bluez, bluetooth } = await scene();
    const driver = driverOf('jbd');
    const device = await buildDevice('jbd', parseScenario({ packs: [{ soc: 60, noise: 0 }] }), systemClock);
    closing.push(() => device.close());
    const peripheral = batteryPeripheral(device, driver, {
      address: ADDRESS,
      name: 'JBD-1',
      mtu: 247,
      rssi: -67,
    });
    peripheral.manufacturerData = { 22618: Uint8Array.of(1, 2, 3) };
    bluez.add(peripheral);
    expect(await bluetooth.scan(2000)).toMatchObject([
      {
        address: ADDRESS,
        name: 'JBD-1',
        rssi: -67,
        manufacturerData: new Map([[22618, Uint8Array.of(1, 2, 3)]]),
      },
    ]);
    const link = await bluetooth.connect({ address: ADDRESS });
    const wire = new GattWire({ link, name: 'ble', clock: systemClock, learned: {} });
    const half = new HalfDuplex(wire, { line: { baudRate: 2400 }, clock: systemClock });
    const [port] = driver.reach.bluetooth?.ports ?? [];
    if (port === undefined) throw new Error('JBD has Bluetooth');
    await half.configure({ baudRate: 2400, gatt: port });
    expect(await driver.open(half, 1).read()).toMatchObject({ soc: 60, cellCount: 16 });
    await half.close();
  });

  it('a link is lost with bluetoothd, and can be made again when that is back', async () => {
    const { bluez, bluetooth } = await scene();
    bluez.add({ address: ADDRESS, services: [], open: () => ({ write: () => {}, end: () => {} }) });
    const link = await bluetooth.connect({ address: ADDRESS });
    const lost = new Promise<Error>((resolve) => {
      link.onLost = resolve;
    });
    await bluez.stop();
    expect(String(await lost)).toMatch(/was lost/);
    await bluez.start();
    const isBack = (): true | undefined =>
      bluetooth.tree.isRunning && bluetooth.adapters.length > 0 ? true : undefined;
    await bluetooth.tree.until(isBack, 20_000);
    expect((await bluetooth.connect({ address: ADDRESS })).isUp).toBe(true);
  });
});
