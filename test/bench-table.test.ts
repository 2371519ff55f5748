import { expect, it } from 'vitest';
import { render } from '../tools/bench/table.ts';

it('prints a table of the bench no wider than a document, with every figure beside its name', () => {
  const text = render({
    title: 'Reaction',
    notes: ['How it was measured. '.repeat(12).trim()],
    figures: [
      {
        name: 'a cell rises above its limit, seen from outside by another program -> /Info/MaxChargeCurrent',
        unit: 's',
        samples: [0.5, 0.75, 1.25],
        mark: { of: 'max', most: 1.3 },
        established: '0.46',
        more: { bytes: 96, line: 100.04 },
      },
      { name: 'own share', unit: 'ms', samples: [20], more: { bytes: 1, line: 2 } },
    ],
  });
  const rows = text.split('\n').map((row) => row.trim().split(/ {2,}/));
  for (const row of text.split('\n')) expect(row.length).toBeLessThanOrEqual(100);
  expect(rows).toContainEqual(['bytes', 'line']);
  expect(rows.map((row) => row.slice(-2))).toContainEqual(['96', '100.0']);
  expect(rows.map((row) => row.slice(1))).toContainEqual([
    '0.50',
    '0.75',
    '1.25',
    '3',
    's',
    'max <= 1.3',
    'yes',
    '0.46',
  ]);
  expect(rows).toContainEqual(['own share', '20.00', '1', 'ms', '-', '-', '-']);
  expect(rows).toContainEqual(['/Info/MaxChargeCurrent']);
});
