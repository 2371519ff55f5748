import { describe, expect, it } from 'vitest';
import { batteryOf } from '../../../../test/support/batteries.ts';
import { batteryLine } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { ImplausibleError, RefusedError } from '../../../errors.ts';
import type { PackReading } from '../../../model/reading.ts';
import {
  type AsciiFrame,
  acceptFrame,
  buildFrame,
  buildRequest,
  parseFrame,
} from '../../../protocol/ascii-frame.ts';
import { bytesOf } from '../../../protocol/bytes.ts';
import { seplosV2 } from './index.ts';
import { responder } from './responder.ts';

const PACK = batteryOf(16);
const ascii = (text: string): Uint8Array => Uint8Array.from(`${text}\r`, (char) => char.charCodeAt(0));
const request = (pack: number, code: number): Uint8Array => buildRequest(0x20, pack, code, [pack]);
const ANALOG = request(0, 0x42);
const ALARMS = request(0, 0x44);
const SETTINGS = request(0, 0x47);
const answerTo = (asked: Uint8Array, battery: PackReading = PACK): AsciiFrame =>
  parseFrame(responder.reply(asked, battery)?.bytes ?? new Uint8Array());

/** What is told of the status bytes, by their place behind the count. */
function status(bytes: Readonly<Record<number, number>>): PackReading {
  const frame = answerTo(ALARMS, { ...PACK, alarms: {} });
  const info = frame.info.slice();
  const count = info.length - 21;
  for (const [at, byte] of Object.entries(bytes)) info[count + Number(at)] = byte;
  return seplosV2.decode(ALARMS, buildFrame({ ...frame, info }));
}

describe('requests to a Seplos V2', () => {
  it.each([
    [0, 0x42, '~20004642E00200FD37'],
    [10, 0x42, '~200A4642E0020AFD15'],
    [15, 0x42, '~200F4642E0020FFD0B'],
    [0, 0x44, '~20004644E00200FD35'],
    [0, 0x47, '~20004647E00200FD32'],
  ])('to pack %i, command %i, are those of the vendor', (pack, code, text) => {
    expect(request(pack, code)).toEqual(ascii(text));
  });

  it('with the checksum that an older document prints are no frames', () => {
    expect(acceptFrame(ascii('~20004642E00201FD35'))).toMatchObject({ refused: 'checksum' });
  });

  it('tell who it is once, and the settings at the second poll, twice', async () => {
    const { link, requests, until } = batteryLine(responder, PACK);
    let known: PackReading = {};
    const asked: number[][] = [];
    for (let cycle = 0; cycle < 3; cycle += 1) {
      const before = requests.length;
      known = await until(readAt(seplosV2, link, 0, { cycle, known }));
      asked.push(requests.slice(before).map((frame) => parseFrame(frame).code));
    }
    expect(asked).toEqual([
      [0x42, 0x44, 0x51],
      [0x42, 0x44, 0x47, 0x47],
      [0x42, 0x44],
    ]);
    const { maxChargeVoltage, maxDischargeCurrent, minDischargeVoltage } = PACK;
    expect(known).toMatchObject({
      maxChargeVoltage,
      maxDischargeCurrent,
      minDischargeVoltage,
      model: 'SIM13S',
    });
  });
});

