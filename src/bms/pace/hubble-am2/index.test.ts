import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../../../test/support/batteries.ts';
import { batteryLine } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { ImplausibleError, RefusedError } from '../../../errors.ts';
import type { PackReading } from '../../../model/reading.ts';
import { bytesOf, readNumber, writeNumber } from '../../../protocol/bytes.ts';
import { readRegisters, withCrc } from '../../../protocol/modbus.ts';
import type { Responder } from '../../driver.ts';
import { hubbleAm2 } from './index.ts';
import { responder } from './responder.ts';

/** The first poll of a battery. */
const FIRST = { cycle: 0, known: {} };

const refuse = (request: Uint8Array): { bytes: Uint8Array } => ({
  bytes: withCrc(bytesOf(request[0] ?? 0, 0x83, 2)),
});
const blockOf = (request: Uint8Array): [first: number, count: number] => [
  readNumber(request, 2, 'u16be') ?? 0,
  readNumber(request, 4, 'u16be') ?? 0,
];

/** The parameters 60.. with some of them changed. */
function parameters(changed: Readonly<Record<number, number>>): PackReading {
  const request = readRegisters(1, 60, 48);
  const words = Array.from({ length: 48 }, (_, index) => writeNumber(changed[60 + index] ?? 0xffff, 'u16be'));
  return hubbleAm2.decode(request, withCrc(bytesOf(1, 3, 96, ...words)));
}

describe('polling a Hubble AM2', () => {
  it('reads values at every poll, the text once, and the limits in two blocks now and then', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    let known: PackReading = {};
    for (let cycle = 0; cycle < 3; cycle += 1)
      known = await until(readAt(hubbleAm2, link, 1, { cycle, known }));
    expect(requests.map(blockOf)).toEqual([
      [0, 37],
      [150, 30],
      [60, 20],
      [90, 25],
      [0, 37],
      [0, 37],
    ]);
    expect(known).toMatchObject({ maxChargeVoltage: 47.4, minDischargeVoltage: 36.4, maxChargeCurrent: 120 });
    expect(known).toMatchObject({ firmwareVersion: '2.1', chemistry: 'nmc' });
  });

  it('reads the limits in pieces when the firmware refuses the blocks', async () => {
    const holes: Responder = {
      ...responder,
      reply: (request, battery) => {
        const [first, count] = blockOf(request);
        return first >= 60 && first < 150 && count > 5 ? refuse(request) : responder.reply(request, battery);
      },
    };
    const { link, until } = batteryLine(holes, BATTERY);
    expect(await until(readAt(hubbleAm2, link, 1, FIRST))).toMatchObject({
      maxChargeVoltage: 47.4,
      minDischargeVoltage: 36.4,
      maxChargeCurrent: 120,
      maxDischargeCurrent: 150,
    });
  });

  it('asks for no two blocks of the same length, because an answer names nothing else', async () => {
    const holes: Responder = {
      ...responder,
      reply: (request, battery) => {
        const [first, count] = blockOf(request);
        return first >= 60 && first < 150 && count > 5 ? refuse(request) : responder.reply(request, battery);
      },
    };
    const { link, requests, until } = batteryLine(holes, BATTERY);
    await until(readAt(hubbleAm2, link, 1, FIRST));
    const counts = new Map(requests.map((request) => blockOf(request)));
    expect(new Set(counts.values()).size).toBe(counts.size);
  });

  it('asks again soon for limits that nobody told', async () => {
    const silent: Responder = {
      ...responder,
      reply: (request, battery) =>
        blockOf(request)[0] >= 60 ? undefined : responder.reply(request, battery),
    };
    const { link, requests, until } = batteryLine(silent, BATTERY);
    await until(readAt(hubbleAm2, link, 1, { cycle: 60, known: {} }));
    expect(requests.map((request) => blockOf(request)[0])).toContain(60);
  });

  it('only ever reads', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    await until(sessionOn(hubbleAm2, link, 1).probe());
    await until(readAt(hubbleAm2, link, 1, FIRST));
    expect(new Set(requests.map((request) => request[1]))).toEqual(new Set([3]));
    expect(hubbleAm2.switches).toEqual([]);
  });

  it('reads several batteries on one bus', async () => {
    const modules = [1, 2].map((address) => ({ ...BATTERY, address, cycles: address }));
    const { link, until } = batteryLine(responder, { modules });
    expect((await until(readAt(hubbleAm2, link, 2, FIRST))).cycles).toBe(2);
    await expect(until(sessionOn(hubbleAm2, link, 3).probe())).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
  });
});

