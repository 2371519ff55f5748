import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { parseSettings } from '../src/settings/file.ts';
import { bmsTypes } from '../src/settings/load.ts';
import { SETTINGS, splitKey } from '../src/settings/table.ts';
import { DOCUMENTS, staleDocuments } from '../tools/docs.ts';

it('has every generated document as the program makes it now (npm run docs)', async () => {
  expect(DOCUMENTS.length).toBeGreaterThan(0);
  expect((await staleDocuments()).map(({ file }) => file)).toEqual([]);
  // One of the documents is a whole simulated day.
}, 120_000);

it('has an example file without problems, also when every setting in it is switched on', async () => {
  const path = 'docs/dbus-bms.example.toml';
  const text = await readFile(path, 'utf8');
  expect(parseSettings(text, path, { bmsTypes: bmsTypes() }).problems).toEqual([]);
  const everything = text.replace(/^# (\w+ = |\[ports)/gm, '$1');
  const names = SETTINGS.map(({ key }) => splitKey(key)[1]);
  for (const name of names) expect(everything).toMatch(new RegExp(`^${name} = `, 'm'));
  expect(parseSettings(everything, path).problems).toEqual([]);
});

it('holds one line each for the demo and for the tests, complete with the system package that a fresh machine lacks', async () => {
  const lines = (await readFile('README.md', 'utf8')).split('\n');
  for (const command of ['npm ci && npm run demo', 'npm ci && npm test']) {
    const [line = '', ...others] = lines.filter((text) => text.includes(command));
    expect(others).toEqual([]);
    expect(line).toMatch(
      /^command -v dbus-daemon \|\| .*apt-get install -y dbus' && npm ci && npm (run demo|test)$/,
    );
  }
});
