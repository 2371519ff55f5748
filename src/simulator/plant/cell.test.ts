import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CellSpec, CellString } from './cell.ts';
import { openCircuit } from './open-circuit.ts';

const numRuns = 200 * Number(process.env['FUZZ_FACTOR'] ?? 1);
const curve = openCircuit('lfp');
const cell: CellSpec = {
  capacity: 100,
  soc: 50,
  ohm: 0.0005,
  pairs: [
    { ohm: 0.0004, seconds: 90 },
    { ohm: 0, seconds: 1200 },
  ],
  leak: 0,
};

function stringOf(...changes: Partial<CellSpec>[]): CellString {
  return new CellString({ cells: changes.map((change) => ({ ...cell, ...change })), curve, hysteresis: 0 });
}

describe('cells in series', () => {
  it('store exactly the charge that flowed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: 0.05, max: 5, noNaN: true }), fc.integer({ min: -50, max: 50 })), {
          maxLength: 60,
        }),
        (pieces) => {
          const string = stringOf({}, { soc: 60 });
          let ampSeconds = 0;
          for (const [dt, current] of pieces) {
            string.step(dt, current, 25);
            ampSeconds += dt * current;
          }
          expect(string.charge[0]).toBeCloseTo(50 + ampSeconds / 3600, 9);
          expect(string.charge[1]).toBeCloseTo(60 + ampSeconds / 3600, 9);
        },
      ),
      { numRuns },
    );
  });

  it('turn the energy that came in into stored energy and heat', () => {
    const string = stringOf({ soc: 40 });
    let supplied = 0;
    let heat = 0;
    for (let second = 0; second < 3600; second++) {
      string.step(1, 30, 25);
      supplied += 30 * (string.voltage[0] ?? 0);
      heat += string.heat;
    }
    let stored = 0;
    for (let soc = 40.0005; soc < 70; soc += 0.001) stored += 0.001 * 36 * 100 * curve.at(soc);
    expect(string.soc(0)).toBeCloseTo(70, 6);
    expect((supplied - heat) / stored).toBeCloseTo(1, 4);
    expect(heat).toBeGreaterThan(0.9 * 30 * 30 * 0.0009 * 3600);
  });

  it('rest at the open-circuit voltage once the polarisation is gone', () => {
    const string = stringOf({});
    for (let second = 0; second < 600; second++) string.step(1, 50, 25);
    for (let second = 0; second < 1500; second++) string.step(1, 0, 25);
    expect(string.voltage[0]).toBeCloseTo(curve.at(string.soc(0)), 6);
  });

  it('show the ohmic drop at once and the polarisation later', () => {
    const string = stringOf({});
    const rest = string.voltage[0] ?? 0;
    string.step(0.001, 50, 25);
    expect((string.voltage[0] ?? 0) - rest).toBeCloseTo(50 * 0.0005, 4);
    string.step(900, 50, 25);
    expect((string.voltage[0] ?? 0) - curve.at(string.soc(0))).toBeCloseTo(50 * 0.0009, 4);
  });

  it('add up to emf and resistance', () => {
    const string = stringOf({}, { soc: 80 }, { soc: 20, ohm: 0.001 });
    string.bleed[1] = 2;
    string.step(10, 40, 5);
    const sum = string.voltage.reduce((total, volts) => total + volts, 0);
    expect(string.emf + 40 * string.ohm).toBeCloseTo(sum, 9);
  });

  it('tell the most current that takes none beyond a voltage', () => {
    const string = stringOf({ soc: 90 }, { soc: 98, ohm: 0.0008 }, { soc: 97 });
    for (const step of [0.5, 1, 1]) string.step(step, 60, 10);
    const most = string.mostCurrent(3.45, 10);
    string.step(1e-6, most, 10);
    expect(Math.max(...string.voltage)).toBeCloseTo(3.45, 6);
  });

  it('resist more in the cold', () => {
    const [warm, cold] = [stringOf({}), stringOf({})];
    warm.step(1, 10, 25);
    cold.step(1, 10, 0);
    expect(cold.ohm / warm.ohm).toBeGreaterThan(1.5);
  });

  it('follow the upper branch while charging and the lower one while discharging', () => {
    const string = new CellString({ cells: [cell], curve, hysteresis: 0.01 });
    const above = (): number => string.emf - curve.at(string.soc(0));
    for (let second = 0; second < 1800; second++) string.step(1, 20, 25);
    for (let second = 0; second < 1500; second++) string.step(1, 0, 25);
    expect(above()).toBeCloseTo(0.01, 3);
    for (let second = 0; second < 1800; second++) string.step(1, -20, 25);
    for (let second = 0; second < 1500; second++) string.step(1, 0, 25);
    expect(above()).toBeCloseTo(-0.01, 3);
  });
});