describe('a Seplos V2 pack', () => {
  it('is read at each address of its own, and not at another', async () => {
    const modules = [0, 1, 15].map((address) => ({ ...PACK, address, soc: 40 + address }));
    const { link, until } = batteryLine(responder, { modules });
    for (const { address, soc } of modules)
      expect(await until(sessionOn(seplosV2, link, address).probe())).toMatchObject({ soc });
    await expect(until(sessionOn(seplosV2, link, 2).probe())).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
  });

  it('with fewer sensors has all of them between its cells', () => {
    const few = answerTo(ANALOG, { ...PACK, temperatures: [20, 21] });
    const read = seplosV2.decode(ANALOG, buildFrame(few));
    expect(read).toMatchObject({ temperatures: [20, 21] });
    expect(read).not.toHaveProperty('ambientTemperature');
  });

  it('that is not there, told with zeros, is none', async () => {
    const empty = { ...PACK, voltage: 0, cellVoltages: (PACK.cellVoltages ?? []).map(() => 0) };
    const { link, until } = batteryLine(responder, empty);
    await expect(until(sessionOn(seplosV2, link, 0).probe())).rejects.toMatchObject({ code: /^REPLY_/ });
  });

  it.each([
    ['values', ANALOG, 'of zeros', (info: Uint8Array) => info.map(() => 0)],
    ['values', ANALOG, 'of FF', (info: Uint8Array) => info.map(() => 0xff)],
    ['values', ANALOG, 'that are those of the alarms', () => answerTo(ALARMS).info],
    ['alarms', ALARMS, 'that are those of the values', () => answerTo(ANALOG).info],
    ['alarms', ALARMS, 'that end early', (info: Uint8Array) => info.subarray(0, -1)],
    ['alarms', ALARMS, 'of FF', (info: Uint8Array) => info.map(() => 0xff)],
    ['settings', SETTINGS, 'without their counts', (info: Uint8Array) => info.with(122, 0)],
    ['settings', SETTINGS, 'that end early', (info: Uint8Array) => info.subarray(0, -1)],
  ])('refuses %s %#: %s', (_what, asked, _how, change) => {
    const frame = answerTo(asked);
    const reply = buildFrame({ ...frame, info: change(frame.info) });
    expect(seplosV2.accept(asked)(reply)).toMatchObject({ refused: 'command' });
  });

  it('takes neither the record of another pack nor the request of a master for its reply', () => {
    const record = buildFrame({ ...answerTo(ANALOG), code: 0x5a, info: new Uint8Array(32) });
    expect(seplosV2.accept(ANALOG)(record)).toMatchObject({ refused: 'command' });
    expect(seplosV2.accept(ANALOG)(request(1, 0x42))).toMatchObject({ refused: 'address' });
    expect(seplosV2.accept(ANALOG)(ANALOG)).toMatchObject({ refused: 'command' });
  });

  it('that declines says why', () => {
    const declined = buildFrame({ ...answerTo(SETTINGS), code: 0xe4, info: new Uint8Array() });
    expect(() => seplosV2.decode(SETTINGS, declined)).toThrow(RefusedError);
    expect(() => seplosV2.decode(SETTINGS, declined)).toThrow('not permitted');
  });

  it('of a sibling is refused by its name', () => {
    const other = buildFrame({ ...answerTo(ANALOG), version: 0x52 });
    expect(() => seplosV2.decode(ANALOG, other)).toThrow(ImplausibleError);
  });
});

describe('the alarms of a Seplos V2', () => {
  it.each<[string, Readonly<Record<number, number>>, PackReading['alarms']]>([
    ['a fault of a sensor', { 1: 1 }, { internalFailure: 2, contactor: 0 }],
    ['a switch that fails', { 1: 0x20 }, { contactor: 2, internalFailure: 0 }],
    ['heat of the FETs, a warning', { 4: 0x20 }, { highInternalTemperature: 1 }],
    ['heat of the FETs, a protection', { 4: 0x10 }, { highInternalTemperature: 2 }],
    ['a short circuit', { 5: 0x80 }, { shortCircuit: 2 }],
    ['little charge', { 6: 0x04 }, { lowSoc: 1 }],
    ['a cell that is not connected', { 12: 0x80 }, { internalFailure: 2 }],
    ['a clock without time', { 14: 0x02 }, { internalFailure: 0 }],
    ['waiting after a full charge', { 6: 0x02, 13: 0x30 }, { highVoltage: 0, lowSoc: 0 }],
  ])('are told of %s', (_, bytes, expected) => {
    expect(status(bytes).alarms).toMatchObject(expected ?? {});
  });

  it.each<[string, PackReading, number]>([
    ['a full pack that has ended its charge', { soc: 99, chargeEnabled: false }, 1],
    ['one that is still charged', { soc: 99, chargeEnabled: true }, 2],
    ['one that is not full', { soc: 90, chargeEnabled: false }, 2],
    [
      'one of which a cell is too high',
      { soc: 100, chargeEnabled: false, alarms: { highCellVoltage: 2 } },
      2,
    ],
  ])('of a high charge voltage of %s are of level %#', (_, reading, level) => {
    const alarms = { ...reading.alarms, ...status({ 6: 1 }).alarms, ...reading.alarms };
    expect(seplosV2.finish?.({ ...reading, alarms }).alarms?.highVoltage).toBe(level);
  });

  it('of values alone are none', () => {
    expect(seplosV2.finish?.({ soc: 99, chargeEnabled: false })).toEqual({ soc: 99, chargeEnabled: false });
    expect(bytesOf(seplosV2.reach.serial.addresses)).toHaveLength(16);
  });
});
