import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BMSES } from '../../src/bms/index.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { casesOf, vectorFamilies } from '../contract/vectors.ts';
import {
  coldAndCached,
  DRIVERS,
  EFFECTS,
  effectOf,
  familiesThatBelieve,
  familiesThatTake,
  MARKS,
  parrotOf,
  replayOf,
  SEARCH_MS,
  search,
} from '../support/detection.ts';
import { effectTable } from '../support/effect-table.ts';
import { STRANGERS } from '../support/strangers.ts';
import { talker, VirtualLine } from '../support/virtual-line.ts';

describe.each(BMSES.map((entry) => [entry.driver.id, entry] as const))('a simulated %s', (id, entry) => {
  it('is found by a search over the whole list, soon enough, and at once when it was remembered', async () => {
    const { cold, cached } = await coldAndCached(id);
    expect(cold.found?.driver.id).toBe(id);
    expect(cold.tookMs).toBeLessThanOrEqual(MARKS.cold);
    expect(cached.found?.driver.id).toBe(id);
    expect(cached.attempts).toHaveLength(1);
    expect(cached.tookMs).toBeLessThanOrEqual(MARKS.cached);
  });

  it('is recognised by its own probe only, and answers it after every foreign one', async () => {
    for (const driver of DRIVERS) {
      const effect = await effectOf(entry, driver);
      if (driver === entry.driver) expect(effect).toBe('itself');
      else expect(['taken', 'disturbed'], `after ${driver.id}: ${EFFECTS[effect]}`).not.toContain(effect);
    }
  });
});

describe.each(vectorFamilies())('captured devices of %s', (family) => {
  const cases = casesOf(family);

  it('are recognised by nobody else when they answer what was captured', async () => {
    const recognised = new Set<string>();
    for (const device of cases) {
      const families = await familiesThatTake(() => replayOf(device));
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
      const families = await familiesThatTake(() => parrotOf(device));
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

describe('docs/detection.md', () => {
  it('tells for every pair what happens, as the simulators show it', async () => {
    const text = readFileSync(new URL('../../docs/detection.md', import.meta.url), 'utf8');
    expect(text).toContain(await effectTable());
  });
});
