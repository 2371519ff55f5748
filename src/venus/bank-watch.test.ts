import { expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { MemoryBus } from '../../test/support/memory-bus.ts';
import { BankWatch } from './bank-watch.ts';
import { bankClaim } from './claim.ts';

const HOUSE = { name: 'house', members: ['ttyUSB0', 'instance 2'] };
const BOAT = { name: 'boat', members: ['B200', 'instance 9'] };

async function watch(candidate: { place: string; serial?: string; instance?: number }) {
  const bus = new MemoryBus(new ManualClock());
  const warnings: string[] = [];
  let changes = 0;
  const watching = await BankWatch.open({
    bus: bus.connect(),
    plans: [HOUSE, BOAT],
    candidate,
    log: { info: () => {}, debug: () => {}, warn: (text) => void warnings.push(text) },
    onChange: () => {
      changes += 1;
    },
  });
  return { bus, watching, warnings, changes: () => changes };
}

it('a battery that no bank names has none', async () => {
  const { watching } = await watch({ place: 'ttyUSB7', serial: 'X', instance: 1 });
  expect(watching.part).toBeUndefined();
});

it('a battery follows its bank from when it comes until it goes, whatever its end', async () => {
  const { bus, changes, watching } = await watch({ place: 'ttyUSB0' });
  expect(watching.part).toEqual({ name: 'house', isLed: false });
  const bank = bus.connect();
  await bank.requestName(bankClaim('house'));
  await Promise.resolve();
  expect(watching.part).toEqual({ name: 'house', isLed: true });
  bank.disconnect();
  await Promise.resolve();
  expect(watching.part).toEqual({ name: 'house', isLed: false });
  expect(changes()).toBe(2);
});

it('a battery that two banks claim by different names belongs to none, and says so once', async () => {
  const { watching, warnings } = await watch({ place: 'ttyUSB0', serial: 'B200' });
  expect(watching.part).toBeUndefined();
  expect(warnings).toEqual(['the banks house and boat both claim ttyUSB0: it belongs to none of them']);
});
