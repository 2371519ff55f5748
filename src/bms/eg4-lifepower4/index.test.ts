import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { ImplausibleError } from '../../errors.ts';
import { type AsciiFrame, buildFrame, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { eg4LifePower4 } from './index.ts';
import { responder } from './responder.ts';

/** The first poll of a battery. */
const FIRST = { cycle: 0, known: {} };
const request = (pack: number, code: number): Uint8Array =>
  buildFrame({ version: 0x20, address: pack, cid1: 0x4a, code, info: new Uint8Array() });
const ANALOG = request(1, 0x42);
const ALARMS = request(1, 0x44);
const answerTo = (asked: Uint8Array): AsciiFrame =>
  parseFrame(responder.reply(asked, BATTERY)?.bytes ?? new Uint8Array());

describe('reading LifePower4 packs', () => {
  it('asks for the name once, and for values and alarms in every poll', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    const known = await until(readAt(eg4LifePower4, link, 1, FIRST));
    await until(readAt(eg4LifePower4, link, 1, { cycle: 1, known }));
    expect(requests.map((frame) => parseFrame(frame).code)).toEqual([0x42, 0x44, 0x51, 0x42, 0x44]);
  });

  it('reads every pack by its address', async () => {
    const modules = [1, 2, 15].map((address) => ({ ...BATTERY, address, cycles: address }));
    const { link, until } = batteryLine(responder, { modules });
    for (const address of [1, 2, 15])
      expect(await until(readAt(eg4LifePower4, link, address, FIRST))).toMatchObject({ cycles: address });
    await expect(until(sessionOn(eg4LifePower4, link, 3).probe())).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
  });

  it('leaves sensors out that are not fitted', () => {
    const frame = answerTo(ANALOG);
    const info = frame.info.slice();
    info.set([0x80, 0x00], info.length - 57);
    const { ambientTemperature, mosfetTemperature } = eg4LifePower4.decode(
      ANALOG,
      buildFrame({ ...frame, info }),
    );
    expect([ambientTemperature, mosfetTemperature]).toEqual([undefined, 31]);
  });

  it('does not take a pack without cells for a battery', async () => {
    const empty = { ...BATTERY, voltage: 0, cellVoltages: BATTERY.cellVoltages?.map(() => 0) ?? [] };
    const { link, until } = batteryLine(responder, empty);
    await expect(until(sessionOn(eg4LifePower4, link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it.each([
    ['values', ANALOG, 'that are longer than their counts say', (info: Uint8Array) => bytesOf(info, 0)],
    ['values', ANALOG, 'of zeros', (info: Uint8Array) => info.map(() => 0)],
    ['values', ANALOG, 'of FF', (info: Uint8Array) => info.map(() => 0xff)],
    ['values', ANALOG, 'that are those of the alarms', () => answerTo(ALARMS).info],
    ['alarms', ALARMS, 'that are those of the values', () => answerTo(ANALOG).info],
    ['alarms', ALARMS, 'that end early', (info: Uint8Array) => info.subarray(0, -1)],
    ['alarms', ALARMS, 'of FF', (info: Uint8Array) => info.map(() => 0xff)],
  ])('refuses %s %#: %s', (_what, asked, _how, change) => {
    const frame = answerTo(asked);
    const reply = buildFrame({ ...frame, info: change(frame.info) });
    expect(eg4LifePower4.accept(asked)(reply)).toMatchObject({ refused: 'command' });
  });
});
