import { describe, expect, it } from 'vitest';
import { codeLines, type DriverSize, judge, median } from '../tools/driver-sizes.ts';

const driver = (id: string, code: number, note = ''): DriverSize => ({ id, code, tables: 10, note });

describe('lines of code', () => {
  it('are neither blank nor comment nor part of an import', () => {
    const source = [
      "import { a } from './a.ts';",
      'import {',
      '  b,',
      "} from './b.ts';",
      '',
      '/** One line. */',
      'const one = a;',
      '  // Why.',
      '/**',
      ' * Several lines;',
      ' */',
      'export const two = () =>',
      "  import('./c.ts').then(b);",
    ];
    expect(codeLines(source.join('\n'))).toBe(2 + 1);
  });
});

describe('the median', () => {
  it.each([
    [[3, 1, 2], 2],
    [[4, 1, 3, 2], 2.5],
    [[7], 7],
  ])('of %j is %d', (numbers, expected) => {
    expect(median(numbers)).toBe(expected);
  });
});

describe('the sizes of the drivers', () => {
  it('are fine when the median is small and every large driver says why', () => {
    const { text, problems } = judge([
      driver('b', 149),
      driver('a', 90),
      driver('c', 150, 'above 150 lines: why'),
    ]);
    expect(problems).toEqual([]);
    expect(text.split('\n').map((row) => row.trim().split(/\s+/))).toEqual([
      ['driver', 'code', 'lines', 'tables', 'together'],
      ['a', '90', '10', '100'],
      ['b', '149', '10', '159'],
      ['c', '150', '10', '160'],
      ['median', '149', '10', '159'],
    ]);
  });

  it('are not when a large driver gives no reason', () => {
    const { problems } = judge([driver('a', 90), driver('b', 90), driver('c', 150, 'large')]);
    expect(problems).toEqual([expect.stringContaining('c has 150 lines')]);
  });

  it('are not when the median is 150, whatever the notes say', () => {
    const why = 'above 150 lines: why';
    const { problems } = judge([driver('a', 10), driver('b', 150, why), driver('c', 200, why)]);
    expect(problems).toEqual(['the median is 150; it has to be below 150']);
  });
});
