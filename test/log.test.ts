import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { sectionOf } from '../tools/docs/log.ts';
import { LOG_FAULTS, linesOf, missesOf } from './support/log/faults.ts';

/** All of them are run by `npm run log`. */
const EVERY = 6;
const page = readFile('docs/log.md', 'utf8');

describe('the log of a fault', () => {
  it.each(LOG_FAULTS.filter((_, index) => index % EVERY === 0))(
    'has one line when it begins, at most one an hour, one when it ends, and stands in docs/log.md (npm run log): $name',
    async (fault) => {
      const lines = await linesOf(fault);
      expect(missesOf(fault, lines)).toEqual([]);
      expect(await page).toContain(sectionOf(fault, lines));
    },
    30_000,
  );

  it('stands in docs/log.md for every fault, in their order', async () => {
    const names = [...(await page).matchAll(/^## (.+)$/gm)].map(([, name]) => name);
    expect(names.map((name) => name?.toLowerCase())).toEqual(
      LOG_FAULTS.map(({ name }) => name.toLowerCase()),
    );
  });
});
