import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { BUILTIN_SCENARIOS } from './builtin-scenarios.ts';
import { loadScenario, parseScenario } from './scenario.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbus-bms-scenario-'));
afterAll(() => rmSync(folder, { recursive: true }));

function refusal(value: unknown): string {
  try {
    parseScenario(value);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error instanceof Error ? error.message : '';
  }
  return 'accepted';
}

describe('a scenario', () => {
  it('is complete when nothing is said', () => {
    const scenario = parseScenario({});
    expect(scenario.packs).toHaveLength(1);
    expect(scenario.packs[0]).toMatchObject({ cells: 16, capacity: 280, address: 1 });
    expect(scenario.line.unplug).toBe(false);
  });

  it.each([
    [[], ': expected an object, got []'],
    [{ pcks: [] }, /^pcks: unknown; known are name, seed, /],
    [{ packs: [] }, 'packs: expected a list of 1 to 16 entries, got []'],
    [{ packs: [{ cells: 40 }] }, 'packs[0].cells: expected a whole number from 3 to 32, got 40'],
    [{ packs: [{ cells: 4.5 }] }, 'packs[0].cells: expected a whole number from 3 to 32, got 4.5'],
    [{ packs: [{ soc: 'full' }] }, 'packs[0].soc: expected a number from 0 to 100.5, got "full"'],
    [{ packs: [{ soc: null }] }, 'packs[0].soc: expected a number from 0 to 100.5, got null'],
    [{ packs: [{}, {}] }, /^packs: two packs have the same address/],
    [{ packs: [{}, { address: 2, cells: 15 }] }, /^packs\[1\]\.cells: packs in parallel need the same/],
    [{ packs: [{ cells: 4, cellOffsets: { 7: 1 } }] }, 'packs[0].cellOffsets.7: the pack has 4 cells'],
    [{ packs: [{ cellOffsets: { first: 1 } }] }, /^packs\[0\]\.cellOffsets\.first: expected a whole number/],
    [{ chemistry: 'lead' }, 'chemistry: expected one of lfp, nmc, lto, naion, got "lead"'],
    [{ sources: [{}] }, 'sources[0].power: expected a number from 0 to 1000000, got nothing'],
    [{ steps: [{ current: 3 }] }, 'steps[0].at: expected a number from 0 to 1000000000, got nothing'],
    [{ steps: [{ at: 5 }, { at: 4 }] }, 'steps[1].at: steps must be in the order of time'],
    [{ steps: [{ at: 90 }], repeatEvery: 60 }, 'steps[0].at: must be below repeatEvery (60)'],
    [{ steps: [{ at: 1, alarms: { fire: 2 } }] }, /^steps\[0\]\.alarms\.fire: expected one of lowVoltage,/],
    [{ steps: [{ at: 1, alarms: { lowSoc: 3 } }] }, 'steps[0].alarms.lowSoc: expected one of 0, 1, 2, got 3'],
    [{ steps: [{ at: 1, chargeFet: 0 }] }, 'steps[0].chargeFet: expected true or false, got 0'],
    [{ line: { silent: 2 } }, 'line.silent: expected a number from 0 to 1, got 2'],
    [{ line: { garbage: true } }, 'line.garbage: expected a whole number from 0 to 4096, got true'],
  ])('%j is refused in one line', (value, message) => {
    const refused = refusal(value);
    expect(refused).not.toContain('\n');
    if (typeof message === 'string') expect(refused).toBe(message);
    else expect(refused).toMatch(message);
  });

  it('takes true for a misbehaviour that always happens', () => {
    expect(parseScenario({ line: { silent: true, truncate: 0.5 } }).line).toMatchObject({
      silent: 1,
      truncate: 0.5,
    });
  });

  it.each(Object.keys(BUILTIN_SCENARIOS))('"%s" is built in', (name) => {
    expect(loadScenario(name).name).toBe(name);
  });

  it('is read from a file', () => {
    const file = join(folder, 'good.json');
    writeFileSync(file, '{"packs": [{"cells": 8, "soc": 12}]}');
    expect(loadScenario(file).packs[0]).toMatchObject({ cells: 8, soc: 12 });
  });

  it.each([
    ['broken.json', '{"packs": [', /broken\.json: .*JSON.*; built in are day, /],
    ['wrong.json', '{"hour": 30}', /wrong\.json: hour: expected a number from 0 to 24, got 30$/],
    [
      'missing.json',
      undefined,
      /missing\.json: there is no such file or folder; built in are day, [a-z, ]+$/,
    ],
  ])('from %s says what is wrong', (name, content, message) => {
    const file = join(folder, name);
    if (content !== undefined) writeFileSync(file, content);
    expect(() => loadScenario(file)).toThrow(ConfigError);
    expect(() => loadScenario(file)).toThrow(message);
  });
});
