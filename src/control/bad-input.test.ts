import { describe, expect, it } from 'vitest';
import type { PackReading } from '../model/reading.ts';
import { lawFor } from './decide.ts';
import { Bench, pack, SETTINGS, withCell } from './fixtures.ts';
import type { ControlOutput, ControlSettings } from './law.ts';

const CALM = 3.3;

/** A battery that has been fine for minutes, so that every limit is at its height. */
function healthy(differing: Partial<ControlSettings> = {}, reading: PackReading = pack(CALM)) {
  const bench = new Bench(lawFor('adaptive'), { ...SETTINGS, ...differing });
  return { bench, before: bench.run(reading, 500) };
}

function expectNoHigher(now: ControlOutput, before: ControlOutput): void {
  for (const limit of ['ccl', 'dcl', 'cvl'] as const) expect(now[limit]).toBeLessThanOrEqual(before[limit]);
}

/** Every second the same bad reading: no limit ever rises; what is said on the way is collected. */
function suffer(
  bench: ReturnType<typeof healthy>['bench'],
  before: ControlOutput,
  reading: PackReading | undefined,
  seconds: number,
) {
  const said = new Set<string>();
  let last = before;
  for (let second = 0; second < seconds; second++) {
    const { output, rejected } = bench.try(reading === undefined ? {} : { reading });
    if (output === undefined) throw new Error('the output went missing');
    expectNoHigher(output, last);
    if (rejected !== undefined) said.add(rejected);
    for (const notice of output.notices) said.add(notice);
    last = output;
  }
  return { output: last, said: [...said] };
}

describe('missing cells and numbers that are none', () => {
  it.each<[string, Partial<PackReading>, string]>([
    ['a cell that is not measured', { cellVoltages: withCell(CALM, 0) }, 'cell 3 reads 0 V'],
    ['a cell that is no number', { cellVoltages: withCell(CALM, Number.NaN) }, 'cell 3 reads NaN V'],
    ['cells that are left out', { cellVoltages: [CALM, CALM] }, '2 cell voltages for 16 cells'],
    ['cells that are no longer told', { cellVoltages: [] }, 'the cell voltages are missing'],
    ['a pack voltage that is no number', { voltage: Number.NaN }, 'the pack voltage is no number'],
    ['a current that is no number', { current: Number.NaN }, 'a current of NaN A cannot be'],
    ['a current beyond every shunt', { current: -1e6 }, 'a current of -1000000 A cannot be'],
  ])(
    '%s: the reason is told, limits go down the ladder of a lost BMS to 0, with its alarm',
    (_, bad, reason) => {
      const { bench, before } = healthy();
      const minute = suffer(bench, before, pack(CALM, bad), 75);
      expect(minute.said).toContain(reason);
      expect(minute.output).toMatchObject({ ccl: 28, dcl: 56, freshness: 'stale', alarms: { bmsCable: 1 } });
      expect(minute.output.chargeReason).toContain('no usable reading from the BMS');
      const long = suffer(bench, minute.output, pack(CALM, bad), 540);
      expect(long.output).toMatchObject({ ccl: 0, dcl: 0, state: 'hold', alarms: { bmsCable: 2 } });
    },
  );

  it('a state of charge that cannot be is left out, and no limit rises', () => {
    const { bench, before } = healthy();
    for (const soc of [Number.NaN, -1, 255]) {
      const { output } = suffer(bench, before, pack(CALM, { soc }), 30);
      expect(bench.last?.sample).not.toHaveProperty('soc');
      expectNoHigher(output, before);
    }
  });
});

