import { describe, expect, it } from 'vitest';
import { RefusedError } from '../errors.ts';
import { bytesOf } from './bytes.ts';
import { decodeFields } from './fields.ts';
import { acceptRegisters, acceptWritten, readRegisters, withCrc, writeRegister } from './modbus.ts';
import {
  acceptRegisterRequest,
  answerRead,
  at,
  blockOf,
  inBlock,
  register,
  registerRow,
} from './registers.ts';

const FIELDS = [
  { key: 'voltage', ...at(0x10), type: 'u16be', scale: 0.1 },
  { key: 'soc', ...at(0x12), type: 'u16be' },
] as const;
const BLOCK = Uint8Array.of(2, 8, 0xff, 0xff, 0, 50);

describe('a block of registers', () => {
  it('is read by a table that counts from register 0', () => {
    expect(decodeFields(BLOCK, inBlock(FIELDS, 0x10))).toEqual({ voltage: 52, soc: 50 });
    expect(decodeFields(BLOCK, inBlock(FIELDS, 0x12))).toEqual({ soc: 520 });
    expect(decodeFields(BLOCK, inBlock(FIELDS, 0x20))).toEqual({});
  });

  it('has no register outside of it, and none where it reads FFFF', () => {
    expect([0x0f, 0x10, 0x11, 0x12, 0x13].map((number) => register(BLOCK, 0x10, number))).toEqual([
      undefined,
      520,
      undefined,
      50,
      undefined,
    ]);
    expect(registerRow(BLOCK, 0x10, 0x10, 4, { scale: 0.1 })).toEqual([52, undefined, 5, undefined]);
  });
});

describe('a simulated device', () => {
  const accept = acceptRegisterRequest([0x81]);
  const request = readRegisters(0x81, 1, 2);

  it('answers what it has, and FF for what it has not', () => {
    expect(accept(request)).toBe(8);
    const reply = answerRead(request, Uint8Array.of(9, 9, 1, 2), 0x51);
    expect(acceptRegisters(request, 0x51)(reply)).toBe(9);
    expect([...blockOf(reply)]).toEqual([1, 2, 0xff, 0xff]);
  });

  it.each([
    [Uint8Array.of(0x82), { refused: 'start' }],
    [Uint8Array.of(0x81, 0x10), { refused: 'command' }],
    [bytesOf(request.subarray(0, 7), 0), { refused: 'checksum' }],
    [request.subarray(0, 7), 'more'],
    [Uint8Array.of(0x81), 'more'],
    [new Uint8Array(), 'more'],
  ])('does not answer %j', (received, verdict) => {
    expect(accept(received)).toEqual(verdict);
  });
});

it('a simulated device may know other functions', () => {
  const coils = readRegisters(1, 0, 8, 1);
  expect(acceptRegisterRequest([1], [1, 4])(coils)).toBe(8);
  expect(acceptRegisterRequest([1])(coils)).toEqual({ refused: 'command' });
});

it('an exception is a refusal that says why', () => {
  expect(() => blockOf(withCrc(Uint8Array.of(1, 0x83, 2)))).toThrow(RefusedError);
  expect(() => blockOf(withCrc(Uint8Array.of(1, 0x83, 77)))).toThrow('exception 77');
});

describe('the acknowledgement of a write', () => {
  const request = writeRegister(0x81, 0x121, 1);
  const accept = acceptWritten(request, 0x51);
  const acknowledged = withCrc(bytesOf(0x51, request.subarray(1, 6)));

  it('is the same frame under the address of the reply', () => {
    expect(accept(acknowledged)).toBe(8);
    expect(acceptWritten(request)(request)).toBe(8);
  });

  it.each([
    ['its own echo', request, { refused: 'start' }],
    ['an answer to a read', Uint8Array.of(0x51, 3), { refused: 'command' }],
    ['another value', withCrc(bytesOf(0x51, request.subarray(1, 5), 0)), { refused: 'address' }],
    ['a damaged frame', bytesOf(acknowledged.subarray(0, 7), 0), { refused: 'checksum' }],
    ['a part of it', acknowledged.subarray(0, 7), 'more'],
    ['nothing', new Uint8Array(), 'more'],
    ['its first byte', Uint8Array.of(0x51), 'more'],
    ['an exception', withCrc(Uint8Array.of(0x51, 0x86, 2)), 5],
  ])('judges %s', (_, received, verdict) => {
    const judged = accept(received);
    if (typeof verdict === 'object') expect(judged).toMatchObject(verdict);
    else expect(judged).toBe(verdict);
  });
});
