import { describe, expect, it } from 'vitest';
import { nearestCells } from '../../src/bms/cells.ts';
import type { Remark } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError, hex } from '../../src/errors.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { VirtualLine } from '../support/virtual-line.ts';
import { type DeviceFacts, devicesOf } from './vectors.ts';

/** What stands beside the captures of a family; the first drivers have theirs in the tables below. */
const FACTS: readonly (readonly [id: string, facts: DeviceFacts])[] = [
  ...new Set(BMSES.map(({ driver }) => driver.family)),
].flatMap((family) => Object.entries(devicesOf(family)));

/**
 * What a device of each type may leave unanswered: everything beside the one indispensable request. An empty list says that one
 * request brings all that is measured. A type that is not in the list may leave everything but its first request unanswered.
 */
const SECONDARY: Readonly<Record<string, readonly string[]>> = {
  'jbd-up': ['0.781c'],
  jbd: ['dda504', 'dda505', 'dda5fa'],
  daly: ['a5..93', 'a5..94', 'a5..95', 'a5..96', 'a5..97', 'a5..98', 'a5..50', 'a5..57', 'a5..5a'],
  'daly-p81': ['8.030041', '8.030100', '8.030178'],
  'daly-d2': ['d203003e', 'd2030080', 'd20300a9'],
  jk: [],
  'jk-pb': ['..10161e', '..10161c'],
  ant: ['7ea102'],
  'ant-old': [],
  'hubble-am2': ['..030096', '..03003c', '..03004.', '..03005.', '..03006.'],
  pace: ['~25..4644', '~25..46C', '~25..46AF', '~25..46D'],
  topbms: ['~....4644', '~....46F1'],
  pylontech: ['~20..4644', '~20..4651', '~20..4692', '~20..4693'],
  ...Object.fromEntries(FACTS.map(([id, { secondary }]) => [id, secondary])),
};
/** The requests that bring all that is measured, where it takes more than one. */
const INDISPENSABLE: ReadonlyMap<string, number> = new Map(
  FACTS.map(([id, { indispensable = 1 }]) => [id, indispensable]),
);
/** Requests that may fall silent after they were answered, with what a reading shows then. */
const FALLS_SILENT: Readonly<Record<string, string>> = {
  jbd: 'dda504',
  daly: 'a5..98',
  'daly-p81': '8.030041',
  'daly-d2': 'd203003e',
  pace: '~25..4644',
  topbms: '~....4644',
  pylontech: '~20..4644',
  ...Object.fromEntries(
    FACTS.flatMap(([id, { fallsSilent }]) => (fallsSilent === undefined ? [] : [[id, fallsSilent]])),
  ),
};
/** Their alarm of high voltage is told by an answer that does not fall silent. */
const ALARMS_ELSEWHERE: readonly string[] = [
  'jbd',
  'daly-d2',
  ...FACTS.filter(([, { alarmsElsewhere }]) => alarmsElsewhere).map(([id]) => id),
];
/** Devices that want to be asked in another form than the usual one. */
const FORMS: readonly (readonly [id: string, device: string, scenario: object])[] = [
  ['daly', 'is silent to data bytes of zero', { line: { silentTo: ['a5....080000000000000000'] } }],
  ['daly', 'is silent to data bytes of AA', { line: { silentTo: ['a5....08aaaaaaaaaaaaaaaa'] } }],
  ['daly', 'listens to the address of the app only', { line: { silentTo: ['a540'] } }],
  [
    'daly',
    'answers the pack to zeros and everything else to AA',
    {
      line: {
        silentTo: ['a5..9008aa', ...[3, 4, 5, 6, 7, 8].map((at) => `a5..9${at}080000`), 'a5..5.080000'],
      },
    },
  ],
  ['jk', 'answers every read as command 03', { variant: 'answers as 03' }],
  ['jk', 'answers command 03 only', { variant: 'answers 03 only' }],
  ['topbms', 'answers version 52 only', { line: { silentTo: ['~21'] } }],
  ['pace', 'wants the pack in every INFO', { line: { silentTo: ['~25..46..0000'] } }],
  ['pylontech', 'wants no INFO', { line: { silentTo: ['~20......E00'] } }],
  ['ant-old', 'listens to the read of another program only', { line: { silentTo: ['dbdb', '5a5a0000'] } }],
  ...FACTS.flatMap(([id, { forms = [] }]) =>
    forms.map(([device, scenario]) => [id, device, scenario] as const),
  ),
];

