import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayColour, render, wrap } from './terminal.ts';

const ESCAPES = new RegExp(`${String.fromCharCode(27)}\\[[\\d;]*m`, 'g');
const spans = fc.array(
  fc.record({
    text: fc.string({ unit: 'grapheme-ascii', maxLength: 30 }),
    style: fc.constantFrom('good', 'bad', 'plain'),
  }),
);

describe('a line of a screen', () => {
  it('has at most so many characters, with and without colour the same', () => {
    fc.assert(
      fc.property(spans, fc.integer({ min: 1, max: 90 }), (line, columns) => {
        const plain = render(line, columns, false);
        expect(plain.length).toBeLessThanOrEqual(columns);
        expect(render(line, columns, true).replaceAll(ESCAPES, '').trimEnd()).toBe(plain);
      }),
    );
  });

  it('says where it was cut', () => {
    expect(render([{ text: 'Charge limited ' }, { text: 'to 5 A' }], 18, false)).toBe('Charge limited to…');
    expect(render([{ text: 'twelve chars' }], 12, false)).toBe('twelve chars');
  });
});

it('breaks between words, and puts what is left into the last line', () => {
  expect(wrap('highest cell 3.45 V, nearing 3.55 V', 16, 3)).toEqual([
    'highest cell',
    '3.45 V, nearing',
    '3.55 V',
  ]);
  expect(wrap('highest cell 3.45 V, nearing 3.55 V', 16, 2)).toEqual([
    'highest cell',
    '3.45 V, nearing 3.55 V',
  ]);
});

it('has colour in a terminal only, and not where the owner wants none', () => {
  expect(mayColour(true, {})).toBe(true);
  expect(mayColour(false, {})).toBe(false);
  expect(mayColour(true, { NO_COLOR: '1' })).toBe(false);
  expect(mayColour(true, { NO_COLOR: '' })).toBe(true);
  expect(mayColour(true, { TERM: 'dumb' })).toBe(false);
});
