import { describe, expect, it } from 'vitest';
import { CONTROL } from '../../test/support/battery-state.ts';
import type { ControlOutput } from '../control/law.ts';
import { LimitLog } from './limit-log.ts';

function limitLog(): { readonly lines: string[]; note(change: Partial<ControlOutput>): void } {
  const lines: string[] = [];
  const say = (text: string): void => void lines.push(text);
  const writer = new LimitLog({
    error: say,
    warn: (text) => say(`warn ${text}`),
    info: say,
    debug: say,
    debugging: false,
  });
  return { lines, note: (change) => writer.note({ ...CONTROL, notices: [], ...change }) };
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

  it('tells a slow fall once it adds up, with what the limit was before', () => {
    const { lines, note } = limitLog();
    note({ ccl: 50, chargeReason: 'limited to 50 A' });
    lines.length = 0;
    for (const ccl of [47, 44, 41, 39]) note({ ccl, chargeReason: `limited to ${ccl} A` });
    expect(lines).toEqual(['limited to 39 A (before: 50 A)']);
  });

  it('does not follow a rise step by step for the same reason', () => {
    const { lines, note } = limitLog();
    note({ ccl: 0, chargeReason: 'limited to 0 A: rising gently to 50 A' });
    lines.length = 0;
    for (let ccl = 1; ccl < 50; ccl += 1)
      note({ ccl, chargeReason: `limited to ${ccl} A: rising gently to 50 A` });
    expect(lines).toEqual([]);
    note({ ccl: 50, chargeReason: 'limited to 50 A: the set maximum' });
    expect(lines).toEqual(['limited to 50 A: the set maximum (before: 0 A)']);
  });

  it('says a notice when it appears, not again while it stays', () => {
    const { lines, note } = limitLog();
    note({ notices: ['the charger holds less than is asked'] });
    note({ notices: ['the charger holds less than is asked'] });
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
  });
});
