import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claim, claimAtMost, evenly, invariant } from '../../../test/support/invariant.ts';
import { CHEMISTRIES, type Chemistry } from '../../model/chemistry.ts';
import type { Reading } from '../../model/reading.ts';
import { CellString } from '../../simulator/plant/cell.ts';
import { openCircuit } from '../../simulator/plant/open-circuit.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS, seenOf, withCell } from '../fixtures.ts';
import type { ControlOutput, ControlSettings } from '../law.ts';
import { planCells } from './cells.ts';
import { BORDERS, borderAt } from './chemistry-borders.ts';
import { checkChemistry, initialCheck } from './chemistry-check.ts';
import { type Known, learn } from './measure.ts';
import { filterReading, initialFilter, type Sample } from './reading-filter.ts';

const law = lawFor('adaptive');
const bench = (differing: Partial<ControlSettings> = {}) => new Bench(law, { ...SETTINGS, ...differing });
const LTO = pack(2.52, { soc: 92, capacityFull: 40, current: 0 }, 20);
const NMC = pack(3.7, { soc: 55, capacityFull: 100 }, 13);

function claimHeld(output: ControlOutput, reading: Reading): void {
  claim(output.ccl === 0 && !output.allowToCharge, () => `CCL is ${output.ccl}`);
  claimAtMost('the pack', reading.voltage ?? 0, output.cvl);
  claimAtMost('CVL', output.cvl, (reading.voltage ?? 0) + 0.01);
}

describe('cells that contradict the chemistry', () => {
  it('block both ways with the settings error, and free again a minute after', () => {
    const run = bench();
    run.step({ reading: pack(3.8) });
    const blocked = run.step({ reading: pack(3.8) });
    expect(blocked).toMatchObject({ ccl: 0, dcl: 0, errorCode: 119 });
    expect(blocked.dischargeReason).toBe(
      'No discharge: cells at 3.80 V cannot be lfp: set battery.chemistry',
    );
    expect(run.run(pack(3.4), 58)).toMatchObject({ dcl: 0 });
    const free = run.run(pack(3.4), 100);
    expect(free.dcl).toBe(60);
    expect(free).not.toHaveProperty('errorCode');
  });

  it('are also cells that would be destroyed at the state of charge that is told', () => {
    expect(bench().run(pack(2.4, { soc: 60 }), 2)).toMatchObject({ errorCode: 119 });
    expect(bench().run(pack(2.4, { soc: 10 }), 120)).not.toHaveProperty('errorCode');
  });

  it.each<[string, Reading, Partial<ControlSettings>, string]>([
    ['LTO taken for lfp', LTO, {}, 'cells at 2.52 V and 92 % cannot be lfp'],
    [
      'LTO taken for lfp, with 20 A flowing in',
      { ...LTO, current: 20 },
      {},
      'cells at 2.52 V and 92 % cannot be lfp',
    ],
    ['NMC taken for lfp, resting', NMC, {}, 'cells at 3.70 V and 55 % cannot be lfp'],
    [
      'LiFePO4 taken for nmc',
      pack(3.31, { soc: 60 }),
      { chemistry: 'nmc' },
      'cells at 3.31 V and 60 % cannot be nmc',
    ],
    ['LTO taken for sodium-ion', LTO, { chemistry: 'naion' }, 'cells at 2.52 V and 92 % cannot be naion'],
    [
      'sodium-ion taken for lto',
      pack(2.7, { soc: 20 }),
      { chemistry: 'lto' },
      'cells at 2.70 V and 20 % cannot be lto',
    ],
    [
      'NMC taken for sodium-ion',
      pack(3.6, { soc: 30 }),
      { chemistry: 'naion' },
      'cells at 3.60 V and 30 % cannot be naion',
    ],
  ])('%s: are never charged, and no ESS drains them', (_, reading, differing, says) => {
    const run = bench(differing);
    for (let t = 0; t < 600; t++) claimHeld(run.step({ reading }), reading);
    expect(run.last?.output).toMatchObject({ ccl: 0, errorCode: 119, state: 'hold' });
    expect(run.last?.output?.chargeReason).toBe(`No charge: ${says}: set battery.chemistry`);
    claimHeld(run.run(undefined, 120), reading);
  });

  it('are held where they are with a configuration that holds errors, and under a restart', () => {
    claimHeld(bench({ configError: 'line 2: no such chemistry' }).run(NMC, 60), NMC);
    claimHeld(bench().run(NMC, 1), NMC);
  });

  it('end the charge at the second sample and the discharge after 20 s', () => {
    const run = bench();
    run.run(pack(3.31, { soc: 55 }), 150);
    expect(run.step({ reading: pack(3.55, { soc: 55 }) }).dcl).toBe(60);
    const second = run.step({ reading: pack(3.55, { soc: 55 }) });
    expect(second).toMatchObject({ ccl: 0, dcl: 60, state: 'hold' });
    expect(second.chargeReason).toContain('cells at 3.55 V and 55 % cannot be lfp');
    expect(run.run(pack(3.55, { soc: 55 }), 21)).toMatchObject({ ccl: 0, dcl: 0, errorCode: 119 });
  });

  it('do not let CVL follow a charger that ignores the limits', () => {
    const run = bench();
    const start = run.run(NMC, 60).cvl;
    for (let cell = 3.7; cell < 4; cell += 0.002)
      run.step({ reading: pack(cell, { soc: 55, capacityFull: 100, current: 30 }, 13) });
    expect(run.last?.output).toMatchObject({ ccl: 0, cvl: start });
  });

  it('are not one bad cell: the others tell the chemistry, and the sentence names the cell', () => {
    const low = bench().run(pack(3.31, { soc: 60, cellVoltages: withCell(3.31, 2.3) }), 30);
    expect(low.chargeReason).toBe(
      'No charge: a cell of 2.30 V beside others at 3.31 V is no sound lfp cell: check this cell and its wires',
    );
    const weak = bench().run(pack(3.31, { soc: 60, cellVoltages: withCell(3.31, 2.7) }), 300);
    expect(weak).not.toHaveProperty('errorCode');
    expect(weak.ccl).toBeGreaterThan(0);
  });

  it('do not exist without a state of charge, within the hard limits', () => {
    const { soc: _, ...unknown } = NMC;
    expect(bench().run(unknown, 120)).not.toHaveProperty('errorCode');
  });
});

