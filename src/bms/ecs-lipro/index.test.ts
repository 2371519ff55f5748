import { describe, expect, it } from 'vitest';
import { BATTERY, batteryOf, departures } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { sessionOn } from '../../../test/support/sessions.ts';
import { ImplausibleError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { bytesOf, writeNumber } from '../../protocol/bytes.ts';
import { readRegisters, withCrc } from '../../protocol/modbus.ts';
import type { Responder } from '../driver.ts';
import { ecsLipro } from './index.ts';
import { responder } from './responder.ts';

const SECOND = { ...BATTERY, temperatures: [21, 22] };

/** What the meter tells in registers from `start` on. */
function read(start: number, words: readonly number[]): PackReading {
  const data = bytesOf(...words.map((word) => writeNumber(word, 'u16be')));
  const request = readRegisters(1, start, words.length);
  return ecsLipro.decode(request, withCrc(bytesOf(1, 3, data.length, data)));
}

/** Blocks are named by address, first register and count. */
const nameOf = (request: Uint8Array): string => `${request[0]}: ${request[3]} x ${request[5]}`;
const without = (isSilent: (name: string) => boolean, refuses = false): Responder => ({
  ...responder,
  reply(request, battery) {
    if (!isSilent(nameOf(request))) return responder.reply(request, battery);
    return refuses ? { bytes: withCrc(bytesOf(request[0] ?? 1, 0x83, 2)) } : undefined;
  },
});

async function polls(side: Responder, battery: PackReading, count: number) {
  const { link, requests, until } = batteryLine(side, battery);
  const session = sessionOn(ecsLipro, link, 1);
  const outcomes: (PackReading | Error)[] = [];
  for (let poll = 0; poll < count; poll += 1)
    outcomes.push(await until(session.read().catch((error: unknown) => error as Error)));
  return {
    outcomes,
    last: outcomes.at(-1) as PackReading,
    asked: requests.map(nameOf),
    said: session.takeRemarks(),
  };
}

describe('a GreenMeter with its modules', () => {
  it('is read with all of its cells, which are counted once', async () => {
    const { asked, last } = await polls(responder, batteryOf(8), 2);
    const cells = Array.from({ length: 8 }, (_, index) => `${2 + index}: 100 x 3`);
    const meter = ['1: 108 x 8', '1: 128 x 4', '1: 102 x 2'];
    expect(asked).toEqual([
      ...meter,
      '1: 0 x 5',
      ...cells,
      '10: 100 x 3',
      '10: 100 x 3',
      ...meter,
      '1: 30 x 18',
      ...cells,
    ]);
    expect(last).toMatchObject({ cellCount: 8, maxChargeCurrent: 120, maxDischargeCurrent: 150 });
    expect(departures(last, batteryOf(8))).toEqual([]);
  });

  it('that refuses the larger blocks is read in pieces', async () => {
    const refused = ['1: 108 x 8', '1: 0 x 5', '1: 30 x 18'];
    const side = without((name) => refused.includes(name), true);
    const { asked, last } = await polls(side, SECOND, 3);
    expect(asked.slice(-16).filter((name) => refused.includes(name))).toEqual([]);
    expect(last).toMatchObject({ current: -12.3, capacityFull: 272, maxChargeCurrent: 120 });
    const line = batteryLine(side, SECOND);
    expect(await line.until(sessionOn(ecsLipro, line.link, 1).probe())).toMatchObject({
      soc: 64,
      current: -12.3,
    });
  });

  it('has no cells while one of them is missing, instead of fewer', async () => {
    const { last, outcomes } = await polls(
      without((name) => name.startsWith('9:')),
      SECOND,
      4,
    );
    expect(outcomes.every((outcome) => !(outcome instanceof Error))).toBe(true);
    expect(last).not.toHaveProperty('cellVoltages');
    expect(last.voltage).toBeCloseTo(SECOND.voltage ?? 0, 1);
  });

  it('whose module falls silent fails twice, and is then shown without cells and with a warning', async () => {
    let poll = 0;
    const dies: Responder = {
      ...responder,
      reply(request, battery) {
        if (nameOf(request) === '1: 108 x 8') poll += 1;
        return poll > 3 && request[0] === 9 ? undefined : responder.reply(request, battery);
      },
    };
    const { last, outcomes, said } = await polls(dies, SECOND, 8);
    expect(outcomes.filter((outcome) => outcome instanceof Error)).toHaveLength(2);
    expect(last).not.toHaveProperty('cellVoltages');
    expect(last.alarms).toMatchObject({ bmsCable: 1 });
    expect(said).toEqual([expect.objectContaining({ part: 'cell 8', state: 'silent' })]);
  });

  it.each([
    ['another device', (word: number) => (word === 500 ? 100 : word)],
    ['zeros only', () => 0],
    ['FFFF only', () => 0xffff],
  ])('is not found where the registers hold %s', async (_, change) => {
    const other: Responder = {
      ...responder,
      reply(request, battery) {
        const bytes = responder.reply(request, battery)?.bytes;
        if (bytes === undefined) return undefined;
        const words = Array.from({ length: (bytes.length - 5) / 2 }, (__, at) => {
          const word = (bytes[3 + 2 * at] ?? 0) * 256 + (bytes[4 + 2 * at] ?? 0);
          return writeNumber(change(word), 'u16be');
        });
        return { bytes: withCrc(bytesOf(bytes.subarray(0, 3), ...words)) };
      },
    };
    const { link, until } = batteryLine(other, SECOND);
    await expect(until(sessionOn(ecsLipro, link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('is asked with even parity', () => {
    expect(ecsLipro.reach.serial.lines).toMatchObject([{ baudRate: 19_200, parity: 'even' }]);
  });
});

describe('what a GreenMeter tells', () => {
  it.each([
    [[0xc350, 0xffff], 50],
    [[0xc350, 0], 50],
    [[0x86a0, 1], 100],
  ])('is a charge of %j: %d %%', (words, soc) => {
    expect(read(128, words).soc).toBe(soc);
  });

  it.each<[readonly number[], PackReading]>([
    [[0, 0], { chargeEnabled: true, dischargeEnabled: true, alarms: { highVoltage: 0, lowVoltage: 0 } }],
    [[1, 0], { chargeEnabled: false, dischargeEnabled: true, alarms: { highVoltage: 2 } }],
    [
      [4, 6],
      { chargeEnabled: false, alarms: { highChargeTemperature: 1, lowTemperature: 1, highTemperature: 0 } },
    ],
    [[0, 77], { dischargeEnabled: false, alarms: { lowVoltage: 0, highDischargeCurrent: 0 } }],
  ])('is what closes each way: %j', (words, expected) => {
    expect(read(130, words)).toMatchObject(expected);
  });

  it.each([
    [[0x1234, 1], '70196'],
    [[0, 0], undefined],
    [[0xffff, 0xffff], undefined],
  ])('is the number of the words %j: %s', (words, number) => {
    expect(read(2, words).serialNumber).toBe(number);
  });

  it('is not in the registers of a module', () => {
    const request = readRegisters(2, 100, 3);
    expect(ecsLipro.decode(request, withCrc(bytesOf(2, 3, 6, [0x0c, 0xee, 8, 0x7a, 0, 0x50])))).toEqual({});
  });
});
