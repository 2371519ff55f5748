import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import { servePty } from '../../src/simulator/line/serve.ts';
import { SettingsStandIn } from '../../src/simulator/venus/localsettings.ts';
import { startPrivateBus } from '../../src/simulator/venus/private-bus.ts';
import { eventually } from '../support/bus.ts';
import { DbusMonitor } from '../support/dbus-monitor.ts';
import { House } from '../support/house.ts';
import { Program } from '../support/program.ts';

const OTHER = '/Settings/Devices/other/ClassAndVrmInstance';

/** Each of the three things around a running driver goes, and comes again. */
describe('a running battery', () => {
  let house: House;
  let monitor: DbusMonitor;

  beforeEach(async () => {
    // The instance is not the one that a driver without memory would ask for.
    house = await House.open('jbd', undefined, 'ttyUSB1', { [OTHER]: 'battery:1' });
    monitor = await DbusMonitor.open(house.bus.address, house.service);
  });

  afterEach(async () => {
    monitor.close();
    await house.close();
  });

  it('does not notice that localsettings goes, and hands over what was written when it comes', async () => {
    const program = house.run();
    await house.isUp();
    expect(house.reader.number('/DeviceInstance')).toBe(2);
    house.loseSettings();
    expect(await monitor.setValue('/CustomName', 's', 'Cellar')).toBe(0);
    expect(await monitor.setValue('/Settings/MaxDischargeCurrent', 'd', 20)).toBe(0);
    await eventually(() => house.reader.number('/Info/MaxDischargeCurrent') === 20);
    await house.bringSettings();
    const written = ['Cellar', 20, 'battery:2'];
    await eventually(() => written.every((value) => Object.values(house.stored).includes(value)));
    expect(house.stored).toMatchObject({ [OTHER]: 'battery:1' });
    expect(program.isRunning).toBe(true);
    expect(house.reader.number('/DeviceInstance')).toBe(2);
    expect(monitor.scans).toBe(1);
  });

  it('waits for a localsettings that comes late, having found the battery meanwhile', async () => {
    house.loseSettings();
    const program = house.run();
    await program.says('jbd');
    expect(house.reader.isPresent).toBe(false);
    await house.bringSettings();
    await house.isUp();
    expect(house.reader.number('/DeviceInstance')).toBe(2);
  });

  it('leaves when its tty goes, and has the same instance and name when it comes', async () => {
    const program = house.run();
    await house.isUp();
    expect(await monitor.setValue('/CustomName', 's', 'Cellar')).toBe(0);
    await eventually(() => Object.values(house.stored).includes('Cellar'));
    await house.serving.close();
    expect(await program.ended).toBe(1);
    expect(program.err.join()).toMatch(/^error port: PORT_(LOST|MISSING): /);
    await eventually(() => monitor.items.size === 0);
    house.serving = await servePty(house.device, house.port);
    house.run();
    await eventually(() => monitor.items.get('/CustomName')?.value === 'Cellar');
    expect(monitor.items.get('/DeviceInstance')?.value).toBe(2);
  });

  it('leaves when the bus goes, and is the same battery on the next one', async () => {
    const program = house.run();
    await house.isUp();
    const { stored } = house;
    await house.bus.kill();
    expect(await program.ended).toBe(1);
    const next = await startPrivateBus();
    const settings = await SettingsStandIn.open(await connectBus({ address: next.address }), stored);
    const reader = await BusReader.open(await connectBus({ address: next.address }), house.service);
    const again = new Program(['run', house.port], {
      ...house.env,
      DBUS_SESSION_BUS_ADDRESS: next.address,
    });
    await eventually(() => reader.number('/Dc/0/Voltage') !== undefined);
    expect(reader.number('/DeviceInstance')).toBe(2);
    await again.stop();
    settings.close();
    await next.stop();
  });
});
