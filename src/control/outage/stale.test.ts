import { describe, expect, it } from 'vitest';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS } from '../fixtures.ts';
import type { ControlOutput, ControlSettings } from '../law.ts';

const SETTLED: ControlSettings = {
  ...SETTINGS,
  profile: 'soc-steps',
  maxChargeCurrent: 140,
  maxDischargeCurrent: 140,
};

/** A bench whose battery answered until now; then time passes in silence. */
function silent(differing: Partial<ControlSettings> = {}, cell = 3.3) {
  const bench = new Bench(lawFor('soc-steps'), { ...SETTLED, ...differing });
  bench.run(pack(cell), 150);
  const lostAt = bench.t;
  return {
    bench,
    at(seconds: number): ControlOutput {
      while (bench.t < lostAt + seconds - 1) bench.step({});
      return bench.step({});
    },
  };
}

const seen = ({ ccl, dcl, cvl, alarms }: ControlOutput) => [ccl, dcl, cvl, alarms.bmsCable];

describe('a battery that stops answering', () => {
  it('loses its limits step by step', () => {
    const { at } = silent();
    expect(seen(at(5))).toEqual([140, 140, 55.2, 0]);
    expect(seen(at(10))).toEqual([140, 140, 55.2, 0]);
    expect(seen(at(11))).toEqual([28, 56, 55.2, 0]);
    expect(at(59)).toMatchObject({ freshness: 'late', state: 'hold' });
    expect(seen(at(61))).toEqual([28, 56, 53.6, 1]);
    expect(seen(at(599))).toEqual([28, 56, 53.6, 1]);
    const lost = at(601);
    expect(seen(lost)).toEqual([0, 0, 53.6, 2]);
    expect(lost).toMatchObject({ freshness: 'lost', allowToCharge: false, allowToDischarge: false });
  });

  it('has no limp mode when its cells were near a knee', () => {
    expect(seen(silent({}, 3.4).at(61))).toEqual([0, 0, 53.6, 2]);
    expect(seen(silent({}, 3.19).at(61))).toEqual([0, 0, 53.6, 2]);
  });

  it('is blocked at 10 s when the owner wants that', () => {
    const { at } = silent({ blockOnDisconnect: true });
    expect(seen(at(10))).toEqual([140, 140, 55.2, 0]);
    expect(seen(at(11))).toEqual([0, 0, 53.6, 0]);
    expect(seen(at(60))).toEqual([0, 0, 53.6, 2]);
  });

  it('limps for 30 minutes at most', () => {
    expect(silent({ graceMinutes: 600 }).at(1799).ccl).toBe(28);
    expect(silent({ graceMinutes: 600 }).at(1800).ccl).toBe(0);
    expect(silent({ graceMinutes: Number.NaN }).at(60).ccl).toBe(0);
  });

  it('is used again after three good samples in a row, by the ramps', () => {
    const { bench, at } = silent();
    at(700);
    for (const reading of [pack(3.3), pack(3.3), undefined, pack(3.3), pack(3.3)]) {
      const output = bench.step(reading === undefined ? {} : { reading });
      expect(output).toMatchObject({ ccl: 0, dcl: 0, state: 'hold', freshness: 'lost' });
    }
    expect(bench.step({ reading: pack(3.3) })).toMatchObject({
      ccl: 0,
      freshness: 'fresh',
      alarms: { bmsCable: 0 },
    });
    expect(bench.run(pack(3.3), 5).ccl).toBe(0);
    expect(bench.run(pack(3.3), 6).ccl).toBe(14);
    expect(bench.run(pack(3.3), 60).ccl).toBe(140);
  });

  it('still obeys what the user takes back', () => {
    const { bench } = silent();
    expect(bench.step({ requests: { maxChargeCurrent: 5, dischargeOff: true } })).toMatchObject({
      ccl: 5,
      dcl: 0,
    });
    expect(bench.step({})).toMatchObject({ ccl: 5, dcl: 0 });
  });
});
