import { describe, expect, it } from 'vitest';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError } from '../../src/errors.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { departures } from '../support/batteries.ts';
import { VirtualLine } from '../support/virtual-line.ts';

const POLLS = 8;
const TEXTS = ['model', 'hardwareVersion', 'firmwareVersion', 'serialNumber', 'productionDate'] as const;

/** Polls a battery whose answers all come `delayMs` later than usual, once a second or as often as that allows. */
async function polls(id: string, delayMs: number): Promise<{ good: number; wrong: string[] }> {
  const entry = BMSES.find(({ driver }) => driver.id === id);
  if (entry === undefined) throw new Error(`no driver ${id}`);
  const { driver } = entry;
  const address = driver.reach.serial.addresses[0] ?? 0;
  const clock = new VirtualClock();
  const scenario = {
    packs: [{ address, soc: 60, noise: 0, selfDischarge: 0, sensors: 4 }],
    line: { delayMs },
  };
  const device = await buildDevice(id, parseScenario(scenario), clock);
  const line = new VirtualLine(clock, device, driver.reach.serial.lines[0]);
  const wrong: string[] = [];
  const session = driver.open(line.link, address);
  let texts: PackReading = {};
  let good = 0;
  for (let cycle = 0; cycle < POLLS; cycle += 1) {
    const due = clock.now() + 1000;
    const outcome = await line.until(
      session.read().catch((error: unknown) => {
        if (error instanceof BmsError) return undefined;
        throw error;
      }),
    );
    if (outcome !== undefined) {
      good += 1;
      wrong.push(...departures(outcome, device.plant.truth()));
      for (const key of TEXTS) {
        if (texts[key] !== undefined && outcome[key] !== texts[key]) wrong.push(`${key}: ${outcome[key]}`);
      }
      texts = { ...texts, ...outcome };
    }
    await clock.run(Math.max(clock.now() + 10, due));
  }
  device.close();
  return { good, wrong };
}

describe.each(BMSES.map(({ driver }) => driver.id))('%s with answers that come late', (id) => {
  it.each([200, 500, 800])(
    'by %i ms is read all the same, and no answer is taken for that to another question',
    async (delayMs) => {
      const { good, wrong } = await polls(id, delayMs);
      expect(wrong).toEqual([]);
      // The first poll may be lost before it is known how slow the device is.
      expect(good).toBeGreaterThanOrEqual(POLLS - 1);
    },
  );
});
