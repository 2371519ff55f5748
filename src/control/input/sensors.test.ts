import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claim, claimAtMost, evenly, invariant } from '../../../test/support/invariant.ts';
import { READ_ALL, replyTo } from '../../bms/jk/frame.ts';
import { jk } from '../../bms/jk/index.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS } from '../fixtures.ts';
import { initialState } from '../memory/law-state.ts';
import { restore, snapshot } from '../memory/snapshot.ts';

const warm = (temperatures: readonly number[]) => pack(3.3, { temperatures });
const settled = (temperatures: readonly number[], profile: 'adaptive' | 'soc-steps' = 'adaptive') => {
  const bench = new Bench(lawFor(profile), { ...SETTINGS, profile });
  bench.run(warm(temperatures), 200);
  return bench;
};
const CELLS = bytesOf(0x79, 3, 1, 0x0c, 0xe4);
/** What the driver makes of the two sensors of a JK board. */
const decoded = (raw: readonly number[]): readonly number[] =>
  jk.decode(READ_ALL, replyTo(READ_ALL, bytesOf(CELLS, 0x81, 0, raw[0] ?? 0, 0x82, 0, raw[1] ?? 0)))
    .temperatures ?? [];

describe('a temperature that leaps', () => {
  it('is not shown, however often it is repeated, and the colder of both limits', () => {
    const bench = settled([1, 1]);
    const before = bench.last?.output?.ccl ?? 0;
    for (let second = 0; second < 800; second++) {
      const { output, sample } = bench.try({ reading: warm([50, 50]) });
      expect(sample?.temperatures).toEqual([1, 1]);
      expect(output?.ccl).toBeLessThanOrEqual(before);
    }
  });

  it('is believed when it has kept for 15 minutes', () => {
    const bench = settled([20, 20]);
    bench.run(warm([20, 30]), 899);
    expect(bench.last?.sample?.temperatures).toEqual([20, 20]);
    bench.run(warm([20, 30]), 5);
    expect(bench.last?.sample?.temperatures).toEqual([20, 30]);
  });

  it('leaves no trace when it comes back', () => {
    const bench = settled([18, 18, 19]);
    expect(bench.step({ reading: warm([18, -30, 19]) })).toMatchObject({ ccl: 0 });
    bench.run(warm([18, 18, 19]), 150);
    expect(bench.last?.output).toMatchObject({ ccl: 50, dcl: 60 });
    expect(bench.last?.sample?.temperatures).toEqual([18, 18, 19]);
  });

  it('back to its neighbours, from where it never should have been, is believed after 2 minutes', () => {
    const bench = settled([-25, 18, 19]);
    expect(bench.run(warm([18, 18, 19]), 100)).toMatchObject({ ccl: 0 });
    expect(bench.run(warm([18, 18, 19]), 200)).toMatchObject({ ccl: 50, dcl: 60 });
  });

  it('to where the cells would burn ends both currents at once', () => {
    const bench = settled([25, 25, 25]);
    expect(bench.step({ reading: warm([25, 70, 25]) })).toMatchObject({ ccl: 0, dcl: 0 });
  });

  it('in steps that a driver could take for a slow one is not believed either', () => {
    const bench = settled([0, 0]);
    for (let degrees = 1; degrees <= 50; degrees++) {
      const { output } = bench.try({ reading: warm([degrees, degrees]) });
      expect(output?.ccl).toBe(0);
    }
  });

  it('is told in words of an owner', () => {
    const bench = settled([1, 1]);
    expect(bench.step({ reading: warm([1, 50]) }).notices.join()).toContain(
      'temperature 2 jumped from 1 to 50 degC, faster than cells can change: 1 degC is shown',
    );
  });

  it('while there is no earlier value to stay with leaves charging off until it keeps still', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    for (let second = 0; second < 40; second++)
      bench.step({ reading: warm(second % 2 ? [50, 50] : [20, 20]) });
    expect(bench.run(warm([20, 20]), 60).chargeReason).toContain('waiting until it has kept still');
    expect(bench.run(warm([20, 20]), 300).ccl).toBe(50);
  });

  it('is a leap also after a restart', () => {
    const bench = settled([0, 0]);
    const state = restore(SETTINGS, JSON.parse(JSON.stringify(snapshot(bench.state))), 30, pack(3.3));
    const again = new Bench(lawFor('adaptive'), SETTINGS);
    again.state = state;
    expect(again.run(warm([50, 50]), 200)).toMatchObject({ ccl: 0 });
    expect(restore(SETTINGS, { ...snapshot(bench.state), sensors: [[1, 2]] }, 30, pack(3.3)).sensors).toEqual(
      initialState().sensors,
    );
  });

  it('does not cost the cells of its reading', () => {
    const bench = settled([18, 18]);
    const { sample } = bench.try({ reading: pack(3.35, { temperatures: [18, 50] }) });
    expect(sample?.cellVoltages?.[0]).toBe(3.35);
  });
});