const entryOf = (id: string): (typeof BMSES)[number] => {
  const entry = BMSES.find(({ driver }) => driver.id === id);
  if (entry === undefined) throw new Error(`no driver ${id}`);
  return entry;
};

/** A battery that stands still at an address of its type, asked once a second. */
async function conversation(
  id: string,
  scenario: object,
  address = entryOf(id).driver.reach.serial.addresses[0] ?? 0,
) {
  const { driver } = entryOf(id);
  const clock = new VirtualClock();
  const pack = { address, soc: 60, noise: 0, selfDischarge: 0, sensors: 4 };
  const device = await buildDevice(id, parseScenario({ packs: [pack], ...scenario }), clock);
  const line = new VirtualLine(clock, device, driver.reach.serial.lines[0]);
  const said: Remark[] = [];
  const session = driver.open(line.link, address);
  return {
    said,
    records: line.records,
    probe: () => line.until(session.probe()),
    async poll(): Promise<PackReading | BmsError> {
      const due = clock.now() + 1000;
      const outcome = await line.until(
        session.read().catch((error: unknown) => {
          if (error instanceof BmsError) return error;
          throw error;
        }),
      );
      said.push(...session.takeRemarks());
      if (clock.now() < due) await clock.run(due);
      return outcome;
    },
  };
}

const good = (outcome: PackReading | BmsError): PackReading => {
  if (outcome instanceof BmsError) throw outcome;
  return outcome;
};

/** Polls in which a driver has asked everything that it ever asks of a battery that answers. */
const EVERYTHING = 4;

/** The requests of a type that its device may leave unanswered, as patterns of `silentTo`. */
async function secondaryOf(id: string): Promise<readonly string[]> {
  const known = SECONDARY[id];
  if (known !== undefined) return known;
  const battery = await conversation(id, {});
  await battery.probe();
  for (let poll = 0; poll < EVERYTHING; poll += 1) good(await battery.poll());
  const { driver } = entryOf(id);
  const first = driver.opening(driver.reach.serial.addresses[0] ?? 0).requests.map(whole);
  return [...new Set(battery.records.map(({ request }) => whole(request)))].filter(
    (request) => !first.includes(request),
  );
}

const whole = (request: Uint8Array): string => hex(request, request.length);
const IDS = BMSES.map(({ driver }) => driver.id);

describe('the one indispensable request', () => {
  it('is known of types that there are', () => {
    expect(IDS).toEqual(expect.arrayContaining(Object.keys(SECONDARY)));
  });

  it.each(IDS)('%s is found and read by it alone, and what is not told is absent', async (id) => {
    const silentTo = await secondaryOf(id);
    const battery = await conversation(id, { line: { silentTo } });
    expect(await battery.probe()).toMatchObject({ soc: 60 });
    for (let poll = 0; poll < 6; poll += 1) {
      const reading = good(await battery.poll());
      expect(reading.voltage, `poll ${poll}`).toBeGreaterThan(2.5 * nearestCells(entryOf(id).driver, 16));
      expect(reading).toMatchObject({ current: expect.any(Number), soc: expect.any(Number) });
      expect(reading.alarms?.bmsCable).toBeUndefined();
    }
    const parts = silentTo.length === 0 ? 0 : 1;
    if (FALLS_SILENT[id] !== undefined) expect(battery.said.length).toBeGreaterThanOrEqual(parts);
    expect(new Set(battery.said.map(({ part }) => part)).size).toBe(battery.said.length);
  });

  it.each(IDS)('%s is soon asked nothing else any more', async (id) => {
    const silentTo = await secondaryOf(id);
    const battery = await conversation(id, { line: { silentTo } });
    for (let poll = 0; poll < 10; poll += 1) await battery.poll();
    const before = battery.records.length;
    for (let poll = 0; poll < 20; poll += 1) await battery.poll();
    expect(battery.records.length - before).toBeLessThanOrEqual(20 * (INDISPENSABLE.get(id) ?? 1));
  });
});

