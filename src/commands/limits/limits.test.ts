import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDrawing } from '../../../test/support/drawing.ts';
import { systemClock } from '../../clock.ts';
import { SETTINGS } from '../../control/fixtures.ts';
import { ConfigError, UsageError } from '../../errors.ts';
import { CHEMISTRIES } from '../../model/chemistry.ts';
import type { Io } from '../command.ts';
import { writeDrawing } from '../write-drawing.ts';
import { limits } from './limits.ts';
import { drawLimits } from './limits-drawing.ts';
import { DRAWING_GRID, type Row, sweepLimits, TABLE_GRID } from './limits-sweep.ts';
import { limitsText } from './limits-table.ts';

let folder = '';
let config = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limits-'));
  config = join(folder, 'dbus-bms.toml');
  await writeFile(config, '[charge]\nprofile = "adaptive"\n[limits]\nmaxChargeCurrent = 140\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const io: Io = {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    signal: new AbortController().signal,
    clock: systemClock,
    isTerminal: false,
    env: {},
    lines: async function* () {},
  };
  const code = await limits.run(args, io);
  return { code, out, err };
}

const LARGE = { ...SETTINGS, maxChargeCurrent: 140, maxDischargeCurrent: 140 };

function fall(rows: readonly Row[], limit: 'ccl' | 'dcl' | 'cvl', tolerance = 0): void {
  rows.forEach((row, index) => {
    const before = rows[index - 1];
    if (before !== undefined) expect(row[limit], `${row.at}`).toBeLessThanOrEqual(before[limit] + tolerance);
  });
}

describe('settled limits', () => {
  const tables = sweepLimits(LARGE, TABLE_GRID);
  const value = (rows: readonly Row[], at: number): Row | undefined => rows.find((row) => row.at === at);

  it.each([
    [3.4, 140],
    [3.425, 91],
    [3.45, 42],
    [3.475, 28],
    [3.5, 14],
    [3.55, 0],
  ])('leave at a highest cell of %s V a charge current of %s A, as the law says', (volts, amps) => {
    expect(value(tables.highestCell, volts)?.ccl).toBe(amps);
  });

  it.each([
    [3.15, 140],
    [3.1, 105],
    [3, 35],
    [2.9, 7],
    [2.8, 0],
  ])('leave at a lowest cell of %s V a discharge current of %s A', (volts, amps) => {
    expect(value(tables.lowestCell, volts)?.dcl).toBe(amps);
  });

  it.each([
    [-20, 0, 0],
    [-15, 0, 28],
    [0, 0, 140],
    [5, 28, 140],
    [10, 56, 140],
    [45, 140, 140],
    [50, 70, 140],
    [55, 0, 140],
    [60, 0, 0],
  ])('leave at %s degC %s A of charge and %s A of discharge', (degrees, ccl, dcl) => {
    expect(value(tables.temperature, degrees)).toMatchObject({ ccl, dcl });
  });

  it('count the SoC in full only where the cells do not contradict it', () => {
    expect(value(tables.soc, 95)?.ccl).toBe(70);
    expect(value(tables.soc, 5)?.dcl).toBe(14);
    expect(new Set(tables.socUnconfirmed.map(({ ccl }) => ccl))).toEqual(new Set([140]));
  });

  it('show what an owner states: his curve over the temperature and his daily ceiling', () => {
    const temperatureTable = [
      [0, 0],
      [20, 0.1],
    ] as const;
    const own = sweepLimits({ ...LARGE, temperatureTable, dailySocMax: 80 }, TABLE_GRID);
    expect(value(own.temperature, 10)?.ccl).toBe(14);
    expect(value(own.soc, 80)?.ccl).toBe(1);
    expect(value(own.soc, 70)?.ccl).toBe(28);
  });

  it.each(
    (['adaptive', 'soc-steps'] as const).flatMap((profile) =>
      CHEMISTRIES.map((chemistry) => [profile, chemistry] as const),
    ),
  )('never allow more where it is more dangerous: %s, %s', (profile, chemistry) => {
    const settings = { ...SETTINGS, profile, chemistry };
    const swept = sweepLimits(settings, TABLE_GRID);
    const text = limitsText(settings, swept).split('\n');
    expect(Math.max(...text.map((line) => line.length))).toBeLessThanOrEqual(80);
    const { soc, highestCell, lowestCell, temperature } = swept;
    fall(soc, 'ccl');
    fall(soc.toReversed(), 'dcl');
    fall(highestCell, 'ccl');
    // Where CVL comes to rest it follows the sum of the cells, of which the highest is one.
    fall(highestCell, 'cvl', 0.05);
    fall(lowestCell.toReversed(), 'dcl');
    for (const limit of ['ccl', 'dcl'] as const) {
      fall(
        temperature.filter(({ at }) => at >= 25),
        limit,
      );
      fall(temperature.filter(({ at }) => at <= 25).toReversed(), limit);
    }
    for (const row of [...soc, ...highestCell, ...lowestCell, ...temperature]) {
      expect(Number.isFinite(row.cvl + row.ccl + row.dcl)).toBe(true);
    }
    expect(highestCell.at(-1)?.ccl).toBe(0);
    expect(lowestCell[0]?.dcl).toBe(0);
  });
});

