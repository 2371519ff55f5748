import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectDrawing } from '../../../test/support/drawing.ts';
import { systemClock } from '../../clock.ts';
import { SETTINGS } from '../../control/fixtures.ts';
import { UsageError } from '../../errors.ts';
import { loadScenario, parseScenario } from '../../simulator/trials/scenario.ts';
import { simulateDay } from './day.ts';
import { drawDay } from './day-drawing.ts';
import { simulate } from './simulate.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'day-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...args: readonly string[]): Promise<{ code: number; err: string }> {
  let err = '';
  const code = await simulate.run(args, {
    out: () => undefined,
    err: (text) => {
      err += text;
    },
    signal: new AbortController().signal,
    clock: systemClock,
    isTerminal: false,
    env: {},
    lines: async function* () {},
  });
  return { code, err };
}

describe('a simulated day', () => {
  it('charges a pack to float, each state following on the other', async () => {
    const { states, stretches } = await simulateDay(loadScenario('demo'), SETTINGS, 1.9);
    expect(states.map(({ state }) => state)).toEqual(['bulk', 'absorb', 'floatDown', 'float']);
    expect(states[0]?.from).toBe(0);
    expect(states.at(-1)?.to).toBe(1.9 * 3600);
    states.forEach((span, index) => {
      if (index > 0) expect(span.from).toBe(states[index - 1]?.to);
    });
    expect(stretches).toHaveLength(720);
    for (const { values } of stretches) {
      for (const { low, high } of Object.values(values)) expect(low).toBeLessThanOrEqual(high);
    }
    const highest = Math.max(...stretches.map(({ values }) => values.highestCell.high));
    expect(highest).toBeGreaterThan(3.4);
    expect(highest).toBeLessThan(3.52);
  });

  it('is the same every time', async () => {
    const once = drawDay(await simulateDay(loadScenario('runner'), SETTINGS, 0.5));
    expect(drawDay(await simulateDay(loadScenario('runner'), SETTINGS, 0.5))).toBe(once);
  });

  it('follows several packs, each with its own law', async () => {
    const scenario = parseScenario({ packs: [{ address: 1 }, { address: 2 }], sources: [{ power: 9000 }] });
    const { stretches } = await simulateDay(scenario, SETTINGS, 0.2);
    expect(stretches.at(-1)?.values.ccl.high).toBe(100);
    expect(stretches.at(-1)?.values.current.high).toBeGreaterThan(90);
  });

  it('ends early when the program is asked to', async () => {
    const { states } = await simulateDay(loadScenario('day'), SETTINGS, 24, AbortSignal.abort());
    expect(states).toEqual([]);
  });
});

describe('simulate --plot', () => {
  it('writes the drawing of any scenario, short and long', async () => {
    const config = join(folder, 'dbus-bms.toml');
    await writeFile(config, '[charge]\nprofile = "adaptive"\n');
    for (const [scenario, hours] of [
      ['cold', '0.1'],
      ['runner', '3'],
    ] as const) {
      const file = join(folder, `${scenario}.svg`);
      const plot = ['jbd', '--plot', file, '--scenario', scenario, '--hours', hours, '--config', config];
      expect(await run(...plot)).toEqual({ code: 0, err: `${file} written\n` });
      const svg = await readFile(file, 'utf8');
      expectDrawing(svg);
      for (const label of ['cell, V', 'pack, V', 'current, A', 'time of day, h'])
        expect(svg).toContain(label);
    }
  });

  it.each([
    [['jbd', '--plot', 'x.svg', '--listen', '0'], '--plot and --listen do not go together'],
    [['jbd', '--plot', 'x.svg', '--hours', '0'], '--hours must be a number'],
    [['jbd', '--listen', '0', '--hours', '2'], '--hours needs --plot'],
    [['acme', '--plot', 'x.svg'], 'there is no BMS "acme"'],
  ])('refuses %j', async (args, text) => {
    await expect(run(...args)).rejects.toThrow(UsageError);
    await expect(run(...args)).rejects.toThrow(text);
  });
});
