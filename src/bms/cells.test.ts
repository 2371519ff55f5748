import { expect, it } from 'vitest';
import { nearestCells } from './cells.ts';

it.each([
  ['says nothing', {}, 13],
  ['has a range around it', { cells: { min: 8, max: 16 } }, 13],
  ['has fewer', { cells: { min: 4, max: 8 } }, 8],
  ['has more', { cells: { min: 14, max: 32 } }, 14],
  ['has certain counts', { cells: [4, 8, 16] }, 16],
  ['has one count', { cells: [4] }, 4],
])('a pack whose BMS %s has the nearest possible number of cells', (_, driver, expected) => {
  expect(nearestCells(driver, 13)).toBe(expected);
});