describe('a wrong number of cells', () => {
  const blind = (volts: number, cells: number, soc: number): Reading => {
    const { cellVoltages: _, ...told } = pack(volts / cells, { soc, voltage: volts }, cells);
    return told;
  };

  it('shows in a pack without cell voltages, and is named as what may be wrong', () => {
    const many = bench({ cellCount: 16 }).run(blind(49.8, 16, 65), 600);
    expect(many).toMatchObject({ ccl: 0, errorCode: 119, cvl: 49.8 });
    expect(many.chargeReason).toBe(
      'No charge: 49.80 V of 16 cells (3.11 V each) and 65 % cannot be lfp: set battery.cellCount or battery.chemistry',
    );
    expect(bench({ cellCount: 15 }).run(blind(53.1, 15, 65), 60)).toMatchObject({ ccl: 0, cvl: 53.1 });
    expect(bench({ cellCount: 16 }).run(blind(53.1, 16, 65), 200).ccl).toBeGreaterThan(0);
  });

  it('shows where pack and cells differ by a whole cell', () => {
    const reading = pack(3.32, { voltage: 53.1, soc: 60 }, 15);
    const output = bench().run(reading, 60);
    expect(output).toMatchObject({ ccl: 0, errorCode: 119, cvl: 53.1 });
    expect(output.chargeReason).toBe(
      'No charge: 53.10 V cannot be 15 cells of 3.32 V: check the cell wires and the number of cells that the BMS is set to',
    );
    const open = bench().run({ ...reading, dischargeEnabled: false }, 60);
    expect(open).not.toHaveProperty('errorCode');
  });
});

describe('a state of charge that has drifted', () => {
  it('is named where nothing else explains the cells, and nothing is blocked', () => {
    const run = bench();
    const notices = Array.from(
      { length: 200 },
      () => run.step({ reading: pack(3.05, { soc: 80 }) }).notices,
    ).flat();
    expect(notices.filter((text) => text.includes('drifted'))).toEqual([
      'The BMS shows 80 %, but cells at 3.05 V hold much less: its state of charge has drifted; a full charge puts it right',
    ]);
    expect(run.last?.output?.ccl).toBeGreaterThan(0);
    const full = bench({ chemistry: 'nmc' });
    const told = Array.from(
      { length: 200 },
      () => full.step({ reading: pack(3.95, { soc: 20 }) }).notices,
    ).flat();
    expect(told.join()).toContain('hold much more');
    expect(full.last?.output?.ccl).toBeGreaterThan(0);
  });

  it('does not keep an empty pack from being charged', () => {
    for (const chemistry of CHEMISTRIES) {
      for (const soc of [0, 5, 20]) {
        const cell = openCircuit(chemistry).at(0) + 0.02;
        const output = bench({ chemistry }).run(pack(cell, { soc, alarms: {} }), 200);
        expect(output.ccl, `${chemistry} at ${soc} %`).toBeGreaterThan(0);
      }
    }
  });
});

/** A pack of sound cells through hours of loads and charges; the C-rate is what cells of this temperature are given. */
const life = fc.record({
  chemistry: fc.constantFrom(...CHEMISTRIES),
  soc: evenly(0, 100),
  drift: evenly(-20, 20),
  celsius: evenly(-10, 45),
  /** Times the resistance of a new cell. */
  aged: evenly(0.5, 2),
  capacity: fc.constantFrom(40, 100, 280),
  spread: evenly(0, 1),
  /** Shares of the most current, each for some minutes; the law starts anew before some of them. */
  course: fc.array(fc.tuple(evenly(-1, 1), fc.constantFrom(1, 5, 30), fc.boolean()), {
    minLength: 1,
    maxLength: 6,
  }),
  measuresCells: fc.boolean(),
});

