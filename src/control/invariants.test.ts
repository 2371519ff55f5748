import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHARGE_BLOCKING, DISCHARGE_BLOCKING } from '../model/alarms.ts';
import { CELL_LIMITS, CHEMISTRIES } from '../model/chemistry.ts';
import type { Reading } from '../model/reading.ts';
import { planCells } from './cells.ts';
import { lawFor } from './decide.ts';
import { pack, SETTINGS, withCell } from './fixtures.ts';
import type { ControlInput, ControlOutput, ControlSettings } from './law.ts';

const FACTOR = Number(process.env['FUZZ_FACTOR'] ?? 1);
const RUNS = Math.round(300 * FACTOR);
const PATIENCE_MS = 20_000 * Math.max(1, FACTOR);
const PROFILES = ['soc-steps', 'adaptive'] as const;

const settingsOf = (profile: ControlSettings['profile']): fc.Arbitrary<ControlSettings> =>
  fc
    .record(
      {
        chemistry: fc.constantFrom(...CHEMISTRIES),
        cellCount: fc.constantFrom(4, 8, 15, 16),
        capacity: fc.constantFrom(20, 100, 280),
        maxChargeCurrent: fc.oneof(fc.constantFrom('auto' as const, 0.5, 20, 100, 140, Number.NaN)),
        maxDischargeCurrent: fc.constantFrom('auto' as const, 0.5, 20, 100, 140),
        absorbCellVoltage: fc.double({ min: 2, max: 5 }),
        floatCellVoltage: fc.double({ min: 2, max: 5 }),
        minCellVoltage: fc.double({ min: 1, max: 5 }),
        voltageDrop: fc.constantFrom(0, 0.2, 3),
        blockOnDisconnect: fc.boolean(),
        graceMinutes: fc.constantFrom(0, 1, 10, 90),
        bmsLimits: fc.constantFrom('operating' as const, 'trip' as const, 'none' as const),
        dailySocMax: fc.constantFrom(80, 100),
        socSource: fc.constantFrom('bms' as const, 'counter' as const),
        topBalanceDays: fc.constantFrom(0, 30),
      },
      { requiredKeys: ['chemistry'] },
    )
    .map((differing) => ({ ...SETTINGS, ...differing, profile }));

