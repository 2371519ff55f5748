import { describe, expect, it } from 'vitest';
import { batteryOf } from '../../test/support/batteries.ts';
import { SETTINGS } from '../control/fixtures.ts';
import type { PackReading } from '../model/reading.ts';
import { Bank } from './bank.ts';
import { Battery } from './battery.ts';
import { Controller } from './controller.ts';

const READING: PackReading = { ...batteryOf(16), current: 10, capacityFull: 100 };
const MINUTE = 60_000;

function pack(address: number): Battery {
  return new Battery(address, new Controller(() => SETTINGS), 0);
}

/** Packs that answer once a second until `now`, those in `silent` not at all. */
function answering(batteries: readonly Battery[], until: number, silent: readonly Battery[] = []): void {
  for (let now = 1000; now <= until; now += 1000)
    for (const battery of batteries) {
      const serialNumber = `SIM${battery.address}`;
      const reading = { ...READING, serialNumber };
      battery.take(silent.includes(battery) ? undefined : { reading }, now, {});
    }
}

describe('a bank', () => {
  it('is nothing before the first good sample of any pack', () => {
    const bank = new Bank([pack(2), pack(1)]);
    expect([bank.state(0), bank.control(0)]).toEqual([undefined, undefined]);
    expect(bank.batteries.map(({ address }) => address)).toEqual([1, 2]);
  });

  it('adds its packs up and names them', () => {
    const packs = [pack(1), pack(2), pack(3)];
    answering(packs, 3000);
    const { facts, reading, link } = new Bank(packs).state(3000) ?? {};
    expect(reading).toMatchObject({ current: 30, capacityFull: 300 });
    expect(reading?.modules?.map(({ address }) => address)).toEqual([1, 2, 3]);
    expect(facts?.modules).toHaveLength(3);
    expect(link?.text).toBe('answering');
  });

  it('of one pack is that pack', () => {
    const only = pack(7);
    answering([only], 3000);
    const bank = new Bank([only]);
    expect(bank.isBank).toBe(false);
    expect(bank.state(3000)?.reading).toEqual({ ...READING, serialNumber: 'SIM7' });
  });

  it('goes on without a pack that is silent, and raises the alarm after a minute', () => {
    const packs = [pack(1), pack(2)];
    answering(packs, 2 * MINUTE, packs.slice(1));
    packs[1]?.take({ reading: READING }, 2 * MINUTE, {});
    answering(packs, 2 * MINUTE + 30_000, packs.slice(1));
    const bank = new Bank(packs);
    const soon = bank.state(2 * MINUTE + 30_000);
    expect(soon?.reading?.modules?.map(({ address }) => address)).toEqual([1]);
    expect(soon?.link.text).toBe('1 of 2 packs silent (address 2)');
    expect(bank.control(2 * MINUTE + 30_000)?.alarms.bmsCable ?? 0).toBeLessThan(2);
    expect(bank.control(3 * MINUTE + 1)?.alarms.bmsCable).toBe(2);
  });

  it('knows a pack by its serial number, unless it is online and its measurements are others', () => {
    const packs = [pack(1), pack(2)];
    answering(packs, 3000);
    const bank = new Bank(packs);
    const [first] = packs;
    const { serialNumber: _, ...untold } = READING;
    expect(bank.namesakesOf(untold)).toEqual({});
    expect(bank.namesakesOf({ ...READING, serialNumber: 'X' })).toEqual({});
    expect(bank.namesakesOf({ ...READING, serialNumber: 'SIM1' }).same).toBe(first);
    const other = { ...READING, serialNumber: 'SIM1', cycles: 999, soc: 12 };
    expect(bank.namesakesOf(other)).toEqual({ other: first });
  });

  it('takes a pack in at its place, or instead of another', () => {
    const [one, three] = [pack(1), pack(3)];
    const bank = new Bank([one, three]);
    const two = pack(2);
    bank.add(two);
    expect(bank.batteries).toEqual([one, two, three]);
    const four = pack(4);
    bank.add(four, one);
    expect(bank.batteries).toEqual([two, three, four]);
  });
});
