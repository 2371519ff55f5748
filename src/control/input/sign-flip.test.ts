import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claim, evenly, invariant } from '../../../test/support/invariant.ts';
import { seeded } from '../../simulator/random.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS } from '../fixtures.ts';
import { initialSign, type SignFlip, watchSign } from './sign-flip.ts';

const COUNT = 16;
const CAPACITY = 280;
/** ohm of the pack: what follows at once, and what follows with a time constant of 90 s. */
const OHM = 0.0035;
const SLOW_OHM = 0.004;

/** The current at a moment, A, with whatever an inverter adds to its mean. */
type Ripple = (t: number, random: () => number) => number;

/** Between nothing and twice the mean, as shares of it. */
const RIPPLES: Readonly<Record<string, (hertz: number) => Ripple>> = {
  none: () => () => 1,
  anywhere: () => (_, random) => 2 * random(),
  eitherEnd: () => (_, random) => (random() < 0.5 ? 0 : 2),
  sine: (hertz) => (t) => 1 + Math.sin(2 * Math.PI * hertz * t),
  rectified: (hertz) => (t) => (Math.PI / 2) * Math.abs(Math.sin(Math.PI * hertz * t)),
  square: (hertz) => (t) => ((hertz * t) % 1 < 0.5 ? 0 : 2),
  triangle: (hertz) => (t) => 2 * Math.abs(2 * ((hertz * t) % 1) - 1),
};

interface House {
  readonly ripple: Ripple;
  /** Seconds between current and cells. */
  readonly apart: number;
  /** Seconds of a poll, and by how much they vary. */
  readonly poll: number;
  readonly jitter: number;
  /** Mean currents, A, each for some seconds; after the last the first again. */
  readonly course: readonly (readonly [amps: number, seconds: number])[];
  readonly seed: number;
}

/** Leads the judgement of the sign through a house; `inverted` turns what is told. */
function live(house: House, seconds: number, inverted: boolean, start: SignFlip = initialSign()): Lived {
  const random = seeded(house.seed);
  const next = (): number => random.next();
  let state = start;
  let polarised = 0;
  let charge = 0;
  let turns = 0;
  let foundAt: number | undefined;
  let stretch = 0;
  let left = house.course[0]?.[1] ?? 0;
  for (let t = 0; t < seconds; ) {
    const dt = house.poll + house.jitter * (next() - 0.5);
    t += dt;
    for (left -= dt; left <= 0; left += house.course[stretch]?.[1] ?? seconds)
      stretch = (stretch + 1) % house.course.length;
    const mean = house.course[stretch]?.[0] ?? 0;
    polarised += (SLOW_OHM * mean - polarised) * (1 - Math.exp(-dt / 90));
    charge += (mean * dt) / 3600;
    const told = mean * house.ripple(t, next) * (inverted ? -1 : 1) * state.sign;
    const atCells = mean * house.ripple(t + house.apart, next);
    const cells = 3.3 * COUNT + (charge / CAPACITY) * 0.8 + polarised + OHM * atCells;
    const before = state.sign;
    state = watchSign(state, {
      t,
      amps: Math.round(10 * told) / 10,
      volts: Math.round(1000 * cells) / 1000,
      count: COUNT,
      capacity: CAPACITY,
    });
    if (state.sign !== before) {
      turns += 1;
      foundAt ??= t;
    }
  }
  return { state, turns, foundAt };
}

interface Lived {
  readonly state: SignFlip;
  readonly turns: number;
  readonly foundAt: number | undefined;
}

const anyCourse = fc.oneof(
  fc.constant([[-50, 1e9]] as const),
  fc.array(fc.tuple(evenly(-150, 100), evenly(1, 900)), { minLength: 1, maxLength: 12 }),
);
const anyHouse: fc.Arbitrary<House> = fc
  .record({
    kind: fc.constantFrom(...Object.keys(RIPPLES)),
    hertz: fc.oneof(evenly(99, 101), evenly(49.9, 50.1)),
    apart: evenly(0, 0.5),
    poll: fc.constantFrom(0.5, 1, 1, 1, 2, 5),
    jitter: fc.constantFrom(0, 0.002, 0.1),
    course: anyCourse,
    seed: fc.nat(),
  })
  .map(({ kind, hertz, ...house }) => ({ ...house, ripple: (RIPPLES[kind] ?? (() => () => 1))(hertz) }));
