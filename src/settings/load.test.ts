import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadSettings } from './load.ts';
import { describe } from './resolve.ts';
import { DEFAULT_SETTINGS } from './table.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'settings-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('takes the defaults when there is no file', async () => {
  const file = await loadSettings(join(folder, 'none.toml'));
  expect(file).toMatchObject({ isMissing: true, problems: [] });
  expect(file.forPort('ttyUSB0')).toEqual({ settings: DEFAULT_SETTINGS, problems: [] });
});

it('takes careful presets when the file cannot be read', async () => {
  const file = await loadSettings(folder);
  expect(file.problems).toMatchObject([
    { severity: 'error', text: expect.stringContaining('it is a folder, not a file') },
  ]);
  expect(file.forPort('ttyUSB0').configError).toContain('it is a folder, not a file');
  expect(file.forPort('ttyUSB0').settings.maxChargeCurrent).toBe(10);
});

it('does not mind letters of an old encoding in a comment', async () => {
  const path = join(folder, 'latin1.toml');
  await writeFile(
    path,
    Buffer.from('# f\u00fcr den Keller\ncapacity = 280 # gro\u00df\n[log]\nlevel = "warn"\n', 'latin1'),
  );
  const file = await loadSettings(path);
  expect(file.problems.map(describe)).toEqual([
    expect.stringMatching(/^line 1: a letter is not in UTF-8/),
    expect.stringMatching(/^line 2: battery.capacity: stands before any section/),
  ]);
  expect(file.forPort().settings).toMatchObject({ capacity: 280, level: 'warn' });
});
