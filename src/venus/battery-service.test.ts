import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CONTROL, STATE } from '../../test/support/battery-state.ts';
import { BusReader, eventually, startTestBus, type TestBus } from '../../test/support/bus.ts';
import type { BatteryView } from '../battery/battery-view.ts';
import { connectBus, variant } from '../dbus/client.ts';
import { BusError } from '../errors.ts';
import { pathsOf } from './battery-paths.ts';
import { BatteryService, type BatteryServiceOptions } from './battery-service.ts';
import { changes } from './changes.ts';
import { batteryServiceName } from './names.ts';

const NAME = batteryServiceName('ttyUSB0');
const lines: string[] = [];
const log = { info: () => {}, warn: (text: string) => void lines.push(text), debug: () => {} };

let daemon: TestBus;
const closers: (() => void)[] = [];

beforeAll(async () => {
  daemon = await startTestBus();
});
afterEach(() => {
  for (const close of closers.splice(0)) close();
  lines.length = 0;
});
afterAll(() => daemon.stop());

async function open(options: Partial<BatteryServiceOptions> = {}): Promise<BatteryService> {
  const bus = await connectBus({ address: daemon.address });
  const service = await BatteryService.open({ bus, name: NAME, view: STATE, log, ...options });
  closers.push(() => service.close());
  return service;
}

async function read(name = NAME): Promise<BusReader> {
  const reader = await BusReader.open(daemon.address, name);
  closers.push(() => reader.close());
  return reader;
}

const withName = (customName: string): BatteryView => ({
  ...STATE,
  identity: { ...STATE.identity, customName },
});