describe('sensors that lie', () => {
  it('a cell that jumps is not believed at first, but ends the charge at once when it would be dangerous', () => {
    const { bench, before } = healthy();
    const { output, said } = suffer(bench, before, pack(CALM, { cellVoltages: withCell(CALM, 3.7) }), 1);
    expect(output).toMatchObject({ ccl: 0, alarms: { highCellVoltage: 0 } });
    expect(output.chargeReason).toMatch(/^No charge: highest cell/);
    expect(said[0]).toContain('cell 3 jumped from 3.30 to 3.70 V');
  });

  it('a cell that stays implausibly high is an alarm and ends the charge', () => {
    const { bench, before } = healthy();
    const { output } = suffer(bench, before, pack(CALM, { cellVoltages: withCell(CALM, 3.7) }), 10);
    expect(output).toMatchObject({ ccl: 0, alarms: { highCellVoltage: 2 } });
  });

  it('a pack voltage that contradicts the cells counts where it is the worse of both, and is told', () => {
    const { bench, before } = healthy();
    const { output, said } = suffer(bench, before, pack(CALM, { voltage: 16 * 3.5 }), 5);
    expect(output.ccl).toBeLessThan(before.ccl);
    expect(output.chargeReason).toContain('highest cell 3.50 V');
    expect(said.join()).toContain('do not agree');
  });

  it('a temperature that jumps is not shown, but ends the charge, and is told', () => {
    const { bench, before } = healthy();
    const once = suffer(bench, before, pack(CALM, { temperatures: [25, -10] }), 1);
    expect(once.said[0]).toContain('temperature 2 jumped from 25 to -10 degC');
    expect(once.output).toMatchObject({ ccl: 0, alarms: { lowChargeTemperature: 0 } });
    const again = suffer(bench, once.output, pack(CALM, { temperatures: [25, -10] }), 5);
    expect(again.output).toMatchObject({ ccl: 0, alarms: { lowChargeTemperature: 2 } });
    expect(again.output.chargeReason).toBe('No charge: -10 degC, waiting for 2 degC');
    expect(bench.last?.sample?.temperatures).toEqual([25, 25]);
  });
});

describe('sensors that vanish', () => {
  it('the last value of a temperature sensor goes on to limit, and the loss is told', () => {
    const { bench, before } = healthy({}, pack(CALM, { temperatures: [5, 25] }));
    expect(before).toMatchObject({ ccl: 28 });
    const { output, said } = suffer(bench, before, pack(CALM, { temperatures: [25] }), 600);
    expect(output).toMatchObject({
      ccl: 28,
      chargeReason: 'Charge limited to 28 A: temperature 5 to 25 degC',
    });
    expect(said.join()).toContain('A temperature sensor is missing');
  });

  it('all temperatures gone, or the marks of sensors that are not fitted, raise nothing', () => {
    for (const temperatures of [[], [-40, 127], [32_767, Number.NaN]]) {
      const { bench, before } = healthy({}, pack(CALM, { temperatures: [5, 25] }));
      const { output, said } = suffer(bench, before, pack(CALM, { temperatures }), 600);
      expect(output.ccl).toBe(28);
      expect(said.join()).toContain('A temperature sensor is missing');
    }
  });

  it('what the BMS said of its switches, limits and alarms stays in force when it is no longer said', () => {
    const { bench, before } = healthy(
      {},
      pack(CALM, { maxChargeCurrent: 20, dischargeEnabled: false, alarms: { highTemperature: 2 } }),
    );
    expect(before).toMatchObject({ ccl: 20, dcl: 0 });
    const { dischargeEnabled: _, alarms: __, ...less } = pack(CALM);
    const { output } = suffer(bench, before, less, 300);
    expect(output).toMatchObject({ ccl: 20, dcl: 0, alarms: { highTemperature: 2 } });
    expect(output.dischargeReason).toBe('No discharge: the BMS has switched discharge off');
  });
});

describe('a current with the wrong sign', () => {
  it('is found out by the voltage, turned, and told', () => {
    const { bench, before } = healthy();
    const said: string[] = [];
    for (let second = 0; second < 300; second++) {
      const isCharging = second % 20 < 10;
      const creep = 0.003 * Math.exp(-(second % 10) / 5);
      const reading = pack(isCharging ? 3.34 - creep : 3.32 + creep, { current: isCharging ? -40 : 0 });
      const output = bench.step({ reading });
      expectNoHigher(output, before);
      said.push(...output.notices);
    }
    expect(said.filter((text) => text.includes('wrong sign'))).toHaveLength(1);
    expect(bench.try({ reading: pack(3.34, { current: -40 }) }).sample?.current).toBe(40);
  });

  it('does not let a high cell charge on before it is found out', () => {
    const { bench } = healthy();
    bench.run(pack(3.4), 60);
    const before = bench.step({ reading: pack(3.42, { current: -20 }) });
    const { output } = suffer(
      bench,
      before,
      pack(3.44, { cellVoltages: withCell(3.44, 3.56), current: -20 }),
      5,
    );
    expect(output).toMatchObject({
      ccl: 0,
      chargeReason: 'No charge: highest cell 3.56 V, waiting for 3.45 V',
    });
  });
});

