import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { acceptable, requestOf, shownValue, WISHES } from './wishes.ts';

describe.each(WISHES.map((wish) => [wish.name, wish] as const))('%s', (_, setting) => {
  it('asks for nothing by default, and shows that', () => {
    expect(requestOf(setting, setting.none)).toEqual({});
    expect(requestOf(setting, undefined)).toEqual({});
    expect(shownValue(setting, {})).toBe(setting.none);
    expect(shownValue(setting)).toBe(setting.none);
  });

  it('shows what was asked for, for every value that it takes', () => {
    fc.assert(
      fc.property(fc.double({ min: -2, max: 1200, noNaN: true }), (value) => {
        const taken = acceptable(setting, value);
        if (taken === undefined) expect(requestOf(setting, value)).toEqual({});
        else if (taken >= 0) expect(shownValue(setting, requestOf(setting, taken))).toBe(taken);
      }),
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -7, 5000, 'on', undefined])('refuses %s', (value) => {
    expect(acceptable(setting, value)).toBeUndefined();
  });
});
