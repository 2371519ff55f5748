import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackMarks } from '../battery/battery-view.ts';
import { chooseEntry, devicesOf, type Entry, entriesOfPredecessor } from './predecessor.ts';

const NUM_RUNS = 300 * Number(process.env['FUZZ_FACTOR'] ?? 1);

const PACK: PackMarks = {
  versions: [],
  capacities: [],
  ports: ['ttyUSB0', 'ttyUSB0__0x01'],
  isOneOfMany: false,
};

/** Entries with the given ids, of which nothing but the id matters. */
const left = (...ids: readonly string[]): Entry[] =>
  ids.map((id) => ({ group: `serialbattery_${id}`, unusable: [] }));

const chosen = (entries: readonly Entry[], marks: Partial<PackMarks>, isFirst = true): string => {
  const choice = chooseEntry(entries, { ...PACK, ...marks }, isFirst);
  return 'entry' in choice ? `${choice.entry.group}: ${choice.because}` : choice.unclear;
};

describe('the entry of a battery is found', () => {
  it.each<[string, string, Partial<PackMarks>, string]>([
    ['by its serial number', 'JK_12_34', { serialNumber: 'jk 12/34' }, 'the same serial number'],
    [
      'by what an old release kept of its serial number',
      '3091312345',
      { serialNumber: '30913123456' },
      'the beginning of the serial number',
    ],
    [
      'by version and capacity',
      '25_100_0Ah',
      { versions: ['V1', '2.5'], capacities: [100] },
      'the same version and capacity',
    ],
    ['by capacity', 'JBD_SP04_102_4AH', { capacities: [102.4, 100] }, 'the same capacity'],
    ['by a capacity without decimals', '280Ah', { capacities: [280] }, 'the same capacity'],
    ['by its port', 'ttyUSB0', {}, 'the same port'],
    ['by port and address', '_dev_ttyUSB0__0x01', {}, 'the same port'],
    ['as the only one', 'BT3072020120000200521001', {}, 'the only battery that it knew'],
  ])('%s', (_, id, marks, because) => {
    expect(chosen(left(id), marks)).toBe(`serialbattery_${id}: ${because}`);
  });

  it('by the better proof when several entries have one', () => {
    const entries = left('ttyUSB0', '100_0Ah', '4711000011');
    const marks = { serialNumber: '4711000011', capacities: [100] };
    expect(chosen(entries, marks)).toBe('serialbattery_4711000011: the same serial number');
    expect(chosen(entries, { capacities: [100] })).toBe('serialbattery_100_0Ah: the same capacity');
  });

  it('as the last used of one id that two releases wrote differently', () => {
    const [small, capitals] = left('jk_12', 'JK_12');
    const entries = [
      { ...small, lastSeen: 1 },
      { ...capitals, lastSeen: 2 },
    ] as Entry[];
    expect(chosen(entries, { serialNumber: 'JK 12' })).toBe('serialbattery_JK_12: the same serial number');
  });
});

describe('nothing is chosen', () => {
  const none = 'none has a mark of this battery';

  it.each<[string, string[], Partial<PackMarks>, string]>([
    ['among several without a mark', ['BT1', 'BT2'], {}, none],
    [
      'among packs of one size',
      ['a_100_0Ah', 'b_100_0Ah'],
      { capacities: [100] },
      '2 have the same capacity',
    ],
    [
      'between one id twice, of unknown age',
      ['jk_1', 'JK_1'],
      { serialNumber: 'JK 1' },
      '2 have the same serial number',
    ],
    ['for another serial number', ['4711000011'], { serialNumber: '4711000012' }, none],
    ['for another size', ['25_100_0Ah'], { capacities: [200] }, none],
    ['for another port', ['ttyUSB1'], {}, none],
    ['for a part of a serial number that is short', ['4711'], { serialNumber: '47110000' }, none],
    ['for an empty id', [''], { serialNumber: '47110000' }, none],
    ['for one of several packs that tells nothing of itself', ['x'], { isOneOfMany: true }, none],
    ['by capacity for one of several packs', ['100Ah'], { isOneOfMany: true, capacities: [100] }, none],
  ])('%s', (_, ids, marks, why) => {
    expect(chosen(left(...ids), marks)).toBe(why);
  });

  it('for a second battery: the only entry was that of the first', () => {
    expect(chosen(left('BT3072020120000200521001'), {}, false)).toBe(none);
  });
});