describe('the encoding of a JK board around 0 degC', () => {
  it('is 0 at raw 100, and -1 at 101', () => {
    expect(decoded([100, 101])).toEqual([0, -1]);
    expect(decoded([0, 99])).toEqual([0, 99]);
  });

  /** A cell that cools from above 0 and rests there; on the way through, the board tells an average of 0 and 100. */
  const course = fc.record({
    profile: fc.constantFrom('adaptive' as const, 'soc-steps' as const),
    start: fc.integer({ min: 0, max: 4 }),
    below: fc.array(
      fc.record({
        truth: fc.integer({ min: -3, max: 0 }),
        seconds: fc.integer({ min: 1, max: 25 }),
        /** In %: how much of the average is 100. Undefined: the board tells the truth. */
        shares: fc.option(fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 20 }), {
          nil: undefined,
        }),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  });
  const raw = (degrees: number): number => (degrees > 0 ? degrees : 100 - degrees);

  invariant('I5 no sequence of raw temperatures opens charging below the freezing point', course, (told) => {
    const law = lawFor(told.profile);
    const settings = { ...SETTINGS, profile: told.profile };
    let state = law.initial(settings);
    let t = 0;
    let pace = 6;
    const say = (sensors: readonly number[]): number => {
      // A poll every 6 s on the way down, every second around 0.
      const step = law.step(settings, state, { t, reading: warm(decoded(sensors)) });
      t += pace;
      state = step.state;
      return step.output?.ccl ?? 0;
    };
    for (let degrees = told.start; degrees >= 0; degrees--)
      for (let second = 0; second < 8; second++) say([raw(degrees), raw(degrees)]);
    pace = 1;
    for (const { truth, seconds, shares } of told.below) {
      for (let second = 0; second < seconds; second++) {
        const share = shares?.[second % shares.length];
        const sensor = share ?? raw(truth);
        const amps = say([sensor, sensor]);
        claim(amps === 0, () => `${amps} A at ${truth} degC, raw ${sensor}, after ${t} s`);
      }
    }
  });
});

describe('one sensor among others', () => {
  it.each([
    ['adaptive' as const, [18, -25, 19, 18]],
    ['soc-steps' as const, [18, -25, 19, 18]],
    ['adaptive' as const, [-25, 18]],
    ['adaptive' as const, [5, 5, -39, 6]],
    ['adaptive' as const, [-10, -39, -11]],
  ])('that reads far too cold ends the charge and leaves a little discharge: %s, %j', (profile, degrees) => {
    const bench = settled(degrees, profile);
    expect(bench.last?.output).toMatchObject({ ccl: 0, dcl: 28, alarms: { internalFailure: 1 } });
    expect(bench.last?.output?.alarms.lowTemperature).not.toBe(2);
  });

  it('is named with what it reads, what the others say and what to do', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    const { chargeReason, dischargeReason, notices } = bench.step({ reading: warm([18, 19, -25, 18]) });
    expect(chargeReason).toBe(
      'No charge: temperature sensor 3 reads -25 degC, the others 18 to 19 degC, waiting for 2 degC',
    );
    expect(dischargeReason).toContain('Discharge limited to 28 A: temperature sensor 3 reads -25 degC');
    expect(notices.join()).toContain('further apart than one pack can be');
    expect(notices.join()).toContain('Check the sensor, its plug and its wire');
  });

  it('goes on to be the pack itself where all are as cold, or half of them', () => {
    expect(settled([-22, -22, -23]).last?.output).toMatchObject({ ccl: 0, dcl: 0 });
    expect(settled([-25, -25, 18, 18]).last?.output).toMatchObject({ ccl: 0, dcl: 0 });
    expect(settled([-25]).last?.output).toMatchObject({ ccl: 0, dcl: 0 });
  });

  it('that is far too hot ends both', () => {
    expect(settled([20, 75, 21]).last?.output).toMatchObject({ ccl: 0, dcl: 0 });
  });

  it('of two names both, because nothing tells which is wrong', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    expect(bench.step({ reading: warm([-25, 18]) }).notices.join()).toContain(
      'Temperature sensors 1 and 2 read -25 and 18 degC: one of them is wrong, and nothing tells which',
    );
  });

  it('a bad reading of a cell does not turn a cold sensor into the end of the discharge', () => {
    const bench = settled([18, -25, 19]);
    const bad = { ...warm([18, -25, 19]), cellVoltages: [0, ...Array.from({ length: 15 }, () => 3.3)] };
    const { output, rejected } = bench.try({ reading: bad });
    expect(rejected).toContain('cell 1');
    expect(output?.dcl).toBe(28);
  });

  it('that vanishes keeps its place, and is told', () => {
    const bench = settled([5, 18, 25]);
    const { ccl, notices } = bench.step({ reading: warm([5, 25]) });
    expect(ccl).toBeLessThanOrEqual(28);
    expect(notices.join()).toContain('(number 2, last 18 degC)');
    expect(bench.run(warm([5, 25]), 70).alarms.internalFailure).toBe(1);
  });

  it('that was far too cold and vanishes leaves the discharge on', () => {
    const bench = settled([18, -25, 19]);
    expect(bench.run(warm([18, 19]), 300)).toMatchObject({ ccl: 0, dcl: 28 });
  });

  it('that stays at one value while the others move is named', () => {
    const bench = settled([18, 18.5, 19]);
    const told: string[] = [];
    for (let t = 0; t <= 3600; t += 10)
      told.push(...bench.step({ reading: warm([18 - t / 360, 18.5, 19 - t / 360]) }, 10).notices);
    expect(told.join()).toMatch(/Temperature sensor 2 stays at 19 degC, the others went to \d+ to \d+ degC/);
    expect(bench.last?.output?.alarms.internalFailure).toBe(1);
  });

  it('the last of all that vanishes forbids charging in the end', () => {
    const bench = settled([18]);
    const { temperatures: _, ...blind } = pack(3.3);
    for (let hour = 0; hour < 12; hour++) for (let s = 0; s < 400; s++) bench.step({ reading: blind }, 9);
    expect(bench.last?.output).toMatchObject({ ccl: 0, dcl: 60 });
  });
});