describe('a secondary request that falls silent', () => {
  it.each(Object.entries(FALLS_SILENT))(
    '%s: two polls fail, then the rest is shown with a warning, said once',
    async (id, request) => {
      const battery = await conversation(id, {
        steps: [
          { at: 5, alarms: { highVoltage: 2 } },
          { at: 12, line: { silentTo: [request] } },
        ],
      });
      const outcomes: (PackReading | BmsError)[] = [];
      for (let poll = 0; poll < 30; poll += 1) outcomes.push(await battery.poll());
      const failed = outcomes.filter((outcome) => outcome instanceof BmsError);
      expect(failed.length).toBe(2);
      const last = good(outcomes.at(-1) ?? {});
      expect(last.voltage).toBeGreaterThan(2.5 * nearestCells(entryOf(id).driver, 16));
      expect(last.alarms?.bmsCable).toBe(1);
      expect(battery.said.filter(({ state }) => state === 'silent')).toHaveLength(1);
      // A pack that reported an over-voltage goes on reporting it: a missing answer never clears an alarm.
      if (!ALARMS_ELSEWHERE.includes(id)) expect(last.alarms?.highVoltage).toBe(2);
    },
  );
});

describe('a device that wants to be asked in another form', () => {
  it.each(FORMS)(
    '%s that %s is found, read whole and then asked in its form only',
    async (id, _, scenario) => {
      const usual = await conversation(id, {});
      const battery = await conversation(id, scenario);
      const probed = await battery.probe();
      expect(probed.soc).toBe((await usual.probe()).soc);
      let whole: PackReading = {};
      let reading: PackReading = {};
      for (let poll = 0; poll < 3; poll += 1) {
        whole = good(await usual.poll());
        reading = good(await battery.poll());
      }
      expect(Object.keys(reading).sort()).toEqual(Object.keys(whole).sort());
      const before = battery.records.length;
      for (let poll = 0; poll < 3; poll += 1) good(await battery.poll());
      expect(battery.records.slice(before).filter(({ error }) => error !== undefined)).toEqual([]);
      expect(battery.said).toEqual([]);
    },
  );
});

describe('a Pylontech module of a further group', () => {
  it.each([0x12, 0x13, 0x72])('is found and read at address %i', async (address) => {
    const battery = await conversation('pylontech', {}, address);
    expect(await battery.probe()).toMatchObject({ soc: 60 });
    expect(good(await battery.poll())).toMatchObject({
      maxChargeVoltage: expect.any(Number),
      serialNumber: expect.any(String),
    });
    expect(battery.records.filter(({ error }) => error !== undefined)).toEqual([]);
  });

  it('is not taken for the module of the same place in another group', async () => {
    const { driver } = entryOf('pylontech');
    const clock = new VirtualClock();
    const packs = [0x02, 0x12].map((address) => ({ address, soc: address === 0x02 ? 20 : 80, noise: 0 }));
    const device = await buildDevice('pylontech', parseScenario({ packs }), clock);
    const line = new VirtualLine(clock, device, driver.reach.serial.lines[0]);
    const socs: (number | undefined)[] = [];
    for (const address of [0x02, 0x12])
      socs.push((await line.until(driver.open(line.link, address).probe())).soc);
    expect(socs.map((soc) => Math.round(soc ?? 0))).toEqual([20, 80]);
  });
});
