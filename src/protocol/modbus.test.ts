import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, fromHex } from './bytes.ts';
import { crc16Modbus, negatedSum16, sum8, sum16, sumXor8 } from './checksums.ts';
import { acceptRegisters, bytesRead, readRegisters, registersOf, withCrc, writeRegister } from './modbus.ts';

const frame = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

describe('checksums', () => {
  it('agree with worked examples of vendor documents', () => {
    expect(crc16Modbus(frame('010300000025'))).toBe(0x1184);
    expect(negatedSum16(frame('0300'))).toBe(0xfffd);
    expect(sum8(frame('a540900800000000000000 00'))).toBe(0x7d);
    expect(sum16(frame('ffff'))).toBe(0x1fe);
  });

  it('the sum that is combined with an exclusive-or is that of published frames', () => {
    expect(sumXor8(frame('7e010100'))).toBe(0xfe);
    expect(sumXor8(frame('7c014200'))).toBe(0x80);
  });

  it('the CRC sees every single-bit error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 64 }), fc.nat(), (bytes, bit) => {
        const broken = bytes.slice();
        const at = Math.floor(bit / 8) % bytes.length;
        broken[at] = (broken[at] ?? 0) ^ (1 << (bit % 8));
        expect(crc16Modbus(broken)).not.toBe(crc16Modbus(bytes));
      }),
    );
  });
});

describe('modbus', () => {
  const request = readRegisters(1, 0, 2);
  const reply = withCrc(bytesOf(1, 3, 4, [0x14, 0xc5, 0, 7]));

  it('builds the requests of vendor documents', () => {
    expect(readRegisters(1, 0, 0x25)).toEqual(frame('0103000000258411'));
    expect(writeRegister(0xd2, 0xa5, 1)).toEqual(frame('d20600a500014b8a'));
  });

  it('accepts the reply that was asked for, as soon as it is complete', () => {
    const accept = acceptRegisters(request);
    for (let length = 0; length < reply.length; length += 1)
      expect(accept(reply.subarray(0, length))).toBe('more');
    expect(accept(bytesOf(reply, 0xff))).toBe(reply.length);
    expect(registersOf(reply)).toEqual({ data: frame('14c50007') });
  });

  it('asks for coils and input registers by their functions, and believes only an answer of the same', () => {
    const coils = readRegisters(0, 0x1200, 0x90, 1);
    expect(coils).toEqual(frame('00011200009038cf'));
    const answer = withCrc(bytesOf(0, 1, 18, new Uint8Array(18)));
    expect(acceptRegisters(coils)(answer)).toBe(23);
    expect(acceptRegisters(coils)(withCrc(bytesOf(0, 0x81, 2)))).toBe(5);
    const input = readRegisters(1, 0x1000, 0x11, 4);
    expect(input).toEqual(frame('01041000001134c6'));
    expect(acceptRegisters(input)(reply)).toEqual({ refused: 'command', why: 'function 3 instead of 4' });
    expect([1, 9, 16].map((count) => bytesRead(1, count))).toEqual([1, 2, 2]);
  });

  it.each([
    ['another function', writeRegister(1, 2, 3)],
    ['more registers than an answer can hold', readRegisters(1, 0, 128)],
    ['nothing', new Uint8Array()],
  ])('awaits no registers where the request is %s', (_, asked) => {
    expect(acceptRegisters(asked)(reply)).toMatchObject({ refused: 'command' });
  });

  it('accepts an exception and tells its code', () => {
    const exception = withCrc(bytesOf(1, 0x83, 2));
    expect(acceptRegisters(request)(exception)).toBe(5);
    expect(registersOf(exception)).toEqual({ exception: 2 });
  });

  it.each([
    ['another address', withCrc(bytesOf(2, 3, 4, [0, 0, 0, 0])), 'start'],
    ['another function', withCrc(bytesOf(1, 4, 4, [0, 0, 0, 0])), 'command'],
    ['another length', withCrc(bytesOf(1, 3, 2, [0, 0])), 'length'],
    ['a wrong CRC', bytesOf(reply.subarray(0, -1), 0), 'checksum'],
    ['its own echo', request, 'length'],
  ])('refuses %s', (_, received, fault) => {
    expect(acceptRegisters(request)(received)).toMatchObject({ refused: fault });
  });

  it('takes the answer of a device that replies under another address', () => {
    const p81 = withCrc(bytesOf(0x51, 3, 2, [0, 1]));
    expect(acceptRegisters(readRegisters(0x81, 0, 1), 0x51)(p81)).toBe(7);
  });
});
