import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { hex, ImplausibleError, RefusedError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { bytesOf, writeNumber } from '../../protocol/bytes.ts';
import { readRegisters, withCrc } from '../../protocol/modbus.ts';
import { asksFor } from '../register-plan.ts';
import { BLOCK } from './fields.ts';
import { eg4Ll } from './index.ts';
import { responder } from './responder.ts';

const VALUES = asksFor(BLOCK.values)(1);

/** What is read where some registers of the values hold other words. */
function read(words: Readonly<Record<number, number>>, battery: PackReading = BATTERY): PackReading {
  const data = (responder.reply(VALUES, battery)?.bytes ?? new Uint8Array()).slice(3, -2);
  for (const [register, word] of Object.entries(words))
    data.set(writeNumber(word, 'u16be'), 2 * Number(register));
  return eg4Ll.decode(VALUES, withCrc(bytesOf(1, 3, data.length, data)));
}

describe('the conversation with an EG4', () => {
  it('begins with the captured request, and asks identity once and the settings at the second poll', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    let known: PackReading = {};
    for (let cycle = 0; cycle < 3; cycle += 1) known = await until(readAt(eg4Ll, link, 1, { cycle, known }));
    expect(requests.map((request) => hex(request.subarray(0, 6)))).toEqual([
      '010300000027',
      '010300690017',
      '010300000027',
      '0103002d005b',
      '010300000027',
    ]);
    expect(known).toMatchObject({ model: 'SIM13S', maxChargeVoltage: 47.4, minDischargeVoltage: 36.4 });
  });

  it('reads each pack at its address, and finds nobody where none is', async () => {
    const modules = [1, 16].map((address) => ({ ...BATTERY, address, soc: 40 + address }));
    const { link, until } = batteryLine(responder, { modules });
    for (const { address, soc } of modules)
      expect(await until(sessionOn(eg4Ll, link, address).probe())).toMatchObject({ soc });
    await expect(until(sessionOn(eg4Ll, link, 2).probe())).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
  });

  it.each([
    ['all registers are 0', new Uint8Array(78)],
    ['all registers are FFFF', new Uint8Array(78).fill(0xff)],
  ])('finds nobody where %s', async (_, data) => {
    const reply = withCrc(bytesOf(1, 3, data.length, data));
    const { link, until } = batteryLine({ ...responder, reply: () => ({ bytes: reply }) }, BATTERY);
    await expect(until(sessionOn(eg4Ll, link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('takes an exception for a refusal', () => {
    expect(() => eg4Ll.decode(VALUES, withCrc(bytesOf(1, 0x83, 2)))).toThrow(RefusedError);
  });
});

describe('what an EG4 tells', () => {
  it.each([
    [0, true, true],
    [1 << 1, false, true],
    [1 << 13, true, false],
    [(1 << 8) | (1 << 9), false, false],
    [(1 << 6) | (1 << 12), true, true],
  ])('closes with the protections %i what they protect', (protections, chargeEnabled, dischargeEnabled) => {
    expect(read({ 27: protections })).toMatchObject({ chargeEnabled, dischargeEnabled });
  });

  it('tells nothing of its FETs where the protections were not asked for', () => {
    const request = readRegisters(1, 0, 2);
    const reply = withCrc(bytesOf(1, 3, 4, [0x14, 0xf6, 0, 0x78]));
    expect(eg4Ll.decode(request, reply)).toEqual({ voltage: 53.66, current: 1.2 });
  });

  it.each([
    ['a warm first sensor, zeros behind it, and -56', [0x19c8, 0], [25]],
    ['a cold first sensor', [0x0300, 0xff00], [3, 0, -1, 0]],
  ])('counts the sensors of %s', (_, [first = 0, second = 0], temperatures) => {
    expect(read({ 33: first, 34: second }).temperatures).toEqual(temperatures);
  });

  it('finds the steps of a pack with four cells in a limit that is too high for such a pack', () => {
    const small = { ...BATTERY, cellVoltages: [3.3, 3.3, 3.3, 3.3], current: -6.2 };
    expect(read({}, small)).toMatchObject({ current: -6.2, maxChargeCurrent: 120 });
    expect(read({ 1: -62, 22: 750 }, small)).toMatchObject({ current: -6.2, maxChargeCurrent: 75 });
    expect(read({ 22: 750 })).toMatchObject({ maxChargeCurrent: 750 });
  });
});
