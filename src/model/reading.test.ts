import { describe, expect, it } from 'vitest';
import { mergeAlarms } from './alarms.ts';
import { bankReading } from './bank-reading.ts';
import { mergeReadings } from './reading.ts';

describe('mergeReadings', () => {
  it('lets the later part win field by field', () => {
    expect(mergeReadings({ voltage: 52, soc: 50 }, { soc: 51 })).toEqual({ voltage: 52, soc: 51 });
  });

  it('keeps the worse level of every alarm and the union of their names', () => {
    expect(
      mergeReadings({ alarms: { lowSoc: 2, highVoltage: 0 } }, { alarms: { lowSoc: 0, lowVoltage: 1 } })
        .alarms,
    ).toEqual({ lowSoc: 2, highVoltage: 0, lowVoltage: 1 });
  });

  it('invents no alarms where no part has any', () => {
    expect(mergeReadings({ voltage: 52 }, { current: 1 })).not.toHaveProperty('alarms');
  });
});

describe('mergeAlarms', () => {
  it('reports an alarm that only one source knows', () => {
    expect(mergeAlarms({}, { contactor: 0 })).toEqual({ contactor: 0 });
  });
});

describe('bankReading', () => {
  const pack = (address: number, more: object) => ({
    address,
    voltage: 52,
    current: 10,
    soc: 50,
    capacityFull: 100,
    ...more,
  });

  it('returns a single pack as it is, without the address', () => {
    expect(bankReading([pack(1, {})])).toEqual({ voltage: 52, current: 10, soc: 50, capacityFull: 100 });
  });

  it('adds currents and capacities, takes the mean voltage and weighs the SoC by capacity', () => {
    const bank = bankReading([
      pack(1, { voltage: 52.1 }),
      pack(2, { current: -4, soc: 80, capacityFull: 300 }),
    ]);
    expect(bank).toMatchObject({ voltage: 52.05, current: 6, soc: 72.5, capacityFull: 400 });
    expect(bank.modules?.map(({ address }) => address)).toEqual([1, 2]);
  });

  it('leaves a sum out when one pack does not tell its share', () => {
    const { capacityFull: _, ...silent } = pack(2, {});
    const bank = bankReading([pack(1, {}), silent]);
    expect(bank).not.toHaveProperty('capacityFull');
    expect(bank.soc).toBe(50);
  });

  it('is enabled while any pack is, and shows the worst alarm', () => {
    const bank = bankReading([
      pack(1, { chargeEnabled: false, alarms: { highVoltage: 2 } }),
      pack(2, { chargeEnabled: true, alarms: { highVoltage: 0 } }),
    ]);
    expect(bank).toMatchObject({ chargeEnabled: true, alarms: { highVoltage: 2 } });
  });
});
