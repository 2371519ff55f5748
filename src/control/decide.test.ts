import { describe, expect, it } from 'vitest';
import { adaptive } from './adaptive.ts';
import { lawFor, lawOf } from './decide.ts';
import { Bench, pack, SETTINGS } from './fixtures.ts';
import type { Profile } from './profile.ts';

/** The adaptive profile with a fault that shows at a certain cell voltage. */
const faulty = (fault: (cvl: number) => number): Profile => ({
  decide(context, charging) {
    const proposal = adaptive.decide(context, charging);
    return context.seen.vmax > 3.4 ? { ...proposal, cvl: fault(proposal.cvl) } : proposal;
  },
});

describe('a charge control law', () => {
  it.each<[string, (cvl: number) => number]>([
    [
      'an exception',
      () => {
        throw new Error('out of cheese');
      },
    ],
    ['a limit that is no number', () => Number.NaN],
  ])('survives %s with no current, CVL at float, an alarm and the reason', (_, fault) => {
    const bench = new Bench(lawOf(faulty(fault)), SETTINGS);
    bench.run(pack(3.3), 150);
    const { output, rejected } = bench.try({ reading: pack(3.42) });
    expect(output).toMatchObject({
      ccl: 0,
      dcl: 0,
      allowToCharge: false,
      allowToDischarge: false,
      state: 'hold',
      alarms: { internalFailure: 2 },
    });
    expect(output?.cvl).toBeLessThanOrEqual(53.6);
    expect(rejected).toContain('internal error');
    expect(bench.step({ reading: pack(3.38) })).toMatchObject({ ccl: 0, dcl: 0 });
    expect(bench.run(pack(3.38), 100)).toMatchObject({ ccl: 50, dcl: 60 });
  });

  it('publishes nothing before the first good sample', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    expect(bench.try({}).output).toBeUndefined();
    expect(bench.try({ reading: { soc: 50 } })).toMatchObject({
      rejected: 'the number of cells is unknown: the BMS does not tell it',
    });
    expect(bench.step({ reading: pack(3.3) })).toMatchObject({ ccl: 0, dcl: 60, state: 'bulk' });
  });

  it('says no when the configuration is blocked, and little when it holds errors', () => {
    const blocked = new Bench(lawFor('adaptive'), {
      ...SETTINGS,
      blocked: 'two batteries share one address',
    });
    expect(blocked.run(pack(3.3), 100)).toMatchObject({ ccl: 0, dcl: 0, errorCode: 119, state: 'hold' });
    const wrong = new Bench(lawFor('adaptive'), { ...SETTINGS, configError: 'line 4' });
    expect(wrong.run(pack(3.3), 150)).toMatchObject({ ccl: 28, dcl: 60, errorCode: 119 });
    expect(wrong.run(pack(3.36), 600).cvl).toBeLessThanOrEqual(53.6);
  });

  it('gives the same for the same inputs, also through JSON', () => {
    const law = lawFor('adaptive');
    let live = law.initial(SETTINGS);
    let stored = law.initial(SETTINGS);
    for (let t = 0; t < 300; t++) {
      const reading =
        t % 7 === 6 ? undefined : pack(3.3 + (t % 50) / 250, { current: t % 40, mosfetTemperature: 30 });
      const input = { t, ...(reading === undefined ? {} : { reading }) };
      const a = law.step(SETTINGS, live, input);
      const b = law.step(SETTINGS, JSON.parse(JSON.stringify(stored)), input);
      expect(b.output).toEqual(a.output);
      [live, stored] = [a.state, b.state];
    }
  });

  it('does not keep more as time goes by', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    bench.run(pack(3.33, { current: 20 }), 600);
    const size = JSON.stringify(bench.state).length;
    bench.run(pack(3.33, { current: 20 }), 3600);
    expect(JSON.stringify(bench.state).length).toBeLessThan(size + 100);
  });

  it('takes time that stands still, runs back or is no number without harm', () => {
    const law = lawFor('adaptive');
    let { state } = law.step(SETTINGS, law.initial(SETTINGS), { t: 100, reading: pack(3.3) });
    for (const t of [100, 50, Number.NaN, 101]) {
      const step = law.step(SETTINGS, state, { t, reading: pack(3.3) });
      expect(step.output).toMatchObject({ ccl: 0, dcl: 60 });
      ({ state } = step);
    }
  });
});