/** V per C-rate of a new cell at 25 degC, and its parts: at once, with 90 s, with 1200 s. */
const NEW = { lfp: 0.188, nmc: 0.169, lto: 0.094, naion: 0.244 } as const;
const PARTS = [0.33, 0.37, 0.3] as const;

function cellsOf(
  chemistry: Chemistry,
  capacity: number,
  soc: number,
  aged: number,
  spread: number,
): CellString {
  const ohm = (aged * NEW[chemistry]) / capacity;
  return new CellString({
    cells: Array.from({ length: 15 }, (_, index) => ({
      capacity,
      soc: Math.min(100, Math.max(0, soc + spread * (index - 7) * 0.2)),
      ohm: ohm * PARTS[0],
      pairs: [
        { ohm: ohm * PARTS[1], seconds: 90 },
        { ohm: ohm * PARTS[2], seconds: 1200 },
      ],
      leak: 0,
    })),
    curve: openCircuit(chemistry),
    hysteresis: 0.01,
  });
}

function sampleOf(settings: ControlSettings, reading: Reading): Sample {
  const { sample, rejected } = filterReading(settings, initialFilter(), reading);
  if (sample === undefined) throw new Error(rejected);
  return sample;
}

function trueSoc(cells: CellString): number {
  return (
    (cells.charge.reduce((sum, charge) => sum + charge, 0) /
      cells.capacity.reduce((sum, ah) => sum + ah, 0)) *
    100
  );
}

describe('the borders', () => {
  invariant(
    'I24 no sound pack contradicts its chemistry, whatever its SoC has drifted by up to 20 points',
    life,
    (tried) => {
      const { chemistry, capacity, celsius, drift, measuresCells } = tried;
      const settings = { ...SETTINGS, chemistry };
      const plan = planCells(settings);
      const { hardMin, hardMax } = plan;
      const cells = cellsOf(chemistry, capacity, tried.soc, tried.aged, tried.spread);
      // What the law itself lets flow at this temperature.
      const most = celsius < 0 ? 0.2 + (celsius + 10) * 0.03 : celsius < 10 ? 0.5 + celsius * 0.05 : 1;
      let check = initialCheck();
      let known: Known | undefined;
      for (const [share, minutes, restarts] of tried.course) {
        if (restarts) check = initialCheck();
        for (let second = 0; second < 60 * minutes; second += 20) {
          const highest = Math.max(...cells.voltage);
          const lowest = Math.min(...cells.voltage);
          // A charger ends at the highest cell, a BMS at the lowest one.
          const wanted = share * most * capacity * (share > 0 ? 0.5 : 1);
          const ends = (wanted > 0 && highest >= hardMax - 0.05) || (wanted < 0 && lowest <= hardMin);
          const amps = ends ? 0 : wanted;
          cells.step(20, amps, celsius);
          const told = measuresCells ? { cellVoltages: [...cells.voltage] } : {};
          const soc = Math.min(100, Math.max(0, trueSoc(cells) + drift));
          const { cellVoltages: _, ...others } = pack(0, {}, 15);
          const reading: Reading = {
            ...others,
            ...told,
            voltage: cells.voltage.reduce((sum, volts) => sum + volts, 0),
            current: amps,
            soc,
            capacityFull: capacity,
            temperatures: [celsius],
          };
          const sample = sampleOf(settings, reading);
          const now = seenOf(reading, settings).known;
          known = learn(settings, known ?? now, reading, now.heat, second);
          check = checkChemistry(check, {
            plan,
            sample,
            known,
            soc,
            chemistry,
            signProved: false,
            t: second,
            dt: 20,
          });
          const { reason } = check;
          claim(reason === undefined, () => `${reason} at ${amps / capacity} C, really ${trueSoc(cells)} %`);
        }
      }
    },
  );

  const outside = fc
    .record({
      chemistry: fc.constantFrom(...CHEMISTRIES),
      side: fc.constantFrom('low' as const, 'high' as const),
      soc: evenly(0, 100),
      beyond: evenly(0.03, 0.3),
      count: fc.constantFrom(4, 13, 16, 20),
    })
    .filter(({ chemistry, side, soc }) => borderAt(BORDERS[chemistry][side], soc) !== undefined);

  invariant(
    'I24 every pack that rests beyond a border is held where it is, with a sentence that says so',
    outside,
    (tried) => {
      const { chemistry, side, soc, beyond, count } = tried;
      const border = borderAt(BORDERS[chemistry][side], soc) ?? 0;
      const cell = side === 'low' ? border - beyond - 0.001 : border + beyond + 0.001;
      const run = bench({ chemistry });
      const reading = pack(cell, { soc }, count);
      // What may have been there before the start has died away.
      for (let t = 0; t < 600; t += 10) run.try({ reading }, 10);
      const output = run.step({ reading });
      claimHeld(output, reading);
      claim(output.errorCode === 119, () => 'no error');
      claim(output.chargeReason.includes(`cannot be ${chemistry}`), () => output.chargeReason);
    },
  );
});
