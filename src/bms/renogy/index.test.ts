import { describe, expect, it } from 'vitest';
import { casesOf } from '../../../test/contract/vectors.ts';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { hex, ImplausibleError } from '../../errors.ts';
import type { BankReading, PackReading } from '../../model/reading.ts';
import { bytesOf, readNumber, writeNumber, writeText } from '../../protocol/bytes.ts';
import { readRegisters, withCrc } from '../../protocol/modbus.ts';
import { decodeLog } from '../decode.ts';
import type { Responder } from '../driver.ts';
import { asksFor } from '../register-plan.ts';
import { BLOCK } from './fields.ts';
import { renogy } from './index.ts';
import { responder } from './responder.ts';

const USUAL = 48;

/** The answer to a request for a block, its registers as given. */
function answer(request: Uint8Array, words: readonly number[]): Uint8Array {
  const data = bytesOf(...words.map((word) => writeNumber(word, 'u16be')));
  return withCrc(bytesOf(request.subarray(0, 2), data.length, data));
}

/** A pack of which a block holds other words, by register. */
function changed(words: Readonly<Record<number, number>>): Responder {
  return {
    ...responder,
    reply(request, battery) {
      const bytes = responder.reply(request, battery)?.bytes;
      if (bytes === undefined) return undefined;
      const data = bytes.slice(3, -2);
      const start = readNumber(request, 2, 'u16be') ?? 0;
      for (const [register, word] of Object.entries(words)) {
        const at = 2 * (Number(register) - start);
        if (at >= 0 && at < data.length) data.set(writeNumber(word, 'u16be'), at);
      }
      return { bytes: withCrc(bytesOf(bytes.subarray(0, 3), data)) };
    },
  };
}

const probe = (side: Responder, battery: BankReading = BATTERY, address = USUAL): Promise<PackReading> => {
  const line = batteryLine(side, battery);
  return line.until(sessionOn(renogy, line.link, address).probe());
};

describe('the conversation with a Renogy', () => {
  it('reads cells, values and states in each poll, the identity once and the board now and then', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    let known: PackReading = {};
    const counts: number[] = [];
    for (let cycle = 0; cycle < 6; cycle += 1) {
      const before = requests.length;
      known = await until(readAt(renogy, link, USUAL, { cycle, known }));
      counts.push(requests.length - before);
    }
    expect(counts).toEqual([5, 3, 3, 3, 3, 4]);
    expect(requests.slice(0, 3).map((request) => hex(request))).toEqual([
      '300313880022455c',
      '300313b2000ba48f',
      '300313ec000a049d',
    ]);
    expect(known).toMatchObject({ mosfetTemperature: 31, ambientTemperature: 25, serialNumber: 'S1234567' });
  });

  it('asks for the model alone where the whole identity is refused', async () => {
    const refuses: Responder = {
      ...responder,
      reply: (request, battery) =>
        request[3] === 0xf6 ? { bytes: withCrc(bytesOf(USUAL, 0x83, 2)) } : responder.reply(request, battery),
    };
    const line = batteryLine(refuses, BATTERY);
    expect(await line.until(sessionOn(renogy, line.link, USUAL).probe())).toMatchObject({ model: 'RIM13S' });
    expect(await line.until(sessionOn(renogy, line.link, USUAL).read())).not.toHaveProperty('serialNumber');
  });

  it('finds packs at the usual address and where others of Renogy put them', async () => {
    const modules = [247, 49].map((address) => ({ ...BATTERY, address, cycles: address }));
    for (const { address, cycles } of modules)
      expect(await probe(responder, { modules }, address)).toMatchObject({ cycles });
    await expect(probe(responder, { modules })).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
  });

  it.each<[string, Readonly<Record<number, number>>]>([
    ['the model is of somebody else', { 5122: 0x4a4b }],
    ['the cells do not make up the voltage', { 5043: 500 }],
    ['all registers are 0', Object.fromEntries(Array.from({ length: 140 }, (_, at) => [5000 + at, 0]))],
    [
      'all registers are FFFF',
      Object.fromEntries(Array.from({ length: 140 }, (_, at) => [5000 + at, 0xffff])),
    ],
  ])('finds nobody where %s', async (_, words) => {
    await expect(probe(changed(words))).rejects.toBeInstanceOf(ImplausibleError);
  });
});

describe('what a Renogy tells', () => {
  const states = asksFor(BLOCK.states)(USUAL);
  const board = asksFor(BLOCK.board)(USUAL);
  const read = (words: readonly number[]): PackReading => renogy.decode(states, answer(states, words));

  it('counts the current of a Pro in tenths', () => {
    const identity = asksFor(BLOCK.identity)(USUAL);
    const texts = bytesOf(new Uint8Array(24), writeText('RNGRBP12200', 16), new Uint8Array(4));
    const log = casesOf('renogy').find(({ name }) => name === 'renogy-pro-12v')?.exchanges ?? [];
    const named = { request: identity, reply: withCrc(bytesOf(USUAL, 3, texts.length, texts)) };
    expect(decodeLog([renogy], [...log, named]).reading).toMatchObject({
      current: -1.2,
      soc: 98.6,
      voltage: 13.3,
    });
    expect(decodeLog([renogy], log).reading).not.toHaveProperty('current');
  });

  it.each<[string, readonly number[], PackReading]>([
    ['a cell too low', [0, 1], { alarms: { lowCellVoltage: 2, highCellVoltage: 0, internalFailure: 0 } }],
    ['the last cell too high', [0x8000, 0], { alarms: { highCellVoltage: 2, lowCellVoltage: 0 } }],
    ['a cell with another fault', [0, 3 << 4], { alarms: { internalFailure: 2, lowCellVoltage: 0 } }],
    ['a cell too cold', [0, 0, 0, 1], { alarms: { lowTemperature: 2 } }],
    ['a board too hot', [0, 0, 0, 0, 0x8000, 0], { alarms: { highInternalTemperature: 2 } }],
    ['too much charge', [0, 0, 0, 0, 0x20, 0], { alarms: { highChargeCurrent: 2, highDischargeCurrent: 0 } }],
    [
      'too much discharge',
      [0, 0, 0, 0, 0x8, 0],
      { alarms: { highDischargeCurrent: 2, highChargeCurrent: 0 } },
    ],
    ['the charge FET open', [0, 0, 0, 0, 0, 0, 4], { chargeEnabled: false, dischargeEnabled: true }],
  ])('tells %s', (_, words, expected) => {
    expect(read([...words, ...new Array<number>(10 - words.length).fill(0)])).toMatchObject(expected);
  });

  it('tells nothing of FETs in a word that is never filled', () => {
    expect(read(new Array<number>(10).fill(0))).not.toHaveProperty('chargeEnabled');
  });

  it.each([
    [1, 200, 20],
    [1, 0, 0],
    [0, 200, undefined],
  ])('tells surroundings where there are %i sensors', (sensors, raw, expected) => {
    const reading = renogy.decode(board, answer(board, [0, sensors, raw, 0, 0, 0, 0]));
    expect(reading.ambientTemperature).toBe(expected);
    expect(reading).not.toHaveProperty('mosfetTemperature');
  });

  it('tells no surroundings and no charge where a block ends before them', () => {
    for (const request of [readRegisters(USUAL, 5036, 1), readRegisters(USUAL, 5044, 2)])
      expect(
        renogy.decode(request, answer(request, new Array<number>(request[5] ?? 0).fill(1))),
      ).not.toHaveProperty('soc');
  });
});
