import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CELL_LIMITS, CHEMISTRIES } from '../../model/chemistry.ts';
import { openCircuit } from './open-circuit.ts';

const numRuns = 300 * Number(process.env['FUZZ_FACTOR'] ?? 1);

describe.each(CHEMISTRIES)('the open-circuit curve of %s', (chemistry) => {
  const curve = openCircuit(chemistry);
  const soc = fc.double({ min: -4, max: 112, noNaN: true });

  it('never falls while the charge rises', () => {
    fc.assert(
      fc.property(soc, soc, (a, b) => {
        expect(curve.at(Math.max(a, b))).toBeGreaterThanOrEqual(curve.at(Math.min(a, b)));
      }),
      { numRuns },
    );
  });

  it('finds the charge back from the voltage', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 100, noNaN: true }), (charge) => {
        expect(curve.socAt(curve.at(charge))).toBeCloseTo(charge, 3);
      }),
      { numRuns },
    );
  });

  it('reaches the absorption voltage near a full charge and the hard minimum near an empty one', () => {
    const { absorb, hardMin } = CELL_LIMITS[chemistry];
    expect(curve.socAt(absorb)).toBeGreaterThan(95);
    expect(curve.socAt(absorb)).toBeLessThan(100.5);
    expect(curve.socAt(hardMin)).toBeLessThan(5);
  });
});

it.each([
  [5, 3.1],
  [50, 3.295],
  [97, 3.338],
  [98.5, 3.345],
  [99.7, 3.42],
  [100, 3.5],
  [100.3, 3.62],
])('an LFP cell at %s %% rests at %s V', (soc, volts) => {
  expect(openCircuit('lfp').at(soc)).toBeCloseTo(volts, 6);
});
