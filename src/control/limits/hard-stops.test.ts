import { describe, expect, it } from 'vitest';
import type { PackReading } from '../../model/reading.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS, withCell } from '../fixtures.ts';
import type { ControlOutput } from '../law.ts';
import type { LawState } from '../memory/law-state.ts';
import { HARD_STOPS, type HardStopName } from './hard-stops.ts';
import type { Direction } from './limit.ts';

/** A battery just before a hard stop, and what it says when the condition has come. */
interface Case {
  readonly before?: PackReading;
  readonly with: Partial<PackReading>;
  /** Good samples that it takes. */
  readonly samples?: number;
  /** Seconds until the condition comes: enough for both currents to rise, also where the battery begins hot. */
  readonly after?: number;
}

const CASES: Readonly<Record<HardStopName, Case>> = {
  chargeSwitch: { with: { chargeEnabled: false } },
  dischargeSwitch: { with: { dischargeEnabled: false } },
  ceiling: { with: { cellVoltages: withCell(3.3, 3.55) } },
  empty: {
    before: pack(3.3, { cellVoltages: withCell(3.3, 3.05) }),
    with: { cellVoltages: withCell(3.3, 2.8) },
    samples: 2,
  },
  coldCharge: { before: pack(3.3, { temperatures: [4, 4] }), with: { temperatures: [4, 0] } },
  coldDischarge: { before: pack(3.3, { temperatures: [-17, -17] }), with: { temperatures: [-17, -20] } },
  hotCharge: { before: pack(3.3, { temperatures: [51, 51] }), with: { temperatures: [51, 55] }, after: 250 },
  hotDischarge: { before: pack(3.3, { temperatures: [57, 57] }), with: { temperatures: [57, 60] } },
  hotMosfet: { before: pack(3.3, { mosfetTemperature: 85 }), with: { mosfetTemperature: 90 } },
  // Sensors that leap before they have kept still for a minute.
  unproven: { with: { temperatures: [40, 40] }, after: 45 },
  chargeAlarm: { with: { alarms: { highVoltage: 2 } } },
  dischargeAlarm: { with: { alarms: { lowVoltage: 2 } } },
};

const ROWS = HARD_STOPS.map((stop) => ({ ...stop, of: CASES[stop.name] }));
const PROFILES = ['adaptive', 'soc-steps'] as const;
const BOTH: readonly Direction[] = ['charge', 'discharge'];
/** No current that any battery has: such a reading is refused, whatever else it says. */
const REFUSED = { current: 5000 };

const amps = ({ ccl, dcl }: ControlOutput): Record<Direction, number> => ({ charge: ccl, discharge: dcl });

/** A battery to which nothing has happened yet. */
function settled(profile: (typeof PROFILES)[number], { before = pack(3.3), after = 150 }: Case) {
  const bench = new Bench(lawFor(profile), { ...SETTINGS, profile, maxChargeCurrent: 100 });
  const output = bench.run(before, after);
  return { bench, before, was: amps(output) };
}

function causeOf({ live }: LawState, direction: Direction): string | undefined {
  return direction === 'charge' ? live?.chargeLimit.cause : live?.dischargeLimit.cause;
}

describe.each(PROFILES)('with the profile %s', (profile) => {
  it.each(ROWS)('$name stops $stops at once, and nothing else', ({ of, stops, cause }) => {
    const { bench, before, was } = settled(profile, of);
    const now = amps(bench.run({ ...before, ...of.with }, of.samples ?? 1));
    for (const direction of BOTH) {
      if (!stops.includes(direction)) {
        expect(now[direction] > 0, direction).toBe(was[direction] > 0);
        continue;
      }
      expect(was[direction], `${direction} before`).toBeGreaterThan(0);
      expect([now[direction], causeOf(bench.state, direction)]).toEqual([0, cause]);
    }
  });

  it.each(ROWS.filter(({ byRejected }) => byRejected))(
    '$name stops $stops with a reading that is refused',
    ({ of, stops, cause }) => {
      const { bench, before, was } = settled(profile, of);
      const { output, rejected } = bench.try({ reading: { ...before, ...of.with, ...REFUSED } });
      expect(rejected).toContain('a current of 5000 A cannot be');
      if (output === undefined) throw new Error('no output');
      for (const direction of stops) {
        expect(was[direction], `${direction} before`).toBeGreaterThan(0);
        expect([amps(output)[direction], causeOf(bench.state, direction)]).toEqual([0, cause]);
      }
    },
  );

  it.each(ROWS)('neither a refused nor a missing reading lifts $name', ({ of, stops }) => {
    const { bench, before } = settled(profile, of);
    bench.run({ ...before, ...of.with }, of.samples ?? 1);
    for (const input of [{ reading: { ...before, ...REFUSED } }, {}]) {
      const now = amps(bench.step(input));
      for (const direction of stops) expect(now[direction]).toBe(0);
    }
  });
});

it('only what takes several good readings to be found waits for them', () => {
  const waiting = HARD_STOPS.filter(({ byRejected }) => !byRejected).map(({ name }) => name);
  expect(waiting).toEqual(['empty', 'unproven']);
});

it('every hard stop has a name of its own, and a direction', () => {
  expect(new Set(HARD_STOPS.map(({ name }) => name)).size).toBe(HARD_STOPS.length);
  for (const { stops, name } of HARD_STOPS) expect(stops, name).not.toHaveLength(0);
});
