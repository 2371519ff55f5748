import { describe, expect, it } from 'vitest';
import { driverStub, FAST, SLOW } from '../../../test/support/driver-stub.ts';
import { lineText } from './hit.ts';
import { type PlanOptions, placeOf, plan, type SearchPlace, stepText } from './plan.ts';

const a = driverStub('a', { addresses: [1, 2, 3] });
const b = driverStub('b', { lines: [FAST, SLOW], addresses: [0, 7] });
const c = driverStub('c');
const d = driverStub('d', { lines: [FAST] });
const MANY = [a, b, c, d];

const round = (options: PlanOptions): string[] => plan(options).round.map(stepText);
const withoutPatience = (steps: readonly string[]): string[] => [
  ...new Set(steps.map((step) => step.replace(/ (short|full)$/, ''))),
];
const places = (options: PlanOptions): string[] => withoutPatience(round(options));

describe('the round of a search', () => {
  it('asks in short at the usual places by speed and then at other speeds, then all this again in full, then other addresses', () => {
    expect(round({ drivers: MANY })).toEqual([
      'a at 1, 9600 8N1 short',
      'c at 1, 9600 8N1 short',
      'b at 0, 115200 8N1 short',
      'd at 1, 115200 8N1 short',
      'b at 0, 9600 8N1 short',
      'a at 1, 9600 8N1 full',
      'c at 1, 9600 8N1 full',
      'b at 0, 115200 8N1 full',
      'd at 1, 115200 8N1 full',
      'b at 0, 9600 8N1 full',
      'a at 2, 9600 8N1 short',
      'b at 7, 115200 8N1 short',
      'a at 3, 9600 8N1 short',
    ]);
  });

  it('has one round with all patience where few types are looked for', () => {
    expect(round({ drivers: [a, c] })).toEqual([
      'a at 1, 9600 8N1 full',
      'c at 1, 9600 8N1 full',
      'a at 2, 9600 8N1 full',
      'a at 3, 9600 8N1 full',
    ]);
  });

  it('asks at a second usual address together with the first, unless the owner named addresses', () => {
    const stack = driverStub('stack', { addresses: [2, 3], secondUsual: 18 });
    expect(places({ drivers: [stack] })).toEqual([
      'stack at 2, 9600 8N1',
      'stack at 18, 9600 8N1',
      'stack at 3, 9600 8N1',
    ]);
    expect(places({ drivers: [stack], addresses: [3] })).toEqual(['stack at 3, 9600 8N1']);
  });

  it('keeps to the addresses that the owner named, of drivers that have any', () => {
    expect(places({ drivers: [a, c], addresses: [3] })).toEqual(['a at 3, 9600 8N1', 'c at 1, 9600 8N1']);
  });

  it('keeps to the speed that the owner named, also where a driver does not know it', () => {
    expect(places({ drivers: [b, c], baudRate: 19_200 })).toEqual([
      'b at 0, 19200 8N1',
      'c at 1, 19200 8N1',
      'b at 7, 19200 8N1',
    ]);
    expect(places({ drivers: [b], baudRate: 9600 })).toEqual(['b at 0, 9600 8N1', 'b at 7, 9600 8N1']);
  });

  it('is empty without drivers', () => {
    expect(plan({ drivers: [] })).toMatchObject({ known: [], usual: [], round: [] });
  });
});

describe('what answered before', () => {
  it('comes first, the last hit with all patience and its neighbours in short', () => {
    const first = [
      { id: 'b', line: SLOW, address: 7 },
      { id: 'b', line: SLOW, address: 0 },
    ];
    expect(plan({ drivers: MANY, first }).known.map(stepText)).toEqual([
      'b at 7, 9600 8N1 full',
      'b at 0, 9600 8N1 short',
    ]);
  });

  it.each([
    ['of a driver that is not looked for', { id: 'z', line: SLOW, address: 1 }, {}],
    ['at an address that does not exist', { id: 'a', line: SLOW, address: 99 }, {}],
    ['at another speed than the owner named', { id: 'a', line: SLOW, address: 1 }, { baudRate: 19_200 }],
  ])('is left out %s', (_, hit, options) => {
    expect(plan({ drivers: [a], first: [hit], ...options }).known).toEqual([]);
  });
});

describe('a search that goes on where another ended', () => {
  const whole = plan({ drivers: MANY }).round;
  const from = (index: number, usualFirst: boolean): SearchPlace => {
    const step = whole[index];
    if (step === undefined) throw new Error(`the round has no step ${index}`);
    return { next: placeOf(step), usualFirst };
  };

  it('makes every step of the round, beginning there', () => {
    const { beginsWithUsual, round: goesOn, usual } = plan({ drivers: MANY, from: from(10, false) });
    expect(goesOn.map(stepText)).toEqual([...whole.slice(10), ...whole.slice(0, 10)].map(stepText));
    expect(usual).toEqual([]);
    expect(beginsWithUsual).toBe(false);
  });

  it('asks at the usual places first every second time', () => {
    const { beginsWithUsual, round: goesOn, usual } = plan({ drivers: MANY, from: from(10, true) });
    expect(usual.map(stepText)).toEqual(whole.slice(0, 4).map(stepText));
    expect(goesOn[0]).toEqual(whole[10]);
    expect(beginsWithUsual).toBe(true);
  });

  it('begins with the usual places when the other one ended at them', () => {
    expect(plan({ drivers: MANY, from: from(0, true) })).toMatchObject({ usual: [], beginsWithUsual: true });
  });

  it('begins anew when the place does not exist any more', () => {
    const next = { id: 'gone', line: SLOW, address: 1, patience: 'full' } as const;
    expect(round({ drivers: MANY, from: { next, usualFirst: false } })).toEqual(whole.map(stepText));
  });
});

describe('lineText', () => {
  it.each([
    [{ baudRate: 9600 }, '9600 8N1'],
    [{ baudRate: 19_200, parity: 'even', stopBits: 2 } as const, '19200 8E2'],
  ])('of %o is %s', (line, expected) => {
    expect(lineText(line)).toBe(expected);
  });
});
