import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTROL, STATE } from '../../test/support/battery-state.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { BatteryIdentity, BatteryView } from '../battery/battery-view.ts';
import { bankServiceOf } from '../venus/names.ts';
import { BridgeBatteries } from './bridge-batteries.ts';

const at = (port: string): string => `com.victronenergy.battery.${port}`;

function view(identity: Partial<BatteryIdentity>, more: Partial<BatteryView> = {}): BatteryView {
  return { ...STATE, identity: { ...STATE.identity, ...identity }, ...more };
}

function withoutSerial(deviceInstance: number): BatteryView {
  const { serial: _, ...identity } = STATE.identity;
  return { ...STATE, identity: { ...identity, deviceInstance } };
}

function batteriesOf(alias: Readonly<Record<string, string>> = {}) {
  const clock = new ManualClock();
  const urgent: string[] = [];
  const batteries = new BridgeBatteries({
    clock,
    alias,
    bankOf: bankServiceOf,
    onUrgent: ({ id }) => void urgent.push(id),
  });
  const take = (port: string, told: BatteryView): void =>
    batteries.take({ service: at(port), view: told, wishes: new Set() });
  const ids = (): string[] => batteries.batteries.map(({ id }) => id);
  return { batteries, clock, ids, take, urgent };
}

describe('the id of a battery', () => {
  it('is its serial number, whatever port it is on and whatever it is called', async () => {
    const { batteries, clock, ids, take } = batteriesOf();
    take('ttyUSB0', view({ serial: 'A/100 #7' }));
    await clock.advance(1000);
    expect(ids()).toEqual(['A_100_7']);
    batteries.gone(at('ttyUSB0'));
    take('ttyUSB3', view({ serial: 'A/100 #7', customName: 'Boat', connection: 'ttyUSB3' }));
    await clock.advance(1000);
    expect(batteries.batteries).toMatchObject([{ id: 'A_100_7', name: 'Boat', isOnBus: true }]);
    expect(batteries.serviceOf('A_100_7')).toBe(at('ttyUSB3'));
  });

  it('is made of product and instance where there is no serial number', async () => {
    const { clock, ids, take } = batteriesOf();
    take('ttyUSB0', withoutSerial(2));
    await clock.advance(1000);
    expect(ids()).toEqual(['SerialBattery_JBD_2']);
  });

  it('is what the owner chose, by serial number or by the id that would be', async () => {
    const { clock, ids, take } = batteriesOf({ A100: 'house', SerialBattery_JBD_2: 'boat' });
    take('ttyUSB0', view({}));
    take('ttyUSB1', withoutSerial(2));
    await clock.advance(1000);
    expect(ids()).toEqual(['boat', 'house']);
  });

  it('of two with one serial number does not depend on who answered first', async () => {
    const orders = [
      [1, 2],
      [2, 1],
    ] as const;
    for (const order of orders) {
      const { batteries, clock, take } = batteriesOf();
      for (const n of order) take(`ttyUSB${n}`, view({ deviceInstance: n }));
      await clock.advance(1000);
      expect(batteries.batteries.map(({ id, view: { identity } }) => [id, identity.deviceInstance])).toEqual([
        ['A100', 1],
        ['A100_2', 2],
      ]);
    }
  });

  it('is never that of the bridge', async () => {
    const { clock, ids, take } = batteriesOf({ A100: 'bridge' });
    take('ttyUSB0', view({}));
    await clock.advance(1000);
    expect(ids()).toEqual(['battery_bridge']);
  });

  it('is safe and its own, whatever serial numbers there are', async () => {
    const serial = fc.option(fc.string({ unit: 'binary', maxLength: 80 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(fc.array(serial, { maxLength: 12 }), async (serials) => {
        const { clock, ids, take } = batteriesOf();
        serials.forEach((text, n) => {
          take(
            `ttyUSB${n}`,
            text === undefined ? withoutSerial(n) : view({ serial: text, deviceInstance: n }),
          );
        });
        await clock.advance(1000);
        expect(new Set(ids()).size).toBe(serials.length);
        for (const id of ids()) expect(id).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
      }),
      { numRuns: 100 },
    );
  });
});

describe('the batteries of a bridge', () => {
  it('belong to their bank when they are packs beside one', async () => {
    const { batteries, clock, take } = batteriesOf();
    take('ttyUSB0__0x02', view({ serial: 'P2', deviceInstance: 0 }));
    take('ttyUSB0', view({ serial: 'BANK', deviceInstance: 5 }));
    await clock.advance(1000);
    expect(batteries.batteries.map(({ bank, id }) => [id, bank])).toEqual([
      ['BANK', undefined],
      ['P2', 'BANK'],
    ]);
  });

  it('stay when they leave the bus, as gone', async () => {
    const { batteries, clock, take, urgent } = batteriesOf();
    take('ttyUSB0', view({}));
    await clock.advance(1000);
    batteries.gone(at('ttyUSB0'));
    expect(batteries.batteries).toMatchObject([{ id: 'A100', isOnBus: false }]);
    expect(batteries.serviceOf('A100')).toBeUndefined();
    expect(urgent).toEqual(['A100', 'A100']);
  });

  it('that come and go each second, with another serial number each time, are not kept without end', async () => {
    const { batteries, clock, take } = batteriesOf();
    for (let n = 0; n < 300; n += 1) {
      take('ttyUSB0', view({ serial: `S${n}` }));
      await clock.advance(1000);
      batteries.gone(at('ttyUSB0'));
    }
    expect(batteries.batteries.length).toBeLessThanOrEqual(66);
    expect(batteries.batteries.map(({ id }) => id)).toContain('S299');
  });

  it.each([
    ['an alarm', { control: { ...CONTROL, alarms: { ...CONTROL.alarms, lowVoltage: 2 as const } } }],
    ['a switch', { control: { ...CONTROL, allowToCharge: false } }],
    ['a charge mode', { control: { ...CONTROL, chargeMode: 'Absorption: 12 A now' } }],
    ['silence', { link: { ...STATE.link, online: false } }],
    ['a load', { reading: { ...STATE.reading, current: -40 } }],
    ['what was asked for', { requests: {} }],
  ])('are told at once: %s', async (_what, change) => {
    const { clock, take, urgent } = batteriesOf();
    take('ttyUSB0', STATE);
    await clock.advance(1000);
    take('ttyUSB0', { ...STATE });
    expect(urgent).toEqual(['A100']);
    take('ttyUSB0', { ...STATE, ...change });
    expect(urgent).toEqual(['A100', 'A100']);
  });

  it.each([
    ['a volt', { reading: { ...STATE.reading, voltage: 53.3 } }],
    ['a small load', { reading: { ...STATE.reading, current: -13 } }],
    ['what is awaited in a mode', { control: { ...CONTROL, chargeMode: 'Bulk: 12 A now' } }],
  ])('wait for their time: %s', async (_what, change) => {
    const { clock, take, urgent } = batteriesOf();
    take('ttyUSB0', STATE);
    await clock.advance(1000);
    take('ttyUSB0', { ...STATE, ...change });
    expect(urgent).toEqual(['A100']);
  });
});
