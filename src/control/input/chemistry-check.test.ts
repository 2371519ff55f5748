import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claim, claimAtMost, evenly, invariant } from '../../../test/support/invariant.ts';
import { CHEMISTRIES } from '../../model/chemistry.ts';
import type { PackReading } from '../../model/reading.ts';
import { openCircuit } from '../../simulator/plant/open-circuit.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS, withCell } from '../fixtures.ts';
import type { ControlOutput, ControlSettings } from '../law.ts';
import { BORDERS, borderAt } from './chemistry-borders.ts';

const law = lawFor('adaptive');
const bench = (differing: Partial<ControlSettings> = {}) => new Bench(law, { ...SETTINGS, ...differing });
const LTO = pack(2.52, { soc: 92, capacityFull: 40, current: 0 }, 20);
const NMC = pack(3.7, { soc: 55, capacityFull: 100 }, 13);

function claimHeld(output: ControlOutput, reading: PackReading): void {
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

  it.each<[string, PackReading, Partial<ControlSettings>, string]>([
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
  const blind = (volts: number, cells: number, soc: number): PackReading => {
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
describe('a pack that rests beyond a border', () => {
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
