import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestOf, WISHES } from '../../src/battery/wishes.ts';
import { lawFor } from '../../src/control/decide.ts';
import { pack } from '../../src/control/fixtures.ts';
import { planCells } from '../../src/control/input/cells.ts';
import type { ControlOutput, ControlRequests } from '../../src/control/law.ts';
import { controlSettings } from '../../src/settings/control.ts';
import { parseSettings } from '../../src/settings/file.ts';
import { SETTINGS, type Setting, splitKey } from '../../src/settings/table.ts';
import { anyWalk, follow, mostAmps } from '../support/battery-walk.ts';
import { claim, claimAtMost, evenly, invariant } from '../support/invariant.ts';

const LIMITS = ['ccl', 'dcl', 'cvl'] as const;

describe('what an owner writes over the bus', () => {
  const value = fc.oneof(
    evenly(-2, 300),
    fc.constantFrom(-1, 0, 1, 1e9, Number.NaN, Number.POSITIVE_INFINITY, 'on', undefined),
  );
  const writes = fc.array(fc.record({ at: fc.nat(120), setting: fc.constantFrom(...WISHES), value }), {
    minLength: 1,
    maxLength: 8,
  });

  invariant(
    'I20 lowers limits or leaves them, and nonsense asks for nothing',
    fc.tuple(anyWalk, writes),
    ([walk, written]) => {
      const bare = walk.inputs.map(({ requests: _, ...input }) => input);
      const free: { readonly cvl: number }[] = [];
      follow({ ...walk, inputs: bare }, ({ state }) => {
        free.push({ cvl: state.live?.cvl ?? Number.NaN });
      });
      const kept = new Map<string, ControlRequests>();
      const inputs = bare.map((input, index) => {
        for (const { at, setting, value: wish } of written)
          if (at === index) kept.set(setting.name, requestOf(setting, wish));
        const requests: ControlRequests = Object.assign({}, ...kept.values());
        return { ...input, requests };
      });
      let index = 0;
      let asked = false;
      follow({ ...walk, inputs }, ({ input: { requests = {} }, output, state }) => {
        const without = free[index++];
        const { maxChargeCurrent = -1, maxDischargeCurrent = -1 } = requests;
        if (maxChargeCurrent >= 0) claimAtMost('CCL', output.ccl, maxChargeCurrent);
        if (maxDischargeCurrent >= 0) claimAtMost('DCL', output.dcl, maxDischargeCurrent);
        asked ||= requests.topBalanceNow === true;
        // A top balance is a charge of its own, by another voltage and at a lower current: its bounds are those of I3.
        if (asked || without === undefined) return;
        // Not step by step against the currents without the wish: a limit that was lower anyway has no fall that begins a
        // new hold, so its ramp may be a step ahead. What it must never pass is what the configuration allows.
        const { maxChargeCurrent: charge, maxDischargeCurrent: discharge } = walk.settings;
        if (typeof charge === 'number' && charge >= 0) claimAtMost('CCL', output.ccl, charge);
        if (typeof discharge === 'number' && discharge >= 0) claimAtMost('DCL', output.dcl, discharge);
        // As meant: the published one rises every 5 s only, and the compensation of losses comes and goes with CCL.
        claimAtMost('CVL', state.live?.cvl ?? Number.NaN, without.cvl);
      });
    },
  );

  it('is nothing where nothing was written', () => {
    for (const setting of WISHES) expect(requestOf(setting, setting.none)).toEqual({});
  });
});

describe('errors in the settings file', () => {
  const ROWS: readonly Setting[] = SETTINGS.filter(({ key }: Setting) => !key.startsWith('ports'));
  const bad = fc.record({
    row: fc.constantFrom(...ROWS),
    text: fc.constantFrom('nan', '1e9', '-7', '"?"', '[[]]', '"', ''),
  });
  type Bad = typeof bad extends fc.Arbitrary<infer T> ? T : never;
  const lineOf = ({ row, text }: Bad): string => {
    const [section, name] = splitKey(row.key);
    return `[${section}]\n${name} = ${text}\n`;
  };
  const driver = { limits: 'operating' as const };

  /** What the law publishes with this file, once holds and ramps are over. */
  function limitsWith(
    text: string,
    cell: number,
  ): { readonly output: ControlOutput; readonly isWrong: boolean } {
    const port = parseSettings(text, 'test.toml').forPort('ttyUSB0');
    const settings = controlSettings(port, driver);
    const law = lawFor(settings.profile);
    let state = law.initial(settings);
    let output: ControlOutput | undefined;
    for (let t = 0; t <= 150; t += 10)
      ({ state, output } = law.step(settings, state, { t, reading: pack(cell) }));
    if (output === undefined) throw new Error('no output');
    return { output, isWrong: settings.configError !== undefined };
  }

  invariant(
    'I21 two errors never combine to a looser limit than one, and each leaves 0.1 C, float and error 119',
    fc.tuple(bad, bad, evenly(3.2, 3.45)),
    ([one, other, cell]) => {
      const alone = [one, other].map((line) => limitsWith(lineOf(line), cell));
      const both = limitsWith(lineOf(one) + lineOf(other), cell);
      for (const { output, isWrong } of [...alone, both]) {
        if (!isWrong) continue;
        claimAtMost('CCL', output.ccl, 28);
        claimAtMost('CVL', output.cvl, 16 * 3.35, 0.01);
        claim(output.errorCode === 119, () => `error code ${output.errorCode}`);
      }
      const counts = alone.filter(({ isWrong }) => isWrong);
      claim(counts.length === 0 || both.isWrong, () => 'the errors went unnoticed');
      for (const { output } of counts)
        for (const limit of LIMITS) claimAtMost(limit, both.output[limit], output[limit]);
    },
  );

  invariant(
    'I21 whatever the battery says, an error in the settings leaves no more than 0.1 C and float',
    anyWalk,
    (walk) => {
      const settings = { ...walk.settings, configError: 'line 3: for the test' };
      const plan = planCells(settings);
      const most = mostAmps(walk, 'maxChargeCurrent');
      let { capacity } = settings;
      follow({ ...walk, settings }, ({ output, accepted, state }) => {
        claim(output.errorCode === 119, () => `error code ${output.errorCode}`);
        capacity = Math.max(capacity ?? 0, accepted?.capacityFull ?? 0) || undefined;
        // A pack that tells no capacity is taken for one whose most current is 0.5 C.
        claimAtMost('CCL', output.ccl, capacity === undefined ? 0.2 * most : 0.1 * capacity);
        if (accepted === undefined) return;
        const count = accepted.cellCount ?? accepted.cellVoltages?.length ?? 0;
        const drop = output.ccl === 0 ? 0 : Math.min(settings.voltageDrop, 0.03125 * count);
        // Cells of another kind are not charged, and kept where they are.
        claimAtMost('CVL', output.cvl, Math.max(state.check.pin ?? 0, count * plan.float + drop), 0.01);
      });
    },
  );
});
