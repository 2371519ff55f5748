import type { Trial } from './judge.ts';

/** A pack near the end of its charge and a charger that can also draw from it (ESS). */
const PACK = { soc: 97, balancer: null, noise: 0.0005 };
const CHARGER = { power: 9000, pullsDown: 40 };
const RUNNER = { cellOffsets: { 7: 1 } };

interface Variation {
  readonly pack?: Readonly<Record<string, unknown>>;
  readonly source?: Readonly<Record<string, unknown>>;
  readonly plant?: Readonly<Record<string, unknown>>;
}

function plantWith({ pack, source, plant }: Variation): Trial['plant'] {
  return { packs: [{ ...PACK, ...pack }], sources: [{ ...CHARGER, ...source }], ...plant };
}

function trial(name: string, variation: Variation, rest: Omit<Partial<Trial>, 'name' | 'plant'> = {}): Trial {
  return { name, plant: plantWith(variation), hours: 3, ...rest };
}

/** Where power comes and goes by itself, the voltage limit may follow it once more. */
const RESTLESS = { cvlTurns: 3 };
/** Where feed-in ignores CCL, its turns move nothing. */
const VOID_CCL = { cclTurns: 4 };

const FEED_IN = { obeysCurrentLimit: false };
const CELLS = (cells: number, capacity: number, soc = 97) => ({ cells, capacity, soc });
/** A real pack: nothing is quite like the cell beside it. */
const REAL = {
  spread: 0.15,
  capacitySpread: 0.5,
  resistanceSpread: 10,
  hysteresis: 0.004,
  slowPolarisation: true,
};

