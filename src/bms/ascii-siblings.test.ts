import { describe, expect, it } from 'vitest';
import { analogReplies } from '../../test/support/ascii-replies.ts';
import { BmsError } from '../errors.ts';
import type { Reading } from '../model/reading.ts';
import { ALL_PACKS } from '../protocol/ascii-dialect.ts';
import { buildRequest } from '../protocol/ascii-frame.ts';
import { findFrame } from './decode.ts';
import { pace } from './pace/index.ts';
import { pylontech } from './pylontech/index.ts';
import { topbms } from './topbms/index.ts';

const DRIVERS = [pylontech, pace, topbms];
const ABSENT_PACK = /^phantom pack/;

/** Every pack, and all packs at once, at the address that answers: only the dialect is left as a reason to refuse. */
function everyRequest(address: number): Uint8Array[] {
  const packs = [...Array.from({ length: 17 }, (_, pack) => pack), ALL_PACKS];
  return packs.map((pack) => buildRequest(0x20, address, 0x42, [pack]));
}

describe('drivers that share the ASCII frame', () => {
  const replies = analogReplies().filter(({ name }) => !ABSENT_PACK.test(name));

  it.each(replies.map((reply) => [reply.dialect, reply.name, reply] as const))(
    'only the driver of %s takes: %s',
    (dialect, _, { reply }) => {
      const address = Number.parseInt(String.fromCharCode(...reply.subarray(3, 5)), 16);
      for (const driver of DRIVERS) {
        const taken = everyRequest(address)
          .map((request) => attempt(() => driver.decode(request, findFrame(driver, { request, reply }))))
          .filter((reading) => reading !== undefined);
        expect(taken.length > 0, driver.id).toBe(driver.id === dialect);
      }
    },
  );
});

function attempt(decode: () => Reading): Reading | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof BmsError) return undefined;
    throw error;
  }
}