/** A square ripple that all but stands still between the polls, with cells read up to a cycle later. */
const standing: fc.Arbitrary<House> = fc.record({
  ripple: fc
    .record({ beat: fc.oneof(evenly(16, 120), evenly(16, 1200)), share: evenly(0.2, 0.8) })
    .map(
      ({ beat, share }): Ripple =>
        (t) =>
          ((100 + 1 / beat) * t) % 1 < share ? 0 : 1 / (1 - share),
    )
    .map(
      (ripple): Ripple =>
        (t, random) =>
          Math.min(2, ripple(t, random)),
    ),
  apart: evenly(0, 0.011),
  poll: fc.constantFrom(0.5, 1, 1, 2),
  jitter: fc.constantFrom(0, 0, 0.0005, 0.002),
  course: evenly(-150, 100).map((amps) => [[amps, 1e9]] as const),
  seed: fc.nat(),
});

describe('the sign of the current', () => {
  invariant(
    'I23 is never turned by ripple, whatever its shape, with cells read half a second apart (an hour each)',
    anyHouse,
    (house) => {
      const { turns } = live(house, 3600, false);
      claim(turns === 0, () => `turned ${turns} times`);
    },
  );

  invariant(
    'I23 is never turned by a square ripple that stands still between the polls, with cells read half a cycle later',
    standing,
    (house) => {
      const { turns } = live(house, 2 * 3600, false);
      claim(turns === 0, () => `turned ${turns} times`);
    },
  );

  it('is not judged by a current that goes on in its direction after a moment in the other one', () => {
    let state = initialSign();
    for (let t = 0; t < 7200; t++) {
      const moment = t % 300;
      // Ripple makes of a constant load another mean in every few samples; the cells are read at another moment.
      const amps = moment < 2 ? 3 : t % 600 < 300 ? -100 : -200;
      state = watchSign(state, {
        t,
        amps,
        volts: t % 600 < 300 ? 52 : 52 + (t % 2) / 2,
        count: 16,
        capacity: 280,
      });
    }
    expect(state).toMatchObject({ sign: 1, score: 0 });
  });

  it('is proved right in ordinary use', () => {
    const house = { ripple: () => 1, apart: 0.3, poll: 1, jitter: 0.05, course: DAY, seed: 1 };
    expect(live(house, 900, false).state).toMatchObject({ sign: 1, turned: false, proved: true });
  });
});

/** A house within a quarter of an hour: a kettle, a fridge, sun between clouds. */
const DAY = [
  [-8, 60],
  [-70, 75],
  [-12, 40],
  [35, 90],
  [-20, 45],
  [60, 120],
  [10, 30],
] as const;

