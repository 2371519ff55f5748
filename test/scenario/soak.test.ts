import { expect, it } from 'vitest';
import { soakVirtually } from '../../tools/soak/virtual.ts';

it('polls on and on, on its grid, without a miss and without keeping anything', async () => {
  const soak = await soakVirtually(5000, 2000);
  expect(soak.missed).toBe(0);
  expect(soak.driftMs).toBe(0);
  expect(soak.heapGrowth).toBeLessThan(1);
  expect(soak.timersAfter).toBeLessThanOrEqual(soak.timersBefore);
  expect(soak.handlesAfter).toBeLessThanOrEqual(soak.handlesBefore);
}, 60_000);
