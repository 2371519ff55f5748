import { describe, expect, it } from 'vitest';
import { BATTERY, batteryOf } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { hex, ImplausibleError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { bytesOf, writeNumber } from '../../protocol/bytes.ts';
import { readRegisters, withCrc } from '../../protocol/modbus.ts';
import type { Responder } from '../driver.ts';
import { felicity } from './index.ts';
import { responder } from './responder.ts';

const PACK = batteryOf(16);

/** What is read of registers from `start` on. */
function read(start: number, words: readonly number[]): PackReading {
  const data = bytesOf(...words.map((word) => writeNumber(word, 'u16be')));
  const request = readRegisters(1, start, words.length);
  return felicity.decode(request, withCrc(bytesOf(1, 3, data.length, data)));
}

/** Every register of every answer holds `word`. */
const filled = (byte: number): Responder => ({
  ...responder,
  reply(request, battery) {
    const bytes = responder.reply(request, battery)?.bytes;
    return (
      bytes && {
        bytes: withCrc(
          bytesOf(
            bytes.subarray(0, 3),
            bytes.subarray(3, -2).map(() => byte),
          ),
        ),
      }
    );
  },
});

describe('the conversation with a Felicity', () => {
  it('reads values, cells and limits in each poll, and who it is once', async () => {
    const { link, requests, until } = batteryLine(responder, PACK);
    let known: PackReading = {};
    for (let cycle = 0; cycle < 2; cycle += 1)
      known = await until(readAt(felicity, link, 1, { cycle, known }));
    expect(requests.map((request) => hex(request))).toEqual([
      '01031302000a6089',
      '0103132a0018608c',
      '0103131c0004814b',
      '0103f8040005f568',
      '0103f80b0001c4a8',
      '01031302000a6089',
      '0103132a0018608c',
      '0103131c0004814b',
    ]);
    expect(known).toMatchObject({ maxChargeCurrent: 120, firmwareVersion: '21' });
  });

  it('keeps the limits that it told last while it does not tell them, and says so', async () => {
    const { link, until } = batteryLine(
      {
        ...responder,
        reply: (request, battery) =>
          request[3] === 0x1c ? undefined : responder.reply(request, { ...battery, maxChargeCurrent: 0 }),
      },
      PACK,
    );
    const session = sessionOn(felicity, link, 1);
    session.memory = { cycle: 9, known: { maxChargeCurrent: 7 } };
    for (let poll = 0; poll < 2; poll += 1)
      await expect(until(session.read())).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
    expect(await until(session.read())).toMatchObject({ maxChargeCurrent: 7, alarms: { bmsCable: 1 } });
    expect(session.takeRemarks()).toHaveLength(1);
  });

  it.each([0, 0xff])('finds nobody where every byte of the answers is %i', async (byte) => {
    const { link, until } = batteryLine(filled(byte), PACK);
    await expect(until(sessionOn(felicity, link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('is not read as a smaller battery when a cell reads nothing', async () => {
    const cellVoltages = (PACK.cellVoltages ?? []).with(9, 32.767);
    const { link, until } = batteryLine(responder, { ...PACK, cellVoltages });
    await expect(until(readAt(felicity, link, 1, { cycle: 3, known: {} }))).rejects.toBeInstanceOf(
      ImplausibleError,
    );
  });

  it('finds each pack at its address', async () => {
    const modules = [1, 2].map((address) => ({ ...BATTERY, address, soc: 40 + address }));
    const { link, until } = batteryLine(responder, { modules });
    for (const { address, soc } of modules)
      expect(await until(sessionOn(felicity, link, address).probe())).toMatchObject({ soc });
  });
});

describe('what a Felicity tells', () => {
  it.each([
    ['charging', -124 & 0xffff, 12.4],
    ['discharging', 124, -12.4],
  ])('is positive while %s', (_, raw, current) => {
    expect(read(0x1307, [raw])).toEqual({ current });
  });

  it('is heat and cold for both ways', () => {
    expect(read(0x1304, [1 << 8]).alarms).toMatchObject({ highTemperature: 2, highChargeTemperature: 2 });
    expect(read(0x1304, [1 << 9]).alarms).toMatchObject({ lowTemperature: 2, lowChargeTemperature: 2 });
  });

  it.each([
    [[1234, 5, 678, 90, 12], '123456789012'],
    [[0, 0, 0, 0, 0], undefined],
    [[0xffff, 0xffff, 0xffff, 0xffff, 0xffff], undefined],
    [[1234, 5], undefined],
  ])('makes of the words %j the serial number %s', (words, expected) => {
    expect(read(0xf804, words).serialNumber).toBe(expected);
  });

  it('takes no cell behind the first for the first', () => {
    expect(read(0x1339, [3320, 21, 20, 0x7fff, 0x7fff])).toEqual({ temperatures: [21, 20] });
  });
});
