import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bankOutput, type Member, withSilentPacks } from './bank.ts';
import type { ControlOutput } from './law.ts';

const output = (more: Partial<ControlOutput>): ControlOutput => ({
  cvl: 55.2,
  ccl: 50,
  dcl: 60,
  low: 46.4,
  allowToCharge: true,
  allowToDischarge: true,
  state: 'bulk',
  chargeMode: 'Bulk',
  chargeReason: 'owner limit',
  dischargeReason: 'owner limit',
  alarms: {},
  freshness: 'fresh',
  notices: [],
  ...more,
});
const member = (name: string, more: Partial<ControlOutput>, rest: Partial<Member> = {}): Member => ({
  name,
  output: output(more),
  chargeIsolated: false,
  dischargeIsolated: false,
  ...rest,
});

describe('bankOutput', () => {
  it('is nothing without packs and the pack itself with one', () => {
    expect(bankOutput([])).toBeUndefined();
    expect(bankOutput([member('1', { ccl: 7 })])).toEqual(output({ ccl: 7 }));
  });

  it('shares the current of the weakest pack among all and names it', () => {
    const bank = bankOutput([
      member('pack 1', {}),
      member('pack 2', { ccl: 20, chargeReason: 'cold: 3 degC' }),
    ]);
    expect(bank).toMatchObject({
      ccl: 40,
      dcl: 120,
      chargeReason: 'pack 2: cold: 3 degC',
      allowToCharge: true,
    });
  });

  it('takes the lowest charge voltage and the highest low voltage', () => {
    expect(bankOutput([member('1', { cvl: 54 }), member('2', { low: 48 })])).toMatchObject({
      cvl: 54,
      low: 48,
    });
  });

  it('charges nothing while one pack forbids it', () => {
    const bank = bankOutput([member('1', {}), member('2', { ccl: 0, allowToCharge: false })]);
    expect(bank).toMatchObject({ ccl: 0, allowToCharge: false });
  });

  it('goes on with the others when the FET of a pack isolates it', () => {
    const bank = bankOutput([member('1', {}), member('2', { ccl: 0 }, { chargeIsolated: true })]);
    expect(bank).toMatchObject({ ccl: 50, dcl: 120 });
  });

  it('goes on without the share of a pack that fell silent, and its last limit keeps bounding the others', () => {
    const silent = member('2', { freshness: 'lost', ccl: 0, dcl: 0 }, { lastFresh: { ccl: 20, dcl: 60 } });
    expect(bankOutput([member('1', {}), silent, member('3', {})])).toMatchObject({ ccl: 40, dcl: 120 });
  });

  it('follows the stale ladder when every pack is silent', () => {
    const silent = { freshness: 'lost', ccl: 0 } as const;
    expect(bankOutput([member('1', silent), member('2', silent)])?.ccl).toBe(0);
  });

  it('charges nothing when every pack is isolated', () => {
    expect(
      bankOutput([member('1', {}, { chargeIsolated: true }), member('2', {}, { chargeIsolated: true })])?.ccl,
    ).toBe(0);
  });

  it.each([
    [['float', 'float'], 'float'],
    [['float', 'absorb'], 'absorb'],
    [['float', 'floatDown'], 'floatDown'],
    [['absorb', 'bulk'], 'bulk'],
    [['float', 'hold'], 'hold'],
  ] as const)('of packs in %s is in %s', (states, expected) => {
    expect(bankOutput(states.map((state, index) => member(`${index}`, { state })))?.state).toBe(expected);
  });

  it('is as late as its latest pack and shows the worst alarm', () => {
    const bank = bankOutput([member('1', { freshness: 'stale', alarms: { bmsCable: 1 } }), member('2', {})]);
    expect(bank).toMatchObject({ freshness: 'stale', alarms: { bmsCable: 1 } });
  });

  it('weighs the SoC by capacity where all capacities are known', () => {
    expect(
      bankOutput([member('1', { soc: 50 }, { capacity: 100 }), member('2', { soc: 80 }, { capacity: 300 })])
        ?.soc,
    ).toBe(72.5);
    expect(bankOutput([member('1', { soc: 50 }), member('2', { soc: 80 }, { capacity: 300 })])?.soc).toBe(65);
    expect(bankOutput([member('1', {}), member('2', {})])).not.toHaveProperty('soc');
  });

  it('never allows more than the sum of its packs and never a higher voltage than any of them', () => {
    const amps = fc.double({ min: 0, max: 200, noNaN: true });
    const packs = fc.array(fc.tuple(amps, amps, fc.double({ min: 40, max: 60, noNaN: true }), fc.boolean()), {
      minLength: 1,
      maxLength: 16,
    });
    fc.assert(
      fc.property(packs, (list) => {
        const members = list.map(([ccl, dcl, cvl, isolated], index) =>
          member(`${index}`, { ccl, dcl, cvl }, { chargeIsolated: isolated }),
        );
        const bank = bankOutput(members);
        const sum = list.reduce((total, [ccl]) => total + ccl, 0);
        expect(bank?.ccl).toBeLessThanOrEqual(sum + 1e-6);
        expect(bank?.cvl).toBe(Math.min(...list.map(([, , cvl]) => cvl)));
      }),
    );
  });
});

describe('withSilentPacks', () => {
  it('leaves the limits of a complete bank as they are', () => {
    const limits = output({ alarms: { highTemperature: 1 } });
    expect(withSilentPacks(limits, [])).toBe(limits);
  });

  it('raises the alarm and adds a notice for each silent pack, and changes no limit', () => {
    const limits = output({ alarms: { highTemperature: 1 }, notices: ['pack 1: blocked'] });
    const { alarms, notices, ...rest } = withSilentPacks(limits, ['pack 2', 'pack 5']);
    expect(alarms).toEqual({ highTemperature: 1, bmsCable: 2 });
    expect(notices).toEqual([
      'pack 1: blocked',
      expect.stringMatching(/^pack 2 has not answered/),
      expect.stringMatching(/^pack 5 has not answered/),
    ]);
    expect({ ...limits, ...rest }).toEqual(limits);
  });
});
