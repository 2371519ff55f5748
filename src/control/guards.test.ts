import { describe, expect, it } from 'vitest';
import { lawFor } from './decide.ts';
import { tell } from './explain/notices.ts';
import { Bench, pack, SETTINGS, seenOf, withCell } from './fixtures.ts';
import { planCells } from './input/cells.ts';
import { guardLowBattery, initialLowBattery, type LowBattery } from './limits/low-battery.ts';

const plan = planCells(SETTINGS);
const bench = (differing: Partial<typeof SETTINGS> = {}) =>
  new Bench(lawFor('adaptive'), { ...SETTINGS, ...differing });

describe('an empty cell', () => {
  function low(from: LowBattery, cell: number, seconds: number, current = 0, start = 0): LowBattery {
    let state = from;
    for (let t = start; t < start + seconds; t++)
      state = guardLowBattery(plan, state, seenOf(pack(cell, { current })), t, 1);
    return state;
  }

  it('ends the discharge with the second sample', () => {
    expect(low(initialLowBattery(), 2.8, 1).latched).toBe(false);
    expect(low(initialLowBattery(), 2.8, 2).latched).toBe(true);
    expect(low(low(initialLowBattery(), 2.8, 1), 2.81, 5).latched).toBe(false);
  });

  it('keeps it ended until it is above the knee for a minute or 5 % are charged', () => {
    const empty = low(initialLowBattery(), 2.8, 2);
    expect(low(empty, 3.1, 3600).latched).toBe(true);
    expect(low(empty, 3.2, 60).latched).toBe(true);
    expect(low(empty, 3.2, 61).latched).toBe(false);
    expect(low(empty, 3.1, 1800, 28).latched).toBe(true);
    expect(low(empty, 3.1, 1801, 28).latched).toBe(false);
  });

  it('asks for more each time within a day', () => {
    const once = low(low(initialLowBattery(), 2.8, 2), 3.2, 61);
    const twice = low(once, 2.8, 2, 0, 1000);
    expect(twice.share).toBe(0.1);
    const thrice = low(low(twice, 3.2, 61, 0, 2000), 2.8, 2, 0, 3000);
    expect(low(low(thrice, 3.2, 61, 0, 4000), 2.8, 2, 0, 5000).share).toBe(0.2);
    expect(low(once, 2.8, 2, 0, 100_000).share).toBe(0.05);
  });

  it('leaves the inverter a little current down to the hard minimum, and does not flap', () => {
    const run = bench();
    const limits: number[] = [];
    for (let mv = 3200; mv >= 2850; mv--)
      limits.push(run.step({ reading: pack(mv / 1000, { current: -20, soc: 12 }) }).dcl);
    expect(Math.min(...limits)).toBeGreaterThan(0);
    for (const [index, limit] of limits.entries())
      expect(limit).toBeLessThanOrEqual(limits[index - 1] ?? limit);
    expect(run.run(pack(2.98, { soc: 12 }), 300).dcl).toBeGreaterThan(0);
  });
});

describe('notices', () => {
  it('are told once, and again only when their cause was away for an hour', () => {
    const notice = [{ key: 'a', text: 'A' }];
    const one = tell({}, notice, 0);
    expect(one.told).toEqual(['A']);
    const two = tell(one.state, notice, 3000);
    expect(two.told).toEqual([]);
    expect(tell(two.state, notice, 6000).told).toEqual([]);
    expect(tell(two.state, notice, 6601).told).toEqual(['A']);
  });

  it('say what limits protection: no temperature, a lost sensor, cells that do not add up, a limit that is ignored', () => {
    const { temperatures: _, ...blind } = pack(3.3);
    expect(bench().step({ reading: blind }).notices.join()).toContain('tells no temperature');
    const run = bench();
    run.run(pack(3.3, { temperatures: [5, 25] }), 150);
    const lost = run.step({ reading: pack(3.3, { temperatures: [25] }) });
    expect(lost.notices.join()).toContain('sensor is missing');
    expect(lost.ccl).toBe(28);
    expect(
      bench()
        .step({ reading: pack(3.3, { voltage: 57 }) })
        .notices.join(),
    ).toContain('do not agree');
    const fed = bench();
    const told: string[] = [];
    // Loads that come and go lower the voltage: the sign of the current is right.
    for (let t = 0; t < 40; t++)
      fed.step({ reading: pack(t % 20 < 10 ? 3.3 : 3.28, { current: t % 20 < 10 ? 0 : -40 }) });
    for (let t = 0; t < 40; t++) told.push(...fed.step({ reading: pack(3.3, { current: 80 }) }).notices);
    expect(told.filter((text) => text.includes('feed-in'))).toHaveLength(1);
  });
});

describe('hard limits', () => {
  it('wait for a margin before they end', () => {
    const run = bench();
    run.run(pack(3.3), 150);
    expect(run.step({ reading: pack(3.3, { temperatures: [5, 5] }) }).allowToCharge).toBe(true);
    expect(run.run(pack(3.3, { temperatures: [0, 0] }), 1).chargeReason).toBe(
      'No charge: 0 degC, waiting for 2 degC',
    );
    expect(run.run(pack(3.3, { temperatures: [1.9, 1.9] }), 200).ccl).toBe(0);
    expect(run.run(pack(3.3, { temperatures: [2, 2] }), 200).ccl).toBeGreaterThan(0);
  });

  it('wait 10 s after a switch of the BMS is on again', () => {
    const run = bench();
    run.run(pack(3.3), 150);
    expect(run.run(pack(3.3, { chargeEnabled: false }), 5).chargeReason).toBe(
      'No charge: the BMS has switched charge off',
    );
    expect(run.run(pack(3.3), 10).chargeReason).toContain('switched charge off');
    expect(run.run(pack(3.3), 1).chargeReason).toContain('rising gently');
  });

  it('name the alarm', () => {
    expect(bench().run(pack(3.3, { alarms: { shortCircuit: 2 } }), 2)).toMatchObject({
      chargeReason: 'No charge: alarm shortCircuit',
      dischargeReason: 'No discharge: alarm shortCircuit',
    });
  });

  it('release a full cell only at the absorption voltage', () => {
    const run = bench();
    run.run(pack(3.3), 150);
    expect(run.step({ reading: pack(3.4, { cellVoltages: withCell(3.4, 3.56) }) }).chargeReason).toBe(
      'No charge: highest cell 3.56 V, waiting for 3.45 V',
    );
    expect(run.run(pack(3.4, { cellVoltages: withCell(3.4, 3.48) }), 100).ccl).toBe(0);
    expect(run.run(pack(3.4, { cellVoltages: withCell(3.4, 3.44) }), 200).ccl).toBeGreaterThan(0);
  });
});
