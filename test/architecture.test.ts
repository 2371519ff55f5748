import { readdir, readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

/** A step of a way: `file` and the function in it. */
const STEP = /`([\w/-]+\.ts)`\s+`(#?\w+)`/g;

it('names only functions that stand in the file that it names', async () => {
  const page = await readFile('docs/architecture.md', 'utf8');
  const steps = [...page.matchAll(STEP)];
  expect(steps.length).toBeGreaterThan(20);
  const missing: string[] = [];
  for (const [, file = '', name = ''] of steps) {
    const source = await readFile(`src/${file}`, 'utf8');
    if (!new RegExp(`(?<![\\w#])${name}\\b`).test(source)) missing.push(`${file} ${name}`);
  }
  expect(missing).toEqual([]);
});

it('has a line for every room', async () => {
  const page = await readFile('docs/architecture.md', 'utf8');
  const rooms = (await readdir('src', { withFileTypes: true })).filter((entry) => entry.isDirectory());
  expect(rooms.map(({ name }) => name).filter((name) => !page.includes(`\`src/${name}\``))).toEqual([]);
});

it('lets a limit pass at most five hands after the law, and a wish at most three until it is decided', async () => {
  const page = await readFile('docs/architecture.md', 'utf8');
  const steps = (title: string): number => {
    const section = page.split(/^## /m).find((text) => text.startsWith(title)) ?? '';
    return [...section.matchAll(/^\d+\. /gm)].length;
  };
  expect(steps('The way of a limit') - 1).toBeLessThanOrEqual(5);
  expect(steps('The way of a SetValue') - 1).toBeLessThanOrEqual(3);
});
