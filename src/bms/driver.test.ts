import { describe, expect, it } from 'vitest';
import { ImplausibleError, PortLostError, RefusedError, TimeoutError } from '../errors.ts';
import type { Reading } from '../model/reading.ts';
import { assemble, assertCarries, confirm, isDue, type SlowFacts, slowFacts } from './driver.ts';

const MODEL: Reading = { model: 'X' };

/** The polls 0..9 that ask, when the fact is known from poll `told` on. */
const asking = (facts: Omit<SlowFacts, 'keys'>, told = Infinity): number[] =>
  Array.from({ length: 10 }, (_, cycle) => cycle).filter((cycle) =>
    isDue({ ...facts, keys: ['model'] }, { cycle, known: cycle >= told ? MODEL : {} }),
  );

describe('slow facts', () => {
  it.each([
    ['once, at their first poll', { first: 1 }, Infinity, [1]],
    ['regularly', { first: 1, every: 4 }, Infinity, [1, 5, 9]],
    ['in vain only so often', { first: 1, attempts: 3 }, Infinity, [1, 2, 3]],
    ['until they are told', { first: 1, attempts: 3 }, 2, [1]],
    [
      'in vain only so often, though they could be asked regularly',
      { first: 0, every: 4, attempts: 2 },
      Infinity,
      [0, 1],
    ],
    ['regularly from when they are told', { first: 1, every: 4, attempts: 3 }, 3, [1, 2, 5, 9]],
  ])('are asked %s', (_, facts, told, polls) => {
    expect(asking(facts, told)).toEqual(polls);
  });

  const facts: SlowFacts = { keys: ['model'], first: 0, every: 2 };

  it('bring their own keys only, for a setting is no measurement', async () => {
    const ask = async (): Promise<Reading> => ({ model: 'Y', chargeEnabled: true });
    expect(await slowFacts(facts, { cycle: 2, known: MODEL }, ask)).toEqual({ model: 'Y' });
  });

  it.each([0, 1])('are those known before when poll %d asks in vain or not at all', async (cycle) => {
    const silent = (): Promise<Reading> => Promise.reject(new TimeoutError('nothing'));
    const known = { ...MODEL, voltage: 52 };
    expect(await slowFacts(facts, { cycle, known }, silent)).toEqual(MODEL);
  });

  it('do not hide a lost port', async () => {
    const lost = (): Promise<Reading> => Promise.reject(new PortLostError('gone'));
    await expect(slowFacts(facts, { cycle: 0, known: MODEL }, lost)).rejects.toBeInstanceOf(PortLostError);
  });
});

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

describe('trip points', () => {
  const pack: Reading = {
    cellCount: 16,
    maxChargeVoltage: 58.4,
    minDischargeVoltage: 40,
    maxChargeCurrent: 150,
  };
  const assembled = (change: Reading, limits: 'trip' | 'operating' = 'trip'): Reading =>
    assemble({ limits }, [{ ...pack, ...change }]);

  it('stay when a cell can have them', () => {
    expect(assembled({})).toEqual(pack);
  });

  it.each<[string, Reading, (keyof Reading)[]]>([
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
