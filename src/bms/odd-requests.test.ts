import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BmsError } from '../errors.ts';
import { decodeLog } from './decode.ts';
import { BMSES } from './index.ts';

const DRIVERS = BMSES.map(({ driver }) => [driver.id, driver] as const);

describe('a log of another BMS, or one that is cut in the wrong place', () => {
  it.each(DRIVERS)('is refused by %s in words that hold nothing unknown', (_id, driver) => {
    const bytes = (most: number) => fc.uint8Array({ minLength: 1, maxLength: most });
    // Requests that begin as real ones do reach further into the code than chance alone.
    const request = fc.oneof(
      bytes(12),
      fc
        .tuple(fc.constantFrom(0xdd, 0xa5, 0x01, 0x03, 0x81, 0xd2, 0x7e, 0x4e, 0x7f), bytes(8))
        .map(([first, rest]) => Uint8Array.from([first, ...rest])),
    );
    const pair = request.chain((asked) =>
      fc.tuple(
        fc.constant(asked),
        fc.oneof(
          bytes(40),
          bytes(30).map((rest) => Uint8Array.from([...asked.subarray(0, 2), ...rest])),
        ),
      ),
    );
    fc.assert(
      fc.property(pair, ([asked, reply]) => {
        try {
          decodeLog([driver], [{ request: asked, reply }]);
        } catch (error) {
          expect(error).toBeInstanceOf(BmsError);
          expect(String(error)).not.toMatch(/undefined|NaN|null|\[object/);
          for (const [, count] of String(error).matchAll(/(\d+) bytes\b/g))
            expect(Number(count)).toBeLessThan(70_000);
        }
      }),
    );
  });
});
