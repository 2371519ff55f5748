import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack } from '../control/fixtures.ts';
import {
  accumulate,
  emptyHistory,
  figuresOf,
  type History,
  type HistoryStep,
  restoreHistory,
} from './history.ts';

function live(history: History, hours: number, step: Partial<HistoryStep> = {}): History {
  let state = history;
  const whole = { sample: pack(3.3), alarms: {}, dt: 10, becameFull: false, ...step };
  for (let second = 0; second < hours * 3600; second += 10) state = accumulate(state, whole);
  return state;
}
const drawn = (history: History, hours: number) =>
  live(history, hours, { sample: pack(3.2, { current: -28 }) });
const filled = (history: History) =>
  accumulate(history, { sample: pack(3.45), alarms: {}, dt: 10, becameFull: true });

describe('the history', () => {
  it('counts what is drawn, and how deep, between full charges', () => {
    const first = filled(drawn(emptyHistory(), 2));
    const second = drawn(first, 1);
    expect(figuresOf(first, 280)).toMatchObject({ automaticSyncs: 1, timeSinceLastFullCharge: 0 });
    expect(figuresOf(first, 280).deepestDischarge).toBeCloseTo(-56, 6);
    expect(figuresOf(second, 280).lastDischarge).toBeCloseTo(-28, 6);
    const figures = figuresOf(filled(second), 28);
    expect(figures.averageDischarge).toBeCloseTo(-42, 6);
    expect(figures.totalAhDrawn).toBeCloseTo(-84, 6);
    expect(figures.deepestDischarge).toBeCloseTo(-56, 6);
    expect(figuresOf(filled(second), undefined)).not.toHaveProperty('chargeCycles');
    expect(figuresOf(live(first, 1), 20).chargeCycles).toBe(2);
  });

  it('shows the cycles that the BMS counts, also when one sample does not tell them, and its own where none ever did', () => {
    const told = live(emptyHistory(), 1, { sample: pack(3.2, { current: -28, cycles: 38 }) });
    expect(figuresOf(told, 7).chargeCycles).toBe(38);
    expect(figuresOf(drawn(told, 1), 7).chargeCycles).toBe(38);
    expect(figuresOf(restoreHistory(JSON.parse(JSON.stringify(told)), 60), 7).chargeCycles).toBe(38);
    expect(figuresOf(drawn(emptyHistory(), 1), 7).chargeCycles).toBe(4);
  });

  it('counts energy both ways', () => {
    const figures = figuresOf(drawn(live(emptyHistory(), 1, { sample: pack(3.4, { current: 10 }) }), 1), 280);
    expect(figures.chargedEnergy).toBeCloseTo(0.544, 6);
    expect(figures.dischargedEnergy).toBeCloseTo(1.4336, 6);
  });

  it('keeps the extremes', () => {
    const history = live(live(emptyHistory(), 0.01, { sample: pack(3.1, { temperatures: [3, 9] }) }), 0.01);
    expect(figuresOf(history, 280)).toMatchObject({
      minimumCellVoltage: 3.1,
      maximumCellVoltage: 3.3,
      minimumTemperature: 3,
      maximumTemperature: 25,
    });
    expect(history.maximumVoltage).toBeCloseTo(52.8);
  });

  it('counts an alarm once while it lasts, and an empty pack once until it was charged', () => {
    const low = { alarms: { lowCellVoltage: 2 } as const, soc: 0 };
    const twice = live(live(live(emptyHistory(), 0.1, low), 0.1, { soc: 10 }), 0.1, low);
    expect(twice).toMatchObject({ lowVoltageAlarms: 2, highVoltageAlarms: 0, fullDischarges: 1 });
    expect(live(live(twice, 0.1, { soc: 16 }), 0.1, low)).toMatchObject({ fullDischarges: 2 });
  });

  it('makes nothing up for a gap, but the age of the last full charge goes on', () => {
    const gap = accumulate(filled(emptyHistory()), {
      sample: pack(3.3, { current: -360 }),
      alarms: {},
      dt: 3600,
      becameFull: false,
    });
    expect(gap.totalAhDrawn).toBeCloseTo(-1, 9);
    expect(gap.timeSinceLastFullCharge).toBe(3600);
  });

  it('survives a restart, and anything that is not a history', () => {
    const history = filled(drawn(emptyHistory(), 1));
    expect(restoreHistory(JSON.parse(JSON.stringify(history)), 0)).toEqual(history);
    expect(restoreHistory(history, 50).timeSinceLastFullCharge).toBe(50);
    expect(restoreHistory({ totalAhDrawn: 'much', armed: 1, drawn: Number.NaN }, 0)).toEqual(emptyHistory());
    fc.assert(
      fc.property(fc.anything(), fc.double(), (value, age) =>
        Number.isFinite(restoreHistory(value, age).totalAhDrawn),
      ),
    );
  });
});
