import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { CONDITIONS, type ConditionName, Conditions } from './conditions.ts';

const HOUR_MS = 3_600_000;
const NAMES = Object.keys(CONDITIONS) as ConditionName[]; // The keys of a literal table.

function logged() {
  const clock = new ManualClock();
  const lines: string[] = [];
  const say = (level: string, scope: string) => (text: string) =>
    void lines.push(`${level} ${scope}: ${text}`);
  const source = {
    scope: (scope: string) => ({
      error: say('error', scope),
      warn: say('warn', scope),
      info: say('info', scope),
      debug: say('debug', scope),
      debugging: false,
    }),
    setLevel: () => {},
  };
  return { clock, conditions: new Conditions(source, clock), lines };
}

describe.each(NAMES)('the condition %s', (name) => {
  const facts = { who: 'pack 3 ', cause: 'the cause' };

  it('is told at once with its cause, once an hour while it lasts, and once at its end', async () => {
    const { clock, conditions, lines } = logged();
    const { calmMs } = CONDITIONS[name];
    conditions.meet(name, 'jbd', facts);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('the cause');
    for (let second = 0; second < 7200; second += 10) {
      await clock.advance(10_000);
      conditions.meet(name, 'jbd', facts);
    }
    expect(lines).toHaveLength(3);
    for (const [line, lasted] of [
      [lines[1], '01:00:00'],
      [lines[2], '02:00:00'],
    ])
      expect(line).toContain(lasted);
    conditions.clear(name, facts.who);
    await clock.advance(calmMs);
    conditions.clear(name, facts.who);
    conditions.clear(name, facts.who);
    expect(lines).toHaveLength(4);
    expect(lines[3]).toMatch(/^info jbd: .*02:00:00/);
  });

  it('that was never met has no end', () => {
    const { conditions, lines } = logged();
    conditions.clear(name, facts.who);
    expect(lines).toEqual([]);
  });

  it('is told anew when it comes back later', async () => {
    const { clock, conditions, lines } = logged();
    for (let turn = 0; turn < 2; turn += 1) {
      conditions.meet(name, 'jbd', facts);
      conditions.clear(name, facts.who);
      await clock.advance(HOUR_MS);
      conditions.clear(name, facts.who);
    }
    expect(lines).toHaveLength(4);
    expect(lines[2]).toBe(lines[0]);
  });
});

describe('conditions', () => {
  it('of several packs are told apart', () => {
    const { conditions, lines } = logged();
    conditions.meet('packSilent', 'jbd', { who: 'pack 1 ', cause: 'silence' });
    conditions.meet('packSilent', 'jbd', { who: 'pack 2 ', cause: 'silence' });
    conditions.clear('packSilent', 'pack 2 ');
    expect(lines.map((line) => line.slice(0, 27))).toEqual([
      'warn jbd: pack 1 gives no v',
      'warn jbd: pack 2 gives no v',
      'info jbd: pack 2 answers ag',
    ]);
  });

  it('that come and go are one condition', async () => {
    const { clock, conditions, lines } = logged();
    for (let drop = 0; drop < 20; drop += 1) {
      conditions.meet('portLost', 'port', { cause: 'the other side closed the connection' });
      await clock.advance(1000);
      conditions.clear('portLost');
      await clock.advance(5000);
      conditions.clear('portLost');
    }
    expect(lines).toHaveLength(1);
    await clock.advance(10_000);
    conditions.clear('portLost');
    expect(lines[1]).toMatch(/is back after 00:01:55 \(met 20 times/);
  });
});
