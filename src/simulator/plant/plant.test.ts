import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ALARM_NAMES } from '../../model/alarms.ts';
import { CHEMISTRIES } from '../../model/chemistry.ts';
import { BUILTIN_SCENARIOS } from '../trials/builtin-scenarios.ts';
import { loadScenario, parseScenario } from '../trials/scenario.ts';
import { Plant } from './plant.ts';

const numRuns = 60 * Number(process.env['FUZZ_FACTOR'] ?? 1);

function plantOf(scenario: Record<string, unknown>): Plant {
  return new Plant(parseScenario(scenario));
}

function first(plant: Plant) {
  const [pack] = plant.packs;
  if (pack === undefined) throw new Error('a plant has a pack');
  return pack;
}

describe('a plant', () => {
  it('is the same for the same seed and another for another', () => {
    const course = (seed: number): unknown[] => {
      const plant = plantOf({ ...BUILTIN_SCENARIOS['day'], seed });
      return Array.from({ length: 5 }, () => {
        plant.step(600);
        return plant.truth();
      });
    };
    expect(course(3)).toEqual(course(3));
    expect(course(3)).not.toEqual(course(4));
  });

  it('does not depend on how its time is cut', () => {
    const [whole, cut] = [
      plantOf({ steps: [{ at: 10, current: 50 }] }),
      plantOf({ steps: [{ at: 10, current: 50 }] }),
    ];
    whole.step(100);
    for (let piece = 0; piece < 100; piece++) cut.step(1);
    expect(cut.truth()).toEqual(whole.truth());
  });

  it('counts what flows', () => {
    const plant = plantOf({ packs: [{ soc: 50, selfDischarge: 0 }], steps: [{ at: 0, current: 28 }] });
    plant.step(3600);
    expect(plant.truth()).toMatchObject({ soc: 60, current: 28, capacityRemaining: 168 });
    expect(first(plant).trueSoc()).toBeCloseTo(60, 6);
  });

  it('believes in a wrong state of charge when its shunt is wrong', () => {
    const plant = plantOf({
      packs: [{ soc: 50, socError: -10, currentOffset: 2.8, selfDischarge: 0 }],
      steps: [{ at: 0, current: 0 }],
    });
    expect(plant.truth().soc).toBe(40);
    plant.step(3600);
    expect(plant.truth()).toMatchObject({ soc: 41, current: 2.8 });
    expect(first(plant).trueSoc()).toBeCloseTo(50, 6);
  });

  it('gets warm from current and takes the temperature of its surroundings', () => {
    const plant = plantOf({ packs: [{ temperature: -5 }], ambient: 10 });
    plant.step(3600);
    const cold = first(plant).temperature;
    expect(cold).toBeGreaterThan(-5);
    expect(cold).toBeLessThan(10);
    const busy = plantOf({ ambient: 20, steps: [{ at: 0, current: 140 }] });
    busy.step(3600);
    expect(first(busy).temperature).toBeGreaterThan(20.5);
    expect(busy.truth().mosfetTemperature).toBeGreaterThan(first(busy).temperature);
  });

  it('brings its cells together by balancing', () => {
    const plant = plantOf({
      packs: [{ soc: 99.5, spread: 0.1, balancer: { current: 2 } }],
      sources: [{ power: 500 }],
    });
    const spread = (): number => first(plant).highestCell - first(plant).lowestCell;
    plant.step(1200);
    const before = spread();
    expect(plant.truth().balancing).toBe(true);
    plant.step(6 * 3600);
    expect(spread()).toBeLessThan(before / 3);
  });

  it('tells everything that a reading can hold', () => {
    const truth = plantOf({}).truth();
    expect(truth).toMatchObject({ cellCount: 16, chargeEnabled: true, model: 'SIM-16S280', cycles: 42 });
    expect(truth.cellVoltages).toHaveLength(16);
    expect(truth.cellBalancing).toHaveLength(16);
    expect(Object.keys(truth.alarms ?? {}).sort()).toEqual(
      ALARM_NAMES.filter((name) => name !== 'bmsCable').sort(),
    );
    expect(truth).not.toHaveProperty('address');
    expect(truth).not.toHaveProperty('modules');
  });

  it('repeats its script', () => {
    const plant = plantOf({
      steps: [
        { at: 0, current: 10 },
        { at: 30, current: -10 },
      ],
      repeatEvery: 60,
    });
    const seen = Array.from({ length: 6 }, () => {
      plant.step(15);
      plant.step(15);
      return plant.truth().current;
    });
    expect(seen).toEqual([10, -10, 10, -10, 10, -10]);
  });

  it('does what the script says', () => {
    const plant = plantOf({
      steps: [
        { at: 1, soc: 80, temperature: 40, chargeFet: false, current: 20 },
        { at: 2, shownSoc: 30, alarms: { highVoltage: 2 }, chargeFet: true },
        { at: 3, alarms: null, cellOffsets: { 2: -5 }, power: -1000, line: { silent: true } },
      ],
    });
    plant.step(1.5);
    expect(plant.truth()).toMatchObject({ soc: 80, chargeEnabled: false, current: 0 });
    plant.step(1);
    expect(plant.truth()).toMatchObject({ soc: 30, alarms: { highVoltage: 2 } });
    plant.step(1);
    expect(plant.truth().alarms).toMatchObject({ highVoltage: 0 });
    expect(plant.current * (plant.truth().voltage ?? 0)).toBeCloseTo(-1000, -1);
    expect(plant.line.silent).toBe(1);
    expect(first(plant).string.soc(1)).toBeCloseTo(75, 1);
  });

  it('tells what its sources could bring beyond the loads, whatever is prescribed', () => {
    const plant = plantOf({ sources: [{ power: 5000 }], loads: [{ power: 2000 }] });
    plant.prescribe(-10);
    plant.step(10);
    expect(plant.truth().current).toBe(-10);
    expect(plant.surplus() * (plant.truth().voltage ?? 0)).toBeCloseTo(3000, -1);
    plant.prescribe(null);
    plant.step(60);
    expect(plant.truth().power).toBeCloseTo(3000, -2);
  });

  it('obeys switches that were written to it', () => {
    const plant = plantOf({ steps: [{ at: 0, current: 20 }] });
    plant.apply({ chargeEnabled: false });
    plant.step(5);
    expect(plant.truth()).toMatchObject({ chargeEnabled: false, dischargeEnabled: true, current: 0 });
    plant.apply({ chargeEnabled: true });
    plant.step(5);
    expect(plant.current).toBeCloseTo(20, 6);
  });
});

