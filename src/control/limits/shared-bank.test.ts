import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimAtMost, evenly, invariant } from '../../../test/support/invariant.ts';
import { bankOutput } from './bank-limits.ts';
import { learn, type MeasuredMember, NO_HABITS, sharedBank } from './shared-bank.ts';

const member = (
  name: string,
  more: Partial<MeasuredMember> & { ccl?: number; dcl?: number } = {},
): MeasuredMember => {
  const { ccl = 50, dcl = 60, output, ...rest } = more;
  return {
    name,
    chargeIsolated: false,
    dischargeIsolated: false,
    output: {
      ...{ cvl: 55.2, ccl, dcl, low: 46.4, allowToCharge: ccl > 0, allowToDischarge: dcl > 0, state: 'bulk' },
      ...{ chargeMode: 'Bulk', chargeReason: 'owner limit', dischargeReason: 'owner limit', alarms: {} },
      ...{ freshness: 'fresh', notices: [] },
      ...output,
    },
    ...rest,
  };
};

function carried(seconds: number, members: readonly MeasuredMember[]) {
  let habits = NO_HABITS;
  for (let second = 0; second < seconds; second += 1) habits = learn(habits, members, 1);
  return habits;
}

describe('a bank whose sharing is seen', () => {
  it('is as any bank while the packs share equally', () => {
    const packs = [member('a', { current: 20 }), member('b', { current: 20 })];
    expect(sharedBank(packs, carried(60, packs))).toEqual(bankOutput(packs));
  });

  it('charges less, and says because of whom, while one pack takes most', () => {
    const packs = [member('a', { current: 30 }), member('b', { current: 10 })];
    const bank = sharedBank(packs, carried(120, packs));
    expect(bank?.ccl).toBeGreaterThan(60);
    expect(bank?.ccl).toBeLessThanOrEqual(67);
    expect(bank?.chargeReason).toMatch(/^Charge limited to 6\d A; a takes 7\d % of the current of the bank$/);
    expect(bank?.dcl).toBe(120);
  });

  it('discharges less likewise', () => {
    const packs = [member('a', { current: -10 }), member('b', { current: -40 })];
    const bank = sharedBank(packs, carried(120, packs));
    expect(bank?.dcl).toBeLessThanOrEqual(77);
    expect(bank?.dischargeReason).toContain('b takes');
    expect(bank?.ccl).toBe(100);
  });

  it('learns nothing from a pack that its FET isolates', () => {
    const packs = [member('a', { current: 30 }), member('b', { current: 0, chargeIsolated: true })];
    expect(sharedBank(packs, carried(120, packs))).toMatchObject({ ccl: 50 });
  });

  const habit = fc.record({
    share: evenly(0, 1),
    relief: evenly(0.25, 1),
    overS: evenly(0, 5),
    smooth: evenly(0, 50),
  });
  const anyMember = fc.record({
    ccl: fc.oneof(evenly(0, 200), fc.constant(0)),
    dcl: evenly(0, 200),
    chargeIsolated: fc.constantFrom(false, false, false, true),
    dischargeIsolated: fc.constantFrom(false, false, false, true),
    habit,
  });
  const anyBank = fc.array(anyMember, { minLength: 2, maxLength: 8 }).map((packs) => {
    const members = packs.map(({ habit: _, ...pack }, index) => member(`${index}`, pack));
    const habits = Object.fromEntries(packs.map((pack, index) => [`${index}`, pack.habit]));
    return { members, habits: { charge: habits, discharge: habits } };
  });

  invariant(
    'I17 the sharing never raises a limit, and a member that falls silent or gets worse never does',
    fc.tuple(anyBank, fc.nat(7), evenly(0, 1), fc.boolean()),
    ([{ habits, members }, which, left, isSilent]) => {
      const before = sharedBank(members, habits);
      const plain = bankOutput(members);
      claimAtMost('CCL', before?.ccl ?? Number.NaN, plain?.ccl ?? Number.NaN);
      claimAtMost('DCL', before?.dcl ?? Number.NaN, plain?.dcl ?? Number.NaN);
      const after = sharedBank(
        members.map((pack, index) => {
          if (index !== which % members.length) return pack;
          const { output } = pack;
          const { ccl, dcl } = output;
          return isSilent
            ? { ...pack, lastFresh: { ccl, dcl }, output: { ...output, freshness: 'late' as const } }
            : { ...pack, output: { ...output, ccl: left * ccl, dcl: left * dcl, cvl: output.cvl - left } };
        }),
        habits,
      );
      claimAtMost('CCL', after?.ccl ?? Number.NaN, before?.ccl ?? Number.NaN);
      claimAtMost('DCL', after?.dcl ?? Number.NaN, before?.dcl ?? Number.NaN);
      claimAtMost('CVL', after?.cvl ?? Number.NaN, before?.cvl ?? Number.NaN);
    },
  );
});
