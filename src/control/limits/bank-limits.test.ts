import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claim, claimAtMost, evenly, invariant } from '../../../test/support/invariant.ts';
import type { ControlOutput } from '../law.ts';
import { bankOutput, type Member, withSilentPacks } from './bank-limits.ts';

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
      chargeReason: 'Charge limited to 40 A for 2 packs; pack 2: cold: 3 degC',
      dischargeReason: 'Discharge limited to 120 A for 2 packs; pack 1: owner limit',
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

  const amps = evenly(0, 200);
  const limit = fc.oneof({ weight: 5, arbitrary: amps }, { weight: 1, arbitrary: fc.constant(0) });
  const freshness = fc.constantFrom('fresh', 'fresh', 'fresh', 'late', 'stale', 'lost');
  const isolated = fc.constantFrom(false, false, false, true);
  const anyMember: fc.Arbitrary<Member> = fc
    .record({
      limits: fc.record({
        ccl: limit,
        dcl: limit,
        cvl: evenly(40, 60),
        freshness,
      }),
      lastFresh: fc.option(fc.record({ ccl: limit, dcl: limit }), { nil: undefined }),
      chargeIsolated: isolated,
      dischargeIsolated: isolated,
    })
    .map(({ limits, lastFresh, ...rest }) =>
      member('pack', limits, { ...rest, ...(lastFresh !== undefined && { lastFresh }) }),
    );
  const anyBank = fc.array(anyMember, { minLength: 2, maxLength: 16 });

  invariant(
    'I17 a bank allows no more than its packs together, and nothing while one forbids it',
    anyBank,
    (members) => {
      const bank = bankOutput(members) ?? output({});
      const answering = members.some(({ output: { freshness: how } }) => how === 'fresh');
      for (const [name, isApart] of [
        ['ccl', 'chargeIsolated'],
        ['dcl', 'dischargeIsolated'],
      ] as const) {
        const inPath = members.filter(
          (pack) => !pack[isApart] && (!answering || pack.output.freshness === 'fresh'),
        );
        const sum = inPath.reduce((total, pack) => total + pack.output[name], 0);
        claimAtMost(name, bank[name], sum);
        claim(
          bank[name] === 0 || inPath.every((pack) => pack.output[name] > 0),
          () => `${name} is ${bank[name]} while a pack forbids it`,
        );
      }
      claim(bank.cvl === Math.min(...members.map((pack) => pack.output.cvl)), () => `CVL is ${bank.cvl}`);
      claim(
        bank.allowToCharge === bank.ccl > 0 && bank.allowToDischarge === bank.dcl > 0,
        () => 'permissions',
      );
    },
  );

  invariant(
    'I17 a pack that falls silent never raises a limit of its bank',
    fc.tuple(anyBank, fc.nat(15), evenly(0, 1)),
    ([members, which, left]) => {
      const fresh = members.map((pack) => ({
        ...pack,
        output: { ...pack.output, freshness: 'fresh' as const },
      }));
      const before = bankOutput(fresh) ?? output({});
      const lost = which % fresh.length;
      const after = bankOutput(
        fresh.map((pack, index) => {
          if (index !== lost) return pack;
          const { ccl, dcl } = pack.output;
          return {
            ...pack,
            lastFresh: { ccl, dcl },
            output: { ...pack.output, ccl: left * ccl, dcl: left * dcl, freshness: 'late' as const },
          };
        }),
      );
      claimAtMost('CCL', after?.ccl ?? Number.NaN, before.ccl);
      claimAtMost('DCL', after?.dcl ?? Number.NaN, before.dcl);
      claimAtMost('CVL', after?.cvl ?? Number.NaN, before.cvl);
    },
  );
});

describe('withSilentPacks', () => {
  it('raises the alarm of the cable and changes nothing else', () => {
    const limits = output({ alarms: { highTemperature: 1 } });
    const { alarms, ...rest } = withSilentPacks(limits);
    expect(alarms).toEqual({ highTemperature: 1, bmsCable: 2 });
    expect({ ...limits, ...rest }).toEqual(limits);
  });
});
