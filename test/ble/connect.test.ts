import { describe, expect, it } from 'vitest';
import { PortBusyError, PortLostError, PortMissingError } from '../../src/errors.ts';
import { WrongPinError } from '../../src/transport/ble/connect.ts';
import type { GattLink } from '../../src/transport/ble/gatt-link.ts';
import { ADDRESS, RadioScene } from '../support/radio.ts';

const connect = (scene: RadioScene, more: object = {}): Promise<GattLink> =>
  scene.until(scene.bluetooth.connect({ address: ADDRESS, ...more }));

async function failure(attempt: Promise<unknown>): Promise<Error> {
  return attempt.then(
    () => new Error('it succeeded'),
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
}

describe('connecting to a battery', () => {
  it('finds it by its address in capital or small letters, and knows its services', async () => {
    const scene = await RadioScene.open();
    const { driver } = await scene.bring();
    const link = await scene.until(scene.bluetooth.connect({ address: ADDRESS.toLowerCase() }));
    const port = driver.reach.bluetooth?.ports[0];
    expect(port !== undefined && link.has(port)).toBe(true);
    expect(link.has({ service: 'ff00', notify: 'ff09' })).toBe(false);
    expect(scene.adapter.scanners.size).toBe(0);
    expect(scene.clock.now()).toBeLessThan(5000);
  });

  it('finds it by its name, whatever blanks are behind it', async () => {
    const scene = await RadioScene.open();
    await scene.bring('jbd', { name: 'Garage \r\n' });
    expect((await scene.until(scene.bluetooth.connect({ name: 'Garage' }))).isUp).toBe(true);
  });

  it('needs an address where two devices have one name', async () => {
    const scene = await RadioScene.open();
    await scene.bring('jbd', { name: 'BMS' });
    await scene.bring('ant', { name: 'BMS', address: 'C8:47:80:00:00:02' });
    await scene.until(scene.bluetooth.scan(3000));
    const error = await failure(scene.until(scene.bluetooth.connect({ name: 'BMS' })));
    expect(error).toBeInstanceOf(PortMissingError);
    expect(error.message).toMatch(/C8:47:80:00:00:01 and C8:47:80:00:00:02; write the address/);
  });

  it('needs no scan for a device that BlueZ knows', async () => {
    const scene = await RadioScene.open();
    await scene.bring();
    await scene.until(scene.bluetooth.release(await connect(scene)));
    await scene.pass(3000);
    const scans = scene.bluez.calls.get('StartDiscovery');
    await connect(scene);
    expect(scene.bluez.calls.get('StartDiscovery')).toBe(scans);
  });

  it.each<[string, object, RegExp]>([
    ['is not there', { absent: true }, /does not advertise: .*another client/],
    ['refuses every connect', { connect: 'fails' }, /does not connect: the adapter gave up/],
    ['never answers a connect', { connect: 'never' }, /did not answer within 22 s/],
    ['connects without a link', { connect: 'empty' }, /BlueZ gave no link/],
    ['keeps its services to itself', { unresolved: true }, /its services stay unknown/],
    ['ends the link at once', { cutAfterMs: 200 }, /ended the link before its services were known/],
  ])('that %s fails with words, and works as soon as the device does', async (_, faults, words) => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    Object.assign(near.faults, faults);
    const error = await failure(connect(scene));
    expect(error).toBeInstanceOf(PortMissingError);
    expect(error.message).toMatch(words);
    for (const key of Object.keys(faults)) delete near.faults[key as keyof typeof near.faults];
    await scene.pass(3000);
    expect((await connect(scene)).isUp).toBe(true);
  });

  it('takes a temporary object for gone when it is, and scans again', async () => {
    const scene = await RadioScene.open();
    await scene.bring();
    await scene.until(scene.bluetooth.scan(2000));
    await scene.pass(31_000);
    expect((await connect(scene)).isUp).toBe(true);
  });

  it('ends a link that a dead program left behind, and leaves one alone that another program uses', async () => {
    const scene = await RadioScene.open();
    const { driver } = await scene.bring();
    const first = await connect(scene);
    const port = driver.reach.bluetooth?.ports[0];
    const notify = port && first.find(port.service, port.notify);
    const other = scene.bus.connect();
    const call = (path: string, member: string) =>
      other.call({ destination: 'org.bluez', path, interface: 'x', member });
    await scene.until(call(notify ?? '', 'StartNotify'));
    expect(await failure(connect(scene))).toBeInstanceOf(PortBusyError);
    expect(first.isUp).toBe(true);
    other.disconnect();
    await scene.pass(100);
    expect((await connect(scene)).isUp).toBe(true);
    expect(scene.bluez.calls.get('Disconnect')).toBe(1);
  });

  it('waits for another scanner, and says so when that never ends', async () => {
    const scene = await RadioScene.open();
    await scene.bring();
    scene.adapter.faults.discovery = 'inProgress';
    const attempt = scene.bluetooth.connect({ address: ADDRESS });
    scene.clock.after(4000, () => delete scene.adapter.faults.discovery);
    expect((await scene.until(attempt)).isUp).toBe(true);
    scene.adapter.faults.discovery = 'inProgress';
    const error = await failure(scene.until(scene.bluetooth.connect({ address: 'C8:47:80:00:00:99' })));
    expect(error.message).toMatch(/another program scans/);
  });

  it('connects one device at a time', async () => {
    const scene = await RadioScene.open();
    const addresses = [1, 2, 3].map((number) => `C8:47:80:00:00:0${number}`);
    for (const address of addresses) await scene.bring('jbd', { address });
    const links = await scene.until(
      Promise.all(addresses.map((address) => scene.bluetooth.connect({ address }))),
    );
    expect(links.map(({ isUp }) => isUp)).toEqual([true, true, true]);
  });

  it('says what is missing: bluetoothd, the adapter, its power', async () => {
    const scene = await RadioScene.open({ powered: false });
    expect((await failure(connect(scene))).message).toMatch(/hci0 is switched off/);
    expect(() => scene.bluetooth.adapter('hci1')).toThrow(
      'there is no Bluetooth adapter hci1; there are: hci0',
    );
    scene.bluez.removeAdapter('hci0');
    await scene.pass(10);
    expect((await failure(connect(scene))).message).toMatch(/there is no Bluetooth adapter; plug one in/);
    await scene.until(scene.bluez.stop());
    expect((await failure(connect(scene))).message).toMatch(/bluetoothd is not running/);
  });
});

