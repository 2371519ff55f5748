import { describe, expect, it } from 'vitest';
import { controlSettings } from './control.ts';
import { parseSettings } from './file.ts';

function port(text: string) {
  return parseSettings(text, 'test.toml').forPort('ttyUSB0');
}

describe('settings for the control law', () => {
  it('leave open what the owner left open', () => {
    const control = controlSettings(port(''), { limits: 'none' });
    expect(control).toMatchObject({ chemistry: 'lfp', bmsLimits: 'none', honourBmsLimits: true });
    for (const name of ['capacity', 'maxChargeCurrent', 'absorbCellVoltage', 'configError', 'blocked']) {
      expect(control).not.toHaveProperty(name);
    }
  });

  it.each([
    ['auto', undefined, 'lfp'],
    ['auto', 'lto', 'lto'],
    ['nmc', 'lto', 'nmc'],
    ['lfp', 'nmc', 'lfp'],
  ] as const)('take chemistry %s with a BMS for %s as %s', (stated, chemistry, counts) => {
    const driver = { limits: 'trip' as const, ...(chemistry !== undefined && { chemistry }) };
    const control = controlSettings(port(`[battery]\nchemistry = "${stated}"`), driver);
    expect(control).toMatchObject({ chemistry: counts, bmsLimits: 'trip' });
  });

  it('carry what the owner stated', () => {
    const text =
      'cellCount = 16\ncapacity = 280\nmaxChargeCurrent = "auto"\nabsorbCellVoltage = 3.5\ngraceMinutes = 5';
    expect(controlSettings(port(text), { limits: 'operating' })).toMatchObject({
      cellCount: 16,
      capacity: 280,
      maxChargeCurrent: 'auto',
      absorbCellVoltage: 3.5,
      graceMinutes: 5,
    });
  });

  it('carry the first error and no top balance while the file has errors', () => {
    const control = controlSettings(port('topBalanceDays = 30\ncapacity = -1'), { limits: 'none' });
    expect(control.configError).toContain('line 2: battery.capacity: -1 is too low');
    expect(control.topBalanceDays).toBe(0);
  });

  it('refuse voltages that the chemistry of the BMS type cannot bear', () => {
    const stated = port('[charge]\nabsorbCellVoltage = 3.5');
    expect(stated.configError).toBeUndefined();
    const control = controlSettings(stated, { limits: 'none', chemistry: 'lto' });
    expect(control.absorbCellVoltage).toBeUndefined();
    expect(control.configError).toContain('3.5 V would harm lto cells');
  });
});