describe('any fault of one sensor', () => {
  const FAULTS = ['wild', 'constant', 'gone', 'flapping'] as const;
  const any = fc.record({
    profile: fc.constantFrom('adaptive' as const, 'soc-steps' as const),
    sound: fc.array(evenly(1, 40), { minLength: 2, maxLength: 5 }).map((all) => {
      const base = Math.min(...all);
      return all.map((degrees) => Math.min(degrees, base + 8));
    }),
    at: fc.nat(5),
    kind: fc.constantFrom(...FAULTS),
    values: fc.array(evenly(-39, 59), { minLength: 1, maxLength: 30 }),
    pace: fc.constantFrom(1, 7, 60),
  });

  /** The sensors with the faulty one among them, from poll to poll. */
  const tell =
    ({ sound, at, kind, values, pace }: typeof any extends fc.Arbitrary<infer T> ? T : never) =>
    (poll: number): readonly number[] => {
      const place = at % (sound.length + 1);
      const wild = values[Math.floor(poll / pace) % values.length] ?? 0;
      const told = kind === 'constant' ? (values[0] ?? 0) : kind === 'flapping' && poll % 2 ? sound[0] : wild;
      const own = kind === 'gone' ? [] : [told ?? 0];
      return [...sound.slice(0, place), ...own, ...sound.slice(place)];
    };

  invariant('I7 a sensor more never means more charge than the sound ones allow', any, (fault) => {
    const { profile, sound } = fault;
    const law = lawFor(profile);
    const settings = { ...SETTINGS, profile };
    let [faulty, calm] = [law.initial(settings), law.initial(settings)];
    for (let poll = 0; poll < 40; poll++) {
      const t = 5 * poll;
      const one = law.step(settings, faulty, { t, reading: warm(tell(fault)(poll)) });
      const other = law.step(settings, calm, { t, reading: warm(sound) });
      [faulty, calm] = [one.state, other.state];
      claimAtMost('CCL', one.output?.ccl ?? Number.NaN, other.output?.ccl ?? 0);
      claimAtMost('DCL', one.output?.dcl ?? Number.NaN, other.output?.dcl ?? 0);
      const told = Math.min(...tell(fault)(poll));
      if (told <= 0) claim(one.output?.ccl === 0, () => `CCL is ${one.output?.ccl} at ${told} degC`);
    }
  });

  invariant('I7 one cold sensor never ends the discharge of a pack that may be discharged', any, (fault) => {
    const law = lawFor(fault.profile);
    const settings = { ...SETTINGS, profile: fault.profile };
    let state = law.initial(settings);
    for (let poll = 0; poll < 40; poll++) {
      const step = law.step(settings, state, { t: 5 * poll, reading: warm(tell(fault)(poll)) });
      state = step.state;
      claim((step.output?.dcl ?? 0) > 0, () => `DCL is ${step.output?.dcl} at ${tell(fault)(poll)}`);
    }
  });

  invariant(
    'I7 a sensor that reads colder than the others never means more of either current',
    fc.tuple(any, evenly(-39, 40), evenly(-39, 40)),
    ([fault, a, b]) => {
      const { profile, sound } = fault;
      const law = lawFor(profile);
      const settings = { ...SETTINGS, profile };
      const outputs = [Math.max(a, b), Math.min(a, b)].map((odd) => {
        let state = law.initial(settings);
        let output: ReturnType<typeof law.step>['output'];
        for (let t = 0; t <= 300; t += 10)
          ({ state, output } = law.step(settings, state, { t, reading: warm([...sound, odd]) }));
        return output;
      });
      const [less, more] = outputs;
      // Far too warm is a danger of its own.
      if (Math.max(a, b) > Math.min(...sound)) return;
      claimAtMost('CCL', more?.ccl ?? Number.NaN, less?.ccl ?? 0);
      claimAtMost('DCL', more?.dcl ?? Number.NaN, less?.dcl ?? 0);
    },
  );
});
