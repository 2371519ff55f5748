import { afterEach, expect, it } from 'vitest';
import { eventually } from '../support/bus.ts';
import { ParallelHouse } from '../support/parallel-house.ts';

const SETTINGS = '[[bank]]\nname = "house"\nmembers = ["ttyUSB1", "ttyUSB2"]\n';
const MEMBERS = ['ttyUSB1', 'ttyUSB2'];

let house: ParallelHouse | undefined;
afterEach(async () => {
  await house?.close();
  house = undefined;
});

async function open(): Promise<ParallelHouse> {
  house = await ParallelHouse.open(SETTINGS);
  return house;
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();

it('a bank that starts takes over from its members, and gives back when it stops, is killed or starts again', async () => {
  const at = await open();
  for (const name of MEMBERS) at.runBattery(name);
  await eventually(() => same(at.offering, MEMBERS));
  const alone = at.number('ttyUSB1', '/Info/MaxDischargeCurrent') ?? 0;
  expect(alone).toBeGreaterThan(0);
  const first = at.runBank();
  await eventually(() => same(at.offering, ['house']));
  await eventually(() => same(at.handing, MEMBERS));
  // The system controller prefers a service with this path even when it is invalid.
  for (const name of MEMBERS) expect(at.has(name, '/Info/MaxChargeVoltage')).toBe(false);
  await eventually(() => at.number('house', '/Info/MaxDischargeCurrent') === 2 * alone);
  expect(at.number('house', '/Info/MaxChargeVoltage')).toBe(at.number('ttyUSB1', '/Bank/MaxChargeVoltage'));
  expect(at.text('house', '/Info/DischargeLimitation')).toContain('for 2 packs; ttyUSB1: ');
  expect(at.text('house', '/System/MaxVoltageCellId')).toMatch(/^ttyUSB[12] C\d+$/);
  expect(at.number('house', '/InstalledCapacity')).toBe(
    2 * (at.number('ttyUSB1', '/InstalledCapacity') ?? 0),
  );
  expect(at.text('house', '/Diagnostics/Module1/Id')).toBe('ttyUSB2');

  first.process.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  await eventually(() => same(at.offering, MEMBERS));
  expect(at.handing).toEqual([]);

  const second = at.runBank();
  await eventually(() => same(at.offering, ['house']));
  await eventually(() => same(at.handing, MEMBERS));
  second.process.kill('SIGKILL');
  await eventually(() => same(at.offering, MEMBERS));
  await second.ended;
  expect(at.doubles).toEqual([]);
});

it('at no moment do two offer limits: a member that starts, stops or is killed beside its bank never steers', async () => {
  const at = await open();
  const one = at.runBattery('ttyUSB1');
  await eventually(() => same(at.offering, ['ttyUSB1']));
  await at.runBank().says('waits for ttyUSB2');
  at.runBattery('ttyUSB2');
  await eventually(() => same(at.offering, ['house']));
  await eventually(() => same(at.handing, MEMBERS));
  const both = at.number('house', '/Info/MaxDischargeCurrent') ?? 0;
  one.process.kill('SIGKILL');
  await one.ended;
  await eventually(() => same(at.handing, ['ttyUSB2']));
  expect(at.offering).toEqual(['house']);
  // Late by less than ten seconds it still takes its share.
  expect(at.number('house', '/Info/MaxDischargeCurrent')).toBe(both);
  at.runBattery('ttyUSB1');
  await eventually(() => same(at.handing, MEMBERS));
  expect(at.offering).toEqual(['house']);
  expect(at.doubles).toEqual([]);
});

it('a second process for the same bank ends with one line, and the first goes on', async () => {
  const at = await open();
  for (const name of MEMBERS) at.runBattery(name);
  at.runBank();
  await eventually(() => same(at.offering, ['house']));
  const second = at.runBank();
  expect(await second.ended).toBe(1);
  expect(second.err.join()).toContain('the bank "house" is there already');
  expect(at.offering).toEqual(['house']);
});
