import { describe, expect, it } from 'vitest';
import { ImplausibleError, RefusedError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import { assemble, assertCarries, assertSum, assertTogether, confirm, makeUp } from './driver.ts';

describe('a write', () => {
  it('ends with the first reading that shows it', async () => {
    let reads = 0;
    await confirm(5, 'never', async () => {
      reads += 1;
      return reads === 3;
    });
    expect(reads).toBe(3);
  });

  it('is refused when no reading shows it', async () => {
    let reads = 0;
    const never = confirm(4, 'it stayed', async () => {
      reads += 1;
      return false;
    });
    await expect(never).rejects.toEqual(new RefusedError('it stayed'));
    expect(reads).toBe(4);
  });
});

describe('what a probe must find', () => {
  it('is named when it is missing', () => {
    expect(assertCarries({ soc: 0 }, ['soc'])).toEqual({ soc: 0 });
    const probe = () => assertCarries({ soc: 0 }, ['soc', 'voltage', 'cellVoltages']);
    expect(probe).toThrow(ImplausibleError);
    expect(probe).toThrow('no voltage, cellVoltages');
  });
});

describe('cells', () => {
  const cells = [3.3, 3.3, 3.3, 3.3];

  it.each([
    [13.2, 0, true],
    [13.75, 0, true],
    [13.8, 0, false],
    [13.8, 0.05, true],
    [0, 0, false],
  ])('make up %d V, each %d V off at most: %s', (voltage, step, expected) => {
    expect(makeUp(cells, voltage, step)).toBe(expected);
    if (expected) expect(() => assertSum(cells, voltage, step)).not.toThrow();
    else expect(() => assertSum(cells, voltage, step)).toThrow('cells sum up to 13.20 V');
  });

  it('that do not make up the pack refuse a whole poll, and say nothing else', () => {
    const told = { voltage: 13.2, cellCount: 4, cellVoltages: cells };
    expect(assertTogether({ told })).toEqual({});
    expect(() => assertTogether({ told: { ...told, voltage: 9 } })).toThrow(ImplausibleError);
  });
});

describe('trip points', () => {
  const pack: PackReading = {
    cellCount: 16,
    maxChargeVoltage: 58.4,
    minDischargeVoltage: 40,
    maxChargeCurrent: 150,
  };
  const assembled = (change: PackReading, limits: 'trip' | 'operating' = 'trip'): PackReading =>
    assemble({ limits }, [{ ...pack, ...change }]);

  it('stay when a cell can have them', () => {
    expect(assembled({})).toEqual(pack);
  });

  it.each<[string, PackReading, (keyof PackReading)[]]>([
    ['no cell is charged as high', { maxChargeVoltage: 584 }, ['maxChargeVoltage']],
    [
      'no cell is charged as low',
      { maxChargeVoltage: 5.84, minDischargeVoltage: 5 },
      ['maxChargeVoltage', 'minDischargeVoltage'],
    ],
    [
      'the lower one is not below the upper',
      { minDischargeVoltage: 58.4 },
      ['maxChargeVoltage', 'minDischargeVoltage'],
    ],
    ['no board carries such a current', { maxChargeCurrent: 15_000 }, ['maxChargeCurrent']],
  ])('are left out where %s', (_, change, gone) => {
    const left = assembled(change);
    expect(Object.keys(pack).filter((key) => !(key in left))).toEqual(gone);
  });

  it('of a BMS that tells operating limits are followed as they are', () => {
    expect(assembled({ maxChargeVoltage: 5 }, 'operating').maxChargeVoltage).toBe(5);
  });
});
