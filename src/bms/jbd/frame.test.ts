import { describe, expect, it } from 'vitest';
import { hex } from '../../errors.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { acceptReply, acceptRequest, dataOf, READ, reply, request, WRITE } from './frame.ts';

const bytes = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();
const CELLS = 'dd0400080f450f3d0f370f3dfec677';

describe('requests', () => {
  it.each([
    ['basic information', request(READ, 0x03), 'dda50300fffd77'],
    ['the vendor example of a parameter read', request(READ, 0xfa, [0, 1, 2]), 'dda5fa03000102ff0077'],
    ['charge FET off', request(WRITE, 0xe1, [0, 1]), 'dd5ae1020001ff1c77'],
    ['leave factory mode', request(WRITE, 0x01, [0, 0]), 'dd5a01020000fffd77'],
  ])('%s has the captured bytes', (_, frame, captured) => {
    expect(hex(frame)).toBe(captured);
    expect(acceptRequest(frame)).toBe(frame.length);
  });
});

describe('replies', () => {
  it('without data have the checksum 0000', () => {
    expect(hex(reply(0xe1, new Uint8Array()))).toBe('dde10000000077');
  });

  it('are accepted at their own length, whatever follows', () => {
    const accept = acceptReply(request(READ, 0x04));
    expect(accept(bytes(CELLS))).toBe(15);
    expect(accept(bytes(`${CELLS}01020304`))).toBe(15);
  });

  it.each([
    ['dda50400fffc77', 'command', 'the echo of the request'],
    ['dd0300080f450f3d0f370f3dfec677', 'command', 'another register'],
    ['dd0400080f450f3d0f370f3dfec678', 'end', 'a wrong end'],
    ['dd0400080f450f3d0f370f3efec677', 'checksum', 'a wrong sum'],
    ['dd040000000077', 'length', 'no data without an error status'],
    ['dd0400ff', 'length', 'more data than the register can have'],
    ['77dd', 'start', 'foreign bytes'],
  ])('%s is refused: %s', (received, fault) => {
    expect(acceptReply(request(READ, 0x04))(bytes(received))).toMatchObject({ refused: fault });
  });

  it('nothing answers a request that is none', () => {
    expect(acceptReply(new Uint8Array())(bytes(CELLS))).toMatchObject({ refused: 'command' });
  });

  it.each([
    ['80', 'unknown'],
    ['81', 'factory mode'],
    ['99', 'status 153'],
  ])('with status %s are a refusal that says why', (status, why) => {
    const frame = reply(0x24, new Uint8Array(), Number.parseInt(status, 16));
    expect(acceptReply(request(READ, 0x24))(frame)).toBe(7);
    expect(() => dataOf(frame)).toThrow(why);
  });
});