/** Mostly a plausible battery on a random walk, now and then nonsense or silence. */
const inputsOf = (settings: ControlSettings): fc.Arbitrary<ControlInput[]> => {
  const cell = CELL_LIMITS[settings.chemistry];
  const count = settings.cellCount ?? 16;
  const level = fc.double({ min: cell.hardMin - 0.1, max: cell.hardMax + 0.1, noNaN: true });
  const odd = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 0, 6.5, 1e9);
  const number = (min: number, max: number) =>
    fc.oneof({ weight: 30, arbitrary: fc.double({ min, max, noNaN: true }) }, { weight: 1, arbitrary: odd });
  const reading = fc
    .record(
      {
        cell: level,
        runner: fc.oneof(
          { weight: 4, arbitrary: fc.double({ min: -0.02, max: 0.25, noNaN: true }) },
          { weight: 1, arbitrary: odd },
        ),
        current: number(-150, 150),
        soc: number(0, 100),
        capacityFull: fc.constantFrom(100, 280),
        temperatures: fc.array(number(-30, 70), { minLength: 0, maxLength: 3 }),
        mosfetTemperature: number(0, 100),
        chargeEnabled: fc.constantFrom(true, true, true, true, false),
        dischargeEnabled: fc.constantFrom(true, true, true, true, false),
        balancing: fc.boolean(),
        maxChargeCurrent: number(0, 200),
        maxDischargeCurrent: number(0, 200),
        maxChargeVoltage: number(40, 70),
        alarms: fc.dictionary(
          fc.constantFrom(...CHARGE_BLOCKING, ...DISCHARGE_BLOCKING),
          fc.constantFrom(0, 0, 0, 1, 2),
          { maxKeys: 2 },
        ),
        cellCount: fc.oneof(
          { weight: 40, arbitrary: fc.constant(count) },
          { weight: 1, arbitrary: fc.constantFrom(4, 15, 0) },
        ),
      },
      { requiredKeys: ['cell', 'runner'] },
    )
    .map(({ cell: base, runner, ...rest }): Reading => {
      const cellVoltages = Array.from({ length: rest.cellCount ?? count }, (_, i) =>
        i === 1 ? base + runner : base,
      );
      return { ...rest, voltage: cellVoltages.reduce((sum, v) => sum + v, 0), cellVoltages } as Reading; // dictionary keys are alarm names
    });
  return fc
    .array(
      fc.record({
        dt: fc.constantFrom(0, 1, 1, 1, 1, 2, 5, 9, 12, 40, 700),
        repeat: fc.constantFrom(1, 1, 3, 20, 60),
        reading: fc.oneof(
          { weight: 8, arbitrary: reading },
          { weight: 1, arbitrary: fc.constant(undefined) },
        ),
        requests: fc.oneof(
          { weight: 6, arbitrary: fc.constant(undefined) },
          {
            weight: 1,
            arbitrary: fc.record({
              maxChargeCurrent: number(0, 100),
              maxDischargeCurrent: number(0, 100),
              chargeOff: fc.boolean(),
              dischargeOff: fc.boolean(),
              topBalanceNow: fc.boolean(),
              fullChargeNow: fc.boolean(),
            }),
          },
        ),
      }),
      { minLength: 1, maxLength: 8 },
    )
    .map((parts) => {
      let t = 0;
      return parts.flatMap(({ dt, repeat, reading: told, requests }) =>
        Array.from({ length: repeat }, () => {
          t += dt;
          return {
            t,
            ...(told === undefined ? {} : { reading: told }),
            ...(requests === undefined ? {} : { requests }),
          };
        }),
      );
    });
};

interface Moment {
  readonly input: ControlInput;
  readonly output: ControlOutput;
  readonly before: ControlOutput | undefined;
  /** Seconds since the last accepted reading. */
  readonly dt: number;
  readonly accepted: Reading | undefined;
}

function everyMoment(
  profile: ControlSettings['profile'],
  check: (moment: Moment, settings: ControlSettings) => void,
): void {
  const law = lawFor(profile);
  fc.assert(
    fc.property(
      settingsOf(profile).chain((settings) => fc.tuple(fc.constant(settings), inputsOf(settings))),
      ([settings, inputs]) => {
        let state = law.initial(settings);
        let before: ControlOutput | undefined;
        let last = 0;
        for (const input of inputs) {
          const step = law.step(settings, state, input);
          expect(step.rejected ?? '').not.toContain('internal error');
          if (step.output !== undefined) {
            check(
              { input, output: step.output, before, dt: input.t - last, accepted: step.sample },
              settings,
            );
          }
          ({ state } = step);
          before = step.output ?? before;
          if (step.sample !== undefined) last = input.t;
        }
      },
    ),
    { numRuns: RUNS },
  );
}

