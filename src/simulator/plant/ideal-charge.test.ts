import { describe, expect, it } from 'vitest';
import { parseScenario } from '../trials/scenario.ts';
import { capacityOf, chargeIdeally, meanCharge } from './ideal-charge.ts';
import { Plant } from './plant.ts';

function plantOf(pack: Record<string, unknown>, plant: Record<string, unknown> = {}): Plant {
  return new Plant(
    parseScenario({ packs: [{ balancer: null, ...pack }], sources: [{ power: 9000 }], ...plant }),
  );
}

describe('the ideal controller', () => {
  it('fills every cell of a balanced pack and takes none too high', () => {
    const plant = plantOf({ soc: 90 });
    let highest = 0;
    for (let hour = 0; hour < 3; hour++) {
      chargeIdeally(plant, 3600, 3.45, 140);
      highest = Math.max(highest, ...plant.packs.map((pack) => pack.highestCell));
    }
    expect(highest).toBeLessThan(3.4505);
    expect(highest).toBeGreaterThan(3.449);
    expect(plant.packs[0]?.trueSoc()).toBeGreaterThan(99.7);
  });

  it('tells when the pack was full: no sooner than the current allows', () => {
    const { fullAt, peakAh } = chargeIdeally(plantOf({ soc: 90 }), 7200, 3.45, 140);
    const needed = ((peakAh - 0.01 * 280 - 0.9 * 280) / 140) * 3600;
    expect(fullAt).toBeGreaterThanOrEqual(needed);
    expect(fullAt).toBeLessThan(needed * 1.1 + 30);
  });

  it('stops at the runner', () => {
    const plain = chargeIdeally(plantOf({ soc: 95 }), 7200, 3.45, 140);
    const runner = chargeIdeally(plantOf({ soc: 95, cellOffsets: { 3: 2 } }), 7200, 3.45, 140);
    expect(plain.peakAh - runner.peakAh).toBeCloseTo(0.02 * 280 - (0.02 * 280) / 16, 0);
  });

  it('charges frozen cells not at all, cold ones slowly', () => {
    const frozen = plantOf({ soc: 50, temperature: -5 }, { ambient: -5 });
    const before = meanCharge(frozen);
    expect(chargeIdeally(frozen, 600, 3.45, 140).peakAh).toBeCloseTo(before, 2);
    const cold = plantOf({ soc: 50, temperature: 5 }, { ambient: 5 });
    chargeIdeally(cold, 60, 3.45, 140);
    expect(cold.current).toBeCloseTo(0.1 * capacityOf(cold), 0);
  });

  it('lets loads have what they need', () => {
    const plant = plantOf({ soc: 50 }, { sources: [], loads: [{ power: 530 }] });
    chargeIdeally(plant, 60, 3.45, 140);
    expect(plant.current).toBeCloseTo(-10, 0);
  });
});
