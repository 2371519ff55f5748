import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longUuid } from '../transport/ble/uuid.ts';
import { type Advert, type Advertised, mayBe } from './bluetooth.ts';

const SEEN: Advertised = {
  address: 'A4:C1:38:00:11:22',
  name: 'JBD-SP04S034',
  services: [longUuid('ff00')],
  manufacturerData: new Map([[0x6f80, Uint8Array.of(0xb0, 1)]]),
};

const isSeen = (advert: Advert, seen: Partial<Advertised> = {}): boolean =>
  mayBe({ adverts: [advert] }, { ...SEEN, ...seen });

describe('an advertisement', () => {
  it.each<[string, string, boolean]>([
    ['JBD-*', 'JBD-SP04S034', true],
    ['JBD-*', 'jbd-sp04', false],
    ['JBD-*', 'xJBD-sp04', false],
    ['ANT?BLE[23]*', 'ANT@BLE24BHUB', true],
    ['ANT?BLE[23]*', 'ANT-BLE16ZMUB', false],
    ['N-?????BL*', 'N-12345BLE', true],
    ['N-?????BL*', 'N-1234BLE', false],
    ['Hoover', 'Hoover', true],
    ['Hoover', 'Hoover 2', false],
    ['RT[1-4][2468]*', 'RT12100G31', true],
    [' B12*', ' B12100', true],
    ['A.B*', 'AxB', false],
    ['TP_*', 'TP_LT55 \r\n', true],
  ])('whose name pattern is %j says %j: %s', (pattern, name, expected) => {
    expect(isSeen({ names: [pattern] }, { name })).toBe(expected);
  });

  it('must fulfil every condition of one rule', () => {
    const rule: Advert = { names: ['JBD-*'], service: 'ff00', makers: ['A4:C1:38'] };
    expect(isSeen(rule)).toBe(true);
    expect(isSeen(rule, { services: [] })).toBe(false);
    expect(isSeen(rule, { address: 'A4:C1:39:00:11:22' })).toBe(false);
  });

  it('is known by one of several rules', () => {
    expect(mayBe({ adverts: [{ names: ['DL-*'] }, { makers: ['A4:C1:38'] }] }, SEEN)).toBe(true);
    expect(mayBe({ adverts: [] }, SEEN)).toBe(false);
  });

  it('is known by its manufacturer data, and by how they begin', () => {
    expect(isSeen({ companies: [1, 0x6f80] })).toBe(true);
    expect(isSeen({ companies: [0x6f80], data: 'b0' })).toBe(true);
    expect(isSeen({ companies: [0x6f80], data: 'a5' })).toBe(false);
    expect(isSeen({ companies: [0x0102] })).toBe(false);
  });

  it('without a name fits no rule about names', () => {
    const { name: _, ...nameless } = SEEN;
    expect(mayBe({ adverts: [{ names: ['*'] }] }, nameless)).toBe(false);
  });

  it('may be called anything without an error', () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(isSeen({ names: ['*'] }, { name })).toBe(true);
        expect(isSeen({ names: ['JBD-*'] }, { name })).toBe(name.startsWith('JBD-'));
      }),
    );
  });
});
