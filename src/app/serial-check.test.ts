import { describe, expect, it } from 'vitest';
import { withReads } from '../../test/support/sessions.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { jkPb } from '../bms/jk/pb/index.ts';
import { PortLostError, TimeoutError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import type { Exchange } from '../transport/exchange.ts';
import { SerialCheck } from './serial-check.ts';

const link: Exchange = {
  ask: () => Promise.reject(new TimeoutError('not used')),
} as unknown as Exchange; // The driver below asks nothing.

/** A driver that tells these numbers one after the other; an error is thrown. */
function telling(...numbers: readonly (string | undefined | Error)[]): {
  readonly pack: { address: number; driver: BmsDriver };
} {
  const left = [...numbers];
  const read = async (): Promise<PackReading> => {
    const next = left.shift();
    if (next instanceof Error) throw next;
    return next === undefined ? {} : { serialNumber: next };
  };
  return { pack: { address: 1, driver: withReads(jkPb, read) } };
}

describe('reading a serial number again', () => {
  it.each<[string, readonly (string | undefined | Error)[], string | undefined]>([
    ['stays the same', ['A', 'A'], undefined],
    ['is another the next time', ['B'], 'B'],
    ['is another the third time', ['A', 'C'], 'C'],
    ['is lost once, and stays the same', [new TimeoutError('lost'), 'A', 'A'], undefined],
    ['is not told any more', [undefined, undefined, undefined, undefined], undefined],
  ])('finds that it %s', async (_, numbers, other) => {
    const check = new SerialCheck(telling(...numbers).pack, 'A');
    await check.run(link);
    expect(await check.outcome).toBe(other);
  });

  it('goes on where it was when the port was lost and came back', async () => {
    const check = new SerialCheck(telling(new PortLostError('gone'), 'B').pack, 'A');
    await expect(check.run(link)).rejects.toThrow('gone');
    await check.run(link);
    expect(await check.outcome).toBe('B');
  });
});