describe('packs in parallel', () => {
  const two = {
    packs: [{ address: 1 }, { address: 2, soc: 60, resistance: 3 }],
    steps: [{ at: 0, current: 90 }],
  };

  it('share the current by their resistances', () => {
    const plant = plantOf(two);
    plant.step(1);
    const [a, b] = plant.truth().modules ?? [];
    expect((a?.current ?? 0) + (b?.current ?? 0)).toBeCloseTo(90, 1);
    expect(a?.current).toBeGreaterThan(1.5 * (b?.current ?? 0));
    expect([a?.address, b?.address]).toEqual([1, 2]);
    expect(plant.truth()).toMatchObject({ current: 90, capacityFull: 560 });
  });

  it('leave all to the other when one is switched off', () => {
    const plant = plantOf(two);
    const [, second] = plant.packs;
    if (second !== undefined) second.chargeSwitch = false;
    plant.step(1);
    expect(plant.packs.map((pack) => pack.current)).toEqual([expect.closeTo(90, 6), 0]);
  });
});

describe('protections', () => {
  it.each(CHEMISTRIES)('stop an overcharge of %s and let go after it', (chemistry) => {
    const plant = plantOf({
      chemistry,
      packs: [{ soc: 98 }],
      steps: [
        { at: 0, current: 56 },
        { at: 7200, current: -56 },
      ],
    });
    plant.step(7200);
    expect(plant.truth()).toMatchObject({ chargeEnabled: false, dischargeEnabled: true });
    expect(first(plant).protections.chargeTrips).toBeGreaterThan(0);
    expect(plant.truth().alarms?.highCellVoltage).toBe(2);
    plant.step(3600);
    expect(plant.truth()).toMatchObject({ chargeEnabled: true, current: -56 });
  });

  it('stop a deep discharge', () => {
    const plant = plantOf({ packs: [{ soc: 10 }], steps: [{ at: 0, current: -56 }] });
    plant.step(3600);
    expect(plant.truth()).toMatchObject({ dischargeEnabled: false, chargeEnabled: true, current: 0 });
    expect(first(plant).protections.dischargeTrips).toBe(1);
  });

  it('stop charging in the frost, not discharging', () => {
    const plant = plantOf({ packs: [{ temperature: -6 }], ambient: -6, steps: [{ at: 0, current: 20 }] });
    plant.step(10);
    expect(plant.truth()).toMatchObject({ chargeEnabled: false, dischargeEnabled: true });
    expect(plant.truth().alarms?.lowChargeTemperature).toBe(2);
  });

  it('rest a minute after an over-current', () => {
    const plant = plantOf({ packs: [{ maxCurrent: 100 }], steps: [{ at: 0, current: 130 }] });
    plant.step(6);
    expect(plant.current).toBe(0);
    plant.step(30);
    expect(plant.truth().alarms?.highChargeCurrent).toBe(2);
    plant.step(120);
    expect(first(plant).protections.chargeTrips).toBeGreaterThan(1);
  });
});

