import { describe, expect, it } from 'vitest';
import { SETTING_BY_NAME, SETTINGS, type Setting, splitKey } from './table.ts';
import { readValue } from './value.ts';

const ROWS: readonly Setting[] = SETTINGS;
const EACH = ROWS.map((row) => [row.key, row] as const);

describe('the table of settings', () => {
  it('stays small: at most 35 settings, four or five of them usual', () => {
    expect(ROWS.length).toBeLessThanOrEqual(35);
    const usual = ROWS.filter((row) => row.usual).length;
    expect(usual).toBeGreaterThanOrEqual(4);
    expect(usual).toBeLessThanOrEqual(5);
  });

  it('has each name once, whatever the section, in camel case', () => {
    expect(SETTING_BY_NAME.size).toBe(ROWS.length);
    const names = ROWS.map(({ key }) => splitKey(key)[1]);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(ROWS.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
  });

  it('has no section that is named like a setting', () => {
    for (const { key } of ROWS) expect(SETTING_BY_NAME.has(splitKey(key)[0])).toBe(false);
  });

  it.each(EACH)('%s accepts its own default and its safe preset', (_key, row) => {
    for (const value of [row.default, row.safe]) {
      if (value !== undefined) expect(readValue(row, value)).toEqual({ value });
    }
  });

  it.each(EACH)('%s says in one sentence what it is, and what counts without it', (_key, row) => {
    expect(row.help).toMatch(/^[A-Z].*[A-Za-z0-9)]\.$/);
    expect(row.default === undefined).toBe(row.otherwise !== undefined);
  });

  it.each(EACH)('%s is never looser when it is wrong than when it is absent', (_key, row) => {
    if (row.safe === undefined) return expect(row.saferEnd ?? 'as the default').toBeDefined();
    expect(row.saferEnd).toBeDefined();
    if (row.default === undefined) return;
    const [safe, usual] = [Number(row.safe), Number(row.default)];
    if (row.saferEnd === 'low') expect(safe).toBeLessThanOrEqual(usual);
    else expect(safe).toBeGreaterThanOrEqual(usual);
  });

  it('takes currents below the defaults of either profile when they are wrong', () => {
    expect(SETTING_BY_NAME.get('maxChargeCurrent')?.safe).toBeLessThanOrEqual(50);
    expect(SETTING_BY_NAME.get('maxDischargeCurrent')?.safe).toBeLessThanOrEqual(60);
  });

  it.each(EACH)('%s refuses what lies outside its bounds', (_key, row) => {
    if (row.min === undefined || row.max === undefined) return expect(row.min).toBe(row.max);
    const isText = row.type === 'text';
    const beyond = (bound: number, step: number): unknown =>
      isText ? 'x'.repeat(bound + step) : bound + step;
    expect(readValue(row, beyond(row.min, 0))).toHaveProperty('value');
    expect(readValue(row, beyond(row.max, 0))).toHaveProperty('value');
    expect(readValue(row, beyond(row.min, -1))).toHaveProperty('fault');
    return expect(readValue(row, beyond(row.max, 1))).toHaveProperty('fault');
  });
});