describe('a link', () => {
  it('tells its loss once, and is not told its own end', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    const losses: Error[] = [];
    const link = await connect(scene);
    link.onLost = (error) => losses.push(error);
    near.device.lose(true);
    await scene.pass(100);
    expect(losses).toHaveLength(1);
    expect(losses[0]).toBeInstanceOf(PortLostError);
    const other = await connect(scene);
    other.onLost = (error) => losses.push(error);
    await scene.until(other.close());
    expect(losses).toHaveLength(1);
    expect(near.device.isLinked).toBe(false);
  });

  it.each(['bluetoothd ends', 'the adapter is pulled out', 'the adapter is switched off'])(
    'is lost when %s, and everything comes back',
    async (what) => {
      const scene = await RadioScene.open();
      await scene.bring();
      const losses: Error[] = [];
      const link = await connect(scene);
      link.onLost = (error) => losses.push(error);
      const { path } = scene.adapter;
      if (what === 'bluetoothd ends') await scene.until(scene.bluez.stop());
      else if (what === 'the adapter is pulled out') scene.adapter.vanish(true);
      else scene.adapter.setProperty(path, 'Powered', false);
      await scene.pass(100);
      expect(losses).toHaveLength(1);
      expect(await failure(connect(scene))).toBeInstanceOf(PortMissingError);
      if (what === 'bluetoothd ends') await scene.until(scene.bluez.start());
      else if (what === 'the adapter is pulled out') scene.adapter.appear();
      else scene.adapter.setProperty(path, 'Powered', true);
      await scene.pass(100);
      expect((await connect(scene)).isUp).toBe(true);
    },
  );

  it('leaves nothing behind when it ends', async () => {
    const scene = await RadioScene.open();
    await scene.bring();
    const before = { rules: scene.bus.rules, watched: scene.bluetooth.tree.watched };
    for (let turn = 0; turn < 5; turn += 1) {
      const link = await connect(scene);
      const unlisten = await scene.until(link.subscribe(link.find('ff00', 'ff01') ?? '', () => {}));
      if (turn % 2 === 0) await scene.until(unlisten());
      await scene.until(scene.bluetooth.release(link));
    }
    expect({ rules: scene.bus.rules, watched: scene.bluetooth.tree.watched }).toEqual(before);
  });
});

describe('a device that wants to be paired', () => {
  const paired = async (pin?: number) => {
    const scene = await RadioScene.open();
    scene.adapter.bring({
      address: ADDRESS,
      pin: 123_456,
      services: [{ uuid: 'ff00', characteristics: [{ uuid: 'ff01', flags: ['read', 'notify'] }] }],
      open: () => ({ write: () => {}, read: () => Uint8Array.of(7), end: () => {} }),
    });
    return { scene, attempt: connect(scene, pin === undefined ? {} : { pin }) };
  };

  it('is paired with its PIN, and stays so', async () => {
    const { scene, attempt } = await paired(123_456);
    const link = await attempt;
    expect(await scene.until(link.read(link.find('ff00', 'ff01') ?? ''))).toEqual(Uint8Array.of(7));
    await scene.until(link.close());
    await connect(scene, { pin: 123_456 });
    expect(scene.bluez.calls.get('Pair')).toBe(1);
    expect(scene.bluez.calls.get('RegisterAgent')).toBe(scene.bluez.calls.get('UnregisterAgent'));
  });

  it('with a wrong PIN is tried twice and then left alone', async () => {
    const { scene, attempt } = await paired(1);
    const error = await failure(attempt);
    expect(error).toBeInstanceOf(WrongPinError);
    expect(error.message).toMatch(/refuses the PIN/);
    expect(error.message).not.toContain('1;');
    expect(scene.bluez.calls.get('Pair')).toBe(2);
  });

  it('without a PIN says that it wants one', async () => {
    const { scene, attempt } = await paired();
    const link = await attempt;
    const error = await failure(scene.until(link.read(link.find('ff00', 'ff01') ?? '')));
    expect(error.message).toMatch(/it wants to be paired: set its pin/);
  });
});