describe('a current with the wrong sign', () => {
  const ordinary = fc.record({
    ripple: fc.constantFrom<Ripple>(
      () => 1,
      (_, random) => 0.97 + 0.06 * random(),
    ),
    apart: evenly(0, 0.5),
    poll: fc.constantFrom(1, 2),
    jitter: fc.constantFrom(0, 0.1),
    course: fc.oneof(
      fc.constant(DAY),
      fc.constant([
        [0, 20],
        [-40, 20],
      ] as const),
      fc
        .array(fc.tuple(fc.oneof(evenly(-120, -15), evenly(15, 90)), evenly(20, 60)), {
          minLength: 2,
          maxLength: 8,
        })
        .filter((course) =>
          course.every(([amps], index) => {
            const before = course.at(index - 1)?.[0] ?? 0;
            return Math.abs(amps - before) > Math.max(15, Math.max(Math.abs(amps), Math.abs(before)) / 4);
          }),
        ),
    ),
    seed: fc.nat(),
  });

  invariant('I23 is found within 15 minutes of ordinary use, and turned once', ordinary, (house) => {
    const { turns, foundAt } = live(house, 3600, true);
    claim(turns === 1 && (foundAt ?? 3600) <= 900, () => `${turns} turns, the first after ${foundAt} s`);
  });

  it('is found under full ripple too, by what charging and discharging do to the cells', () => {
    const course = [
      [-50, 60],
      [40, 60],
    ] as const;
    for (const name of Object.keys(RIPPLES)) {
      const ripple = RIPPLES[name]?.(100.03) ?? (() => 1);
      const { foundAt } = live({ ripple, apart: 0.3, poll: 1, jitter: 0.05, course, seed: 5 }, 900, true);
      expect(foundAt, name).toBeLessThan(900);
    }
  });

  it('is not found in few steps, in small ones, in a mixture, or without a capacity', () => {
    const steps = (up: number, down: number, mean: number, capacity?: number): SignFlip => {
      let state = initialSign();
      for (let t = 0; t < 600; t++) {
        const high = t % 40 < 20;
        const creep = (down - up) * Math.exp(-(t % 20) / 10) * 0.1 * (high ? 1 : -1);
        const volts = (high ? up : down) + creep + (t % 80 < 40 ? 0 : mean);
        state = watchSign(state, { t, amps: high ? 40 : 0, volts, count: 16, capacity });
      }
      return state;
    };
    expect(steps(52.7, 52.8, 0, 280)).toMatchObject({ sign: -1, turned: true });
    expect(steps(52.7, 52.8, 0)).toEqual(initialSign());
    expect(steps(52.7, 52.8, 0, 2000)).toMatchObject({ sign: 1, score: 0 });
    expect(steps(52.79, 52.8, 0, 280)).toMatchObject({ sign: 1, score: 0 });
    expect(steps(52.9, 52.8, 0, 280)).toMatchObject({ sign: 1, proved: true });
  });

  it('is turned once in its life, whatever follows', () => {
    let state = initialSign(-1, { turned: true, proved: true });
    for (let t = 0; t < 3600; t++) {
      const high = t % 40 < 20;
      state = watchSign(state, { t, amps: high ? 40 : 0, volts: high ? 52 : 53, count: 16, capacity: 280 });
    }
    expect(state.sign).toBe(-1);
  });

  /** Loads of 60 A that come and go, told as a charge. */
  function told(run: Bench<unknown>, seconds: number): string[] {
    return Array.from({ length: seconds }, (_, t) => run.step({ reading: loadedAt(t) }).notices).flat();
  }

  /** A load makes the cells sag, and sag further for a while. */
  function loadedAt(t: number, sign = 1) {
    const loaded = t % 60 < 30;
    const creep = 0.005 * Math.exp(-(t % 30) / 10);
    return pack(loaded ? 3.25 + creep : 3.28 - creep, { current: loaded ? 60 * sign : 0 });
  }

  it('is not found in steps between the same two currents after which no cell creeps: a ripple looks so', () => {
    const run = new Bench(lawFor('adaptive'), SETTINGS);
    for (let t = 0; t < 1800; t++) {
      const loaded = t % 60 < 30;
      run.step({ reading: pack(loaded ? 3.25 : 3.28, { current: loaded ? 60 : 0 }) });
    }
    expect(run.try({ reading: pack(3.25, { current: 60 }) }).sample?.current).toBe(60);
  });

  it('is told once, with the setting that settles it, and nothing is said of feed-in before', () => {
    const run = new Bench(lawFor('adaptive'), SETTINGS);
    const notices = told(run, 900);
    expect(notices.filter((text) => text.includes('connection.invertCurrent = true'))).toHaveLength(1);
    expect(notices.join()).not.toContain('feed-in');
    expect(run.try({ reading: pack(3.25, { current: 60 }) }).sample?.current).toBe(-60);
  });

  it('names the other value to an owner who had turned it', () => {
    const run = new Bench(lawFor('adaptive'), { ...SETTINGS, invertCurrent: true });
    for (let t = 0; t < 900; t++) run.step({ reading: loadedAt(t, -1) });
    expect(run.try({ reading: pack(3.25, { current: -60 }) }).sample?.current).toBe(-60);
  });
});
