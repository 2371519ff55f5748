import fc from 'fast-check';
import { describe } from 'vitest';
import { claim, evenly, invariant } from '../../../test/support/invariant.ts';
import { CHEMISTRIES, type Chemistry } from '../../model/chemistry.ts';
import type { PackReading } from '../../model/reading.ts';
import { CellString } from '../../simulator/plant/cell.ts';
import { openCircuit } from '../../simulator/plant/open-circuit.ts';
import { pack, SETTINGS, seenOf } from '../fixtures.ts';
import type { ControlSettings } from '../law.ts';
import { planCells } from './cells.ts';
import { checkChemistry, initialCheck } from './chemistry-check.ts';
import { type Known, learn } from './measure.ts';
import { filterReading, initialFilter, type Sample } from './reading-filter.ts';

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

function sampleOf(settings: ControlSettings, reading: PackReading): Sample {
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
          const reading: PackReading = {
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
});
