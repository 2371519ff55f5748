import { describe, expect, it } from 'vitest';
import { BMSES } from '../../src/bms/index.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { casesOf, vectorFamilies } from '../contract/vectors.ts';
import {
  coldAndRemembered,
  DRIVERS,
  EFFECTS,
  effectOf,
  familiesThatBelieve,
  familiesThatTake,
  MARKS,
  parrotOf,
  replayOf,
  SEARCH_MS,
  START_MS,
  search,
} from '../support/detection.ts';
import { FILLED, FIRST, startsUntilFound, worstOrder } from '../support/search-figures.ts';
import { standIns } from '../support/stand-ins.ts';
import { STRANGERS } from '../support/strangers.ts';
import { talker, VirtualLine } from '../support/virtual-line.ts';

describe.each(BMSES.map((entry) => [entry.driver.id, entry] as const))('a simulated %s', (id, entry) => {
  it('is found by a search over the whole list, and at once when it was remembered', async () => {
    const { cold, remembered } = await coldAndRemembered(id);
    expect(cold.found?.driver.id).toBe(id);
    expect(remembered.found?.driver.id).toBe(id);
    expect(remembered.attempts).toHaveLength(1);
    expect(remembered.tookMs).toBeLessThanOrEqual(MARKS.remembered);
  });

  it('is recognised by its own probe only, and answers it after every foreign one', async () => {
    for (const driver of DRIVERS) {
      const effect = await effectOf(entry, driver);
      if (driver === entry.driver) expect(effect).toBe('itself');
      else expect(['taken', 'disturbed'], `after ${driver.id}: ${EFFECTS[effect]}`).not.toContain(effect);
    }
  });
});

describe('a battery whose type is asked last', () => {
  it.each([
    ['the first types', FIRST, MARKS.cold],
    ['all types, and silent ones up to 28', FILLED, MARKS.coldAmongMany],
  ])('is found soon among %s', async (_, drivers, mostMs) => {
    for (const { found, id, tookMs } of await worstOrder(
      drivers.filter((one) => DRIVERS.includes(one)),
      drivers,
    )) {
      expect(found).toBe(id);
      expect(tookMs, id).toBeLessThanOrEqual(mostMs);
    }
  });

  it('is found at the second start at the latest, however long the list', async () => {
    for (const driver of FIRST) {
      const others = FILLED.filter((other) => other !== driver);
      const starts = await startsUntilFound(driver, [...others, ...standIns(45).slice(15), driver]);
      expect(starts, driver.id).toBeLessThanOrEqual(MARKS.starts);
    }
  });
});

describe.each(vectorFamilies())('captured devices of %s', (family) => {
  const cases = casesOf(family);

  it('are recognised by nobody else when they answer what was captured', async () => {
    const recognised = new Set<string>();
    for (const device of cases) {
      const families = await familiesThatTake(() => replayOf(device), device.exchanges);
      for (const found of families) recognised.add(found);
      expect(
        families.filter((other) => other !== family),
        device.name,
      ).toEqual([]);
    }
    if (DRIVERS.some((driver) => driver.family === family)) expect([...recognised]).toEqual([family]);
  });

  it('are recognised by nobody else even if they answer every request', async () => {
    for (const device of cases) {
      const families = await familiesThatTake(() => parrotOf(device), device.exchanges);
      expect(
        families.filter((other) => other !== family),
        device.name,
      ).toEqual([]);
    }
  });

  it('are believed by no other driver that is already at work on the line', async () => {
    for (const device of cases) {
      const families = await familiesThatBelieve(() => parrotOf(device));
      expect(
        families.filter((other) => other !== family),
        device.name,
      ).toEqual([]);
    }
  });
});

describe.each(Object.entries(STRANGERS))('%s', (name, talk) => {
  it.each([9600, 115_200, 19_200])(
    'is recognised by nobody at %i baud, and left in time',
    async (baudRate) => {
      const clock = new VirtualClock();
      const line = new VirtualLine(clock, talker(clock, baudRate, talk));
      const { error, found, tookMs } = await search(line);
      await line.link.close();
      expect(found?.driver.id).toBeUndefined();
      expect(error).toMatchObject({ code: 'NOTHING_FOUND' });
      // The exchange that is under way when the time is over may end.
      expect(tookMs).toBeLessThanOrEqual(SEARCH_MS + 500);
      expect(tookMs + START_MS).toBeLessThanOrEqual(MARKS.left);
      expect(error?.message).toMatch(LIKELY[name] ?? /^no known BMS answered/);
    },
  );
});

describe.each(Object.entries(STRANGERS))('%s in the place of a BMS', (_, talk) => {
  it('is believed by no driver that is already at work on the line', async () => {
    expect(await familiesThatBelieve(() => talk)).toEqual([]);
  });
});

/** What the log must suggest to the owner. */
const LIKELY: Readonly<Record<string, RegExp>> = {
  'an adapter that echoes': /adapter echoes and nobody answers/,
  'a smart meter that sends text': /another device, such as a meter/,
  'a GPS receiver': /a GPS receiver, not a BMS/,
  'a VE.Direct device': /a VE\.Direct device, not a BMS/,
  'a line full of noise': /none made sense at/,
  'noise to every request': /none made sense at/,
  'zeros to every request': /only bytes 00 came/,
  'FF to every request': /only bytes ff came/,
  nobody: /not a single byte came back/,
};
