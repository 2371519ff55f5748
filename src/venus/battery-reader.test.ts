import { describe, expect, it } from 'vitest';
import { CONTROL, STATE } from '../../test/support/battery-state.ts';
import { busForEachTest, eventually } from '../../test/support/bus.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { WISHES } from '../battery/wishes.ts';
import type { Answer, Bus, MethodCall } from '../dbus/bus.ts';
import { variant } from '../dbus/client.ts';
import { itemDictionary } from '../dbus/item-server.ts';
import { BUS_ITEM } from '../dbus/names.ts';
import { BatteryReader, type BatteryReaderOptions } from './battery-reader.ts';
import { BatteryService } from './battery-service.ts';
import { sendCommand } from './battery-writer.ts';
import { batteryServiceName } from './names.ts';

const OWN = batteryServiceName('ttyUSB0');
const OTHER = batteryServiceName('ttyO1');
const UNKNOWN_METHOD = 'org.freedesktop.DBus.Error.UnknownMethod';

const { connect } = busForEachTest();

const serveOwn = async (name = OWN, view = STATE) =>
  BatteryService.open({
    bus: await connect(),
    name,
    view,
    log: { info: () => {}, warn: () => {}, debug: () => {} },
  });

/** A driver of another make: answers as it likes. */
async function serveOther(answer: (call: MethodCall) => Answer, name = OTHER): Promise<Bus> {
  const bus = await connect();
  bus.serve(answer);
  await bus.requestName(name);
  return bus;
}

async function follow(options: Partial<BatteryReaderOptions> = {}) {
  const gone: string[] = [];
  const bus = await connect();
  const reader = await BatteryReader.open({ bus, onGone: (service) => void gone.push(service), ...options });
  const view = (service: string) => reader.batteries.get(service)?.view;
  return { reader, gone, view };
}

const numbers = (values: Readonly<Record<string, number>>): Extract<Answer, { body: unknown }> => ({
  signature: 'a{sa{sv}}',
  body: [
    itemDictionary(
      Object.entries(values).map(([path, value]) => ({ path, type: 'd', value, text: `${value}` })),
    ),
  ],
});

describe('a reader of batteries', () => {
  it('knows a battery that is on the bus, and follows what changes', async () => {
    const service = await serveOwn();
    const { reader, view } = await follow();
    await eventually(() => view(OWN) !== undefined);
    expect(view(OWN)).toMatchObject({
      identity: { deviceInstance: 1, productName: 'SerialBattery(JBD)' },
      reading: { voltage: 53.02 },
      control: { cvl: 55.2, ccl: 100, chargeReason: 'Maximum of the owner' },
    });
    service.update({ ...STATE, control: { ...CONTROL, ccl: 12, chargeReason: 'Cell 3 is full' } });
    await eventually(() => view(OWN)?.control?.ccl === 12);
    expect(view(OWN)?.control?.chargeReason).toBe('Cell 3 is full');
    expect(reader.batteries.get(OWN)?.signals).toBe(1);
  });

  it('learns of batteries that come later, and tells of those that leave', async () => {
    const { reader, gone, view } = await follow();
    expect(reader.batteries.size).toBe(0);
    const service = await serveOwn();
    await serveOwn(OTHER, { ...STATE, identity: { ...STATE.identity, deviceInstance: 2 } });
    await eventually(() => reader.batteries.size === 2);
    expect(view(OTHER)?.identity.deviceInstance).toBe(2);
    service.close();
    await eventually(() => gone.length > 0);
    expect(gone).toEqual([OWN]);
    expect([...reader.batteries.keys()]).toEqual([OTHER]);
  });

  it('reads anew a battery that returns with another instance', async () => {
    const service = await serveOwn();
    const { gone, view } = await follow();
    await eventually(() => view(OWN) !== undefined);
    service.update({ ...STATE, identity: { ...STATE.identity, deviceInstance: 7 } });
    await eventually(() => view(OWN)?.identity.deviceInstance === 7);
    expect(gone).toEqual([OWN]);
  });

  it('takes changes of single paths, as older drivers send them', async () => {
    const bus = await serveOther(() => numbers({ '/Dc/0/Voltage': 26, '/Soc': 50 }));
    const { view } = await follow();
    await eventually(() => view(OTHER) !== undefined);
    const changed = { Value: variant('d', 27), Text: variant('s', '27V') };
    bus.signal('/Dc/0/Voltage', BUS_ITEM, 'PropertiesChanged', 'a{sv}', [changed]);
    await eventually(() => view(OTHER)?.reading?.voltage === 27);
    expect(view(OTHER)?.reading?.soc).toBe(50);
    bus.signal('/Soc', BUS_ITEM, 'PropertiesChanged', 'a{sv}', [{ Value: variant('ai', []) }]);
    await eventually(() => view(OTHER)?.reading?.soc === undefined);
  });

  it('asks for all values where a driver does not know GetItems', async () => {
    const values = { 'Dc/0/Voltage': variant('d', 26), Serial: variant('s', 'X1') };
    await serveOther(({ member }) =>
      member === 'GetItems'
        ? { error: UNKNOWN_METHOD, text: 'no such method' }
        : { signature: 'v', body: [variant('a{sv}', values)] },
    );
    const { view } = await follow();
    await eventually(() => view(OTHER) !== undefined);
    expect(view(OTHER)).toMatchObject({ reading: { voltage: 26 }, identity: { serial: 'X1' } });
  });

  it('asks again later where a driver was too busy to answer', async () => {
    const clock = new ManualClock();
    let asked = 0;
    await serveOther(() => {
      asked += 1;
      if (asked > 1) return numbers({ '/Soc': 50 });
      return { error: 'org.freedesktop.DBus.Error.NoReply', text: 'busy' };
    });
    const { reader, view } = await follow({ clock });
    await eventually(() => asked === 1);
    expect(reader.batteries.size).toBe(0);
    await eventually(() => {
      void clock.advance(10_000);
      return view(OTHER) !== undefined;
    });
    expect(view(OTHER)?.reading?.soc).toBe(50);
  });

  it('keeps nothing of ten thousand paths that are no battery', async () => {
    const rubbish = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`/Rubbish/Path${n}`, n]));
    await serveOther(() => numbers({ ...rubbish, '/Soc': 50, '/Voltages/Cell65': 3.3 }));
    const { view } = await follow();
    await eventually(() => view(OTHER) !== undefined);
    expect(view(OTHER)?.reading).toEqual({ soc: 50 });
  });

  it('is not misled by items that are none', async () => {
    const bus = await serveOther(() => ({ signature: 'i', body: [7] }));
    const { view } = await follow();
    await eventually(() => view(OTHER) !== undefined);
    bus.signal('/', BUS_ITEM, 'ItemsChanged', 's', ['nonsense']);
    bus.signal('/Soc', BUS_ITEM, 'PropertiesChanged', 'i', [3]);
    bus.signal('/', BUS_ITEM, 'ItemsChanged', 'a{sv}', [{ '/Soc': variant('i', 3) }]);
    const { body } = numbers({ '/Soc': 60 });
    bus.signal('/', BUS_ITEM, 'ItemsChanged', 'a{sa{sv}}', body);
    await eventually(() => view(OTHER)?.reading?.soc === 60);
    expect(view(OTHER)?.control).toBeUndefined();
  });

  it('follows nothing once it is closed', async () => {
    const service = await serveOwn();
    const seen: string[] = [];
    const { reader, view } = await follow({ onBattery: (battery) => void seen.push(battery.service) });
    await eventually(() => view(OWN) !== undefined);
    reader.close();
    service.update({ ...STATE, control: { ...CONTROL, ccl: 12 } });
    service.close();
    const later = await follow();
    await serveOwn(OTHER);
    await eventually(() => later.view(OTHER) !== undefined);
    expect(seen).toEqual([OWN]);
    expect(reader.batteries.size).toBe(0);
  });
});

