import { describe, expect, it } from 'vitest';
import { BATTERY, batteryOf, departures } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { BmsError, hex, ImplausibleError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { readRegisters, withCrc } from '../../protocol/modbus.ts';
import type { Responder } from '../driver.ts';
import { heltecModbus } from './index.ts';
import { responder } from './responder.ts';

/** A board that refuses the blocks which begin at these registers with so many of them. */
const refusing = (...blocks: readonly string[]): Responder => ({
  ...responder,
  reply: (request, battery) =>
    blocks.includes(`${request[3]} x ${request[5]}`)
      ? { bytes: withCrc(bytesOf(request[0] ?? 1, 0x83, 2)) }
      : responder.reply(request, battery),
});

/** What is read of the register bytes from `start` on. */
function read(start: number, bytes: readonly number[]): PackReading {
  const request = readRegisters(1, start, bytes.length / 2);
  return heltecModbus.decode(request, withCrc(bytesOf(1, 3, bytes.length, bytes)));
}

async function polls(side: Responder, battery: PackReading, count: number) {
  const { link, requests, until } = batteryLine(side, battery);
  let known: PackReading = {};
  for (let cycle = 0; cycle < count; cycle += 1)
    known = await until(readAt(heltecModbus, link, 1, { cycle, known }));
  return { known, asked: requests.map((request) => `${request[3]} x ${request[5]}`), requests };
}

describe('the conversation with a Heltec', () => {
  it('asks for as many cells as there are, facts once and trip points at the second poll', async () => {
    const { asked, known, requests } = await polls(responder, BATTERY, 3);
    const each = ['75 x 5', '81 x 13', '118 x 3', '112 x 2', '139 x 19'];
    expect(asked).toEqual([...each, '126 x 1', '2 x 39', ...each, '169 x 26', ...each]);
    expect(hex(requests[0] ?? new Uint8Array())).toBe('0103004b0005f5df');
    expect(known).toMatchObject({ capacityFull: 272, productionDate: '2024-05-17', chemistry: 'lfp' });
    expect(departures(known, BATTERY)).toEqual([]);
  });

  it.each([
    ['in two', ['139 x 19'], ['chargeEnabled', 'dischargeEnabled']],
    ['one by one', ['139 x 19', '152 x 6'], []],
  ])('reads the alarms of a board that tells its states %s', async (_, refused, keys) => {
    const { asked, known } = await polls(refusing(...refused), BATTERY, 2);
    expect(known.alarms).toMatchObject({ highVoltage: 0 });
    const told = ['chargeEnabled', 'dischargeEnabled', 'balancing'].filter((key) => key in known);
    expect(told).toEqual(keys);
    expect(asked.slice(-6).filter((block) => refused.includes(block))).toEqual([]);
  });

  it('reads the model alone where the whole identity is refused', async () => {
    const { known } = await polls(refusing('2 x 39'), BATTERY, 1);
    expect(known.model).toBe('SIM13S');
    expect(known).not.toHaveProperty('serialNumber');
  });

  it('never reads the password of the Bluetooth module', async () => {
    const { requests } = await polls(responder, BATTERY, 4);
    for (const request of requests) {
      const [start = 0, count = 0] = [request[3], request[5]];
      expect(start > 48 || start + count <= 47, `${start} x ${count}`).toBe(true);
    }
  });

  it('takes the late answer to another request for no cells, and an exception for a refusal', async () => {
    const five = batteryOf(5);
    const late: Responder = {
      ...responder,
      reply: (request, battery) =>
        responder.reply(request[3] === 81 ? readRegisters(1, 75, 5) : request, battery),
    };
    await expect(polls(late, five, 1)).rejects.toMatchObject({ code: 'REPLY_COMMAND' });
    await expect(polls(refusing('81 x 13'), BATTERY, 1)).rejects.toMatchObject({ code: 'REPLY_REFUSED' });
  });

  it.each([0, 0xff])('finds nobody where every byte of the answers is %i', async (byte) => {
    const filled: Responder = {
      ...responder,
      reply: (request) => {
        const data = new Uint8Array(2 * (request[5] ?? 0)).fill(byte);
        return { bytes: withCrc(bytesOf(1, 3, data.length, data)) };
      },
    };
    const { link, until } = batteryLine(filled, BATTERY);
    await expect(until(sessionOn(heltecModbus, link, 1).probe())).rejects.toBeInstanceOf(BmsError);
  });

  it('finds nobody who answers anything to a request for a model', async () => {
    const other: Responder = {
      ...responder,
      reply: (request, battery) => responder.reply(request, { ...battery, voltage: 20 }),
    };
    const { link, until } = batteryLine(other, BATTERY);
    await expect(until(sessionOn(heltecModbus, link, 1).probe())).rejects.toBeInstanceOf(BmsError);
    const charge = batteryLine(responder, { ...BATTERY, soc: 120 });
    await expect(charge.until(sessionOn(heltecModbus, charge.link, 1).probe())).rejects.toBeInstanceOf(
      ImplausibleError,
    );
  });
});

describe('what a Heltec tells', () => {
  it.each([
    ['charging', [0x0b, 0xfa, 0xff, 0xff], 15.25],
    ['discharging', [0xf5, 0x05, 0, 0], -15.25],
  ])('is positive while %s', (_, bytes, current) => {
    expect(read(78, bytes)).toEqual({ current });
  });

  it('is the hotter one of FETs and balancer', () => {
    expect(read(112, [70, 64, 63, 64])).toEqual({ mosfetTemperature: 30, temperatures: [24, 23] });
  });

  it.each([
    [[0xe8, 0x07, 17, 5], '2024-05-17'],
    [[0, 0, 17, 5], undefined],
    [[0xe8, 0x07, 17, 13], undefined],
    [[0xe8, 0x07, 0, 5], undefined],
    [[0xff, 0xff, 0xff, 0xff], undefined],
  ])('was made as %j says: %s', (bytes, date) => {
    expect(read(39, bytes).productionDate).toBe(date);
  });

  it.each([
    [[0x12, 0x34, 0, 5, 0xab, 0xcd, 0, 0], '1234-0005-abcd-0000'],
    [new Array<number>(8).fill(0), undefined],
    [new Array<number>(8).fill(0xff), undefined],
  ])('has the number of %j: %s', (bytes, number) => {
    expect(read(2, bytes).serialNumber).toBe(number);
  });

  it('is no chemistry where the number of it is not known, and no alarm where it is full', () => {
    expect(read(75, [16, 7])).toEqual({ cellCount: 16 });
    expect(read(75, [16, 2])).toEqual({ cellCount: 16, chemistry: 'lto' });
    const { alarms = {} } = read(156, [0, 0x80, 0, 0]);
    expect(Object.values(alarms).every((level) => level === 0)).toBe(true);
  });

  it('has no trip points of voltage where none are set', async () => {
    const { maxChargeVoltage: _, minDischargeVoltage: __, ...without } = BATTERY;
    const { known } = await polls(responder, without, 2);
    expect(known).not.toHaveProperty('maxChargeVoltage');
    expect(known).toMatchObject({ maxChargeCurrent: 120 });
  });
});
