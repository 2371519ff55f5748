import { describe, expect, it } from 'vitest';
import { BankLine } from '../../test/support/bank-line.ts';
import { shownOn, turnedIntoOthers } from '../../test/support/silent-walk.ts';
import { BMSES } from '../bms/index.ts';

/** Past the end of all measurements, and the alarm of a minute. */
const LOOKS = 35;
/** Longer than a poll interval, so that every look comes after another poll. */
const STEP_MS = 2000;

const ADDRESSES = (id: string): readonly number[] =>
  BMSES.find(({ driver }) => driver.id === id)?.driver.reach.serial.addresses ?? [];

/** Packs of different sizes and states, so that every sum, mean and extreme of them differs from its parts. */
const packsOf = (id: string, count: number, more: Readonly<Record<string, unknown>> = {}) =>
  ADDRESSES(id)
    .slice(0, count)
    .map((address, index) => ({ address, capacity: 100 + 37 * index, soc: 61 + 5 * index, ...more }));

async function walk(line: BankLine): Promise<void> {
  const told = shownOn(line.bank, line.clock.now());
  expect(told.get('/Dc/0/Voltage')).toBeTypeOf('number');
  line.device.plant.line = { ...line.device.plant.line, silent: 1 };
  for (let look = 1; look <= LOOKS; look += 1) {
    await line.run(STEP_MS);
    expect(turnedIntoOthers(told, shownOn(line.bank, line.clock.now())), `look ${look}`).toEqual([]);
  }
  const last = shownOn(line.bank, line.clock.now());
  for (const path of [
    '/Dc/0/Voltage',
    '/Dc/0/Power',
    '/Capacity',
    '/ConsumedAmphours',
    '/System/MinCellVoltage',
  ])
    expect(last.get(path), path).toBeUndefined();
  expect(last.get('/Soc')).toBe(told.get('/Soc'));
}

describe('while the BMS is silent every path keeps what was told last or is invalid', () => {
  it.each(BMSES.map(({ driver }) => driver.id))('of a single %s that is discharged', async (id) => {
    const line = await BankLine.open(id, { packs: packsOf(id, 1) });
    line.device.plant.prescribe(-20);
    await line.run(30_000);
    await walk(line);
  });

  it.each<[string, number, Readonly<Record<string, unknown>>]>([
    ['full and charged', 20, { soc: 99.5 }],
    ['empty and resting', 0, { soc: 2 }],
    ['warm and balancing', 5, { soc: 97, temperature: 44 }],
    ['cold and charged', 10, { soc: 50, temperature: 1 }],
  ])('of a JK that is %s', async (_, current, more) => {
    const line = await BankLine.open('jk-pb', { packs: packsOf('jk-pb', 1, more) });
    line.device.plant.prescribe(current);
    await line.run(60_000);
    await walk(line);
  });

  it.each(['jk-pb', 'pace', 'pylontech', 'daly-d2'])('of a bank of three %s', async (id) => {
    const line = await BankLine.open(id, { packs: packsOf(id, 3) });
    line.device.plant.prescribe(-60);
    await line.run(30_000);
    await walk(line);
  });

  it('of a bank of which one pack has been missing for long', async () => {
    const line = await BankLine.open('jk-pb', { packs: packsOf('jk-pb', 3) });
    line.device.plant.prescribe(-60);
    await line.run(30_000);
    line.fault(2, { silent: 1 });
    await line.run(90_000);
    await walk(line);
  });
});
