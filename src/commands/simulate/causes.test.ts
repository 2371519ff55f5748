import { describe, expect, it } from 'vitest';
import { alarmText, causeOf, Timeline } from './causes.ts';

it.each([
  ['Charge limited to 47 A: highest cell 3.40 V, nearing 3.55 V', 'highest cell'],
  ['Charge limited to 9 A: rising gently to 17 A (state of charge 100 %)', 'state of charge'],
  ['Discharge limited to 50 A: the set maximum', 'the set maximum'],
  ['Charge limited to 10 A: no answer from the BMS for more than 3 min', 'no answer from the BMS'],
  ['No charge: the BMS has switched charge off', 'the BMS has switched charge off'],
  ['No charge: 3 cells are missing', '3 cells are missing'],
])('takes the cause out of %j', (reason, cause) => {
  expect(causeOf(reason)).toBe(cause);
});

it('names alarms in words', () => {
  expect(alarmText({ lowCellVoltage: 1, bmsCable: 2 })).toMatch(/low cell voltage.*bms cable|bms cable.*low/);
  expect(alarmText({ lowCellVoltage: 0 })).toBeUndefined();
});

describe('a timeline', () => {
  it('gives each stretch the name that was said for longest, and joins what is alike', () => {
    const timeline = new Timeline(10);
    for (let t = 0; t < 40; t += 1) timeline.note(t, t < 17 ? 'a' : t < 22 ? 'b' : undefined, 1);
    expect(timeline.spans).toEqual([{ name: 'a', from: 0, to: 20 }]);
  });

  it('ends where the time ended', () => {
    const timeline = new Timeline(10);
    for (let t = 0; t < 13; t += 1) timeline.note(t, t < 10 ? 'a' : 'b', 1);
    expect(timeline.spans).toEqual([
      { name: 'a', from: 0, to: 10 },
      { name: 'b', from: 10, to: 13 },
    ]);
  });
});