describe('chargers', () => {
  it('hold the voltage limit at their own terminal', () => {
    const plant = plantOf({
      packs: [{ soc: 97 }],
      sources: [{ power: 9000, offset: 0.2 }],
      chargeVoltage: 54.4,
    });
    plant.step(3600);
    const terminal = first(plant).emf + plant.current * first(plant).ohm;
    expect(terminal).toBeCloseTo(54.6, 2);
  });

  it('give no more than the current limit in whole amps, two of them together too', () => {
    const source = { power: 9000 };
    const plant = plantOf({ packs: [{ soc: 40 }], sources: [source, source], chargeCurrent: 12.3 });
    for (let second = 0; second < 60; second++) {
      plant.step(1);
      expect(plant.current).toBeLessThanOrEqual(13.001);
    }
    expect(plant.current).toBeGreaterThan(12.5);
  });

  it('ignore the current limit when they feed in, never their power', () => {
    const plant = plantOf({
      packs: [{ soc: 40 }],
      sources: [{ power: 3000, obeysCurrentLimit: false }],
      chargeCurrent: 0,
    });
    plant.step(60);
    expect(plant.current * (plant.truth().voltage ?? 0)).toBeGreaterThan(2800);
    expect(plant.current * (plant.truth().voltage ?? 0)).toBeLessThanOrEqual(3001);
  });

  it('hear of new limits 3 to 6 s after they are published', () => {
    const plant = plantOf({ packs: [{ soc: 40 }], sources: [{ power: 9000 }] });
    plant.step(60);
    plant.publish({ cvl: 55.2, ccl: 10, dcl: 100 });
    const before = plant.dvcc.orders;
    plant.step(2.9);
    expect(plant.dvcc.orders).toBe(before);
    plant.step(3.2);
    expect(plant.dvcc.orders.ccl).toBe(10);
  });

  it('pull the pack down to the voltage limit only as far as they are able to', () => {
    const plant = plantOf({
      packs: [{ soc: 60 }],
      sources: [{ power: 9000, pullsDown: 40 }],
      chargeVoltage: 50,
    });
    plant.step(60);
    expect(plant.current).toBeCloseTo(-40, 3);
    plant.publish({ cvl: 50, ccl: 100, dcl: 0 });
    plant.step(60);
    expect(plant.current).toBeCloseTo(0, 3);
  });
});

describe('any scenario', () => {
  const source = fc.record({
    power: fc.integer({ min: 0, max: 30_000 }),
    offset: fc.double({ min: -0.5, max: 0.5, noNaN: true }),
    obeysCurrentLimit: fc.boolean(),
    pullsDown: fc.constantFrom(0, 40),
    pattern: fc.constantFrom({}, { sun: true }, { on: 60, off: 60 }, { cloudSeconds: 30 }),
  });
  const pack = fc.record({
    cells: fc.constantFrom(4, 8, 16),
    capacity: fc.integer({ min: 20, max: 400 }),
    soc: fc.double({ min: 0, max: 100, noNaN: true }),
    spread: fc.double({ min: 0, max: 5, noNaN: true }),
    temperature: fc.integer({ min: -30, max: 70 }),
    hysteresis: fc.constantFrom(0, 0.01),
    slowPolarisation: fc.boolean(),
    currentOffset: fc.integer({ min: -5, max: 5 }),
  });
  const step = fc.oneof(
    fc.record({ current: fc.integer({ min: -600, max: 600 }) }),
    fc.record({ power: fc.integer({ min: -30_000, max: 30_000 }) }),
    fc.record({ load: fc.integer({ min: 0, max: 20_000 }) }),
    fc.record({ chargeVoltage: fc.integer({ min: 0, max: 120 }) }),
    fc.constant({ current: null }),
  );
  const scenario = fc.record({
    chemistry: fc.constantFrom(...CHEMISTRIES),
    packs: pack.map((one) => [one]),
    sources: fc.array(source, { maxLength: 3 }),
    steps: fc
      .array(step, { maxLength: 6 })
      .map((steps) => steps.map((one, index) => ({ at: 300 * index, ...one }))),
  });

  it('stays finite and within 0 to 100 %', () => {
    fc.assert(
      fc.property(scenario, (data) => {
        const plant = new Plant(parseScenario(data));
        for (let piece = 0; piece < 60; piece++) {
          plant.step(30);
          const { voltage, current, power, soc, cellVoltages, temperatures } = plant.truth();
          for (const value of [
            voltage,
            current,
            power,
            soc,
            ...(cellVoltages ?? []),
            ...(temperatures ?? []),
          ])
            expect(Number.isFinite(value)).toBe(true);
          expect(soc).toBeGreaterThanOrEqual(0);
          expect(soc).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns },
    );
  });

  it.each(Object.keys(BUILTIN_SCENARIOS))(
    '"%s" runs for a day; only a runner or frost opens the charge FET',
    (name) => {
      const plant = new Plant(loadScenario(name));
      plant.step(86_400);
      const { chargeTrips, dischargeTrips } = first(plant).protections;
      expect(dischargeTrips).toBe(0);
      if (name !== 'runner' && name !== 'cold') expect(chargeTrips).toBe(0);
    },
  );
});
