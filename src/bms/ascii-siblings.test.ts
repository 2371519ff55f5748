import { describe, expect, it } from 'vitest';
import { analogReplies } from '../../test/support/ascii-replies.ts';
import { BmsError, TimeoutError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import { ALL_PACKS } from '../protocol/ascii-dialect.ts';
import { buildRequest } from '../protocol/ascii-frame.ts';
import { ASCII_DIALECTS } from './ascii-dialects.ts';
import { findFrame } from './decode.ts';
import type { BmsDriver } from './driver.ts';
import { BMSES } from './index.ts';

/** A driver of a dialect has its name. */
const DRIVERS = BMSES.map(({ driver }) => driver).filter(({ id }) =>
  ASCII_DIALECTS.some(({ name }) => name === id),
);
const ABSENT_PACK = /^phantom pack/;

/** Every pack, and all packs at once, at the address that answers: only the dialect is left as a reason to refuse. */
function everyRequest(address: number): Uint8Array[] {
  const packs = [...Array.from({ length: 17 }, (_, pack) => pack), ALL_PACKS];
  return packs.map((pack) => buildRequest(0x20, address, 0x42, [pack]));
}

/** What the driver itself asks first, at each of its addresses. */
async function ownRequests(driver: BmsDriver): Promise<Uint8Array[]> {
  const asked: Uint8Array[] = [];
  for (const address of driver.reach.serial.addresses) {
    const next = (): Promise<Uint8Array> => Promise.reject(new TimeoutError('silence'));
    const ask = (request: Uint8Array): Promise<Uint8Array> => {
      asked.push(request);
      return next();
    };
    await driver
      .open({ ask, next }, address)
      .probe()
      .catch(() => undefined);
  }
  return asked;
}

describe('drivers that share the ASCII frame', () => {
  const replies = analogReplies().filter(({ name }) => !ABSENT_PACK.test(name));

  it.each(replies.map((reply) => [reply.dialect, reply.name, reply] as const))(
    'only the driver of %s takes: %s',
    async (dialect, _, { reply }) => {
      const address = Number.parseInt(String.fromCharCode(...reply.subarray(3, 5)), 16);
      for (const driver of DRIVERS) {
        const taken = [...everyRequest(address), ...(await ownRequests(driver))]
          .map((request) => attempt(() => driver.decode(request, findFrame(driver, { request, reply }))))
          .filter((reading) => reading !== undefined);
        expect(taken.length > 0, driver.id).toBe(driver.id === dialect);
      }
    },
  );
});

function attempt(decode: () => PackReading): PackReading | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof BmsError) return undefined;
    throw error;
  }
}
