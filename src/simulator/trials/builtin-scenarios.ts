/** Scenarios that come with the program, as a user would write them in a file. */
export const BUILTIN_SCENARIOS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  /** A house with a roof: sun with clouds, a fridge, a kettle now and then, a little imbalance. */
  day: {
    hour: 7,
    packs: [{ soc: 45, spread: 0.2, capacitySpread: 0.4, resistanceSpread: 8, hysteresis: 0.004 }],
    sources: [{ name: 'solar', power: 6500, pattern: { sun: true, cloudSeconds: 240, cloudDepth: 0.6 } }],
    loads: [
      { power: 180 },
      { power: 120, pattern: { on: 900, off: 1500 } },
      { power: 2000, pattern: { from: 1800, on: 300, off: 10_500 } },
    ],
  },
  /**
   * What the demo shows, and then again: the last tenth of a charge with a cell that runs ahead, absorption, float, a BMS
   * that falls silent and comes back, a load that empties the pack.
   */
  demo: {
    hour: 11,
    packs: [
      {
        soc: 88,
        capacity: 100,
        spread: 0.05,
        resistanceSpread: 5,
        cellOffsets: { 7: 0.3 },
        balancer: { current: 2, difference: 0.004 },
      },
    ],
    sources: [{ name: 'solar', power: 3500 }],
    loads: [{ power: 250 }],
    steps: [
      { at: 6300, line: { silent: 1 } },
      { at: 6900, line: {} },
      { at: 7500, power: -3500 },
      { at: 8400, power: null },
    ],
    repeatEvery: 11_000,
  },
  /** The end of a charge: the pack gets full within minutes. */
  full: {
    hour: 12,
    packs: [{ soc: 97, spread: 0.05 }],
    sources: [{ power: 9000, pullsDown: 40 }],
  },
  /** One cell is full long before the others. */
  runner: {
    hour: 12,
    packs: [{ soc: 96, spread: 0.05, cellOffsets: { 7: 1.5 } }],
    sources: [{ power: 6000, pullsDown: 40 }],
  },
  /** A winter morning in a shed: -5 degC in the pack, the sun comes. */
  cold: {
    hour: 7,
    ambient: 2,
    packs: [{ soc: 35, spread: 0.2, temperature: -5 }],
    sources: [{ name: 'solar', power: 5000, pattern: { sun: true } }],
    loads: [{ power: 400 }],
  },
  /** Nothing happens but the BMS itself drawing a little. */
  idle: {
    packs: [{ soc: 62, spread: 0.1 }],
    loads: [{ power: 15 }],
  },
};
