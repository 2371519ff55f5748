import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claim, evenly, invariant } from '../../../test/support/invariant.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS } from '../fixtures.ts';
import { initialSign } from '../input/sign-flip.ts';
import { initialState } from './law-state.ts';
import { restore, type Snapshot, snapshot } from './snapshot.ts';

const law = lawFor('adaptive');

/** A bench in float, after a real charge. */
function floating() {
  const bench = new Bench(law, { ...SETTINGS, socSource: 'counter' });
  bench.run(pack(3.44, { current: 2, soc: 98 }), 120);
  bench.run(pack(3.45, { current: 2, soc: 98 }), 120);
  bench.run(pack(3.34, { current: 0, soc: 100 }), 6000);
  return bench;
}

const kept = (bench: ReturnType<typeof floating>) => JSON.parse(JSON.stringify(snapshot(bench.state)));

describe('what survives a restart', () => {
  it('is the phase, the voltage, the counted charge and the age of the last full charge', () => {
    const bench = floating();
    expect(bench.last?.output).toMatchObject({ state: 'float', cvl: 53.6 });
    const restored = restore(bench.settings, kept(bench), 30, pack(3.34));
    const next = law.step(bench.settings, restored, { t: 5, reading: pack(3.34) });
    expect(next.output).toMatchObject({ state: 'float', ccl: 0, dcl: 60 });
    expect(next.output?.soc).toBeGreaterThan(99);
    expect(restored.charging.phases.fullAge).toBeGreaterThan(5900);
  });

  it('does not go on with a phase that is older than 10 minutes', () => {
    const bench = floating();
    const old = restore(bench.settings, kept(bench), 601, pack(3.34));
    expect(old.charging.phases.phase).toBe('bulk');
    expect(old.charging.cvl).toBeUndefined();
    expect(old.charging.phases.fullAge).toBeGreaterThan(6500);
  });

  it('lets the BMS have its say on the charge after a day', () => {
    const bench = floating();
    expect(restore(bench.settings, kept(bench), 90_000, pack(3.34)).counter.soc).toBeUndefined();
    expect(restore(bench.settings, kept(bench), 90_000).counter.soc).toBeGreaterThan(99);
  });

  it.each<[string, unknown, number]>([
    ['from the future', kept(floating()), -1],
    ['of unknown age', kept(floating()), Number.NaN],
    ['of another version', { ...kept(floating()), version: 2 }, 1],
    ['of another pack', { ...kept(floating()), count: 15 }, 1],
    ['that is none', null, 1],
    ['that is text', 'float', 1],
  ])('is nothing of a snapshot %s', (_, persisted, age) => {
    expect(restore(SETTINGS, persisted, age, pack(3.34))).toEqual(initialState());
  });

  it('keeps an empty battery empty', () => {
    const bench = new Bench(law, SETTINGS);
    bench.run(pack(2.79, { soc: 3 }), 3);
    const restored = restore(SETTINGS, kept(bench), 20, pack(3.0));
    expect(law.step(SETTINGS, restored, { t: 0, reading: pack(3.0, { soc: 3 }) }).output?.dcl).toBe(0);
  });

  it('keeps a current that was found to be turned, until the owner changes the setting for it', () => {
    const found = { ...kept(floating()), sign: -1 };
    expect(restore(SETTINGS, found, 30).sign).toEqual(initialSign(-1, { turned: true, proved: true }));
    expect(restore(SETTINGS, found, 1e7).sign.sign).toBe(-1);
    expect(restore({ ...SETTINGS, invertCurrent: true }, found, 30).sign).toEqual(initialSign());
  });

  it('does not take over a sign of which nobody wrote down under which setting it was found', () => {
    const { invertCurrent: _, ...older } = kept(floating());
    expect(restore(SETTINGS, { ...older, sign: -1 }, 30).sign).toEqual(initialSign());
  });

  it('never begins below the pack, and never throws', () => {
    const bench = floating();
    expect(restore(bench.settings, kept(bench), 5, pack(3.4)).charging.cvl).toBeCloseTo(54.4);
    expect(snapshot(law.initial(SETTINGS))).toBeUndefined();
    const field = fc.oneof(fc.double(), fc.boolean(), fc.string(), fc.constant(null));
    const shaped = fc
      .dictionary(fc.constantFrom(...Object.keys(kept(bench))), field)
      .map((fields) => ({ ...fields, version: 1 }));
    fc.assert(
      fc.property(shaped, fc.double({ min: 0, max: 1e6 }), (persisted, age) => {
        const { output } = law.step(SETTINGS, restore(SETTINGS, persisted, age), {
          t: 0,
          reading: pack(3.3),
        });
        return output !== undefined && Number.isFinite(output.cvl) && output.cvl <= 55.2 && output.ccl === 0;
      }),
    );
  });

  const seconds = evenly(0, 1e7);
  const soc = evenly(0, 100);
  const anySnapshot: fc.Arbitrary<Snapshot> = fc.record({
    version: fc.constant(1 as const),
    count: fc.constant(16),
    phase: fc.constantFrom('bulk' as const, 'absorb' as const, 'floatDown' as const, 'float' as const),
    cvl: evenly(40, 60),
    absorbing: seconds,
    socAtFloat: soc,
    drawn: evenly(0, 300),
    cappedInRow: fc.nat(10),
    balanceWanted: fc.boolean(),
    sinceFull: seconds,
    sinceBalance: seconds,
    ceiling: fc.constantFrom(undefined, 53),
    empty: fc.boolean(),
    emptyShare: fc.constantFrom(0.05, 0.2),
    counted: soc,
    countedFull: fc.boolean(),
    sign: fc.constantFrom(1 as const, -1 as const),
    signProved: fc.boolean(),
    invertCurrent: fc.boolean(),
    sensors: fc.array(
      evenly(-20, 50).map((degrees) => [degrees, degrees - 1, degrees + 1] as const),
      { maxLength: 3 },
    ),
  });
  const outdated = fc.oneof(
    evenly(-1e9, -1e-3),
    evenly(600.001, 1e9),
    fc.constantFrom(Number.NaN, Number.NEGATIVE_INFINITY),
  );

  invariant(
    'I18 what is too old or from the future decides nothing',
    fc.tuple(anySnapshot, outdated, evenly(3, 3.5)),
    ([persisted, age, cell]) => {
      const reading = pack(cell);
      const restored = restore(SETTINGS, persisted, age, reading);
      if (!(age > 0)) claim(same(restored, initialState()), () => 'a state from the future counts');
      const { phase, absorbing, socAtFloat, drawn } = restored.charging.phases;
      claim(
        same([phase, absorbing, socAtFloat, drawn], ['bulk', 0, undefined, 0]),
        () => `${phase} is still in force`,
      );
      claim(
        restored.charging.cvl === undefined && !restored.hard.low.latched,
        () => 'a limit is still in force',
      );
      const [now, anew] = [restored, initialState()].map(
        (state) => law.step(SETTINGS, state, { t: 0, reading }).output,
      );
      for (const limit of ['cvl', 'ccl', 'dcl'] as const)
        claim(now?.[limit] === anew?.[limit], () => `${limit} ${now?.[limit]} instead of ${anew?.[limit]}`);
    },
  );
});

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
