import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { Bus } from '../../src/dbus/bus.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import { batteryPeripheral } from '../../src/simulator/bluez/battery.ts';
import type { DeviceStandIn } from '../../src/simulator/bluez/device.ts';
import { BluezStandIn } from '../../src/simulator/bluez/stand-in.ts';
import type { Device } from '../../src/simulator/line/device.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { SettingsStandIn } from '../../src/simulator/venus/localsettings.ts';
import { type PrivateBus, startPrivateBus } from '../../src/simulator/venus/private-bus.ts';
import { eventually } from '../support/bus.ts';
import { Program, temporaryFolder } from '../support/program.ts';
import { driverOf } from '../support/radio.ts';

const JBD = 'C8:47:80:00:00:01';
const ANT = 'C8:47:80:00:00:02';
const OTHER = '00:11:22:33:44:55';

let daemon: PrivateBus;
let bluez: BluezStandIn;
let settings: SettingsStandIn;
let client: Bus;
const batteries: Device[] = [];
const devices = new Map<string, DeviceStandIn>();
const folder = temporaryFolder();

beforeAll(async () => {
  daemon = await startPrivateBus();
  const connect = (): Promise<Bus> => connectBus({ address: daemon.address });
  settings = await SettingsStandIn.open(await connect());
  client = await connect();
  bluez = await BluezStandIn.open(await connect(), systemClock);
  const adapter = bluez.addAdapter('hci0');
  for (const [id, address, name] of [
    ['jbd', JBD, 'JBD-SP04S'],
    ['ant', ANT, 'ANT-BLE24\u001b[31m'],
  ] as const) {
    const battery = await buildDevice(id, parseScenario({ packs: [{ soc: 60, noise: 0 }] }), systemClock);
    batteries.push(battery);
    devices.set(
      address,
      adapter.bring(batteryPeripheral(battery, driverOf(id), { address, name, mtu: 247 })),
    );
  }
  adapter.bring({
    address: OTHER,
    name: 'Lamp',
    services: [],
    open: () => ({ write: () => {}, end: () => {} }),
  });
});

afterAll(async () => {
  for (const battery of batteries) battery.close();
  bluez.close();
  settings.close();
  client.disconnect();
  await daemon.stop();
  folder.remove();
});

function program(...args: readonly string[]): Program {
  return new Program(args, {
    DBUS_SYSTEM_BUS_ADDRESS: daemon.address,
    DBUS_SESSION_BUS_ADDRESS: daemon.address,
    DBUS_BMS_STATE: folder.path,
  });
}

describe('the program over Bluetooth', () => {
  it('scan lists the batteries in reach, whatever their names try to do to a terminal', async () => {
    const scan = program('scan', '--for', '3');
    expect(await scan.ended).toBe(0);
    const text = scan.out.join('\n');
    expect(text).toMatch(/C8:47:80:00:00:01 {2}-60 dBm {3}jbd +JBD-SP04S/);
    expect(text).toMatch(/C8:47:80:00:00:02 {2}-60 dBm {3}ant +ANT-BLE24\[31m/);
    expect(text).not.toContain('Lamp');
    expect(text).not.toContain('\u001b');
  });

  it('read and probe find the type, read once and let go', async () => {
    const read = program('read', `ble:${JBD}`, '--json');
    expect(await read.ended).toBe(0);
    expect(JSON.parse(read.out[0] ?? '')).toMatchObject({ bms: 'jbd', soc: 60, cellCount: 16 });
    const probe = program('probe', `ble:${ANT.toLowerCase()}`);
    expect(await probe.ended).toBe(0);
    expect(probe.out.at(-1)).toMatch(/^found ant .* service ffe0/);
    await eventually(() => [...devices.values()].every(({ isLinked }) => !isLinked));
  });

  it.each<[string, readonly string[], number, RegExp]>([
    ['a MAC that is none', ['read', 'ble:C8:47:80'], 2, /is no Bluetooth address; write six pairs/],
    [
      'a type that does not fit',
      ['read', `ble:${JBD}`, '--bms', 'ant'],
      1,
      /is none of ant, ant-old: it has other services \(ff00\)/,
    ],
    ['a device that is no battery', ['read', `ble:${OTHER}`], 1, /it has other services \(none\)/],
  ])('%s is one clear line', async (_, args, code, words) => {
    const failed = program(...args);
    expect(await failed.ended).toBe(code);
    expect(failed.err.filter((line) => !line.startsWith('usage:'))).toHaveLength(1);
    expect(failed.err[0]).toMatch(words);
  });

  it('a capture of a battery over Bluetooth is replayed', async () => {
    const file = join(folder.path, 'capture.jsonl');
    expect(await program('read', `ble:${JBD}`, '--capture', file).ended).toBe(0);
    const replay = program('replay', file, '--json');
    expect(await replay.ended).toBe(0);
    expect(JSON.parse(replay.out.at(-1) ?? '')).toMatchObject({ bms: 'jbd', soc: 60 });
  });

  it('run bluetooth shows each battery as a service of its own, and lets go on TERM', async () => {
    const file = join(folder.path, 'dbus-bms.toml');
    const sections = [
      `[[bluetooth]]\naddress = "${JBD}"\n`,
      `[[bluetooth]]\naddress = "${ANT}"\nbms = "ant"\n`,
    ];
    writeFileSync(file, `${sections.join('')}[[bluetooth]]\naddress = "nonsense"\n`);
    const readers = await Promise.all(
      [JBD, ANT].map((address) =>
        BusReader.open(client, `com.victronenergy.battery.ble_${address.replaceAll(':', '').toLowerCase()}`),
      ),
    );
    const run = program('run', 'bluetooth', '--config', file);
    await eventually(() => readers.every((reader) => reader.number('/Soc') === 60));
    expect(readers.map((reader) => reader.text('/Mgmt/Connection'))).toEqual([
      `Bluetooth ${JBD}`,
      `Bluetooth ${ANT}`,
    ]);
    run.process.kill('SIGTERM');
    expect(await run.ended).toBe(0);
    const errors = run.out.filter((line) => line.startsWith('error'));
    expect(errors).toEqual([expect.stringMatching(/bluetooth\[3\]\.address/)]);
    await eventually(() => [...devices.values()].every(({ isLinked }) => !isLinked));
  });

  it('without a battery in the settings, and without BlueZ, says so in one line', async () => {
    const empty = join(folder.path, 'empty.toml');
    writeFileSync(empty, '');
    const none = program('run', 'bluetooth', '--config', empty);
    expect(await none.ended).toBe(1);
    expect(none.err).toEqual([expect.stringMatching(/names no Bluetooth battery; add \[\[bluetooth\]\]/)]);
    await bluez.stop();
    const read = program('read', `ble:${JBD}`);
    expect(await read.ended).toBe(1);
    expect(read.err).toEqual([expect.stringMatching(/bluetoothd is not running on this machine/)]);
    await bluez.start();
  });
});
