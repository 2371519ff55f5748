import { describe, expect, it } from 'vitest';
import { initialObedience, type Obedience, watchObedience } from './obedience.ts';

/** What is thought of chargers that bring `current` A for some seconds where `allowed` A are. */
function brought(seconds: number, current: number, allowed: number, from = initialObedience()): Obedience {
  let state = from;
  for (let t = 0; t < seconds; t++) state = watchObedience(state, current, allowed, 1);
  return state;
}

describe('chargers', () => {
  it('keep to their limit as long as no more flows in for long', () => {
    expect(brought(60, 100, 100).distrust).toBe(0);
    expect(brought(15, 140, 20).distrust).toBe(0);
    expect(brought(60, -50, 0).distrust).toBe(0);
  });

  it('do not when more flows in for longer than the slowest of them needs, and it counts for ten minutes', () => {
    const fed = brought(20, 140, 20);
    expect(fed.distrust).toBeGreaterThan(0);
    expect(brought(590, 10, 20, fed).distrust).toBeGreaterThan(0);
    expect(brought(600, 10, 20, fed).distrust).toBe(0);
  });
});
