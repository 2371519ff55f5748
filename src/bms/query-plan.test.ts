import { describe, expect, it } from 'vitest';
import type { PackReading } from '../model/reading.ts';
import { isDue, type Rarely } from './query-plan.ts';

const MODEL: PackReading = { model: 'X' };

/** The polls 0..9 that ask, when the fact is known from poll `told` on. */
const asking = (rarely: Rarely, told = Infinity): number[] =>
  Array.from({ length: 10 }, (_, cycle) => cycle).filter((cycle) =>
    isDue({ rarely, tells: ['model'] }, cycle, cycle >= told ? MODEL : {}),
  );

describe('slow facts', () => {
  it.each<[string, Rarely, number, number[]]>([
    ['once, at their first poll', { first: 1 }, Infinity, [1]],
    ['regularly', { first: 1, every: 4 }, Infinity, [1, 5, 9]],
    ['in vain only so often', { first: 1, attempts: 3 }, Infinity, [1, 2, 3]],
    ['until they are told', { first: 1, attempts: 3 }, 2, [1]],
    [
      'in vain only so often, though they could be asked regularly',
      { first: 0, every: 4, attempts: 2 },
      Infinity,
      [0, 1],
    ],
    [
      'soon again until all that is needed is told',
      { first: 0, every: 4, retry: 2, until: ['model'] },
      5,
      [0, 2, 4, 8],
    ],
    ['never again', { first: 1, attempts: 2, retry: Number.POSITIVE_INFINITY }, Infinity, [1, 2]],
    ['regularly from when they are told', { first: 1, every: 4, attempts: 3 }, 3, [1, 2, 5, 9]],
  ])('are asked %s', (_, rarely, told, polls) => {
    expect(asking(rarely, told)).toEqual(polls);
  });
});
