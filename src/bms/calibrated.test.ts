import { describe, expect, it } from 'vitest';
import { SAYS_NOTHING } from '../../test/support/silent-link.ts';
import type { BankReading } from '../model/reading.ts';
import { calibrated } from './calibrated.ts';
import { NO_CABLE, planned } from './driver.ts';

const driver = (reading: BankReading) =>
  planned({
    id: 'x',
    family: 'x',
    name: 'X',
    reach: { serial: NO_CABLE },
    sends: { reads: [] },
    limits: 'none',
    timeoutMs: 100,
    queries: [{ asks: () => Uint8Array.of(1) }],
    probe: {},
    accept: () => () => 1,
    decode: () => reading,
  });
const link = { ...SAYS_NOTHING, ask: async (request: Uint8Array) => request };
const read = (reading: BankReading, gain: number, offset: number): Promise<BankReading> =>
  calibrated(driver(reading), { gain, offset }).open(link, 0).read();

describe('a current that the owner puts right', () => {
  it('is multiplied, then shifted, and the power of the BMS follows', async () => {
    expect(await read({ voltage: 50, current: -10, power: -500 }, 1.1, 0.25)).toEqual({
      voltage: 50,
      current: -10.75,
      power: -537.5,
    });
  });

  it('stays absent where there is none', async () => {
    expect(await read({ voltage: 50 }, 2, 1)).toEqual({ voltage: 50 });
  });

  it('is put right in every pack', async () => {
    const { modules } = await read({ current: 4, modules: [{ address: 1, current: 4 }] }, 0.5, 0);
    expect(modules).toEqual([{ address: 1, current: 2 }]);
  });

  it('leaves the driver as it is when there is nothing to be put right', () => {
    const plain = driver({});
    expect(calibrated(plain, { gain: 1, offset: 0 })).toBe(plain);
  });
});