describe.each(PROFILES)('the %s law, whatever the battery says', (profile) => {
  it(
    'publishes finite limits from the first output on, with permissions that agree with them',
    () => {
      everyMoment(profile, ({ output, before }) => {
        for (const value of [output.cvl, output.ccl, output.dcl, output.low])
          expect(Number.isFinite(value)).toBe(true);
        expect(output.allowToCharge).toBe(output.ccl > 0);
        expect(output.allowToDischarge).toBe(output.dcl > 0);
        if (output.soc !== undefined) expect(output.soc >= 0 && output.soc <= 100).toBe(true);
        expect(before === undefined || output !== undefined).toBe(true);
      });
    },
    PATIENCE_MS,
  );

  it(
    'keeps the currents within what owner, user and BMS allow',
    () => {
      everyMoment(profile, ({ output, accepted, input }, settings) => {
        const { maxChargeCurrent, maxDischargeCurrent } = settings;
        if (typeof maxChargeCurrent === 'number' && maxChargeCurrent >= 0) {
          expect(output.ccl).toBeLessThanOrEqual(maxChargeCurrent + 1e-6);
        }
        if (typeof maxDischargeCurrent === 'number')
          expect(output.dcl).toBeLessThanOrEqual(maxDischargeCurrent + 1e-6);
        const { requests } = input;
        if (requests?.maxChargeCurrent !== undefined && requests.maxChargeCurrent >= 0) {
          expect(output.ccl).toBeLessThanOrEqual(requests.maxChargeCurrent + 1e-6);
        }
        if (requests?.chargeOff === true) expect(output.ccl).toBe(0);
        if (requests?.dischargeOff === true) expect(output.dcl).toBe(0);
        if (accepted !== undefined && settings.bmsLimits !== 'none') {
          const share = settings.bmsLimits === 'trip' ? 0.9 : 1;
          if (accepted.maxChargeCurrent !== undefined) {
            expect(output.ccl).toBeLessThanOrEqual(Math.max(0, share * accepted.maxChargeCurrent) + 1e-5);
          }
          if (accepted.maxDischargeCurrent !== undefined) {
            expect(output.dcl).toBeLessThanOrEqual(Math.max(0, share * accepted.maxDischargeCurrent) + 1e-5);
          }
        }
      });
    },
    PATIENCE_MS,
  );

  it(
    'keeps the charge voltage between the floor of the chemistry and what owner and BMS allow',
    () => {
      everyMoment(profile, ({ output, accepted }, settings) => {
        if (accepted === undefined || output.chargeMode.startsWith('Hold: the')) return;
        const plan = planCells(settings);
        const count = accepted.cellCount ?? accepted.cellVoltages?.length ?? 0;
        const top =
          profile === 'adaptive' && output.state === 'topBalance' ? plan.hardMax - 0.02 : plan.absorb;
        const drop = output.ccl === 0 ? 0 : Math.min(settings.voltageDrop, 0.03125 * count);
        expect(output.cvl).toBeGreaterThanOrEqual(count * plan.floor - 0.01);
        expect(output.cvl).toBeLessThanOrEqual(count * top + drop + 0.01);
        if (accepted.maxChargeVoltage !== undefined) {
          expect(output.cvl).toBeLessThanOrEqual(
            Math.max(accepted.maxChargeVoltage, count * plan.floor) + 1e-5,
          );
        }
      });
    },
    PATIENCE_MS,
  );

  it(
    'ends a current in the very step that brings a hard reason',
    () => {
      everyMoment(profile, ({ output, accepted }, settings) => {
        if (accepted === undefined) return;
        const plan = planCells(settings);
        const { chargeEnabled, dischargeEnabled, temperatures, cellVoltages, alarms } = accepted;
        const charge = [
          chargeEnabled === false,
          CHARGE_BLOCKING.some((name) => alarms?.[name] === 2 || output.alarms[name] === 2),
          cellVoltages?.some((volts) => volts >= plan.hardMax) ?? false,
          temperatures?.some((degrees) => degrees <= plan.chargeMinC || degrees >= plan.chargeMaxC) ?? false,
        ];
        const discharge = [
          dischargeEnabled === false,
          DISCHARGE_BLOCKING.some((name) => alarms?.[name] === 2 || output.alarms[name] === 2),
          temperatures?.some((degrees) => degrees <= plan.dischargeMinC || degrees >= plan.dischargeMaxC) ??
            false,
        ];
        if (charge.includes(true)) expect(output).toMatchObject({ ccl: 0, allowToCharge: false });
        if (discharge.includes(true)) expect(output).toMatchObject({ dcl: 0, allowToDischarge: false });
      });
    },
    PATIENCE_MS,
  );

  it(
    'raises a current at most by its ramp',
    () => {
      everyMoment(profile, ({ output, before, dt, accepted }, settings) => {
        const charge =
          typeof settings.maxChargeCurrent === 'number' && settings.maxChargeCurrent > 0
            ? settings.maxChargeCurrent
            : 140;
        const discharge =
          typeof settings.maxDischargeCurrent === 'number' ? settings.maxDischargeCurrent : 140;
        const rise = Math.min(dt, 10) / 60;
        // Rounding to whole amperes lets a rise of less than one appear as one.
        expect(output.ccl).toBeLessThanOrEqual((before?.ccl ?? 0) + rise * charge + 1.01);
        if (before !== undefined)
          expect(output.dcl).toBeLessThanOrEqual(before.dcl + rise * discharge + 1.01);
        if (before !== undefined && accepted === undefined) {
          expect(output.ccl).toBeLessThanOrEqual(before.ccl);
          expect(output.dcl).toBeLessThanOrEqual(before.dcl);
          expect(output.cvl).toBeLessThanOrEqual(before.cvl);
        }
      });
    },
    PATIENCE_MS,
  );

  it(
    'blocks while the number of cells contradicts the settings',
    () => {
      everyMoment(profile, ({ output, accepted }, settings) => {
        if (accepted?.cellCount === undefined || settings.cellCount === undefined) return;
        if (accepted.cellCount !== settings.cellCount) expect(output).toMatchObject({ ccl: 0, dcl: 0 });
      });
    },
    PATIENCE_MS,
  );

  it(
    'never raises the charge voltage when float begins',
    () => {
      everyMoment(profile, ({ output, before, input, accepted }, settings) => {
        if (before === undefined || accepted === undefined) return;
        const isHeld = before.state === 'hold' || output.state === 'hold';
        const floats = output.state === 'floatDown' || output.state === 'float';
        const begins = floats && before.state !== output.state && !isHeld && before.state !== 'float';
        const drop = output.ccl > 0 && before.ccl === 0 ? settings.voltageDrop : 0;
        const capped = accepted.maxChargeVoltage !== undefined || input.requests !== undefined;
        if (begins && drop === 0 && !capped && settings.bmsLimits === 'none') {
          expect(output.cvl).toBeLessThanOrEqual(before.cvl + 0.011);
        }
      });
    },
    PATIENCE_MS,
  );

  it(
    'lets no single implausible reading raise a limit or set an alarm',
    () => {
      const law = lawFor(profile);
      const settings = { ...SETTINGS, profile };
      const walk = fc.array(
        fc.tuple(fc.double({ min: 3.1, max: 3.5, noNaN: true }), fc.integer({ min: 1, max: 60 })),
        {
          minLength: 1,
          maxLength: 6,
        },
      );
      const jump = fc.oneof(
        fc.record({
          cell: fc.oneof(
            fc.double({ min: 0.31, max: 1.4, noNaN: true }),
            fc.double({ min: -2, max: -0.31, noNaN: true }),
          ),
        }),
        fc.record({ degrees: fc.oneof(fc.constant(-21), fc.constant(30), fc.constant(60)) }),
      );
      fc.assert(
        fc.property(walk, jump, (stretches, jumped) => {
          let state = law.initial(settings);
          let before: ControlOutput | undefined;
          let t = 0;
          let cell = 3.3;
          for (const [volts, seconds] of stretches) {
            // A walk in small steps: nothing of it is implausible itself.
            cell += Math.max(-0.2, Math.min(0.2, volts - cell));
            for (let second = 0; second < seconds; second++) {
              t++;
              const step = law.step(settings, state, { t, reading: pack(cell) });
              ({ state, output: before } = step);
            }
          }
          const reading =
            'cell' in jumped
              ? pack(cell, { cellVoltages: withCell(cell, cell + jumped.cell) })
              : pack(cell, { temperatures: [25, 25 + jumped.degrees] });
          const { output, sample } = law.step(settings, state, { t: t + 1, reading });
          expect(sample).toBeUndefined();
          expect(output?.ccl).toBeLessThanOrEqual(before?.ccl ?? 0);
          expect(output?.dcl).toBeLessThanOrEqual(before?.dcl ?? 0);
          expect(output?.cvl).toBeLessThanOrEqual(before?.cvl ?? 0);
          expect(output?.alarms).toEqual(before?.alarms);
        }),
        { numRuns: RUNS },
      );
    },
    PATIENCE_MS,
  );
});
