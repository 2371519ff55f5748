import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { CONDITIONS, type Condition, type ConditionName } from './condition-texts.ts';
import { Conditions } from './conditions.ts';

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
  const facts = { of: 3, who: 'pack 3', what: 'what', cause: 'the cause' };
  const { calmMs, everyMs = HOUR_MS }: Condition = CONDITIONS[name];

  it('is told at once with its cause, at most once an hour while it lasts, and once at its end', async () => {
    const { clock, conditions, lines } = logged();
    conditions.meet(name, 'jbd', facts);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('the cause');
    for (let second = 0; second < 7200; second += 10) {
      await clock.advance(10_000);
      conditions.meet(name, 'jbd', facts);
    }
    const hourly = everyMs === HOUR_MS ? ['01:00:00', '02:00:00'] : [];
    expect(lines).toHaveLength(1 + hourly.length);
    for (const [index, lasted] of hourly.entries()) expect(lines[1 + index]).toContain(lasted);
    conditions.clear(name, facts);
    await clock.advance(calmMs);
    conditions.clear(name, facts);
    conditions.clear(name, facts);
    expect(lines).toHaveLength(2 + hourly.length);
    expect(lines.at(-1)).toMatch(/^info jbd: /);
    if (hourly.length > 0) expect(lines.at(-1)).toContain('02:00:00');
  });

  it('that was never met has no end', () => {
    const { conditions, lines } = logged();
    conditions.clear(name, facts);
    expect(lines).toEqual([]);
  });

  it('is told anew when it comes back later', async () => {
    const { clock, conditions, lines } = logged();
    for (let turn = 0; turn < 2; turn += 1) {
      conditions.meet(name, 'jbd', facts);
      conditions.clear(name, facts);
      await clock.advance(HOUR_MS);
      conditions.clear(name, facts);
      await clock.advance(HOUR_MS + 1);
    }
    expect(lines).toHaveLength(4);
    expect(lines[2]).toBe(lines[0]);
  });
});

describe('conditions', () => {
  it('of several packs are told apart', () => {
    const { conditions, lines } = logged();
    conditions.meet('packSilent', 'jbd', { of: 1, who: 'pack 1', cause: 'silence' });
    conditions.meet('packSilent', 'jbd', { of: 2, who: 'pack 2', cause: 'silence' });
    conditions.clear('packSilent', { of: 2 });
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

  it('of a battery go on under the same address when it becomes a pack of a bank', () => {
    const { conditions, lines } = logged();
    conditions.meet('packSilent', 'jbd', { of: 1, cause: 'silence' });
    conditions.meet('packSilent', 'jbd', { of: 1, who: 'pack 1', cause: 'silence' });
    conditions.clear('packSilent', { of: 1 });
    expect(lines).toHaveLength(2);
    expect(lines[1]).toContain('pack 1 answers again');
  });

  it('that get worse are told anew, once', () => {
    const { conditions, lines } = logged();
    const alarm = (level: number) => ({ what: 'highTemperature', cause: '61 degC', level });
    for (const level of [1, 1, 2, 2, 1, 2]) conditions.meet('alarm', 'battery', alarm(level));
    expect(lines).toEqual([
      'warn battery: warning highTemperature: 61 degC',
      'warn battery: alarm highTemperature: 61 degC',
    ]);
  });

  it('that end and return for a whole day do not fill the log', async () => {
    const { clock, conditions, lines } = logged();
    for (let spell = 0; spell < 24 * 60; spell += 1) {
      conditions.meet('packSilent', 'jbd', { of: 1, cause: 'silence' });
      for (let second = 0; second < 60; second += 1) {
        await clock.advance(1000);
        if (second > 30) conditions.clear('packSilent', { of: 1 });
      }
    }
    expect(lines.length).toBeLessThan(24 + 10);
  });

  it('of a pack that is not there any more have no end', () => {
    const { conditions, lines } = logged();
    conditions.meet('packSilent', 'jbd', { of: 1, who: 'pack 1', cause: 'silence' });
    conditions.forget(1);
    conditions.clear('packSilent', { of: 1 });
    expect(lines).toHaveLength(1);
  });
});
