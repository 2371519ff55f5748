import { describe, expect, it } from 'vitest';
import { lawFor } from '../src/control/decide.ts';
import type { ControlLaw } from '../src/control/law.ts';
import type { LawState } from '../src/control/memory/law-state.ts';
import { judge, prepare, type Trial, type Verdict } from '../src/simulator/trials/judge.ts';
import { header, lateness, type Row, rowLine, summary } from '../tools/acceptance-table.ts';

const TRIAL: Trial = {
  name: 'a runner and a charger that asks no one',
  hours: 1,
  plant: {
    packs: [{ soc: 97, balancer: null, cellOffsets: { '7': 1 } }],
    sources: [{ power: 9000, pullsDown: 40 }],
  },
};

/** The adaptive law with its limits of voltage cut out. */
const CRIPPLED: ControlLaw<LawState> = {
  initial: (settings) => lawFor('adaptive').initial(settings),
  step(settings, state, input) {
    const step = lawFor('adaptive').step(settings, state, input);
    return step.output === undefined
      ? step
      : { ...step, output: { ...step.output, cvl: 60, ccl: 140, state: 'bulk' } };
  },
};

const rowOf = (verdict: Verdict): Row => ({ adaptive: verdict, 'soc-steps': verdict });

describe('the acceptance table', () => {
  const prepared = prepare(TRIAL);
  const sound = rowOf(judge(prepared, lawFor('adaptive'), 'adaptive'));
  const crippled = rowOf(judge(prepared, CRIPPLED, 'adaptive'));

  it('passes a law that meets every mark, and says so last', () => {
    expect(summary([sound])).toMatchObject({ passed: true });
    expect(summary([sound]).lines.at(-1)).toBe('adaptive meets every mark in 1 trials');
    expect(rowLine(TRIAL.name, sound)).not.toContain('!');
  });

  it('fails a crippled law, and says last which marks it missed and where', () => {
    const { lines, passed } = summary([sound, crippled]);
    expect(passed).toBe(false);
    expect(lines.at(-1)).toMatch(
      /^adaptive misses marks in 1 of 2 trials: a runner and a charger .+ \(trips \d+ > 0, highestCell 3\.\d+ > 3\.520,.+float never\)$/,
    );
    expect(rowLine(TRIAL.name, crippled)).toMatch(/ 3\.\d{3}! +\d+! /);
  });

  it('fits into 160 columns', () => {
    for (const text of [...header(), rowLine(TRIAL.name, crippled)])
      expect(text.length).toBeLessThanOrEqual(160);
  });

  it('tells the time to full against the ideal controller, which is a goal and no mark', () => {
    const { adaptive } = sound;
    const late = (fullAt: number | undefined, ideal: number): Verdict => {
      const { fullAt: _, ...measured } = adaptive.measured;
      return {
        ...adaptive,
        measured: { ...measured, ...(fullAt !== undefined && { fullAt }) },
        ideal: { peakAh: 280, fullAt: ideal },
      };
    };
    expect(lateness(late(1040, 1000))).toBeCloseTo(4);
    expect(lateness(late(undefined, 1000))).toBeUndefined();
    expect(lateness(late(40, 20))).toBeUndefined();
    const rows = [late(1040, 1000), late(1500, 1000), late(1600, 1000), late(undefined, 1000), late(40, 20)];
    expect(summary(rows.map(rowOf))).toMatchObject({
      passed: true,
      lines: [
        "goal: adaptive full within 5 % of the ideal controller's time in 1 of 4 trials, median 50 % (500 s) later, never full in 1, 1 more begin all but full",
        expect.stringMatching(/^goal: soc-steps /),
        expect.anything(),
      ],
    });
  });
});