describe('what dbus-serialbattery left in localsettings', () => {
  const ROOT = '/Settings/Devices';

  it('is read group by group, and nothing else is', () => {
    const devices = devicesOf([
      [`${ROOT}/serialbattery_A/ClassAndVrmInstance`, 'battery:3'],
      [`${ROOT}/serialbattery_A/CustomName`, 'Cellar'],
      [`${ROOT}/serialbattery_A/LastSeen`, '1700926114'],
      [`${ROOT}/serialbattery/ClassAndVrmInstance`, 'battery:1'],
      [`${ROOT}/vegps_ttyUSB0/ClassAndVrmInstance`, 'gps:0'],
      [`${ROOT}/serialbattery_A/deeper/CustomName`, 'x'],
      ['/Settings/Gui/Language', 'en'],
    ]);
    expect(entriesOfPredecessor(devices)).toEqual([
      { group: 'serialbattery_A', instance: 3, name: 'Cellar', lastSeen: 1700926114, unusable: [] },
      { group: 'serialbattery', instance: 1, unusable: [] },
    ]);
  });

  it.each([
    ['battery:x', 5, ['instance "battery:x"', 'name 5']],
    ['tank:3', 'a\u0000b', ['instance "tank:3"', 'name "a\\u0000b"']],
    [7, 'x'.repeat(33), ['instance 7', `name "${'x'.repeat(33)}"`]],
    ['battery:-1', '  ', ['instance "battery:-1"']],
  ])('is named when it cannot be used: %s, %s', (instance, name, unusable) => {
    const devices = devicesOf([
      [`${ROOT}/serialbattery_A/ClassAndVrmInstance`, instance],
      [`${ROOT}/serialbattery_A/CustomName`, name],
      [`${ROOT}/serialbattery_A/LastSeen`, 'yesterday'],
    ]);
    expect(entriesOfPredecessor(devices)).toEqual([{ group: 'serialbattery_A', unusable }]);
  });

  it('never breaks the search, and a chosen entry is one of those that were there', () => {
    const word = fc.constantFrom('ClassAndVrmInstance', 'CustomName', 'LastSeen', 'UniqueIdentifier');
    const id = fc.oneof(fc.constantFrom('A', 'a', 'ttyUSB0', '100_0Ah', ''), fc.stringMatching(/^\w{0,12}$/));
    const value = fc.oneof(fc.string(), fc.double(), fc.constant('battery:3'));
    const item = fc.tuple(id, word, value).map(([group, name, stored]) => {
      return [`${ROOT}/serialbattery_${group}/${name}`, stored] as const;
    });
    const marks = fc.record({
      versions: fc.array(fc.string()),
      capacities: fc.array(fc.double({ min: 1, max: 1000 })),
      ports: fc.array(fc.string()),
      isOneOfMany: fc.boolean(),
      serialNumber: fc.string(),
    });
    fc.assert(
      fc.property(fc.array(item), marks, fc.boolean(), (items, pack, isFirst) => {
        const entries = entriesOfPredecessor(devicesOf(items));
        const choice = chooseEntry(entries, pack, isFirst);
        if ('entry' in choice) expect(entries).toContain(choice.entry);
        for (const { instance, name } of entries) {
          if (instance !== undefined) expect(instance).toBeGreaterThanOrEqual(0);
          if (name !== undefined) expect([...name].length).toBeLessThanOrEqual(32);
        }
      }),
      { numRuns: NUM_RUNS },
    );
  });
});
