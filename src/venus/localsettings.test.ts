import { beforeEach, describe, expect, it } from 'vitest';
import { STATE } from '../../test/support/battery-state.ts';
import { busForEachTest, eventually, SettingsStandIn } from '../../test/support/bus.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Answer, Bus } from '../dbus/bus.ts';
import { variant } from '../dbus/client.ts';
import { BusError } from '../errors.ts';
import { BatteryService } from './battery-service.ts';
import { DeviceSettings, type DeviceSettingsOptions } from './localsettings.ts';
import { batteryServiceName, SETTINGS_SERVICE, settingsId } from './names.ts';

const ID = settingsId('JK-1234');
const ROOT = `/Settings/Devices/${ID}`;
const OTHER = '/Settings/Devices/other/ClassAndVrmInstance';

const { connect } = busForEachTest();
let warnings: string[];
let infos: string[];

beforeEach(() => {
  warnings = [];
  infos = [];
});

async function open(options: Partial<DeviceSettingsOptions> = {}): Promise<DeviceSettings> {
  const log = {
    info: (text: string) => void infos.push(text),
    warn: (text: string) => void warnings.push(text),
    debug: () => {},
  };
  return DeviceSettings.open({ bus: await connect(), id: ID, log, ...options });
}

const standIn = async (stored?: Record<string, string | number>) =>
  SettingsStandIn.open(await connect(), stored);

/** A settings service that answers everything alike. */
async function answering(answer: Answer): Promise<Bus> {
  const bus = await connect();
  bus.serve(() => answer);
  await bus.requestName(SETTINGS_SERVICE);
  return bus;
}