describe('a driver that hangs', () => {
  it('is offline once it neither tells nor answers, and back when it is heard', async () => {
    const clock = new ManualClock();
    const state = { answers: true };
    const bus = await serveOther(() =>
      state.answers
        ? numbers({ '/Soc': 50, '/Dc/0/Voltage': 26 })
        : { error: 'org.freedesktop.DBus.Error.NoReply', text: 'busy' },
    );
    const { view } = await follow({ clock, silenceMs: 30_000 });
    await eventually(() => view(OTHER)?.link.online === true);
    await clock.advance(30_000);
    await eventually(() => clock.pending > 0);
    expect(view(OTHER)?.link.online).toBe(true);
    state.answers = false;
    await clock.advance(30_000);
    await eventually(() => view(OTHER)?.link.online === false);
    expect(view(OTHER)?.reading).toBeUndefined();
    const changed = { Value: variant('d', 27), Text: variant('s', '27V') };
    bus.signal('/Dc/0/Voltage', BUS_ITEM, 'PropertiesChanged', 'a{sv}', [changed]);
    await eventually(() => view(OTHER)?.reading?.voltage === 27);
    expect(view(OTHER)?.link.online).toBe(true);
  });
});

describe('a wish of an owner', () => {
  it('is given to the driver, and read back from what it shows', async () => {
    await serveOwn();
    const { reader, view } = await follow();
    await eventually(() => view(OWN) !== undefined);
    expect(reader.batteries.get(OWN)?.wishes).toContain('ForceChargingOff');
  });

  it('is refused where the driver refuses it, or has no such thing', async () => {
    const wish = WISHES[3];
    await serveOther(({ member }) =>
      member === 'SetValue' ? { signature: 'i', body: [2] } : numbers({ '/Soc': 50 }),
    );
    const bus = await connect();
    await expect(sendCommand(bus, OTHER, { kind: 'wish', wish, value: 20 })).rejects.toThrow(
      'the driver refuses MaxChargeCurrent = 20',
    );
    await expect(sendCommand(bus, OWN, { kind: 'wish', wish, value: 20 })).rejects.toThrow(/SetValue of/);
    await expect(sendCommand(bus, OTHER, { kind: 'clearHistory' })).rejects.toThrow(
      'not asked for over the bus',
    );
    const { reader, view } = await follow();
    await eventually(() => view(OTHER) !== undefined);
    expect(reader.batteries.get(OTHER)?.wishes.size).toBe(0);
  });
});
