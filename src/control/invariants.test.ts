import fc from 'fast-check';
import { describe } from 'vitest';
import { anySettings, anyWalk, follow, mostAmps, walksOf } from '../../test/support/battery-walk.ts';
import { claim, claimAtMost, evenly, invariant } from '../../test/support/invariant.ts';
import { CHARGE_BLOCKING, DISCHARGE_BLOCKING } from '../model/alarms.ts';
import type { PackReading } from '../model/reading.ts';
import { lawFor } from './decide.ts';
import { pack, SETTINGS, withCell } from './fixtures.ts';
import { planCells } from './input/cells.ts';
import type { ControlOutput } from './law.ts';

/** The most that one rounding to whole amperes may add to a rise. */
const ROUNDING = 1.01;
const HOLD_S = 30;
const START_HOLD_S = 5;
const RAMP_S = 60;
const MOST_DT_S = 10;

const spread = (degrees: readonly number[]): number => Math.max(...degrees) - Math.min(...degrees);
const countOf = ({ cellCount, cellVoltages }: PackReading): number => cellCount ?? cellVoltages?.length ?? 0;

describe('whatever the battery says', () => {
  invariant('I1 every published number is finite, from the first output on without a gap', anyWalk, (walk) =>
    follow(walk, ({ output }) => {
      for (const value of [output.cvl, output.ccl, output.dcl, output.low])
        claim(Number.isFinite(value), () => `${value} was published`);
    }),
  );

  invariant('I1 nothing that is published is a negative zero, neither number nor text', anyWalk, (walk) =>
    follow(walk, ({ output }) => {
      const { chargeMode, chargeReason, dischargeReason, notices } = output;
      for (const text of [chargeMode, chargeReason, dischargeReason, ...notices])
        claim(!/(?<![\w.])-0(\.0+)?(?![\d.])/.test(text), () => text);
      for (const [name, value] of Object.entries(output))
        claim(!Object.is(value, -0), () => `${name} is a negative zero`);
    }),
  );

  invariant('I2 the currents stay within what owner, user and BMS allow', anyWalk, (walk) =>
    follow(walk, ({ output, accepted, input: { requests = {} } }, settings) => {
      const { maxChargeCurrent, maxDischargeCurrent, bmsLimits } = settings;
      claim(output.ccl >= 0 && output.dcl >= 0, () => 'a current below 0');
      if (typeof maxChargeCurrent === 'number' && maxChargeCurrent >= 0)
        claimAtMost('CCL', output.ccl, maxChargeCurrent);
      if (typeof maxDischargeCurrent === 'number') claimAtMost('DCL', output.dcl, maxDischargeCurrent);
      if (requests.maxChargeCurrent !== undefined && requests.maxChargeCurrent >= 0)
        claimAtMost('CCL', output.ccl, requests.maxChargeCurrent);
      if (requests.maxDischargeCurrent !== undefined && requests.maxDischargeCurrent >= 0)
        claimAtMost('DCL', output.dcl, requests.maxDischargeCurrent);
      if (requests.chargeOff === true) claim(output.ccl === 0, () => 'charge is off, but CCL is not 0');
      if (requests.dischargeOff === true) claim(output.dcl === 0, () => 'discharge is off, but DCL is not 0');
      if (accepted === undefined || bmsLimits === 'none') return;
      const share = bmsLimits === 'trip' ? 0.9 : 1;
      const { maxChargeCurrent: charge, maxDischargeCurrent: discharge } = accepted;
      if (charge !== undefined) claimAtMost('CCL', output.ccl, Math.max(0, share * charge), 1e-5);
      if (discharge !== undefined) claimAtMost('DCL', output.dcl, Math.max(0, share * discharge), 1e-5);
    }),
  );

  invariant('I3 CVL stays within what owner, chemistry and BMS allow', anyWalk, (walk) => {
    // A number of cells that is told later and contradicts this one must not raise CVL.
    follow(walk, ({ output, accepted, state }, settings) => {
      if (accepted === undefined) return;
      const plan = planCells(settings);
      const told = countOf(accepted);
      const cells = walk.settings.cellCount ?? state.readingFilter.count ?? told;
      // A top balance that is held for a moment keeps its voltage.
      const balances = state.charging.phases.phase === 'topBalance';
      const top = balances ? plan.hardMax - 0.02 : plan.absorb;
      const drop = output.ccl === 0 ? 0 : Math.min(settings.voltageDrop, 0.03125 * cells);
      // Cells of another kind are kept where they are, which may be above what the chemistry that is set allows.
      const kept = state.check.pin ?? 0;
      claim(kept === 0 || output.ccl === 0, () => 'cells of another kind are charged');
      claimAtMost('CVL', output.cvl, Math.max(kept, cells * top + drop), 0.01);
      const allowed = accepted.maxChargeVoltage;
      if (allowed !== undefined)
        claimAtMost('CVL', output.cvl, Math.max(allowed, Math.min(cells, told) * plan.floor), 1e-5);
    });
  });

  invariant('I4 CVL never falls below the floor of the chemistry', anyWalk, (walk) => {
    const { floor } = planCells(walk.settings);
    let fewest = walk.settings.cellCount ?? Number.POSITIVE_INFINITY;
    follow(walk, ({ output, accepted, state }) => {
      if (accepted !== undefined) fewest = Math.min(fewest, countOf(accepted));
      // Cells of another kind have another floor.
      const kept = state.check.pin ?? Number.POSITIVE_INFINITY;
      claimAtMost('the floor', Math.min(kept, fewest * floor), output.cvl, 0.01);
    });
  });

  invariant('I5 a hard reason ends its current in the very step that brings it', anyWalk, (walk) => {
    let low = 0;
    follow(walk, ({ output, accepted, state }, settings) => {
      if (accepted === undefined) return;
      const plan = planCells(settings);
      const { chargeEnabled, dischargeEnabled, temperatures = [], cellVoltages = [], alarms = {} } = accepted;
      low = cellVoltages.some((volts) => volts <= plan.hardMin) ? low + 1 : 0;
      // A sensor that cannot be right ends the charge, and leaves a little discharge.
      const sound = state.live?.seen.known.heat.faults.length === 0 && spread(temperatures) <= 15;
      const charge =
        chargeEnabled === false ||
        CHARGE_BLOCKING.some((name) => alarms[name] === 2 || output.alarms[name] === 2) ||
        cellVoltages.some((volts) => volts >= plan.hardMax) ||
        temperatures.some((degrees) => degrees <= plan.chargeMinC || degrees >= plan.chargeMaxC);
      const discharge =
        dischargeEnabled === false ||
        DISCHARGE_BLOCKING.some((name) => alarms[name] === 2 || output.alarms[name] === 2) ||
        // One low sample may be a load spike.
        low >= 2 ||
        temperatures.some((degrees) => degrees >= plan.dischargeMaxC) ||
        (sound && temperatures.some((degrees) => degrees <= plan.dischargeMinC));
      if (charge) claim(output.ccl === 0 && !output.allowToCharge, () => `CCL is ${output.ccl}`);
      if (discharge) claim(output.dcl === 0 && !output.allowToDischarge, () => `DCL is ${output.dcl}`);
    });
  });

  invariant('I6 a permission is withdrawn exactly when its limit is 0', anyWalk, (walk) =>
    follow(walk, ({ output }) => {
      claim(output.allowToCharge === output.ccl > 0, () => `charge at ${output.ccl} A`);
      claim(output.allowToDischarge === output.dcl > 0, () => `discharge at ${output.dcl} A`);
    }),
  );

  invariant(
    'I8 a current rises only after its hold and by its ramp, also after a start or a silence',
    anyWalk,
    (walk) => {
      const charge = mostAmps(walk, 'maxChargeCurrent');
      const discharge = mostAmps(walk, 'maxDischargeCurrent');
      let cutAt = Number.NEGATIVE_INFINITY;
      let startedAt = Number.NEGATIVE_INFINITY;
      follow(walk, ({ output, before, dt, accepted, input: { t } }) => {
        const returns = before !== undefined && before.freshness !== 'fresh' && output.freshness === 'fresh';
        if (before === undefined || returns) {
          // What flows already is taken over, and rises after a few samples.
          startedAt = t;
          cutAt = Number.NEGATIVE_INFINITY;
          claimAtMost('CCL', output.ccl, Math.max(before?.ccl ?? 0, Math.abs(accepted?.current ?? 0)));
          return;
        }
        const rise = Math.min(dt, MOST_DT_S) / RAMP_S;
        claimAtMost('CCL', output.ccl, before.ccl + rise * charge + ROUNDING);
        claimAtMost('DCL', output.dcl, before.dcl + rise * discharge + ROUNDING);
        // Well beyond the noise that does not restart the hold, whatever the maximum is.
        if (before.ccl - output.ccl > 0.01 * 200 + ROUNDING) cutAt = t;
        if (t - cutAt <= HOLD_S || t - startedAt <= START_HOLD_S)
          claimAtMost('CCL within its hold', output.ccl, before.ccl);
      });
    },
  );

  invariant('I9 a poll that brings nothing believable raises nothing', anyWalk, (walk) =>
    follow(walk, ({ output, before, accepted }) => {
      if (before === undefined || accepted !== undefined) return;
      claimAtMost('CCL', output.ccl, before.ccl);
      claimAtMost('DCL', output.dcl, before.dcl);
      claimAtMost('CVL', output.cvl, before.cvl);
    }),
  );

  invariant('I12 SoC stays within 0..100 %, and counted SoC below 100 % until full', anyWalk, (walk) => {
    let wasFull = false;
    let knowsCapacity = walk.settings.capacity !== undefined;
    follow(walk, ({ output, accepted }, { socSource }) => {
      wasFull ||= output.chargeCompleted === true;
      knowsCapacity ||= accepted?.capacityFull !== undefined;
      if (output.soc === undefined) return;
      claim(output.soc >= 0, () => `SoC is ${output.soc}`);
      claimAtMost('SoC', output.soc, socSource === 'counter' && knowsCapacity && !wasFull ? 99 : 100);
    });
  });

  invariant('I13 a number of cells that contradicts settings or past blocks', anyWalk, (walk) => {
    let past = walk.settings.cellCount;
    let told = 0;
    let rival = { count: 0, run: 0 };
    follow(walk, ({ output, accepted }) => {
      if (accepted === undefined) return;
      const count = countOf(accepted);
      past ??= count;
      if (count === past) {
        told += 1;
        rival = { count: 0, run: 0 };
        return;
      }
      claim(output.ccl === 0 && output.dcl === 0, () => `${count} for ${past} cells`);
      rival = { count, run: count === rival.count ? rival.run + 1 : 1 };
      // Few readings are no past: ten in a row that say otherwise outweigh them.
      if (walk.settings.cellCount === undefined && told < 10 && rival.run >= 10) [past, told] = [count, 10];
    });
  });

  invariant(
    'I14 the compensation of cable losses stays within its bound and ends with the charge',
    anyWalk,
    (walk) =>
      follow(walk, ({ output, state: { live } }, settings) => {
        if (live === undefined) return;
        const { count } = live.seen;
        const drop = output.ccl === 0 ? 0 : Math.min(settings.voltageDrop, (0.5 / 16) * count);
        const floor = count * planCells(settings).floor;
        claimAtMost('CVL', output.cvl, Math.max(live.cvl + drop, floor), 0.01);
      }),
  );

  const adaptiveWalk = walksOf(
    anySettings.map((settings) => ({ ...settings, profile: 'adaptive' as const })),
  );
  invariant('I15 entering float never raises CVL, and leaving it ramps', adaptiveWalk, (walk) =>
    follow(walk, ({ state: { live, charging }, stateBefore, input }) => {
      const was = stateBefore.live;
      if (live === undefined || was === undefined || was.state === 'hold' || live.state === 'hold') return;
      const { phase } = charging.phases;
      const from = stateBefore.charging.phases.phase;
      const floats = phase === 'floatDown' || phase === 'float';
      if (floats && from !== 'floatDown' && from !== 'float') claimAtMost('CVL', live.cvl, was.cvl);
      const dt = Math.min(input.t - (stateBefore.sampledAt ?? input.t), MOST_DT_S);
      claimAtMost('CVL', live.cvl, was.cvl + 0.001 * live.seen.count * dt);
    }),
  );
});