describe('the settings of a battery', () => {
  it('are stored under its id, with the instance that localsettings gives', async () => {
    const service = await standIn({ [OTHER]: 'battery:1' });
    const settings = await open({
      settings: [{ name: 'HistoryValues', type: 's', default: '{}', silent: true }],
    });
    expect(settings.instance).toBe(2);
    expect(settings.customName).toBe('');
    expect(settings.get('HistoryValues')).toBe('{}');
    expect(settings.get('Unknown')).toBeUndefined();
    expect(service.values).toEqual({
      [OTHER]: 'battery:1',
      [`${ROOT}/ClassAndVrmInstance`]: 'battery:2',
      [`${ROOT}/CustomName`]: '',
      [`${ROOT}/HistoryValues`]: '{}',
    });
    expect(warnings).toEqual([]);
  });

  it('keep what was stored before, whatever is wanted now', async () => {
    await standIn({ [`${ROOT}/ClassAndVrmInstance`]: 'battery:40', [`${ROOT}/CustomName`]: 'Boat' });
    const settings = await open({ wantedInstance: 3, wantedName: 'House' });
    expect([settings.instance, settings.customName]).toEqual([40, 'Boat']);
  });

  it('begin with the wanted instance and name', async () => {
    await standIn();
    const settings = await open({ wantedInstance: 3, wantedName: 'House' });
    expect([settings.instance, settings.customName]).toEqual([3, 'House']);
  });

  it('have ids of letters, digits and underscores only', () => {
    expect(settingsId('JK 12/34-ä')).toBe('dbusbms_JK_12_34__');
  });

  it('tell what somebody else changes, and nothing of what we write', async () => {
    const service = await standIn({ [OTHER]: 'battery:5' });
    const settings = await open({
      settings: [{ name: 'MaxCharge', type: 'd', default: 0, min: 0, max: 500 }],
    });
    const changed: string[] = [];
    settings.onChange = (name) => changed.push(name);
    await settings.set('CustomName', 'Boat');
    await settings.set('MaxCharge', 60);
    service.change(`${ROOT}/ClassAndVrmInstance`, 'battery:5');
    service.change(`${ROOT}/MaxCharge`, 50.5);
    await eventually(() => changed.length === 2);
    expect(changed).toEqual(['ClassAndVrmInstance', 'MaxCharge']);
    expect([settings.instance, settings.get('MaxCharge'), settings.customName]).toEqual([6, 50.5, 'Boat']);
    expect(service.values).toMatchObject({ [`${ROOT}/CustomName`]: 'Boat', [`${ROOT}/MaxCharge`]: 50.5 });
  });

  it('ignore a change to something that is no instance, and say so', async () => {
    const service = await standIn();
    const settings = await open();
    service.change(`${ROOT}/ClassAndVrmInstance`, 'battery:x');
    await eventually(() => warnings.length > 0);
    expect(settings.instance).toBe(1);
    expect(warnings).toEqual([expect.stringContaining('it is ignored')]);
  });

  it('reject a value that localsettings refuses', async () => {
    await standIn();
    const settings = await open({
      settings: [{ name: 'MaxCharge', type: 'd', default: 0, min: 0, max: 500 }],
    });
    await expect(settings.set('MaxCharge', 900)).rejects.toThrow(BusError);
  });

  it('wait for localsettings to start', async () => {
    const clock = new ManualClock();
    const opening = open({ clock });
    await eventually(() => clock.pending > 0);
    await standIn();
    expect((await opening).instance).toBe(1);
    expect(clock.pending).toBe(0);
    expect([...warnings, ...infos]).toEqual([]);
  });

  it.each([
    ['is not on the bus', false],
    ['does not answer', true],
  ])(
    'say within seconds what the battery waits for when localsettings %s, and when that ends',
    async (absence, isThere) => {
      const clock = new ManualClock();
      const mute = await connect();
      let isAsked = false;
      mute.serve(() => {
        isAsked = true;
        return { error: 'org.freedesktop.DBus.Error.Timeout', text: 'busy' };
      });
      if (isThere) await mute.requestName(SETTINGS_SERVICE);
      const opening = open({ clock });
      await eventually(() => clock.pending > 0 && isAsked === isThere);
      await clock.advance(2999);
      expect(warnings).toEqual([]);
      await clock.advance(1);
      expect(warnings).toEqual([
        `com.victronenergy.settings ${absence}; the battery waits for it, up to 60 s in all, because its device instance is stored there`,
      ]);
      await clock.advance(7000);
      mute.disconnect();
      await standIn();
      expect((await opening).instance).toBe(1);
      expect(warnings).toHaveLength(1);
      expect(infos).toEqual(['com.victronenergy.settings answers after 10 s']);
    },
  );

  it('are given up with a BusError when localsettings never comes', async () => {
    const clock = new ManualClock();
    const opening = open({ clock, waitMs: 30_000 });
    opening.catch(() => {});
    await eventually(() => clock.pending > 0);
    // The bus is a real one and has its own time: only the deadline is ours.
    await clock.advance(29_999);
    expect(clock.pending).toBe(1);
    expect(warnings).toHaveLength(1);
    await clock.advance(1);
    await expect(opening).rejects.toThrow(/com.victronenergy.settings is not on the bus since 30 s/);
  });

  it.each<[string, Answer]>([
    ['an error', { error: 'org.freedesktop.DBus.Error.UnknownMethod', text: 'what?' }],
    ['nothing', { signature: '', body: [] }],
    ['a number', { signature: 'i', body: [0] }],
    ['an empty list', { signature: 'aa{sv}', body: [[]] }],
    [
      'an instance that is none',
      {
        signature: 'aa{sv}',
        body: [
          [
            {
              path: variant('s', `${ROOT}/ClassAndVrmInstance`),
              error: variant('i', 0),
              value: variant('s', 'battery:'),
            },
          ],
        ],
      },
    ],
  ])(
    'fall back to an instance that nobody has, with one warning, when localsettings answers %s',
    async (_, answer) => {
      const bus = await connect();
      const first = await (async () => {
        await answering(answer);
        return open({ bus });
      })();
      expect(first.instance).toBeGreaterThanOrEqual(1000);
      expect(first.customName).toBe('');
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toContain(`device instance ${first.instance}`);
      const log = { info: () => {}, warn: () => {}, debug: () => {} };
      const identity = { ...STATE.identity, deviceInstance: first.instance };
      await BatteryService.open({
        bus,
        name: batteryServiceName('ttyUSB0'),
        view: { ...STATE, identity },
        log,
      });
      const second = await open();
      expect(second.instance).toBe(first.instance + 1);
    },
  );

  it('take the real instance when localsettings returns to its senses', async () => {
    const mad = await answering({ signature: 'i', body: [0] });
    const settings = await open();
    const changed: string[] = [];
    settings.onChange = (name) => changed.push(name);
    mad.disconnect();
    await standIn();
    await eventually(() => changed.length > 0);
    expect(settings.instance).toBe(1);
  });

  it('are declared again after a restart of localsettings, and what was written meanwhile is saved', async () => {
    const service = await standIn();
    const settings = await open();
    const stored = service.values;
    const watcher = await connect();
    let owner: string | undefined = 'somebody';
    await watcher.watchOwner(SETTINGS_SERVICE, (now) => {
      owner = now;
    });
    service.close();
    await eventually(() => owner === undefined);
    await settings.set('CustomName', 'Boat');
    const renewed = await standIn(stored);
    await eventually(() => renewed.values[`${ROOT}/CustomName`] === 'Boat');
    expect(renewed.additions).toBe(1);
    expect(settings.customName).toBe('Boat');
    renewed.change(`${ROOT}/ClassAndVrmInstance`, 'battery:9');
    await eventually(() => settings.instance === 9);
    expect(warnings).toEqual([]);
  });

  it('believe only localsettings', async () => {
    await standIn();
    const settings = await open();
    const stranger = await connect();
    const body = [{ Value: variant('s', 'battery:77'), Text: variant('s', '') }];
    const path = `${ROOT}/ClassAndVrmInstance`;
    stranger.signal(path, 'com.victronenergy.BusItem', 'PropertiesChanged', 'a{sv}', body);
    await settings.set('CustomName', 'after');
    expect(settings.instance).toBe(1);
  });
});
