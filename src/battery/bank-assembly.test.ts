import { describe, expect, it } from 'vitest';
import { CONTROL, STATE } from '../../test/support/battery-state.ts';
import { assemble, type BankCandidate } from './bank-assembly.ts';
import type { BatteryView } from './battery-view.ts';

const HOUSE = { name: 'house', members: ['ttyUSB0', 'B200', 'instance 3'] };
const ours = (bank?: BatteryView['bank']): BatteryView => ({
  ...STATE,
  told: { program: 'dbus-bms' },
  ...(bank !== undefined && { bank }),
});
const MEMBER = ours({ name: 'house', isLed: true });
const at = (place: string, view: BatteryView, more: Partial<BankCandidate> = {}): BankCandidate => ({
  place,
  view,
  ...more,
});

describe('the members of a bank', () => {
  it('are found by port, serial number and instance', () => {
    const { fault, members } = assemble(
      HOUSE,
      [HOUSE],
      [
        at('ttyUSB0', MEMBER),
        at('ttyUSB1', MEMBER, { serial: 'B200' }),
        at('ttyUSB2', MEMBER, { instance: 3 }),
        at('ttyUSB9', ours(), { serial: 'X' }),
      ],
    );
    expect(fault).toBeUndefined();
    expect([...members.keys()]).toEqual(HOUSE.members);
  });

  it('of ours that still offer their limits are waited for; those of other drivers are known', () => {
    const { told: _, ...foreign } = MEMBER;
    const { holding, strangers } = assemble(
      HOUSE,
      [HOUSE],
      [at('ttyUSB0', ours({ name: 'house', isLed: false })), at('ttyUSB1', foreign, { serial: 'B200' })],
    );
    expect([holding, strangers]).toEqual([['ttyUSB0'], ['B200']]);
  });

  it.each([
    ['does not know of the bank', [at('ttyUSB0', ours())], /^ttyUSB0 does not know that it is a member/],
    [
      'is named twice',
      [at('ttyUSB0', MEMBER, { instance: 3 })],
      /^"ttyUSB0" and "instance 3" are both ttyUSB0: name it once$/,
    ],
    [
      'has the serial number of another one',
      [at('ttyUSB1', MEMBER, { serial: 'B200' }), at('ttyUSB2', MEMBER, { serial: 'B200' })],
      /^ttyUSB1 and ttyUSB2 are both "B200": name each by its port$/,
    ],
    ['is the bank itself', [at('house', ours(), { instance: 3 })], /"instance 3" is the bank house/],
    [
      'is claimed by another bank under another name',
      [at('ttyUSB1', MEMBER, { serial: 'B200', instance: 8 })],
      /^ttyUSB1 is a member of boat too/,
    ],
  ])('of which one %s are refused in one line', (_, candidates, expected) => {
    const boat = { name: 'boat', members: ['instance 8', 'instance 9'] };
    expect(assemble(HOUSE, [HOUSE, boat], candidates).fault).toMatch(expected);
  });

  it('without limits of their own, such as a meter, are no strangers that steer', () => {
    const { control: _, told: __, ...meter } = { ...MEMBER, control: CONTROL };
    expect(assemble(HOUSE, [HOUSE], [at('ttyUSB0', meter)]).strangers).toEqual([]);
  });
});
