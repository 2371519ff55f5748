import { describe, expect, it } from 'vitest';
import { lawFor } from './decide.ts';
import { Bench, pack, SETTINGS, withCell } from './fixtures.ts';
import type { ControlSettings } from './law.ts';

const bench = (differing: Partial<ControlSettings> = {}) =>
  new Bench(lawFor('adaptive'), { ...SETTINGS, maxChargeCurrent: 140, ...differing });

describe('the adaptive law', () => {
  it('says what is awaited', () => {
    const run = bench();
    expect(run.step({ reading: pack(3.3) }).chargeMode).toBe('Bulk');
    expect(run.run(pack(3.45, { current: 12 }), 30).chargeMode).toBe(
      'Absorption: 12 A now, done below 4.0 A',
    );
    expect(run.run(pack(3.4, { cellVoltages: withCell(3.4, 3.45) }), 20).chargeMode).toContain(
      'done at 55.0 V',
    );
    run.run(pack(3.45, { current: 2 }), 200);
    expect(run.run(pack(3.34), 8000)).toMatchObject({ chargeMode: 'Float', state: 'float', cvl: 53.6 });
  });

  it('takes over a charge that is running instead of interrupting it', () => {
    const run = bench();
    const first = run.step({ reading: pack(3.33, { current: 100 }) });
    expect(first).toMatchObject({ ccl: 100, allowToCharge: true });
    expect(first.cvl).toBeGreaterThan(16 * 3.33 + 0.2);
    expect(run.run(pack(3.33, { current: 100 }), 5).ccl).toBe(100);
    expect(run.run(pack(3.33, { current: 100 }), 20).ccl).toBe(140);
  });

  it('takes no more over than is allowed, and waits longer where a cell is high', () => {
    expect(bench().step({ reading: pack(3.33, { current: 100, temperatures: [5, 5] }) }).ccl).toBe(28);
    expect(bench().step({ reading: pack(3.33, { current: 100, chargeEnabled: false }) }).ccl).toBe(0);
    const high = bench();
    expect(high.step({ reading: pack(3.42, { current: 10 }) }).ccl).toBe(10);
    expect(high.run(pack(3.42, { current: 10 }), 30).ccl).toBe(10);
  });

  it('begins with nothing only for a few seconds where nothing flows and no cell is high', () => {
    const run = bench();
    expect(run.run(pack(3.3), 6).ccl).toBe(0);
    expect(run.run(pack(3.3), 10).ccl).toBe(23);
  });

  it('goes on from the limit of the silence when the BMS comes back, and rises after a few samples', () => {
    const run = bench();
    run.run(pack(3.33, { current: 25 }), 100);
    const silent = run.run(undefined, 40);
    expect(silent.ccl).toBeGreaterThan(0);
    // What flows against the limit is no reason to raise it.
    const back = run.run(pack(3.33, { current: 60 }), 3);
    expect(back).toMatchObject({ freshness: 'fresh', ccl: silent.ccl });
    expect(run.run(pack(3.33, { current: 60 }), 10).ccl).toBeGreaterThan(silent.ccl);
  });

  it('explains its limits with numbers', () => {
    const run = bench();
    expect(run.run(pack(3.3), 3).chargeReason).toBe(
      'Charge limited to 0 A: rising gently to 140 A (the set maximum)',
    );
    expect(run.run(pack(3.3), 100).chargeReason).toBe('Charge limited to 140 A: the set maximum');
    expect(run.run(pack(3.45), 1).chargeReason).toBe(
      'Charge limited to 42 A: highest cell 3.45 V, nearing 3.55 V',
    );
    expect(run.run(pack(3.3, { maxChargeCurrent: 0 }), 1).chargeReason).toBe(
      'No charge: the BMS allows no more',
    );
    expect(run.run(pack(3.3), 1, { chargeOff: true }).chargeReason).toBe(
      'No charge: switched off by the user',
    );
  });

  it('does not raise CVL when float begins, and says once that the charge is complete', () => {
    const run = bench();
    run.run(pack(3.45, { current: 2 }), 40);
    let before = run.last?.output;
    let completed = 0;
    for (let t = 0; t < 3000; t++) {
      const output = run.step({ reading: pack(3.45, { current: 1 }) });
      if (output.chargeCompleted) completed++;
      if (output.state !== 'absorb' && output.state !== 'bulk' && before !== undefined) {
        expect(output.cvl).toBeLessThanOrEqual(before.cvl);
      }
      before = output;
    }
    expect(completed).toBe(1);
    expect(before).toMatchObject({ state: 'floatDown', chargeMode: 'Float Transition' });
  });

  it('goes back to bulk by a ramp, not by a step', () => {
    const run = bench();
    run.run(pack(3.45, { current: 2 }), 200);
    run.run(pack(3.34), 8000);
    let before = run.last?.output?.cvl ?? 0;
    for (let t = 0; t < 300; t++) {
      const { cvl } = run.step({ reading: pack(3.34, { current: 20 }), requests: { fullChargeNow: true } });
      expect(cvl - before).toBeLessThanOrEqual(0.09);
      before = cvl;
    }
    expect(run.last?.output?.state).toBe('bulk');
    expect(before).toBeGreaterThan(53.6);
  });

  it('stops at the daily ceiling and goes on 5 % below it', () => {
    const run = bench({ dailySocMax: 80 });
    run.run(pack(3.33, { soc: 79 }), 150);
    expect(run.run(pack(3.33, { soc: 80 }), 1)).toMatchObject({
      ccl: 1,
      chargeMode: 'Daily ceiling of 80 % reached',
    });
    expect(run.last?.output?.cvl).toBeLessThanOrEqual(53.28);
    expect(run.run(pack(3.32, { soc: 76 }), 200).ccl).toBe(1);
    expect(run.run(pack(3.32, { soc: 75 }), 200).ccl).toBe(140);
    expect(run.run(pack(3.33, { soc: 80 }), 200, { fullChargeNow: true }).ccl).toBe(140);
  });

  it('balances at the top only at a small current, with its own voltage', () => {
    const run = bench();
    run.run(pack(3.45, { current: 2 }), 100, { topBalanceNow: true });
    expect(run.last?.output).toMatchObject({ state: 'topBalance' });
    const balanced = run.run(pack(3.46, { cellVoltages: withCell(3.46, 3.49), current: 5 }), 600);
    expect(balanced.chargeMode).toBe('Top balance: spread 30 mV, done at 10 mV');
    expect(balanced.ccl).toBeLessThanOrEqual(28);
    expect(balanced.cvl).toBeGreaterThan(55.2);
    expect(balanced.cvl).toBeLessThanOrEqual(56);
  });

  it('adds the drop of the cables only while charging, and never much', () => {
    const run = bench({ voltageDrop: 3 });
    run.run(pack(3.44), 20);
    const resting = run.last?.output;
    expect(resting).toMatchObject({ ccl: 0 });
    expect(resting?.cvl).toBeLessThanOrEqual(55.2);
    const charging = run.run(pack(3.44, { current: 20 }), 200);
    expect(charging.ccl).toBeGreaterThan(0);
    expect(charging.cvl).toBeLessThanOrEqual(55.7);
    expect(charging.cvl).toBeGreaterThan(55.2);
  });

  it('says when chargers hold less than is asked for, and when charges end by time', () => {
    const short = bench();
    const told = Array.from(
      { length: 1200 },
      () => short.step({ reading: pack(3.41, { current: 1 }) }).notices,
    ).flat();
    expect(told.filter((text) => text.includes('voltage drop'))).toHaveLength(1);
    const run = bench();
    const runner = pack(3.36, { cellVoltages: withCell(3.36, 3.46), current: 20 });
    const capped = Array.from({ length: 7300 }, () => run.step({ reading: runner }).notices).flat();
    expect(capped.filter((text) => text.includes('ended by time'))).toHaveLength(1);
  });

  it('follows the BMS where the owner says auto', () => {
    const run = bench({ maxChargeCurrent: 'auto', maxDischargeCurrent: 'auto' });
    expect(run.run(pack(3.3, { maxChargeCurrent: 100, maxDischargeCurrent: 400 }), 150)).toMatchObject({
      ccl: 90,
      dcl: 140,
    });
  });

  it('keeps a margin to a trip point and ignores limits that are none', () => {
    const told = pack(3.3, { maxChargeCurrent: 50, maxDischargeCurrent: 50 });
    expect(bench({ bmsLimits: 'trip' }).run(told, 150)).toMatchObject({ dcl: 45 });
    expect(bench({ bmsLimits: 'none' }).run(told, 150)).toMatchObject({ ccl: 140, dcl: 60 });
    expect(bench({ honourBmsLimits: false }).run(told, 150)).toMatchObject({ ccl: 140, dcl: 60 });
  });

  it('tells the time to go only while it is discharged and fresh', () => {
    const run = bench();
    expect(run.run(pack(3.3, { current: -28, soc: 50 }), 10)).toMatchObject({
      timeToGo: 18_000,
      averageCurrent: -28,
    });
    expect(run.run(undefined, 20)).not.toHaveProperty('timeToGo');
    expect(run.last?.output).toMatchObject({ soc: 50 });
  });
});