/** What a charge control law must stand. */
export const TRIALS: readonly Trial[] = [
  trial('balanced', {}),
  trial('scatter 0.05 %', { pack: { spread: 0.05 } }),
  trial('charger 0.1 V low', { source: { offset: -0.1 } }),
  trial('charger 0.35 V low, no ESS', { source: { offset: -0.35, pullsDown: 0 } }),
  trial('runner +1 %', { pack: RUNNER }),
  trial('runner +2 %', { pack: { cellOffsets: { 7: 2 } } }),
  trial('runner +2 %, feed-in', { pack: { cellOffsets: { 7: 2 } }, source: FEED_IN }, { marks: VOID_CCL }),
  trial(
    'runner +1 %, feed-in, +0.4 V',
    { pack: RUNNER, source: { ...FEED_IN, offset: 0.4 } },
    { marks: VOID_CCL },
  ),
  trial('runner +1 %, noise 2 mV', { pack: { ...RUNNER, noise: 0.002 } }),
  trial('runner +1 %, PV on/off 10 min', { pack: RUNNER, source: { pattern: { on: 600, off: 600 } } }),
  trial(
    'runner +1 %, clouds',
    { pack: RUNNER, source: { pattern: { cloudSeconds: 60, cloudDepth: 0.9 } } },
    { marks: RESTLESS },
  ),
  trial(
    'runner +1 %, balancer 1 A',
    { pack: { ...RUNNER, balancer: { current: 1 } } },
    { hours: 8, balancing: true },
  ),
  trial(
    'scatter 0.3 %, balancer 0.2 A',
    { pack: { spread: 0.3, balancer: { current: 0.2 } } },
    { hours: 8, balancing: true },
  ),
  trial('low cell -3 %', { pack: { cellOffsets: { 4: -3 } } }),
  trial('weak cell 90 %', { pack: { soc: 90, cellCapacities: { 5: 0.9 } } }),
  trial('real pack', { pack: { ...REAL, soc: 90 } }),
  trial(
    'real pack, sun and loads',
    {
      pack: { ...REAL, soc: 70 },
      source: { power: 7000, pullsDown: 0, pattern: { sun: true, cloudSeconds: 180, cloudDepth: 0.6 } },
      plant: {
        hour: 9,
        loads: [{ power: 300 }, { power: 2000, pattern: { from: 900, on: 300, off: 3300 } }],
      },
    },
    { hours: 9, marks: RESTLESS },
  ),
  trial('SoC reads 15 too high', { pack: { soc: 85, socError: 15 } }),
  trial('SoC reads 20 too low', { pack: { soc: 90, socError: -20 } }),
  trial('shunt reads 1.5 A too much', { pack: { currentOffset: 1.5 } }),
  trial('shunt reads 1.5 A too little', { pack: { currentOffset: -1.5 } }),
  trial('runner +1 %, samples 155 mV high', { pack: RUNNER }, { glitchEvery: 900 }),
  trial('runner +1 %, current sign wrong', { pack: RUNNER }, { wrongSign: true }),
  trial(
    'two days with nights',
    {
      pack: { ...REAL, soc: 55 },
      source: { power: 7000, pullsDown: 40, pattern: { sun: true, cloudSeconds: 240, cloudDepth: 0.5 } },
      plant: {
        hour: 7,
        loads: [{ power: 500 }, { power: 1500, pattern: { from: 1200, on: 600, off: 6600 } }],
      },
    },
    { hours: 42, pollSeconds: 2, marks: RESTLESS },
  ),
  trial('cold morning', { pack: { soc: 94, temperature: -1 }, plant: { ambient: 12 } }, { hours: 9 }),
  trial(
    'BMS lost 5 min at the top',
    { pack: RUNNER },
    { loss: { atCell: 3.44, seconds: 300 }, marks: RESTLESS },
  ),
  trial('BMS lost 40 min at the top', { pack: RUNNER }, { hours: 4, loss: { atCell: 3.44, seconds: 2400 } }),
  trial('BMS lost for ever', { pack: RUNNER }, { loss: { atCell: 3.42, seconds: 1e6 }, withoutFloat: true }),
  trial(
    'BMS lost for ever, feed-in',
    { pack: RUNNER, source: { ...FEED_IN, offset: 0.1 } },
    { loss: { atCell: 3.42, seconds: 1e6 }, withoutFloat: true },
  ),
  ...[0.1, 0.2, 0.3, 0.4].map((offset) =>
    trial(`runner +1 %, charger +${offset} V`, { pack: RUNNER, source: { offset } }),
  ),
  trial('feed-in', { source: { ...FEED_IN, offset: 0.1 } }, { marks: VOID_CCL }),
  trial('resistance x0.5', { pack: { ...RUNNER, resistance: 0.5 } }),
  trial('resistance x2.5', { pack: { ...RUNNER, resistance: 2.5 } }),
  trial('start at 99.6 %', { pack: { soc: 99.6 } }),
  trial('runner +1 %, polled every 2 s', { pack: RUNNER }, { pollSeconds: 2 }),
  trial('runner +1 %, polled every 5 s', { pack: RUNNER }, { pollSeconds: 5 }),
  trial('4S 100 Ah', {
    pack: { ...CELLS(4, 100), ...RUNNER, cellOffsets: { 2: 1 } },
    source: { power: 1000, pullsDown: 14 },
  }),
  trial('8S 100 Ah', { pack: { ...CELLS(8, 100), ...RUNNER }, source: { power: 2000, pullsDown: 14 } }),
  trial('15S 200 Ah', { pack: { ...CELLS(15, 200), ...RUNNER } }),
  trial('16S 314 Ah', { pack: { ...CELLS(16, 314), ...RUNNER } }),
  trial('13S 100 Ah NMC', {
    pack: { ...CELLS(13, 100, 85), ...RUNNER },
    plant: { chemistry: 'nmc' },
    source: { power: 4000, pullsDown: 14 },
  }),
  trial('24S 100 Ah LTO', {
    pack: { ...CELLS(24, 100, 90), ...RUNNER },
    plant: { chemistry: 'lto' },
    source: { power: 4000, pullsDown: 14 },
  }),
  trial('16S 100 Ah Na-ion', {
    pack: { ...CELLS(16, 100, 90), ...RUNNER },
    plant: { chemistry: 'naion' },
    source: { power: 4000, pullsDown: 14 },
  }),
];
