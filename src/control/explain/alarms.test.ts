import { describe, expect, it } from 'vitest';
import type { Alarms } from '../../model/alarms.ts';
import { pack, SETTINGS, seenOf, withCell } from '../fixtures.ts';
import { planCells } from '../input/cells.ts';
import { type AlarmState, deriveAlarms, shownAlarms, watchAlarms } from './alarms.ts';

const plan = planCells(SETTINGS);
const derived = (...args: Parameters<typeof pack>) => deriveAlarms(plan, seenOf(pack(...args)), undefined);

describe('alarms that the law derives', () => {
  it.each([
    [2.95, 0, 0],
    [2.9, 1, 0],
    [2.8, 2, 0],
    [3.54, 0, 0],
    [3.55, 0, 1],
    [3.6, 0, 2],
  ])('at cells of %s V are lowCellVoltage %i and highCellVoltage %i', (cell, low, high) => {
    expect(derived(cell)).toMatchObject({ lowCellVoltage: low, highCellVoltage: high });
  });

  it.each([
    [-21, 2, 2, 0, 0],
    [0, 2, 0, 0, 0],
    [4, 1, 0, 0, 0],
    [25, 0, 0, 0, 0],
    [50, 0, 0, 1, 0],
    [56, 0, 0, 2, 1],
    [60, 0, 0, 2, 2],
  ])(
    'at %s degC follow the hard limits of charge and discharge',
    (degrees, lowCharge, low, highCharge, high) => {
      expect(derived(3.3, { temperatures: [degrees, degrees] })).toMatchObject({
        lowChargeTemperature: lowCharge,
        lowTemperature: low,
        highChargeTemperature: highCharge,
        highTemperature: high,
      });
    },
  );

  it('call a spread an imbalance only at a small current, away from the empty end', () => {
    const uneven = { cellVoltages: withCell(3.3, 3.42) };
    expect(derived(3.3, uneven).cellImbalance).toBe(1);
    expect(derived(3.3, { ...uneven, current: 60 }).cellImbalance).toBe(0);
    expect(derived(3.3, { cellVoltages: withCell(3.3, 3.1) }).cellImbalance).toBe(0);
    expect(derived(3.3, { cellVoltages: withCell(3.3, 3.0), current: 100 }).cellImbalance).toBe(2);
  });

  it('are absent where nothing can be told', () => {
    const { temperatures: _, cellVoltages: __, ...little } = pack(3.3);
    const alarms = deriveAlarms(plan, seenOf(little), undefined);
    expect(alarms).not.toHaveProperty('lowTemperature');
    expect(alarms).not.toHaveProperty('cellImbalance');
    expect(alarms).not.toHaveProperty('lowSoc');
    expect(deriveAlarms(plan, seenOf(little), 5).lowSoc).toBe(2);
  });
});

describe('shown alarms', () => {
  /** The level of one alarm, second by second. */
  function course(
    seconds: number,
    at: (t: number) => { flags?: Alarms; derived?: Alarms },
  ): (number | undefined)[] {
    let state: AlarmState = {};
    return Array.from({ length: seconds }, (_, t) => {
      const { flags = {}, derived: own = {} } = at(t);
      state = watchAlarms(state, flags, own, t);
      return shownAlarms(state, flags, own).highCellVoltage;
    });
  }

  it('are set by the law after 3 s and cleared after 60 s', () => {
    const levels = course(100, (t) => ({ derived: { highCellVoltage: t >= 10 && t < 20 ? 1 : 0 } }));
    expect([levels[12], levels[13], levels[19], levels[78], levels[79]]).toEqual([0, 1, 1, 1, 0]);
  });

  it('ignore what the law sees for less than 3 s', () => {
    expect(course(20, (t) => ({ derived: { highCellVoltage: t % 3 === 0 ? 0 : 2 } }))).not.toContain(2);
  });

  it('show what the BMS says at once, and the worse of both', () => {
    const levels = course(80, (t) => ({
      flags: { highCellVoltage: t === 5 ? 2 : 0 },
      derived: { highCellVoltage: 1 },
    }));
    expect([levels[2], levels[3], levels[5], levels[64], levels[65]]).toEqual([0, 1, 2, 2, 1]);
  });

  it('show 0 for what somebody can tell, nothing for the rest', () => {
    expect(shownAlarms({}, { contactor: 0 }, { lowSoc: 0 })).toEqual({ lowSoc: 0, contactor: 0 });
  });
});
