import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BmsError, FrameError, RefusedError } from '../errors.ts';
import {
  acceptFrame,
  acceptFrameFrom,
  acceptReply,
  buildFrame,
  buildRequest,
  parseExchange,
  parseFrame,
  patternOf,
  type ReplyRules,
} from './ascii-frame.ts';
import { bytesOf } from './bytes.ts';

const ascii = (text: string): Uint8Array => Uint8Array.from(`${text}\r`, (char) => char.charCodeAt(0));
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes).trimEnd();

const runs = { numRuns: 300 * Number(process.env['FUZZ_FACTOR'] ?? 1) };
const byte = fc.integer({ min: 0, max: 255 });
const anyFrame = fc.record({
  version: byte,
  address: byte,
  cid1: byte,
  code: byte,
  info: fc.uint8Array({ maxLength: 2047 }),
});

describe('building a frame', () => {
  it.each([
    [0x20, 2, 0x42, [2], '~20024642E00202FD33'],
    [0x21, 1, 0x42, [1], '~21014642E00201FD34'],
    [0x25, 1, 0x44, [1], '~25014644E00201FD2E'],
    [0x20, 2, 0x51, [], '~200246510000FDAC'],
  ])('VER %i, ADR %i, command %i, INFO %j is %s', (version, address, code, info, frame) => {
    expect(text(buildRequest(version, address, code, info))).toBe(frame);
  });

  it('keeps the check nibble in four bits when the digits of the length sum up to 16', () => {
    expect(text(buildRequest(0x20, 2, 0x42, new Array(0x44).fill(0))).slice(9, 13)).toBe('0088');
  });

  it('is undone by parsing it, at every length', () => {
    fc.assert(
      fc.property(anyFrame, (frame) => {
        expect(parseFrame(buildFrame(frame))).toEqual(frame);
      }),
      runs,
    );
  });

  it('refuses more than the length field can tell', () => {
    expect(() => buildRequest(0x20, 2, 0x42, new Array(2048).fill(0))).toThrow(RangeError);
  });
});

describe('accepting a frame', () => {
  it.each([
    ['a wrong sum, as one vendor document prints it', '~20004642E00201FD35', 'checksum'],
    ['a wrong check nibble', '~20024642000202FD33', 'length'],
    ['half a byte of INFO', '~20024642F0010FD33', 'length'],
    ['a digit that is none', '~20024642E0020GFD33', 'incomplete'],
    ['both letter cases', '~20024642E00202Fd33', 'checksum'],
    ['no tilde', '>20024642E00202FD33', 'start'],
    ['binary after the tilde', '~\x02\x00FD33', 'start'],
  ])('refuses %s', (_, frame, refused) => {
    expect(acceptFrame(ascii(frame))).toMatchObject({ refused });
  });

  it('refuses a frame that does not end with CR', () => {
    expect(acceptFrame(bytesOf(ascii('~20024642E00202FD33').subarray(0, -1), 0x0a))).toMatchObject({
      refused: 'end',
    });
  });

  it('takes lower-case digits', () => {
    const body = '20024642e00202';
    const sum = [...body].reduce((total, char) => total - char.charCodeAt(0), 0x10000);
    const frame = ascii(`~${body}${sum.toString(16)}`);
    expect(acceptFrame(frame)).toBe(frame.length);
  });

  it('waits at every place where a whole frame may still follow, and looks at nothing behind it', () => {
    const frame = buildRequest(0x25, 1, 0x42, [1, 2, 3]);
    for (let length = 0; length < frame.length; length += 1) {
      expect(acceptFrame(frame.subarray(0, length))).toBe('more');
    }
    expect(acceptFrame(bytesOf(frame, 0x00, 0x7e))).toBe(frame.length);
  });

  it('sees every single wrong bit', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, nth) => {
        const bytes = buildFrame({ ...frame, info: frame.info.subarray(0, 40) });
        const bit = nth % (8 * bytes.length);
        const wrong = bytes.slice();
        wrong[bit >>> 3] = (wrong[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        const parse = (): unknown => parseFrame(wrong);
        // A frame whose only letter stands in CHKSUM is the same frame in lower case.
        if (acceptFrame(wrong) === wrong.length) expect(parse()).toEqual(parseFrame(bytes));
        else expect(parse).toThrow(FrameError);
      }),
      runs,
    );
  });

  it('sums modulo 65536 in frames whose sum goes beyond it', () => {
    const frame = buildFrame({
      version: 0x25,
      address: 1,
      cid1: 0x46,
      code: 0,
      info: new Uint8Array(1500).fill(0xff),
    });
    expect(acceptFrame(frame)).toBe(frame.length);
  });
});

