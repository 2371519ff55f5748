import { describe, expect, it } from 'vitest';
import { analogReplies, otherReplies } from '../../test/support/ascii-replies.ts';
import { ImplausibleError } from '../errors.ts';
import { wordRow } from '../protocol/ascii-blocks.ts';
import { classifyAnalog, firstBlock } from '../protocol/ascii-dialect.ts';
import { type AsciiFrame, LITHIUM, parseFrame } from '../protocol/ascii-frame.ts';
import { bytesOf, writeNumber } from '../protocol/bytes.ts';
import { ASCII_DIALECTS } from './ascii-dialects.ts';
import { PYLONTECH } from './pylontech/dialect.ts';
import { TOPBMS } from './topbms/dialect.ts';

/** The name of the dialect and the place of its first block. */
const classified = (reply: AsciiFrame): { dialect: string; at: number } | undefined => {
  const found = classifyAnalog(reply, ASCII_DIALECTS);
  return found && { dialect: found.dialect.name, at: found.at };
};

/** Another first byte, so no frame of this family. */
const OTHER_START = 'ks48100';

const word = (value: number): Uint8Array => writeNumber(value, 'u16be');
const frame = (version: number, info: Uint8Array): AsciiFrame => ({
  version,
  address: 1,
  cid1: LITHIUM,
  code: 0,
  info,
});

describe('telling ASCII dialects apart', () => {
  const replies = analogReplies().filter(({ dialect }) => dialect !== OTHER_START);

  it('has replies of every dialect that it names', () => {
    expect(new Set(replies.map(({ dialect }) => dialect)).size).toBe(11);
    expect(replies.length).toBeGreaterThan(55);
  });

  it.each(replies.map((reply) => [reply.dialect, reply.name, reply] as const))(
    '%s: %s',
    (dialect, _, { reply }) => {
      expect(classified(parseFrame(reply))?.dialect).toBe(dialect);
    },
  );

  it.each(otherReplies().map((reply) => [reply.dialect, reply.name, reply] as const))(
    'takes no other reply of %s for an analog one: %s',
    (_dialect, _name, { reply }) => {
      expect(classified(parseFrame(reply))).toBeUndefined();
    },
  );

  it('knows no two dialects that take one reply', () => {
    for (const { name, reply } of replies) {
      const taken = ASCII_DIALECTS.filter((one) => classifyAnalog(parseFrame(reply), [one]) !== undefined);
      expect(taken.length, name).toBe(1);
    }
  });

  it('finds the true shape whatever voltage all cells rest at', () => {
    for (let cell = 3290; cell <= 3360; cell += 1) {
      for (let pack = 1; pack <= 16; pack += 1) {
        const cells = wordRow(new Array<number>(16).fill(cell));
        const topbms = bytesOf(
          pack,
          cells,
          wordRow([60, 60, 60, 60, 60, 60]),
          word(0),
          word(1.6 * cell),
          word(5000),
          6,
          word(9000),
          new Uint8Array(10),
        );
        const kelvin = wordRow([2980, 2980, 2980, 2980, 2980, 2980]);
        const pace = bytesOf(
          0,
          pack,
          cells,
          kelvin,
          word(0),
          word(16 * cell),
          word(5000),
          3,
          word(9000),
          word(1),
          word(9000),
        );
        expect(classified(frame(0x52, topbms)), `TopBMS ${cell} mV`).toEqual({
          dialect: 'topbms',
          at: 1,
        });
        expect(classified(frame(0x25, pace)), `PACE ${cell} mV`).toEqual({ dialect: 'pace', at: 2 });
      }
    }
  });

  it('finds the shape of TopBMS firmware that sends INFOFLAG', () => {
    const cells = wordRow(new Array<number>(16).fill(3345));
    const info = bytesOf(
      0,
      1,
      cells,
      wordRow([60, 60, 60, 60, 60, 60]),
      word(0),
      word(5352),
      word(5000),
      6,
      word(9000),
      new Uint8Array(10),
    );
    expect(firstBlock(frame(0x52, info), TOPBMS, ASCII_DIALECTS)).toBe(2);
  });

  it('names the sibling when another dialect was expected', () => {
    const pace = replies.find(({ dialect }) => dialect === 'pace');
    const parsed = parseFrame(pace?.reply ?? new Uint8Array());
    expect(() => firstBlock(parsed, PYLONTECH, ASCII_DIALECTS)).toThrow(ImplausibleError);
    expect(() => firstBlock(parsed, PYLONTECH, ASCII_DIALECTS)).toThrow('dialect pace, not pylontech');
  });
});
