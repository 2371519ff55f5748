import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Log } from '../log.ts';
import { StateFile, stateFolder } from './state-file.ts';

const HIT = { id: 'jk-pb', line: { baudRate: 115_200, gapMs: 120 }, address: 2 };

describe('the memory of a port', () => {
  let folder: string;
  let warnings: string[];
  const log = (): Log => ({
    error() {},
    warn: (text) => void warnings.push(text),
    info() {},
    debug() {},
    debugging: false,
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dbus-bms-state-'));
    warnings = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps what was saved, and what was saved before beside it', async () => {
    const file = new StateFile(join(folder, 'deep'), 'ttyUSB0', log());
    await file.save({ hit: HIT, addresses: [2] });
    await file.save({ addresses: [2, 3], key: 'jk_1234' });
    expect(await new StateFile(join(folder, 'deep'), 'ttyUSB0', log()).load()).toEqual({
      hit: HIT,
      addresses: [2, 3],
      key: 'jk_1234',
    });
    expect(existsSync(join(folder, 'deep', 'ttyUSB0.json.new'))).toBe(false);
    expect(warnings).toEqual([]);
  });

  it('keeps where a search ended until one finds a battery', async () => {
    const search = { next: { ...HIT, patience: 'short' }, usualFirst: true } as const;
    const file = new StateFile(folder, 'ttyUSB0', log());
    await file.save({ search });
    expect(await new StateFile(folder, 'ttyUSB0', log()).load()).toEqual({ search });
    await file.save({ hit: HIT, search: undefined });
    expect(await new StateFile(folder, 'ttyUSB0', log()).load()).toEqual({ hit: HIT });
  });

  it.each([
    { next: { ...HIT, patience: 'much' }, usualFirst: true },
    { next: { ...HIT, patience: 'full' } },
    { next: { id: 'jk-pb', patience: 'full' }, usualFirst: true },
    7,
  ])('begins a search anew where the place of the last one is damaged: %o', async (search) => {
    writeFileSync(join(folder, 'ttyUSB0.json'), JSON.stringify({ search }));
    expect(await new StateFile(folder, 'ttyUSB0', log()).load()).toEqual({});
  });

  it('is for nobody else to read or to write', async () => {
    const file = new StateFile(folder, 'ttyUSB0', log());
    await file.save({ key: 'jk_1234' });
    expect(statSync(join(folder, 'ttyUSB0.json')).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['is not there', undefined, 0],
    ['was cut off by a power failure', '{"hit":{"id":"jk', 1],
    ['holds something else', '[1,2]', 0],
    ['has wrong types', '{"hit":{"id":5},"addresses":"all","key":7,"savedAt":"now","control":3}', 0],
    ['has a hit without a line', '{"hit":{"id":"jk","address":1}}', 0],
  ])('is empty when the file %s', async (_, content, complaints) => {
    if (content !== undefined) writeFileSync(join(folder, 'ttyUSB0.json'), content);
    expect(await new StateFile(folder, 'ttyUSB0', log()).load()).toEqual({});
    expect(warnings).toHaveLength(complaints);
  });

  it('takes only whole numbers for addresses', async () => {
    writeFileSync(join(folder, 'ttyUSB0.json'), '{"addresses":[1,"2",3.5,4]}');
    expect(await new StateFile(folder, 'ttyUSB0', log()).load()).toEqual({ addresses: [1, 4] });
  });

  it('says once that it cannot be written, and remembers all the same until the end', async () => {
    const blocked = join(folder, 'file');
    writeFileSync(blocked, '');
    const file = new StateFile(join(blocked, 'below'), 'ttyUSB0', log());
    await file.save({ addresses: [1] });
    await file.save({ addresses: [2] });
    expect(warnings).toHaveLength(1);
    expect(file.memory).toEqual({ addresses: [2] });
  });

  it('writes saves that overlap in their order', async () => {
    const file = new StateFile(folder, 'ttyUSB0', log());
    await Promise.all([1, 2, 3, 4].map((address) => file.save({ addresses: [address] })));
    expect(JSON.parse(readFileSync(join(folder, 'ttyUSB0.json'), 'utf8'))).toEqual({ addresses: [4] });
  });

  it('lives on the persistent partition unless told otherwise', () => {
    expect(stateFolder({})).toBe('/data/var/lib/dbus-bms');
    expect(stateFolder({ DBUS_BMS_STATE: '/tmp/x' })).toBe('/tmp/x');
  });
});