describe('limits', () => {
  it('prints tables that fit a terminal of 80 columns', async () => {
    const { code, out, err } = await run('--config', config);
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')[0]).toBe('Settled limits: profile adaptive, lfp, 16 cells, 280 Ah');
    for (const line of out.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(out).toMatch(/^ +95 +70 +60 /m);
  });

  it('prints one JSON document, for another size of battery too', async () => {
    const { out } = await run('--config', config, '--json', '--cells', '8', '--capacity', '100');
    expect(out.indexOf('\n')).toBe(out.length - 1);
    const document: unknown = JSON.parse(out);
    expect(document).toMatchObject({ profile: 'adaptive', chemistry: 'lfp', cells: 8, capacity: 100 });
    expect(document).toMatchObject({
      temperature: expect.arrayContaining([{ degrees: 5, cvl: 27.6, ccl: 10, dcl: 50 }]),
      highestCell: expect.arrayContaining([expect.objectContaining({ volts: 3.5, ccl: 14 })]),
    });
  });

  it('draws the same beside the document', async () => {
    const file = join(folder, 'limits.svg');
    const { out, err } = await run('--config', config, '--json', '--svg', file);
    expect(() => JSON.parse(out)).not.toThrow();
    expect(err).toBe(`${file} written\n`);
    const svg = await readFile(file, 'utf8');
    expectDrawing(svg);
    for (const label of ['state of charge, %', 'cell temperature, °C', 'cell voltage, V', 'current limit, A'])
      expect(svg).toContain(label);
  });

  it('says that errors in the configuration reduce the charge', async () => {
    const path = join(folder, 'bad.toml');
    await writeFile(path, 'capacity = 100\nmaxChargeCurrent = 5000\n');
    const { code, out, err } = await run('--config', path);
    expect(code).toBe(0);
    expect(err).toContain('maxChargeCurrent');
    expect(out).toContain('Reduced by an error: ');
    expect(out).toMatch(/^ +50 +10 /m);
    const settings = { ...SETTINGS, configError: 'a <strange> "value"' };
    expectDrawing(drawLimits(settings, sweepLimits(settings, TABLE_GRID)));
  });

  it.each([
    [['now'], UsageError, '"now" is not expected'],
    [['--cells', '2'], UsageError, '--cells must be a number from 3 to 32'],
    [['--cells', '4.5'], UsageError, '--cells must be a whole number'],
    [['--capacity', 'big'], UsageError, '--capacity must be a number'],
    [['--follow', '--json'], UsageError, '--follow and --json do not go together'],
    [['--bms', 'acme'], UsageError, 'there is no BMS "acme"'],
    [['--config', '/nowhere.toml'], ConfigError, '/nowhere.toml: there is no such file'],
  ])('refuses %j', async (args, type, text) => {
    await expect(run(...args)).rejects.toThrow(type);
    await expect(run(...args)).rejects.toThrow(text);
  });

  it('refuses a drawing where nobody can write', async () => {
    const file = join(folder, 'missing', 'limits.svg');
    await expect(writeDrawing(file, '<svg/>', { err: () => undefined })).rejects.toThrow(ConfigError);
  });
});

describe('the settled limits over the temperature', () => {
  it('never allow more when a cold pack becomes colder, or a hot one hotter', () => {
    const { temperature } = sweepLimits(SETTINGS, DRAWING_GRID);
    for (const limit of ['ccl', 'dcl'] as const) {
      const most = Math.max(...temperature.map((row) => row[limit]));
      const best = temperature.findIndex((row) => row[limit] === most);
      temperature.forEach((row, index) => {
        const warmer = temperature[index + 1];
        if (warmer === undefined || row[limit] === warmer[limit]) return;
        expect(row[limit] < warmer[limit], `${limit} at ${row.at} degC`).toBe(index < best);
      });
    }
  });
});
