import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byLikeness, isOutdated, likeness, readTraits, type Traits, writeTraits } from '../battery/traits.ts';

const DAY = 86_400;
const NOW = 1_800_000_000;
const OLD: Traits = { place: 'usb-1 1', cycles: 100, capacityFull: 280, firmwareVersion: '2.3' };
const seen = (more: Partial<Traits> = {}, ageDays = 0) => ({
  ...OLD,
  ...more,
  seenAt: NOW - ageDays * DAY,
});

describe('what tells a battery from its like', () => {
  it.each<[string, Partial<Traits>, number, number]>([
    ['all is the same', {}, 0, 0],
    ['it did a cycle a day', { cycles: 110 }, 10, 0],
    ['it did fifty cycles within an hour', { cycles: 150 }, 0, 1],
    ['its cycles became fewer', { cycles: 99 }, 30, 1],
    ['it learned its capacity', { capacityFull: 275 }, 0, 0],
    ['it has another size', { capacityFull: 100 }, 0, 1],
    ['its firmware is another', { firmwareVersion: '2.4' }, 0, 1],
    ['it did not tell its cycles this time', { cycles: undefined as never }, 0, 0],
  ])('when %s', (_, change, ageDays, against) => {
    expect(likeness(seen({}, ageDays), { ...OLD, ...change }, NOW).against).toBe(against);
  });

  it('is not the count of cycles when the calendar went back', () => {
    expect(likeness({ ...OLD, seenAt: NOW + DAY }, { ...OLD, cycles: 900 }, NOW).against).toBe(0);
  });

  it('comes before the place, and the place before a cycle more or less', () => {
    const fits = (slot: Partial<Traits>) => likeness(seen(slot), OLD, NOW);
    expect(byLikeness(fits({ place: 'usb-2 1' }), fits({ cycles: 300 }))).toBeLessThan(0);
    expect(byLikeness(fits({ cycles: 99 }), fits({ place: 'usb-2 1' }))).toBeLessThan(0);
    expect(byLikeness(fits({ cycles: 100 }), fits({ cycles: 99 }))).toBeLessThan(0);
  });

  it('is written anew once a day, and when something moved', () => {
    expect(isOutdated(seen(), OLD, NOW + DAY / 2)).toBe(false);
    expect(isOutdated(seen(), OLD, NOW + 1.1 * DAY)).toBe(true);
    expect(isOutdated(seen(), { ...OLD, cycles: 101 }, NOW)).toBe(true);
    expect(isOutdated(seen(), { ...OLD, place: 'usb-2 1' }, NOW)).toBe(true);
    expect(isOutdated(seen(), { ...OLD, serialNumber: '7' }, NOW)).toBe(true);
    expect(isOutdated(undefined, OLD, NOW)).toBe(true);
  });

  it('is read as it was written, and nothing is made of any other text', () => {
    const text = fc.string({ unit: 'binary' });
    const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 });
    const traits = fc.record(
      { place: text, serialNumber: text, model: text, capacityFull: number, cycles: fc.nat() },
      { requiredKeys: ['place'] },
    );
    fc.assert(
      fc.property(traits, fc.nat(), (value, at) => {
        expect(readTraits(writeTraits(value, at))).toEqual({ ...value, seenAt: at });
      }),
    );
    fc.assert(
      fc.property(fc.oneof(text, fc.json()), (other) => {
        const read = readTraits(other);
        expect(read === undefined || typeof read.place === 'string').toBe(true);
      }),
    );
    expect(readTraits('{"place":"x","seenAt":1,"cycles":"many","serialNumber":7}')).toEqual({
      place: 'x',
      seenAt: 1,
    });
  });
});
