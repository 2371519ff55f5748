import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { Fragments } from './fragments.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));

function scene() {
  const clock = new ManualClock();
  const given: Uint8Array[] = [];
  const fragments = new Fragments(clock, (bytes) => given.push(bytes));
  return { clock, fragments, stream: () => bytesOf(...given) };
}

describe('the notifications of a device', () => {
  it.each(['AT\r\n', 'AT+STAT\r\n'])('are its stream without what the module says: %j', async (talk) => {
    const { clock, fragments, stream } = scene();
    for (const text of [talk, `:0002${talk}`, '500', `${talk}00E03~`]) fragments.take(ascii(text));
    await clock.advance(100);
    expect(stream()).toEqual(ascii(':000250000E03~'));
    expect(clock.pending).toBe(0);
  });

  it('keep a byte that only looks like the beginning of module talk', async () => {
    const { clock, fragments, stream } = scene();
    fragments.take(ascii('payloadA'));
    expect(stream()).toEqual(ascii('payload'));
    await clock.advance(40);
    expect(stream()).toEqual(ascii('payloadA'));
    fragments.take(ascii('T+'));
    fragments.take(ascii('x'));
    expect(stream()).toEqual(ascii('payloadAT+x'));
  });

  it('are taken once where everything comes twice, after the first that did', async () => {
    const { clock, fragments, stream } = scene();
    for (let number = 0; number < 10; number += 1) {
      await clock.advance(20);
      for (const _ of [1, 2]) fragments.take(Uint8Array.of(number, 0));
    }
    expect(fragments.isDoubled).toBe(true);
    const numbers = [0, 0, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(stream()).toEqual(Uint8Array.from(numbers.flatMap((number) => [number, 0])));
  });

  it('are taken as they are again when the other listener is gone', async () => {
    const { clock, fragments } = scene();
    const say = async (count: number, times: number) => {
      for (let number = 0; number < count; number += 1) {
        await clock.advance(20);
        for (let time = 0; time < times; time += 1) fragments.take(Uint8Array.of(number));
      }
    };
    await say(5, 2);
    expect(fragments.isDoubled).toBe(true);
    await say(2, 1);
    expect(fragments.isDoubled).toBe(false);
  });

  it('that are alike by chance are all kept', async () => {
    const { clock, fragments, stream } = scene();
    for (let number = 0; number < 20; number += 1) {
      await clock.advance(8);
      fragments.take(new Uint8Array(20));
    }
    expect(stream()).toHaveLength(400);
  });

  it('lose nothing but module talk, however they are cut', async () => {
    const piece = fc.oneof(
      fc.constantFrom('AT\r\n', 'AT+STAT\r\n', 'AT+CONN\r\n'),
      fc.string({ unit: fc.constantFrom(...'0123456789BCDEF:~'), minLength: 1, maxLength: 30 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        async (pieces, cuts) => {
          const { clock, fragments, stream } = scene();
          const all = pieces.join('');
          let turn = 0;
          for (let at = 0; at < all.length; ) {
            const length = cuts[turn++ % cuts.length] ?? 1;
            fragments.take(ascii(all.slice(at, at + length)));
            at += length;
            await clock.advance(10);
          }
          await clock.advance(100);
          expect(Buffer.from(stream()).toString('latin1')).toBe(
            pieces.filter((one) => !one.startsWith('A')).join(''),
          );
        },
      ),
      { numRuns: 100 },
    );
  });
});
