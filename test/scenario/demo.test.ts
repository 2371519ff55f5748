import { expect, it } from 'vitest';
import { DemoHouse } from '../../src/commands/demo/demo-house.ts';
import { loadScenario, parseScenario } from '../../src/simulator/trials/scenario.ts';
import type { SeenBattery } from '../../src/venus/battery-reader.ts';

/** What a subscriber of the bus is to see, in this order. */
const EVENTS: readonly (readonly [string, (battery: SeenBattery) => boolean])[] = [
  ['more than 20 A into the pack', ({ view }) => (view.reading?.current ?? 0) > 20],
  ['a limit by a cell', ({ view }) => /highest cell/.test(view.control?.chargeReason ?? '')],
  ['absorption', ({ view }) => /^Absorption/.test(view.control?.chargeMode ?? '')],
  ['float', ({ view }) => view.control?.chargeMode === 'Float'],
  ['silence', ({ view }) => !view.link.online && view.reading?.voltage === undefined],
  ['recovery', ({ view }) => view.link.online && view.reading?.voltage !== undefined],
];
/** The usual speed of the demo. */
const SPEED = 150;

it('shows within a minute full current, a limit by a cell, absorption, float, silence and recovery, in this order', async () => {
  const house = await DemoHouse.open({ bms: 'jbd', scenario: loadScenario('demo') });
  const seenAt = new Map<string, number>();
  try {
    while (seenAt.size < EVENTS.length && house.clock.now() < 60_000 * SPEED) {
      await house.advance(5000);
      const [name, isSeen] = EVENTS[seenAt.size] ?? ['', () => false];
      const { battery } = house;
      if (battery !== undefined && isSeen(battery)) seenAt.set(name, house.clock.now() / 1000 / SPEED);
      expect(house.failure).toBeUndefined();
    }
  } finally {
    await house.close();
  }
  expect([...seenAt.keys()]).toEqual(EVENTS.map(([name]) => name));
  expect(seenAt.get(EVENTS[0]?.[0] ?? '')).toBeLessThan(10);
}, 120_000);

it('ends at once while the driver waits for an answer', async () => {
  const house = await DemoHouse.open({ bms: 'jbd', scenario: parseScenario({ line: { silent: 1 } }) });
  await house.advance(50);
  await house.close();
  expect(house.battery).toBeUndefined();
});
