import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bankReading } from './bank-reading.ts';
import type { ModuleReading } from './reading.ts';

const pack = (address: number, more: Omit<ModuleReading, 'address'> = {}): ModuleReading => ({
  address,
  ...more,
});

describe('bankReading', () => {
  it('is nothing without packs, and a single pack as it is without its address', () => {
    expect(bankReading([])).toEqual({});
    expect(bankReading([pack(3, { voltage: 53, cellVoltages: [3.3] })])).toEqual({
      voltage: 53,
      cellVoltages: [3.3],
    });
  });

  it('adds up what flows and what is stored, and takes the mean of the voltage', () => {
    const packs = [
      pack(1, {
        voltage: 53,
        current: 10,
        power: 530,
        capacityRemaining: 50,
        capacityFull: 100,
        capacityDesign: 105,
      }),
      pack(2, {
        voltage: 53.2,
        current: -4,
        power: -212.8,
        capacityRemaining: 30,
        capacityFull: 300,
        capacityDesign: 310,
      }),
    ];
    expect(bankReading(packs)).toMatchObject({
      voltage: 53.1,
      current: 6,
      power: 317.2,
      capacityRemaining: 80,
      capacityFull: 400,
      capacityDesign: 415,
      modules: packs,
    });
  });

  it('tells no sum when one pack does not tell its part', () => {
    const reading = bankReading([pack(1, { current: 10, capacityFull: 100 }), pack(2, { current: 5 })]);
    expect(reading.current).toBe(15);
    expect(reading).not.toHaveProperty('capacityFull');
  });

  it('weighs the state of charge by capacity, and evenly where a capacity is not known', () => {
    const of = (capacityFull: number | undefined) =>
      bankReading([
        pack(1, { soc: 80, capacityFull: 100 }),
        pack(2, { soc: 40, ...(capacityFull !== undefined && { capacityFull }) }),
      ]).soc;
    expect(of(300)).toBe(50);
    expect(of(undefined)).toBe(60);
    expect(of(0)).toBe(60);
  });

  it('takes the worst alarm, the hottest board, the most cycles, and every sensor', () => {
    const reading = bankReading([
      pack(1, { alarms: { highTemperature: 2 }, mosfetTemperature: 30, cycles: 7, temperatures: [20, 21] }),
      pack(2, {
        alarms: { highTemperature: 1, lowSoc: 1 },
        mosfetTemperature: 41,
        cycles: 3,
        temperatures: [22],
      }),
    ]);
    expect(reading).toMatchObject({
      alarms: { highTemperature: 2, lowSoc: 1 },
      mosfetTemperature: 41,
      cycles: 7,
      temperatures: [20, 21, 22],
    });
  });

  it('can charge while one of its packs can', () => {
    expect(
      bankReading([pack(1, { chargeEnabled: false, balancing: false }), pack(2, { chargeEnabled: true })]),
    ).toMatchObject({ chargeEnabled: true, balancing: false });
    expect(bankReading([pack(1), pack(2)])).not.toHaveProperty('chargeEnabled');
  });

  it('has a cell count where the packs that tell one agree', () => {
    const of = (...counts: readonly (number | undefined)[]) =>
      bankReading(counts.map((cellCount, index) => pack(index, cellCount === undefined ? {} : { cellCount })))
        .cellCount;
    expect(of(16, 16)).toBe(16);
    expect(of(16, 15)).toBeUndefined();
    expect(of(undefined, 16)).toBe(16);
  });

  it('names itself by the first pack that has a name', () => {
    expect(
      bankReading([pack(1), pack(2, { model: 'B', serialNumber: 's2' }), pack(3, { model: 'C' })]),
    ).toMatchObject({
      model: 'B',
      serialNumber: 's2',
    });
  });

  it('has no key without a value, whatever the packs lack', () => {
    const some = fc.record(
      {
        voltage: fc.constant(53),
        current: fc.constant(1),
        soc: fc.constant(50),
        capacityFull: fc.constant(100),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(some, { minLength: 2, maxLength: 4 }), (packs) => {
        const reading = bankReading(packs.map((values, index) => pack(index, values)));
        expect(Object.values(reading)).not.toContain(undefined);
      }),
    );
  });
});
