import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { FrameError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { type AsciiFrame, buildFrame, buildRequest, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import type { Responder } from '../driver.ts';
import { topbms } from './index.ts';
import { responder } from './responder.ts';

/** The first poll of a battery. */
const FIRST = { cycle: 0, known: {} };

/** Firmware that sends INFOFLAG in front of every reply. */
const flagged: Responder = {
  ...responder,
  reply(request, battery) {
    const answer = responder.reply(request, battery);
    const frame = answer && parseFrame(answer.bytes);
    return frame && { bytes: buildFrame({ ...frame, info: bytesOf(0, frame.info) }) };
  },
};

describe('reading TopBMS packs', () => {
  it('names no pack for a request that is none of this protocol', () => {
    expect(topbms.addressOf?.(Uint8Array.of(0xdd, 0xa5, 3, 0, 0xff, 0xfd, 0x77))).toBeUndefined();
  });

  it('asks in version 21, in INFO and in the address for the pack, and believes replies in version 52', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    await until(readAt(topbms, link, 1, FIRST));
    expect(requests.map((request) => parseFrame(request))).toMatchObject(
      [0x42, 0x44, 0xf1].map((code) => ({ version: 0x21, address: 1, code, info: Uint8Array.of(1) })),
    );
  });

  it('asks for the product once and keeps what it told', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    const known = await until(readAt(topbms, link, 1, FIRST));
    const second = await until(readAt(topbms, link, 1, { cycle: 1, known }));
    expect(second).toMatchObject({ model: 'SIM13S', serialNumber: 'S1234567' });
    expect(requests.length).toBe(5);
  });

  it('reads firmware that sends INFOFLAG in front of the pack the same', async () => {
    const read = async (side: Responder): Promise<PackReading> => {
      const { link, until } = batteryLine(side, BATTERY);
      const { model, firmwareVersion, serialNumber, ...values } = await until(readAt(topbms, link, 1, FIRST));
      return values;
    };
    expect(await read(flagged)).toEqual(await read(responder));
  });

  it('reads every pack by its number', async () => {
    const modules = [1, 2, 16].map((address) => ({ ...BATTERY, address, cycles: address }));
    const { link, until } = batteryLine(responder, { modules });
    for (const address of [1, 2, 16]) {
      expect(await until(readAt(topbms, link, address, FIRST))).toMatchObject({ cycles: address });
    }
    await expect(until(sessionOn(topbms, link, 3).probe())).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
  });

  it('does not take the reply of another pack', () => {
    const modules = [1, 2].map((address) => ({ ...BATTERY, address }));
    const ask = (pack: number): Uint8Array => buildRequest(0x21, pack, 0x42, [pack]);
    const other = responder.reply(ask(2), { modules })?.bytes ?? new Uint8Array();
    expect(topbms.accept(ask(1))(other)).toMatchObject({ refused: 'command' });
  });

  it('reads the reply for all packs at once', () => {
    const modules = [1, 2, 3].map((address) => ({ ...BATTERY, address, soc: 50 + address }));
    const request = buildRequest(0x21, 1, 0x42, [0xff]);
    const answer = responder.reply(request, { modules })?.bytes ?? new Uint8Array();
    const { modules: read = [] } = topbms.decode(request, answer);
    expect(read.map(({ address, soc }) => [address, soc])).toEqual([1, 2, 3].map((at) => [at, 50 + at]));
  });

  it('refuses alarm replies of siblings, of another command, and without their status', () => {
    const request = buildRequest(0x21, 1, 0x44, [1]);
    const accept = topbms.accept(request);
    const answerTo = (asked: Uint8Array): AsciiFrame =>
      parseFrame(responder.reply(asked, BATTERY)?.bytes ?? new Uint8Array());
    const whole = answerTo(request);
    const analog = answerTo(buildRequest(0x21, 1, 0x42, [1]));
    expect(accept(buildFrame({ ...whole, version: 0x25 }))).toMatchObject({ refused: 'command' });
    expect(accept(buildFrame(analog))).toMatchObject({ refused: 'command' });
    const cut = buildFrame({ ...whole, info: whole.info.subarray(0, -12) });
    expect(() => topbms.decode(request, cut)).toThrow(FrameError);
  });

  it('leaves balancing out when an older firmware ends before it', () => {
    const request = buildRequest(0x21, 1, 0x42, [1]);
    const whole = parseFrame(responder.reply(request, BATTERY)?.bytes ?? new Uint8Array());
    const short = buildFrame({ ...whole, info: whole.info.subarray(0, -6) });
    expect(topbms.decode(request, short)).toMatchObject({ soc: 64, soh: 97 });
    expect(topbms.decode(request, short)).not.toHaveProperty('balancing');
  });
});
