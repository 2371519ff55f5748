import { describe, expect, it } from 'vitest';
import { UsageError } from '../errors.ts';
import { fromHex } from '../protocol/bytes.ts';
import { decodeLog, type Exchanged, findFrame } from './decode.ts';
import { jbd } from './jbd/index.ts';
import { readBlocks, replyTo } from './jbd/up/frame.ts';
import { jbdUp } from './jbd/up/index.ts';
import { responder } from './jbd/up/responder.ts';

const JBD = [jbdUp, jbd];
const bytes = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();
const exchanged = (request: string, reply: string): Exchanged => ({
  request: bytes(request),
  reply: bytes(reply),
});

const CELLS = exchanged('dda50400fffc77', 'dd0400080f450f3d0f370f3dfec677');
const NAME = exchanged('dda50500fffb77', 'dd05000a30313233343536373839fde977');
const BAD_SUM = exchanged('dda50400fffc77', 'dd0400080f450f3d0f370f3dfec777');
const STATUS = exchanged('0178100010a000007fb2', '');

describe('decodeLog', () => {
  it('chooses the variant that takes every exchange and merges what they say', () => {
    expect(decodeLog(JBD, [CELLS, NAME])).toEqual({
      driver: jbd,
      reading: { cellVoltages: [3.909, 3.901, 3.895, 3.901], model: '0123456789' },
    });
  });

  it('finds the reply behind an echo of the request and behind noise', () => {
    const reply = bytes(`00dd04${'dda50400fffc77'}dd0400080f450f3d0f370f3dfec677`);
    expect(decodeLog(JBD, [{ ...CELLS, reply }]).reading.cellVoltages).toHaveLength(4);
  });

  it.each([
    ['a wrong sum', BAD_SUM, 'REPLY_CHECKSUM'],
    ['a reply that stops', { ...CELLS, reply: CELLS.reply.subarray(0, 9) }, 'REPLY_INCOMPLETE'],
    ['foreign bytes', { ...CELLS, reply: bytes('010203') }, 'REPLY_START'],
    ['silence', STATUS, 'REPLY_TIMEOUT'],
    ['a refusal of the device', exchanged('dda50500fffb77', 'dd058000ff8077'), 'REPLY_REFUSED'],
  ])('rejects %s with its code', (_, exchange, code) => {
    expect(() => decodeLog(JBD, [exchange])).toThrow(expect.objectContaining({ code }));
  });

  it('reports the variant that understood most before it failed', () => {
    const log = [CELLS, { ...CELLS, reply: new Uint8Array() }];
    expect(() => decodeLog(JBD, log)).toThrow(expect.objectContaining({ code: 'REPLY_TIMEOUT' }));
    expect(() => decodeLog([...JBD].reverse(), log)).toThrow(
      expect.objectContaining({ code: 'REPLY_TIMEOUT' }),
    );
  });

  it('makes modules of a log that asks several addresses', () => {
    const log = [1, 2].map((address) => {
      const request = readBlocks(address, [0x1000, 0x10a0]);
      const battery = { modules: [{ address, voltage: 50 + address }] };
      return { request, reply: responder.reply(request, battery)?.bytes ?? new Uint8Array() };
    });
    const { modules } = decodeLog(JBD, log).reading;
    expect(modules?.map(({ address, voltage }) => [address, voltage])).toEqual([
      [1, 51],
      [2, 52],
    ]);
  });

  it('makes one list of modules where an answer told of several packs itself', () => {
    const told = [
      {
        modules: [
          { address: 1, soc: 10 },
          { address: 2, soc: 20 },
        ],
      },
      { model: 'X' },
      { soc: 30 },
    ];
    const driver = {
      ...jbd,
      addressOf: ([address]: Uint8Array) => address,
      decode: (_: Uint8Array, [at = 0]: Uint8Array) => told[at] ?? {},
      accept: () => () => 1,
    };
    const log = [
      { request: Uint8Array.of(1), reply: Uint8Array.of(0) },
      { request: Uint8Array.of(1), reply: Uint8Array.of(1) },
      { request: Uint8Array.of(3), reply: Uint8Array.of(2) },
    ];
    expect(decodeLog([driver], log).reading).toEqual({
      modules: [
        { address: 1, soc: 10, model: 'X' },
        { address: 2, soc: 20 },
        { address: 3, soc: 30 },
      ],
    });
  });

  it('is told what to decode', () => {
    expect(() => decodeLog(JBD, [])).toThrow(UsageError);
    expect(() => decodeLog([], [CELLS])).toThrow(UsageError);
  });

  it('lets the error of a broken driver through', () => {
    const broken = {
      ...jbd,
      decode: () => {
        throw new RangeError('bug');
      },
    };
    expect(() => decodeLog([broken], [CELLS])).toThrow(RangeError);
  });
});

it('findFrame takes a reply that equals its request where the protocol acknowledges so', () => {
  const request = replyTo(readBlocks(1, [1, 2]), Uint8Array.of(1, 2));
  const echo = { accept: () => () => request.length };
  expect(findFrame(echo, { request, reply: request })).toEqual(request);
});
