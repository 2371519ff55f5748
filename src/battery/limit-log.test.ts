import { describe, expect, it } from 'vitest';
import { CONTROL } from '../../test/support/battery-state.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { ControlOutput } from '../control/law.ts';
import { Conditions } from './conditions.ts';
import { LimitLog } from './limit-log.ts';

function limitLog(isOnBus = true) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const say = (text: string): void => void lines.push(text);
  const warn = (text: string): void => say(`warn ${text}`);
  const log = { error: say, warn, info: say, debug: say, debugging: false };
  const conditions = new Conditions({ scope: () => log, setLevel: () => {} }, clock);
  const writer = new LimitLog({ log, conditions, now: () => clock.now() });
  const note = (change: Partial<ControlOutput>): void =>
    writer.note({ ...CONTROL, notices: [], ...change }, isOnBus);
  return { clock, lines, note };
}

describe('the log of the limits', () => {
  it('says state and both limits at first', () => {
    const { lines, note } = limitLog();
    note({ chargeMode: 'Bulk', chargeReason: 'charge 50 A', dischargeReason: 'discharge 60 A' });
    expect(lines).toEqual([expect.stringContaining('Bulk'), 'charge 50 A', 'discharge 60 A']);
  });

  it('says nothing while only numbers of the reason move a little', () => {
    const { lines, note } = limitLog();
    note({ ccl: 50, chargeReason: 'limited to 50 A: highest cell 3.41 V' });
    lines.length = 0;
    note({ ccl: 48, chargeReason: 'limited to 48 A: highest cell 3.42 V' });
    expect(lines).toEqual([]);
  });

  it('tells a slow fall once it adds up, with what was in force before', () => {
    const { lines, note } = limitLog();
    note({ ccl: 50, chargeReason: 'limited to 50 A' });
    lines.length = 0;
    for (const ccl of [47, 44, 41, 39]) note({ ccl, chargeReason: `limited to ${ccl} A` });
    expect(lines).toEqual(['limited to 39 A (before: 41 A)']);
  });

  it('does not follow a rise step by step for the same reason', () => {
    const { lines, note } = limitLog();
    note({ ccl: 0, chargeReason: 'limited to 0 A: rising gently to 50 A' });
    lines.length = 0;
    for (let ccl = 1; ccl < 50; ccl += 1)
      note({ ccl, chargeReason: `limited to ${ccl} A: rising gently to 50 A` });
    expect(lines).toEqual([]);
    note({ ccl: 50, chargeReason: 'limited to 50 A: the set maximum' });
    expect(lines).toEqual(['limited to 50 A: the set maximum (before: 49 A)']);
  });

  it('names as the limit before what was in force, and not what was said last', () => {
    const { lines, note } = limitLog();
    note({ ccl: 0, chargeReason: 'No charge: the BMS answers again' });
    for (let ccl = 1; ccl <= 30; ccl += 1)
      note({ ccl, chargeReason: `limited to ${ccl} A: rising gently to 90 A (the set maximum)` });
    lines.length = 0;
    note({ ccl: 22, chargeReason: 'limited to 22 A: no answer from the BMS for more than 10 s' });
    expect(lines).toEqual(['limited to 22 A: no answer from the BMS for more than 10 s (before: 30 A)']);
  });

  it('names no limit before while nothing was on the bus', () => {
    const { lines, note } = limitLog(false);
    note({ ccl: 0, chargeReason: 'No charge' });
    note({ ccl: 10, chargeReason: 'limited to 10 A' });
    expect(lines.at(-1)).toBe('limited to 10 A');
  });

  it('says nothing when the same cause reads now as a rise and now as a limit, at an unchanged limit', () => {
    const { lines, note } = limitLog();
    const reasons = ['rising gently to 7 A (state of charge 100 %)', 'state of charge 100 %'];
    note({ ccl: 5.3, chargeReason: `limited to 5.3 A: ${reasons[1]}` });
    lines.length = 0;
    for (let turn = 0; turn < 20; turn += 1)
      note({ ccl: 5.3, chargeReason: `limited to 5.3 A: ${reasons[turn % 2]}` });
    expect(lines).toEqual([]);
  });

  it('tells every step of a long fall for one reason', () => {
    const { lines, note } = limitLog();
    for (let ccl = 100; ccl > 1; ccl *= 0.7) note({ ccl, chargeReason: `limited to ${ccl} A: highest cell` });
    expect(lines.filter((line) => line.startsWith('limited'))).toHaveLength(13);
  });

  it('says of limits that go to and fro that they do, once an hour, and how they are when they keep still', async () => {
    const { clock, lines, note } = limitLog();
    const turn = async (count: number): Promise<void> => {
      const amps = count % 2 === 0 ? 20 : 100;
      note({ ccl: amps, chargeReason: `limited to ${amps} A: cause ${'ab'[count % 2]}` });
      await clock.advance(10_000);
    };
    for (let count = 0; count < 720; count += 1) await turn(count);
    const restless = lines.filter((line) => line.startsWith('warn'));
    expect(restless).toHaveLength(2);
    expect(restless[0]).toContain('limits change to and fro, now: limited to 20 A: cause a; ');
    expect(restless[1]).toMatch(/01:00:00 \(\d+ times/);
    const before = lines.length;
    for (let count = 0; count < 200; count += 1) await turn(1);
    expect(lines.slice(before)).toEqual([
      expect.stringContaining('limits keep still after 01:5'),
      expect.stringContaining('; charge voltage'),
      'limited to 100 A: cause b',
      CONTROL.dischargeReason,
    ]);
  });
});
