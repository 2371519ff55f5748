import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackReading } from '../../model/reading.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS, withCell } from '../fixtures.ts';
import { filterReading, initialFilter } from './reading-filter.ts';

const first = (reading: PackReading, settings = SETTINGS) =>
  filterReading(settings, initialFilter(), reading);

describe('the reading filter', () => {
  it.each<[string, Partial<PackReading>, string]>([
    ['a cell that is not measured', { cellVoltages: withCell(3.3, 0) }, 'cell 3 reads 0 V'],
    ['a cell that is no number', { cellVoltages: withCell(3.3, Number.NaN) }, 'cell 3 reads NaN V'],
    ['a cell beyond every chemistry', { cellVoltages: withCell(3.3, 6.5) }, 'cell 3 reads 6.5 V'],
    ['a cell that is missing', { cellVoltages: [3.3, 3.3] }, '2 cell voltages for 16 cells'],
    ['an impossible current', { current: 1200 }, 'a current of 1200 A cannot be'],
    ['a current that is no number', { current: Number.NaN }, 'a current of NaN A cannot be'],
    ['a voltage that is no number', { voltage: Number.POSITIVE_INFINITY }, 'the pack voltage is no number'],
    ['an impossible number of cells', { cellCount: 0 }, '0 cells cannot be'],
  ])('refuses %s and says so', (_, differing, reason) => {
    expect(first(pack(3.3, differing))).toMatchObject({ rejected: reason });
    expect(first(pack(3.3, differing)).sample).toBeUndefined();
  });

  it('refuses a reading without any voltage, or from which the cells cannot be counted', () => {
    expect(first({ cellCount: 16, soc: 50 }).rejected).toBe('neither pack nor cell voltages are told');
    expect(first({ voltage: 53 }).rejected).toContain('number of cells is unknown');
    expect(first({ voltage: 5, cellCount: 16 }).rejected).toContain('cannot be of 16 cells');
  });

  it('takes the mean for every cell where a BMS tells only the pack, but not after it told cells', () => {
    const { cellVoltages: _, ...blind } = pack(3.3);
    const { sample } = first(blind);
    expect(sample).toMatchObject({ measuresCells: false, spread: 0, count: 16 });
    expect(sample?.vmax).toBeCloseTo(3.3, 9);
    expect(filterReading(SETTINGS, first(pack(3.3)).state, blind).rejected).toBe(
      'the cell voltages are missing',
    );
  });

  it('leaves out sensors that are not fitted and a state of charge that cannot be', () => {
    const reading = first(
      pack(3.3, { temperatures: [-40, 25, 127, Number.NaN, 32767], soc: 130, mosfetTemperature: -40 }),
    ).sample?.reading;
    expect(reading).toMatchObject({ temperatures: [25] });
    expect(reading).not.toHaveProperty('soc');
    expect(reading).not.toHaveProperty('mosfetTemperature');
    expect(first(pack(3.3, { soc: 100.4 })).sample?.reading.soc).toBe(100);
  });

  it('uses the worse of pack and cells when they contradict each other', () => {
    const sample = first(pack(3.3, { voltage: 56 })).sample;
    expect(sample).toMatchObject({ suspect: true, vmax: 3.5, vsum: 56 });
    expect(first(pack(3.3, { voltage: 49.6 })).sample).toMatchObject({ suspect: true, vmin: 3.1 });
    expect(first(pack(3.3, { voltage: 53 })).sample).toMatchObject({ suspect: false });
  });

  it('believes a jump only with the second reading', () => {
    const { state } = first(pack(3.3));
    const jump = pack(3.3, { cellVoltages: withCell(3.3, 3.7) });
    const once = filterReading(SETTINGS, state, jump);
    expect(once.rejected).toContain('cell 3 jumped from 3.30 to 3.70 V');
    expect(filterReading(SETTINGS, once.state, jump).sample?.vmax).toBe(3.7);
    const back = filterReading(SETTINGS, once.state, pack(3.3));
    expect(filterReading(SETTINGS, back.state, jump).rejected).toContain('jumped');
    // Temperatures have a memory of their own, and the cells of such a reading are as good as any.
    expect(filterReading(SETTINGS, state, pack(3.3, { temperatures: [25, 50] })).sample?.vmax).toBe(3.3);
  });

  it('turns the current where it is told to', () => {
    expect(
      filterReading(SETTINGS, initialFilter(), pack(3.3, { current: 5, power: 200 }), -1).sample,
    ).toMatchObject({
      current: -5,
      reading: { current: -5, power: -200 },
    });
  });

  it('never throws, whatever a reading holds', () => {
    const some = fc.oneof(fc.double(), fc.constant(undefined));
    fc.assert(
      fc.property(
        fc.record({ voltage: some, current: some, soc: some, cellCount: some, mosfetTemperature: some }),
        fc.array(fc.double(), { maxLength: 20 }),
        (fields, list) => {
          const reading = { ...fields, cellVoltages: list, temperatures: list } as PackReading; // undefined stands for absent
          const { sample, rejected } = first(reading);
          return (sample === undefined) !== (rejected === undefined);
        },
      ),
    );
  });
});