describe('a battery service', () => {
  it('gives every path of the table with value, type and text', async () => {
    await open();
    const reader = await read();
    const items = await reader.getItems();
    const expected = changes(new Map(), STATE).map(({ path, type, value, text }) => [
      path,
      { type: value === undefined ? 'ai' : type, value, text },
    ]);
    expect(Object.fromEntries(items)).toEqual(Object.fromEntries(expected));
    expect(items.size).toBe(pathsOf(STATE).length);
  });

  it('answers for single values, texts, nodes and the root as velib does', async () => {
    await open();
    const reader = await read();
    expect(await reader.getValue('/Soc')).toBe(62);
    expect(await reader.getText('/Dc/0/Voltage')).toBe('53.02V');
    expect(await reader.getText('/DeviceName')).toBe('---');
    const [node] = await reader.call('/Dc', 'GetValue');
    expect(node).toEqual(
      variant('a{sv}', {
        '0/Voltage': variant('d', 53.02),
        '0/Current': variant('d', -12.34),
        '0/Power': variant('d', -654),
        '0/Temperature': variant('d', 26.2),
        '0/MidVoltage': variant('d', 26.51),
        '0/MidVoltageDeviation': variant('d', 0),
      }),
    );
    const [texts] = await reader.call('/Dc/0', 'GetText');
    expect(texts).toMatchObject({ value: { Voltage: '53.02V', Power: '-654W' } });
    const [root] = await reader.call('/', 'GetValue');
    expect(root).toMatchObject({
      value: { Soc: variant('d', 62), 'Mgmt/Connection': variant('s', 'ttyUSB0') },
    });
  });

  it('answers calls that name no interface, and the standard ones', async () => {
    await open();
    const reader = await read();
    const destination = NAME;
    const introspect = { destination, path: '/Dc', interface: 'org.freedesktop.DBus.Introspectable' };
    const [xml] = await reader.bus.call({ ...introspect, member: 'Introspect' });
    expect(xml).toContain('<node name="0"/>');
    const peer = { destination, path: '/', interface: 'org.freedesktop.DBus.Peer', member: 'Ping' };
    expect(await reader.bus.call(peer)).toEqual([]);
    expect(await reader.bus.call({ destination, path: '/Soc', member: 'GetValue' })).toEqual([
      variant('d', 62),
    ]);
  });

  it.each([
    ['/Nowhere', 'GetValue', 'UnknownObject'],
    ['/Dc/0/Volt', 'GetValue', 'UnknownObject'],
    ['/Soc', 'Explode', 'UnknownMethod'],
    ['/Soc', 'GetItems', 'UnknownMethod'],
    ['/CustomName', 'SetValue', 'InvalidArgs'],
  ])('refuses %s %s with %s', async (path, member, error) => {
    await open();
    const reader = await read();
    await expect(reader.call(path, member)).rejects.toMatchObject({
      errorName: `org.freedesktop.DBus.Error.${error}`,
    });
  });

  it.each<[string, string, unknown, number, string | number | undefined]>([
    ['/CustomName', 's', 'House', 0, 'House'],
    ['/CustomName', 's', 'ä'.repeat(32), 0, 'ä'.repeat(32)],
    ['/CustomName', 's', 'x'.repeat(33), 1, 'Old'],
    ['/CustomName', 'i', 5, 1, 'Old'],
    ['/CustomName', 'd', 5.5, 1, 'Old'],
    ['/CustomName', 'ai', [], 0, ''],
    ['/CustomName', 's', '', 0, ''],
    ['/Settings/ForceDischargingOff', 'd', 1, 0, 1],
    ['/Settings/ForceDischargingOff', 'b', true, 0, 1],
    ['/Settings/ForceDischargingOff', 'x', 1n, 0, 1],
    ['/Settings/ForceDischargingOff', 'i', 0, 0, 0],
    ['/Settings/ForceDischargingOff', 'i', 2, 1, 0],
    ['/Settings/ForceDischargingOff', 's', '1', 1, 0],
    ['/Settings/ForceDischargingOff', 'ai', [], 1, 0],
    ['/History/Clear', 'i', 1, 0, 0],
    ['/History/Clear', 'i', 7, 1, 0],
    ['/Soc', 'd', 50, 1, 62],
    ['/Info/MaxChargeCurrent', 'd', 500, 1, 100],
    ['/ProductId', 'i', 1, 1, 0xba78],
    ['/Dc', 'i', 1, 1, undefined],
  ])('writing %s with %s %s answers %i and shows %s', async (path, type, value, code, after) => {
    const writes: unknown[] = [];
    await open({
      view: withName('Old'),
      onCommand: (command) => {
        writes.push(command);
        return true;
      },
    });
    const reader = await read();
    await reader.watch();
    const before = await reader.getValue(path);
    expect(await reader.setValue(path, type, value)).toBe(code);
    expect(await reader.getValue(path)).toBe(after);
    expect(reader.seen.flatMap((items) => [...items])).toEqual(
      before === after ? [] : [[path, expect.objectContaining({ value: after })]],
    );
    const carriedOut = before !== after || (path === '/History/Clear' && code === 0);
    expect(writes).toHaveLength(carriedOut ? 1 : 0);
  });

  it('takes a bare empty array as clearing, as the display sends it', async () => {
    await open({ view: withName('Old'), onCommand: () => true });
    const reader = await read();
    expect(await reader.call('/CustomName', 'SetValue', 'ai', [[]])).toEqual([0]);
    expect(await reader.getValue('/CustomName')).toBe('');
  });

  it('keeps the old value when the write is refused or fails, and says so', async () => {
    let isRefused = true;
    await open({
      onCommand: () => {
        if (isRefused) return false;
        throw new Error('disk full');
      },
    });
    const reader = await read();
    expect(await reader.setValue('/CustomName', 's', 'New')).toBe(1);
    isRefused = false;
    expect(await reader.setValue('/CustomName', 's', 'New')).toBe(2);
    expect(await reader.getValue('/CustomName')).toBe('');
    expect(lines).toEqual([expect.stringContaining('disk full')]);
  });

  it('tells a written value once when the owner shows it himself', async () => {
    const service: BatteryService = await open({
      onCommand: (command) => {
        service.update(withName(command.kind === 'name' ? command.name : ''));
        return true;
      },
    });
    const reader = await read();
    await reader.watch();
    await reader.setValue('/CustomName', 's', 'Boat');
    await reader.settled();
    expect(reader.seen).toHaveLength(1);
  });

  it('sends one ItemsChanged for an update and none when nothing changed', async () => {
    const service = await open();
    const reader = await read();
    await reader.watch();
    service.update({ ...STATE, control: { ...CONTROL, ccl: 48, dcl: 60, chargeReason: 'highest cell' } });
    service.update({ ...STATE, control: { ...CONTROL, ccl: 48.01, dcl: 60, chargeReason: 'highest cell' } });
    await reader.settled();
    expect(reader.seen.map((items) => Object.fromEntries(items))).toEqual([
      {
        '/Info/MaxChargeCurrent': { type: 'd', value: 48, text: '48.0A' },
        '/Info/MaxDischargeCurrent': { type: 'd', value: 60, text: '60.0A' },
        '/Info/ChargeLimitation': { type: 's', value: 'highest cell', text: 'highest cell' },
      },
    ]);
  });

  it('announces cells that are learned later', async () => {
    const { reading: _, ...blind } = STATE;
    const service = await open({ view: { ...blind, facts: {} } });
    const reader = await read();
    await reader.watch();
    service.update(STATE);
    await reader.settled();
    expect(reader.seen).toHaveLength(1);
    expect(reader.seen[0]?.get('/Voltages/Cell16')).toEqual({ type: 'd', value: 3.315, text: '3.315V' });
  });

  it('sends texts that the bus would refuse in a form that it takes', async () => {
    const service = await open();
    const reader = await read();
    service.update(withName('a\0b\ud800c'));
    expect(await reader.getValue('/CustomName')).toBe('ab\ufffdc');
  });

  it('has a connection of its own for each service', async () => {
    await open();
    await open({ name: batteryServiceName('ttyUSB0', 2) });
    const reader = await read();
    const owners = [await reader.bus.ownerOf(NAME), await reader.bus.ownerOf(`${NAME}__0x02`)];
    expect(new Set(owners).size).toBe(2);
    expect(owners).not.toContain(undefined);
  });

  it('refuses to start beside another instance, whose name and data stay', async () => {
    await open();
    const second = open({ view: withName('second') });
    await expect(second).rejects.toThrow(BusError);
    await expect(second).rejects.toThrow(/already on the bus: another battery driver/);
    expect(await (await read()).getValue('/CustomName')).toBe('');
  });

  it('leaves the bus and returns when its device instance changes', async () => {
    const service = await open();
    const reader = await read();
    const owners: (string | undefined)[] = [];
    await reader.bus.watchOwner(NAME, (owner) => owners.push(owner));
    const moved = { ...STATE, identity: { ...STATE.identity, deviceInstance: 7 } };
    service.update(moved);
    service.update({ ...moved, control: { ...CONTROL, ccl: 5 } });
    await eventually(() => owners.length === 3);
    expect(owners).toEqual([expect.any(String), undefined, expect.any(String)]);
    expect(await reader.getValue('/DeviceInstance')).toBe(7);
    expect(await reader.getValue('/Info/MaxChargeCurrent')).toBe(5);
  });

  it('leaves the bus when it is closed, and says nothing of a loss', async () => {
    const losses: BusError[] = [];
    const service = await open();
    service.onLost = (error) => losses.push(error);
    const reader = await read();
    const owners: (string | undefined)[] = [];
    await reader.bus.watchOwner(NAME, (owner) => owners.push(owner));
    service.close();
    service.update(withName('late'));
    await eventually(() => owners.length === 2);
    expect(owners[1]).toBeUndefined();
    expect(losses).toEqual([]);
  });

  it('goes on when clients flood it and vanish without waiting for answers', async () => {
    await open();
    for (let round = 0; round < 5; round += 1) {
      const client = await BusReader.open(daemon.address, NAME);
      const calls = Array.from({ length: 100 }, () => client.getItems());
      client.close();
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    }
    expect(await (await read()).getValue('/Soc')).toBe(62);
  });
});

describe('the name of a battery service', () => {
  it.each([
    [['ttyUSB0', undefined], 'com.victronenergy.battery.ttyUSB0'],
    [['ttyUSB0', 1], 'com.victronenergy.battery.ttyUSB0__0x01'],
    [['10.0.0.5:23', undefined], 'com.victronenergy.battery._10_0_0_5_23'],
  ] as const)('of %j is %s', ([port, address], name) => {
    expect(batteryServiceName(port, address)).toBe(name);
  });
});