describe('accepting a reply', () => {
  const rules: ReplyRules = {
    returnCodes: { 144: 'address wrong' },
    sameAddress: true,
    objection: (_, { info }) => (info[0] === 0xee ? 'an objection' : undefined),
  };
  const asked = buildRequest(0x20, 2, 0x42, [2]);
  const reply = (code: number, info: readonly number[], address = 2, cid1 = 0x46): Uint8Array =>
    buildFrame({ version: 0x20, address, cid1, code, info: Uint8Array.from(info) });
  const verdict = (frame: Uint8Array): unknown => acceptReply(asked, rules)(frame);

  it('takes return code 0, and the repeated command that some firmware sends in its place', () => {
    expect(verdict(reply(0, [1, 2, 3]))).toBe(24);
    expect(verdict(reply(0x42, [1, 2, 3]))).toBe(24);
  });

  it.each([
    ['the echo of the request', asked, 'command'],
    ['the request of another master', buildRequest(0x20, 2, 0x42, [0xff]), 'command'],
    ['another command of another master', buildRequest(0x20, 2, 0x44, [2]), 'command'],
    ['the reply of another address', reply(0, [1, 2, 3], 3), 'address'],
    ['another device class', reply(0, [1, 2, 3], 2, 0x4a), 'command'],
    ['what the dialect objects to', reply(0, [0xee]), 'command'],
    ['a return code that only another dialect has', reply(0xa0, []), 'command'],
  ])('refuses %s', (_, frame, refused) => {
    expect(verdict(frame)).toMatchObject({ refused });
  });

  it('takes a refusal of the battery for an answer, and names its reason', () => {
    const refusal = reply(0x90, []);
    expect(verdict(refusal)).toBe(refusal.length);
    expect(() => parseExchange(asked, refusal, rules)).toThrow(RefusedError);
    expect(() => parseExchange(asked, refusal, rules)).toThrow('return code 0x90: address wrong');
    expect(() => parseExchange(asked, reply(4, []), rules)).toThrow('command not supported');
  });

  it('gives both sides of an exchange and nothing else', () => {
    const { asked: question, reply: answer } = parseExchange(asked, reply(0, [1, 2, 3]), rules);
    expect([question.code, [...answer.info]]).toEqual([0x42, [1, 2, 3]]);
    expect(() => parseExchange(asked, bytesOf(reply(0, [1, 2, 3]), 0), rules)).toThrow(BmsError);
  });
});

describe('a frame behind another start byte', () => {
  const START = 0x3e;
  const frame = { start: START, version: 0x22, address: 1, cid1: 0x42, code: 0x42, info: Uint8Array.of() };

  it('differs in that byte alone, which is no part of the sum', () => {
    expect(text(buildFrame(frame))).toBe('>220142420000FDAF');
  });

  it('is no frame of the others, and theirs is none of it', () => {
    const whole = buildFrame(frame);
    expect(acceptFrameFrom(START)(whole)).toBe(whole.length);
    expect(acceptFrame(whole)).toEqual({ refused: 'start', why: 'no ~' });
    expect(acceptFrameFrom(START)(ascii('~220142420000FDAF'))).toEqual({ refused: 'start', why: 'no >' });
    expect(parseFrame(whole, START)).toEqual(frame);
  });

  it('is answered behind that byte, in the class that the replies have', () => {
    const rules = {
      returnCodes: {},
      sameAddress: true,
      start: START,
      cid1: 0x4a,
      objection: () => undefined,
    };
    const verdict = acceptReply(buildFrame(frame), rules);
    const reply = buildFrame({ ...frame, cid1: 0x4a, code: 0, info: bytesOf(1, 2, 3) });
    expect(verdict(reply)).toBe(reply.length);
    expect(verdict(buildFrame({ ...frame, code: 0, info: bytesOf(1, 2, 3) }))).toMatchObject({
      refused: 'command',
    });
  });
});

describe('the pattern of a request', () => {
  const frame = { version: 0x22, address: 0, cid1: 0x4a, code: 0xb0, info: bytesOf(0, 1, 3, 0xff, 0) };
  const matches = (other: object): boolean =>
    patternOf(frame).test(Buffer.from(buildFrame({ ...frame, ...other })).toString('hex'));

  it('lets every address through', () => {
    for (const address of [0, 1, 15, 255])
      expect(matches({ address, info: bytesOf(address, 1, 3, 0xff, 0) })).toBe(true);
  });

  it.each([
    ['version', { version: 0x20 }],
    ['class', { cid1: 0x46 }],
    ['command', { code: 0xb1 }],
    ['INFO', { info: bytesOf(0, 2, 3, 0xff, 0) }],
    ['length', { info: bytesOf(0, 1, 3, 0xff, 0, 0) }],
    ['start', { start: 0x3e }],
  ])('lets no other %s through', (_, other) => {
    expect(matches(other)).toBe(false);
  });
});
