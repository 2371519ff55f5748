import { describe, expect, it } from 'vitest';
import type { ChargeState, ControlLaw, ControlOutput } from '../../control/law.ts';
import { Plant } from '../plant/plant.ts';
import { TRIALS } from './acceptance-scenarios.ts';
import { judge, prepare, type Trial } from './judge.ts';
import { parseScenario } from './scenario.ts';

interface Limits {
  readonly cvl: number;
  readonly ccl: number;
  readonly state?: ChargeState;
}

/** A law that follows the clock only. */
function lawOf(limits: (t: number, heard: boolean) => Limits): ControlLaw<undefined> {
  return {
    initial: () => undefined,
    step(_, state, { t, reading }) {
      const output: ControlOutput = {
        state: 'bulk',
        ...limits(t, reading !== undefined),
        dcl: 140,
        low: 46,
        allowToCharge: true,
        allowToDischarge: true,
        chargeMode: '',
        chargeReason: '',
        dischargeReason: '',
        alarms: {},
        freshness: 'fresh',
        notices: [],
      };
      return { state, output };
    },
  };
}

const TRIAL: Trial = {
  name: 'test',
  hours: 1,
  plant: { packs: [{ soc: 98, balancer: null }], sources: [{ power: 9000, pullsDown: 40 }] },
};

const SETTINGS = { ...prepare(TRIAL).settings, profile: 'adaptive' as const };

function verdictOn(limits: (t: number, heard: boolean) => Limits, trial: Partial<Trial> = {}) {
  return judge(prepare({ ...TRIAL, ...trial }), lawOf(limits), 'adaptive');
}

const gentle = (t: number): Limits => ({
  cvl: 55.2,
  ccl: t < 900 ? 100 : 20,
  state: t < 3000 ? 'bulk' : 'float',
});

describe('the judge', () => {
  it('finds nothing wrong with a gentle charge of a good pack', () => {
    const { measured, missed } = verdictOn(gentle);
    expect(missed).toEqual([]);
    expect(measured).toMatchObject({ trips: 0, floatAt: 3000, cvlTurns: 0, cclTurns: 0, rebulks: 0 });
    expect(measured.highestCell).toBeLessThan(3.451);
    expect(measured.unchargedWh).toBeLessThan(80);
    expect(measured.fullAt).toBeLessThan(900);
  });

  it('sees cells that are driven too high, and the trip', () => {
    const { measured, missed } = verdictOn(() => ({ cvl: 60, ccl: 140 }));
    expect(measured.trips).toBeGreaterThan(0);
    expect(measured.highestCell).toBeGreaterThan(3.65);
    expect(missed).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^trips \d+ > 0$/),
        expect.stringMatching(/^highestCell 3\.\d+ > 3\.520$/),
      ]),
    );
  });

  it('sees hunting limits', () => {
    const wave = (t: number): Limits => ({
      cvl: 54 + (Math.floor(t / 120) % 2) * 0.1,
      ccl: 60 + (Math.floor(t / 100) % 2) * 10,
      state: 'float',
    });
    const { measured, missed } = verdictOn(wave);
    expect(measured).toMatchObject({ cvlTurns: 5, cclTurns: 6 });
    expect(missed).toEqual(['cvlTurns 5 > 2', 'cclTurns 6 > 3']);
  });

  it('does not take small corrections for hunting', () => {
    const { measured } = verdictOn((t) => ({
      cvl: 54 + (t % 2) * 0.03,
      ccl: 60 + (t % 2) * 7,
      state: 'float',
    }));
    expect(measured).toMatchObject({ cvlTurns: 0, cclTurns: 0 });
  });

  it('sees what an ESS draws to reach a voltage limit below the pack, before float only', () => {
    const low = (state: ChargeState) => verdictOn(() => ({ cvl: 50, ccl: 100, state })).measured.pulled;
    expect(low('bulk')).toBeCloseTo(40, 1);
    expect(low('float')).toBeLessThan(1);
  });

  it('sees energy that was not charged', () => {
    const { measured, ideal } = verdictOn(() => ({ cvl: 55.2, ccl: 0, state: 'float' }));
    const missing = (ideal.peakAh - 0.98 * 280) * 16 * 3.45;
    expect(measured.unchargedWh / missing).toBeCloseTo(1, 2);
    expect(measured.fullAt).toBeUndefined();
  });

  it('demands float, from the moment at which the pack can be full', () => {
    const never = (): Limits => ({ cvl: 55.2, ccl: 50 });
    expect(verdictOn(never).missed).toEqual(['float never']);
    expect(verdictOn(never, { withoutFloat: true }).missed).toEqual([]);
    const { missed } = verdictOn(gentle, { marks: { floatWithin: 2000 } });
    expect(missed).toEqual([expect.stringMatching(/^floatWithin 2\d\d\d > 2000$/)]);
  });

  it('counts how often a charge begins anew after float', () => {
    const states = (t: number): Limits => ({
      cvl: 54,
      ccl: 50,
      state: Math.floor(t / 600) % 2 === 0 ? 'float' : 'bulk',
    });
    expect(verdictOn(states).measured.rebulks).toBe(3);
  });

  it('keeps readings from the law while the BMS is lost', () => {
    const heard: number[] = [];
    verdictOn(
      (t, answered) => {
        if (!answered) heard.push(t);
        return { cvl: 55.2, ccl: 140 };
      },
      { loss: { atCell: 3.42, seconds: 60 }, pollSeconds: 5 },
    );
    expect(heard).toHaveLength(12);
    expect((heard.at(-1) ?? 0) - (heard[0] ?? 0)).toBe(55);
  });
});

describe('the readings of a trial', () => {
  it('err as the trial says', () => {
    const glitches: number[] = [];
    const signs = new Set<number>();
    const watching: ControlLaw<undefined> = {
      initial: () => undefined,
      step(_, state, { t, reading: { cellVoltages: [one = 0, two = 0] = [], current = 0 } = {} }) {
        if (one - two > 0.1) glitches.push(t);
        signs.add(Math.sign(Math.round(current)));
        return { ...lawOf(() => ({ cvl: 55.2, ccl: 50 })).step(SETTINGS, undefined, { t }), state };
      },
    };
    const { measured } = judge(
      prepare({ ...TRIAL, glitchEvery: 1200, wrongSign: true }),
      watching,
      'adaptive',
    );
    expect(glitches).toEqual([1200, 2400, 3600]);
    expect(signs).toEqual(new Set([0, -1]));
    expect(measured.highestCell).toBeLessThan(3.46);
  });
});

describe('the trials', () => {
  it('have names of their own', () => {
    expect(new Set(TRIALS.map(({ name }) => name)).size).toBe(TRIALS.length);
  });

  it.each(TRIALS.map(({ name, plant }) => [name, plant] as const))('"%s" builds a plant', (_, plant) => {
    const built = new Plant(parseScenario(plant));
    expect(built.sources).toHaveLength(1);
    expect(built.packs[0]?.highestCell).toBeLessThan(built.packs[0]?.limits.hardMax ?? 0);
  });
});
