import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLUMNS, wrap } from '../tools/docs/wrap.ts';

describe('lines of a generated document', () => {
  it('are broken between words, and begin as they are told', () => {
    const [first, second, ...more] = wrap('four '.repeat(30), '* ', '  ');
    expect(first).toBe(`* ${'four '.repeat(18)}four`);
    expect(second).toBe(`  ${'four '.repeat(10)}four`);
    expect(more).toEqual([]);
  });

  it('keep a number and its unit together', () => {
    expect(wrap(`${'x'.repeat(94)} 0.5 C)`)).toEqual(['x'.repeat(94), '0.5 C)']);
  });

  it('do not begin like a setting in the example file', () => {
    expect(wrap(`${'x'.repeat(90)} charge; 0 = never`)).toEqual(['x'.repeat(90), 'charge; 0 = never']);
  });

  it('keep a piece of code together', () => {
    expect(wrap(`${'x'.repeat(90)} \`a b c d e f\``)).toEqual(['x'.repeat(90), '`a b c d e f`']);
  });

  it('do not begin with what Markdown would take for a list', () => {
    for (const line of wrap('a - b '.repeat(60))) expect(line).not.toMatch(/^-/);
  });

  it('are none for an empty text', () => {
    expect(wrap('  ')).toEqual([]);
  });

  it('hold every word once, in its order, and are never too long', () => {
    const words = fc.array(fc.stringMatching(/^[a-z0-9,]{1,30}$/), { maxLength: 60 });
    fc.assert(
      fc.property(words, (given) => {
        const lines = wrap(given.join(' '), '# ');
        expect(lines.flatMap((line) => line.slice(2).split(' '))).toEqual(given);
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(COLUMNS);
      }),
    );
  });
});