describe('recognising a Hubble AM2', () => {
  it.each([
    ['no version text', { ...BATTERY, firmwareVersion: '' }],
    ['more charge than it can hold', { ...BATTERY, capacityRemaining: 400, capacityFull: 100 }],
    ['too few cells', { ...BATTERY, cellVoltages: [3.7, 3.7, 3.7, 3.7], voltage: 14.8 }],
    ['an impossible state of health', { ...BATTERY, soh: 250 }],
    ['cells that are not the pack', { ...BATTERY, voltage: 12 }],
  ])('rejects a device with %s', async (_, battery) => {
    const { link, until } = batteryLine(responder, battery);
    await expect(until(sessionOn(hubbleAm2, link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('says which exception came', () => {
    const request = readRegisters(1, 0, 125);
    expect(() => hubbleAm2.decode(request, refuse(request).bytes)).toThrow(RefusedError);
    expect(() => hubbleAm2.decode(request, refuse(request).bytes)).toThrow(
      'exception 2: address not supported',
    );
  });

  it('does not hide a cell that reads nothing behind a smaller count', () => {
    const request = readRegisters(1, 0, 37);
    const cells = (BATTERY.cellVoltages ?? []).map((cell, index) => (index === 6 ? 0 : cell));
    const { bytes } = responder.reply(request, { ...BATTERY, cellVoltages: cells }) ?? refuse(request);
    expect(() => hubbleAm2.decode(request, bytes)).toThrow(ImplausibleError);
  });

  it('leaves the board sensors out where both read exactly 0', () => {
    const request = readRegisters(1, 0, 37);
    const bare = { ...BATTERY, mosfetTemperature: 0, ambientTemperature: 0 };
    const read = hubbleAm2.decode(request, (responder.reply(request, bare) ?? refuse(request)).bytes);
    expect(read).not.toHaveProperty('mosfetTemperature');
    expect(read).not.toHaveProperty('ambientTemperature');
  });
});

describe('limits of a Hubble AM2', () => {
  it('come from the full-charge voltage, else from a little below the warning', () => {
    expect(parameters({ 107: 54_000, 60: 54_600 })).toMatchObject({ maxChargeVoltage: 54 });
    expect(parameters({ 60: 54_600 })).toMatchObject({ maxChargeVoltage: 54.4 });
    expect(parameters({ 69: 36_400 })).toMatchObject({ minDischargeVoltage: 36.4 });
  });

  it('are absent where the register says "not supported"', () => {
    expect(parameters({})).toEqual({});
  });

  it('never lie above the warning of the pack', async () => {
    const wrong: Responder = {
      ...responder,
      reply(request, battery) {
        const answer = responder.reply(request, battery);
        const [first] = blockOf(request);
        if (first !== 90 || answer === undefined) return answer;
        const data = answer.bytes.slice(0, -2);
        data.set(writeNumber(60_000, 'u16be'), 3 + 2 * (107 - 90));
        return { bytes: withCrc(data) };
      },
    };
    const { link, until } = batteryLine(wrong, BATTERY);
    expect(await until(readAt(hubbleAm2, link, 1, FIRST))).toMatchObject({ maxChargeVoltage: 47.6 });
  });

  it.each([
    [4250, 'nmc'],
    [3650, 'lfp'],
  ])('cells that may go to %i mV are %s', (cell, chemistry) => {
    expect(parameters({ 65: cell })).toEqual({ chemistry });
  });
});
