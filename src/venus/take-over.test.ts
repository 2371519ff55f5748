import { beforeEach, describe, expect, it } from 'vitest';
import { busForEachTest, eventually, SettingsStandIn } from '../../test/support/bus.ts';
import type { PackMarks } from '../battery/battery-view.ts';
import type { Answer, MethodCall } from '../dbus/bus.ts';
import { variant } from '../dbus/client.ts';
import { DeviceSettings, type DeviceSettingsOptions } from './localsettings.ts';
import { BATTERY_PREFIX, SETTINGS_SERVICE, settingsId } from './names.ts';

type Stored = Record<string, string | number>;

const ID = settingsId('jk_4711');
const OURS = `/Settings/Devices/${ID}`;
const OLD = '/Settings/Devices/serialbattery_4711';
const MARKS: PackMarks = {
  serialNumber: '4711',
  versions: [],
  capacities: [100],
  ports: ['ttyUSB0'],
  isOneOfMany: false,
};

const { connect } = busForEachTest();
let said: string[];

beforeEach(() => {
  said = [];
});

async function open(options: Partial<DeviceSettingsOptions> = {}): Promise<DeviceSettings> {
  const log = {
    info: (text: string) => void said.push(text),
    warn: (text: string) => void said.push(`warning: ${text}`),
    debug: () => {},
  };
  return DeviceSettings.open({ bus: await connect(), id: ID, log, marks: MARKS, ...options });
}

const standIn = async (stored: Stored) => SettingsStandIn.open(await connect(), stored);

const left = (instance: string | number = 'battery:3', name: string | number = 'Cellar'): Stored => ({
  [`${OLD}/ClassAndVrmInstance`]: instance,
  [`${OLD}/CustomName`]: name,
  [`${OLD}/UniqueIdentifier`]: '4711',
  [`${OLD}/LastSeen`]: '1700926114',
});

/** A service of another battery driver that runs with this instance. */
async function running(instance: number): Promise<void> {
  const bus = await connect();
  bus.serve(() => ({ signature: 'v', body: [variant('i', instance)] }));
  await bus.requestName(`${BATTERY_PREFIX}ttyUSB7`);
}

describe('a battery that dbus-serialbattery ran before', () => {
  it('keeps its device instance and its name; one line says what was taken from where', async () => {
    const service = await standIn(left());
    const settings = await open();
    expect([settings.instance, settings.customName]).toEqual([3, 'Cellar']);
    expect(service.values).toMatchObject({
      [`${OURS}/ClassAndVrmInstance`]: 'battery:3',
      [`${OURS}/CustomName`]: 'Cellar',
      [`${OLD}/ClassAndVrmInstance`]: 'battery:4',
      [`${OLD}/CustomName`]: 'Cellar',
      [`${OLD}/UniqueIdentifier`]: '4711',
    });
    expect(said).toEqual([
      `${ID} takes over device instance 3 and name "Cellar" from serialbattery_4711 of dbus-serialbattery (the same serial number)`,
    ]);
  });

  it('does so only once: later its own settings count, whatever the other driver holds', async () => {
    const service = await standIn(left());
    (await open()).close();
    service.change(`${OURS}/CustomName`, 'House');
    service.change(`${OURS}/ClassAndVrmInstance`, 'battery:20');
    service.change(`${OLD}/ClassAndVrmInstance`, 'battery:5');
    const settings = await open();
    expect([settings.instance, settings.customName]).toEqual([20, 'House']);
    expect(service.values[`${OLD}/ClassAndVrmInstance`]).toBe('battery:5');
    expect(said).toHaveLength(1);
  });

  it('leaves other numbers alone: only its own entry moves, to the next free one', async () => {
    const others = {
      '/Settings/Devices/serialbattery_4712/ClassAndVrmInstance': 'battery:4',
      '/Settings/Devices/vegps_ttyUSB0/ClassAndVrmInstance': 'gps:3',
    };
    const service = await standIn({ ...left(), ...others });
    expect((await open()).instance).toBe(3);
    expect(service.values).toMatchObject({ ...others, [`${OLD}/ClassAndVrmInstance`]: 'battery:5' });
  });

  it('starts as a new one when settings of ours exist already', async () => {
    await standIn({ ...left(), [`${OURS}/ClassAndVrmInstance`]: 'battery:9', [`${OURS}/CustomName`]: '' });
    const settings = await open();
    expect([settings.instance, settings.customName]).toEqual([9, '']);
    expect(said).toEqual([]);
  });

  it('gets what its owner wrote into the settings file, and only the rest from the other driver', async () => {
    const service = await standIn(left());
    const settings = await open({ wantedInstance: 40 });
    expect([settings.instance, settings.customName]).toEqual([40, 'Cellar']);
    expect(service.values[`${OLD}/ClassAndVrmInstance`]).toBe('battery:3');
    expect(said).toEqual([expect.stringContaining('takes over name "Cellar" from serialbattery_4711')]);
  });

  it('asks nobody when the owner has written down both', async () => {
    await standIn(left());
    const settings = await open({ wantedInstance: 40, wantedName: 'House' });
    expect([settings.instance, settings.customName]).toEqual([40, 'House']);
    expect(said).toEqual([]);
  });

  it.each<[string | number, string | number, number, string, string]>([
    ['battery:x', 'Cellar', 1, 'Cellar', 'takes over name "Cellar" from'],
    ['battery:3', 5, 3, '', 'takes over device instance 3 from'],
    ['tank:3', 5, 1, '', 'takes nothing over from'],
  ])(
    'takes what is usable of instance %s and name %s, and says what is not',
    async (instance, name, got, called, line) => {
      await standIn(left(instance, name));
      const settings = await open();
      expect([settings.instance, settings.customName]).toEqual([got, called]);
      expect(said).toHaveLength(1);
      expect(said[0]).toContain(line);
      expect(said[0]).toContain('; ignored there: ');
    },
  );

  it('finds its number again when it was interrupted between the steps', async () => {
    const service = await standIn({
      ...left('battery:4'),
      [`${OURS}/ImportedFrom`]: 'serialbattery_4711 3',
    });
    const settings = await open();
    expect([settings.instance, settings.customName]).toEqual([3, 'Cellar']);
    expect(service.values[`${OLD}/ClassAndVrmInstance`]).toBe('battery:4');
    expect(said).toEqual([expect.stringContaining('(begun before a restart)')]);
  });
});