describe('an implausible reading', () => {
  const settled = () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    bench.run(pack(3.3), 150);
    return bench;
  };

  it('changes no limit upwards, sets no alarm and is not shown, but lowers at once', () => {
    const bench = settled();
    const step = bench.try({ reading: pack(3.3, { cellVoltages: withCell(3.3, 3.7) }) });
    expect(step.sample).toBeUndefined();
    expect(step.rejected).toContain('jumped');
    expect(step.output).toMatchObject({ ccl: 0, dcl: 60 });
    expect(step.output?.alarms.highCellVoltage).toBe(0);
    expect(bench.run(pack(3.3), 30).ccl).toBe(0);
    expect(bench.run(pack(3.3), 70).ccl).toBe(50);
  });

  it('still says that the BMS has switched off', () => {
    const bench = settled();
    const missing = { cellVoltages: withCell(3.3, 0), chargeEnabled: false, dischargeEnabled: false };
    expect(bench.step({ reading: pack(3.3, missing) })).toMatchObject({ ccl: 0, dcl: 0 });
  });

  it('leaves all as it is when only a cell is missing', () => {
    const bench = settled();
    const before = bench.last?.output;
    const after = bench.step({ reading: pack(3.3, { cellVoltages: withCell(3.3, 0) }) });
    expect(after).toMatchObject({ ccl: before?.ccl, dcl: before?.dcl, cvl: before?.cvl });
  });
});

describe('the number of cells', () => {
  it('blocks while it differs from the settings, and is free again when it does not', () => {
    const bench = new Bench(lawFor('adaptive'), { ...SETTINGS, cellCount: 16 });
    const blocked = bench.step({ reading: pack(3.3, {}, 15) });
    expect(blocked).toMatchObject({ ccl: 0, dcl: 0, errorCode: 119, state: 'hold' });
    expect(blocked.chargeReason).toBe('No charge: the BMS tells 15 cells, but the settings say 16');
    expect(bench.run(pack(3.3), 100)).toMatchObject({ ccl: 50, dcl: 60 });
  });

  it('is no fact after few readings: ten in a row that say otherwise outweigh them', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    bench.run(pack(3.3, {}, 15), 2);
    expect(bench.run(pack(3.3), 9)).toMatchObject({ ccl: 0, dcl: 0, errorCode: 119 });
    expect(bench.run(pack(3.3), 200)).toMatchObject({ ccl: 50, dcl: 60 });
    expect(bench.run(pack(3.3, {}, 15), 300)).toMatchObject({ ccl: 0, dcl: 0, errorCode: 119 });
  });

  it('blocks when it changes, without a limit in time', () => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    bench.run(pack(3.3), 100);
    expect(bench.run(pack(3.3, {}, 15), 300)).toMatchObject({ ccl: 0, dcl: 0 });
    expect(bench.run(pack(3.3), 100)).toMatchObject({ ccl: 50, dcl: 60 });
  });
});