describe('a number of cells that changes', () => {
  it.each([15, 8, 24])('to %d blocks until it is confirmed, with error 119 and the reason', (count) => {
    const { bench, before } = healthy();
    const { output, said } = suffer(bench, before, pack(CALM, {}, count), 300);
    expect(output).toMatchObject({ ccl: 0, dcl: 0, state: 'hold', errorCode: 119 });
    expect(output.chargeReason).toContain(`the number of cells changed from 16 to ${count}`);
    expect(said.join()).toContain('blocked');
  });

  it('in one reading alone blocks for that reading, and the charge goes on where it stood', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    const charging = pack(3.46, { current: 20 });
    const { cvl } = bench.run(charging, 300);
    expect(cvl).toBeLessThan(16 * 3.46);
    expect(bench.step({ reading: pack(3.46, { current: 20 }, 15) })).toMatchObject({ ccl: 0, dcl: 0 });
    for (let s = 0; s < 60; s += 1) expect(bench.step({ reading: charging }).cvl).toBeLessThanOrEqual(cvl);
  });

  it('blocks when it is not what the owner stated', () => {
    const bench = new Bench(lawFor('adaptive'), { ...SETTINGS, cellCount: 16 });
    expect(bench.step({ reading: pack(CALM, {}, 24) }).cvl).toBeLessThanOrEqual(16 * 3.35);
    expect(bench.run(pack(CALM, {}, 15), 100)).toMatchObject({
      ccl: 0,
      dcl: 0,
      errorCode: 119,
      chargeReason: 'No charge: the BMS tells 15 cells, but the settings say 16',
    });
  });

  it.each([0, -3, 2.5, Number.NaN, 1000])(
    'to %d, which cannot be, is refused with the reason',
    (cellCount) => {
      const { bench, before } = healthy();
      const { said, output } = suffer(bench, before, pack(CALM, { cellCount }), 75);
      expect(said).toContain(`${cellCount} cells cannot be`);
      expect(output.alarms.bmsCable).toBe(1);
    },
  );
});

describe('a clock that jumps', () => {
  it('backwards, stands still, or is no number: no limit rises', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    const before = bench.run(pack(CALM), 40);
    expect(before.ccl).toBeGreaterThan(0);
    expect(before.ccl).toBeLessThan(50);
    for (const t of [Number.NaN, Number.NEGATIVE_INFINITY, -1e9, 0, 39]) {
      const { output, state } = bench.law.step(SETTINGS, bench.state, { t, reading: pack(CALM) });
      if (output === undefined) throw new Error('the output went missing');
      expectNoHigher(output, before);
      bench.state = state;
    }
  });

  it('forwards by hours: one step of the ramp and no more', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    bench.run(pack(CALM), 40);
    const low = bench.run(pack(CALM, { maxChargeCurrent: 5 }), 40);
    const { output } = bench.try({ reading: pack(CALM) }, 36_000);
    expect(output?.ccl).toBeLessThanOrEqual(low.ccl + 50 / 6 + 1);
  });

  it('forwards without an answer: the BMS counts as lost, with its alarm', () => {
    const { bench, before } = healthy();
    const { output } = bench.try({}, 36_000);
    if (output === undefined) throw new Error('the output went missing');
    expectNoHigher(output, before);
    expect(output).toMatchObject({ ccl: 0, dcl: 0, freshness: 'lost', alarms: { bmsCable: 2 } });
    expect(output.chargeReason).toBe('No charge: no answer from the BMS for more than 600 min');
  });
});