describe('a battery takes nothing over, and the log names what was seen,', () => {
  const start = async (stored: Stored, marks: PackMarks = MARKS): Promise<string> => {
    const service = await standIn(stored);
    const settings = await open({ marks });
    for (const [path, value] of Object.entries(stored)) expect(service.values[path]).toBe(value);
    expect(settings.customName).toBe('');
    expect(said).toHaveLength(1);
    return said[0] ?? '';
  };

  it('when several entries could be it', async () => {
    const { serialNumber: _, ...unknown } = MARKS;
    const second = { '/Settings/Devices/serialbattery_4712/ClassAndVrmInstance': 'battery:4' };
    expect(await start({ ...left(), ...second }, unknown)).toBe(
      `${ID} starts as a new battery: dbus-serialbattery left serialbattery_4711 (instance 3, "Cellar"), ` +
        'serialbattery_4712 (instance 4), but none has a mark of this battery; ' +
        'device instance and name can be set in the display or in the settings file',
    );
  });

  it('when the other driver runs with that instance', async () => {
    await running(3);
    expect(await start(left())).toContain('device instance 3 of serialbattery_4711 is on the bus now');
  });

  it('when another battery of ours has taken that entry', async () => {
    const heir = { '/Settings/Devices/dbusbms_other/ImportedFrom': 'serialbattery_4711 2' };
    expect(await start({ ...left(), ...heir })).toContain(
      'serialbattery_4711 was taken over by dbusbms_other',
    );
  });
});

describe('a localsettings that does not help', () => {
  const ABSENT: Answer = { error: 'org.freedesktop.DBus.Error.UnknownMethod', text: 'what?' };

  /** Answers as the stand-in would for a new battery, except where `odd` has an answer. */
  async function serving(odd: (call: MethodCall) => Answer | undefined): Promise<MethodCall[]> {
    const calls: MethodCall[] = [];
    const bus = await connect();
    bus.serve((call) => {
      calls.push(call);
      return odd(call) ?? ABSENT;
    });
    await bus.requestName(SETTINGS_SERVICE);
    return calls;
  }

  it('and knows no GetItems gives one line, and the battery starts', async () => {
    const calls = await serving(() => undefined);
    const settings = await open();
    expect(settings.instance).toBeGreaterThanOrEqual(1000);
    expect(said[0]).toMatch(/^warning: dbusbms_jk_4711 takes nothing over from dbus-serialbattery: GetItems/);
    expect(calls.map(({ member }) => member)).toEqual(['GetValue', 'GetItems', 'AddSettings']);
  });

  it.each<[string, Answer]>([
    ['a number', { signature: 'i', body: [5] }],
    ['nothing', { signature: '', body: [] }],
    ['items without values', { signature: 'a{sa{sv}}', body: [{ [`${OLD}/CustomName`]: {} }] }],
  ])('and answers GetItems with %s is no reason to stop', async (_, answer) => {
    await serving(({ member }) => (member === 'GetItems' ? answer : undefined));
    expect((await open()).customName).toBe('');
    expect(said.filter((line) => line.includes('takes'))).toEqual([]);
  });

  it('because it is busy is asked again', async () => {
    let tries = 0;
    const busy: Answer = { error: 'org.freedesktop.DBus.Error.LimitsExceeded', text: 'later' };
    const calls = await serving(({ member }) => {
      if (member !== 'GetItems') return undefined;
      tries += 1;
      return tries === 1 ? busy : { signature: 'a{sa{sv}}', body: [{}] };
    });
    await open();
    await eventually(() => calls.some(({ member }) => member === 'AddSettings'));
    expect(tries).toBe(2);
  });
});