describe('one implausible reading', () => {
  const calm = fc.array(fc.tuple(evenly(3.1, 3.5), fc.integer({ min: 1, max: 60 })), {
    minLength: 1,
    maxLength: 6,
  });
  const jump = fc.oneof(
    fc.record({
      cell: fc.oneof(evenly(0.31, 1.4), evenly(-2, -0.31)),
    }),
    fc.record({ degrees: fc.constantFrom(-60, -21, -6, 6, 30, 60) }),
  );
  const profile = fc.constantFrom('adaptive' as const, 'soc-steps' as const);

  invariant(
    'I10 a single jump raises no limit, sets no alarm and is not shown; a second one of a cell in a row acts',
    fc.tuple(profile, calm, jump),
    ([chosen, stretches, jumped]) => {
      const law = lawFor(chosen);
      const settings = { ...SETTINGS, profile: chosen };
      let state = law.initial(settings);
      let before: ControlOutput | undefined;
      let t = 0;
      let cell = 3.3;
      for (const [volts, seconds] of stretches) {
        // A walk in small steps: nothing of it is implausible itself.
        cell += Math.max(-0.2, Math.min(0.2, volts - cell));
        for (let second = 0; second < seconds; second++) {
          t++;
          ({ state, output: before } = law.step(settings, state, { t, reading: pack(cell) }));
        }
      }
      const reading =
        'cell' in jumped
          ? pack(cell, { cellVoltages: withCell(cell, cell + jumped.cell) })
          : pack(cell, { temperatures: [25, 25 + jumped.degrees] });
      const once = law.step(settings, state, { t: t + 1, reading });
      // The cells beside a temperature that jumps are believed, and CVL follows them.
      const calmly =
        'cell' in jumped ? before : law.step(settings, state, { t: t + 1, reading: pack(cell) }).output;
      const shown = once.sample?.temperatures ?? [25, 25];
      claim(once.sample === undefined || !('cell' in jumped), () => 'the jump was believed');
      claim(
        shown.every((degrees) => degrees === 25),
        () => `${shown} degC are shown`,
      );
      for (const limit of ['ccl', 'dcl', 'cvl'] as const)
        claimAtMost(limit, once.output?.[limit] ?? 0, calmly?.[limit] ?? 0);
      claim(JSON.stringify(once.output?.alarms) === JSON.stringify(calmly?.alarms), () => 'an alarm was set');
      const isPossible = !('cell' in jumped) || (cell + jumped.cell >= 0.5 && cell + jumped.cell <= 5);
      const twice = law.step(settings, once.state, { t: t + 2, reading });
      claim((twice.sample !== undefined) === isPossible, () => 'the second reading did not act');
    },
  );
});
