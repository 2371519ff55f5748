import { describe, expect, it } from 'vitest';
import { BATTERY, departures } from '../../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { hex, TimeoutError } from '../../../errors.ts';
import type { Alarms } from '../../../model/alarms.ts';
import type { BankReading, PackReading } from '../../../model/reading.ts';
import { putNumber } from '../../../protocol/encode.ts';
import { readRegisters } from '../../../protocol/modbus.ts';
import { answerRead } from '../../../protocol/registers.ts';
import { dalyP81 } from './index.ts';
import { responder } from './responder.ts';

async function polls(line: Line, count: number, board = 1): Promise<PackReading[]> {
  const readings: PackReading[] = [];
  for (let cycle = 0; cycle < count; cycle += 1) {
    readings.push(
      await line.until(readAt(dalyP81, line.link, board, { cycle, known: readings.at(-1) ?? {} })),
    );
  }
  return readings;
}

describe('the conversation with a Daly at 81', () => {
  it('asks the captured requests: two blocks each time, settings and version at the second poll', async () => {
    const line = batteryLine(responder, BATTERY);
    const readings = await polls(line, 3);
    expect(line.requests.map((asked) => hex(asked))).toEqual([
      '8103000000405bfa',
      '81030041003e8bce',
      '8103000000405bfa',
      '81030041003e8bce',
      '8103010000519a0a',
      '81030178004a5a18',
      '8103000000405bfa',
      '81030041003e8bce',
    ]);
    expect(departures(readings[2] ?? {}, BATTERY)).toEqual([]);
    expect(readings[2]).toMatchObject({ maxDischargeCurrent: 150, serialNumber: 'S1234567' });
  });

  it('asks every board under its own address', async () => {
    const stack: BankReading = {
      modules: [
        { ...BATTERY, address: 1 },
        { ...BATTERY, address: 16, soc: 5 },
      ],
    };
    const line = batteryLine(responder, stack);
    const [last] = await polls(line, 1, 16);
    expect(last).toMatchObject({ soc: 5 });
    expect(hex(line.requests[0] ?? new Uint8Array(), 2)).toContain('9003');
    await expect(line.until(sessionOn(dalyP81, line.link, 2).probe())).rejects.toBeInstanceOf(TimeoutError);
  });

  it('stops asking for settings and version when three polls brought none', async () => {
    const bare = {
      ...responder,
      reply: (asked: Uint8Array, battery: BankReading) =>
        (asked[2] ?? 0) > 0 ? undefined : responder.reply(asked, battery),
    };
    const line = batteryLine(bare, BATTERY);
    const readings = await polls(line, 8);
    expect(line.requests).toHaveLength(8 * 2 + 3 * 2);
    expect(departures(readings[7] ?? {}, BATTERY)).toEqual([]);
  });

  it.each([
    ['charge', false, '810601210000'],
    ['discharge', true, '810601220001'],
  ] as const)('turns %s to %s with one register', async (name, on, begin) => {
    const line = batteryLine(responder, { ...BATTERY, chargeEnabled: !on, dischargeEnabled: !on });
    await line.until(
      sessionOn(dalyP81, line.link, 1).switches[name]?.(on) ?? Promise.reject(new Error('no switch')),
    );
    const writes = line.requests.map((asked) => hex(asked)).filter((asked) => asked.startsWith('8106'));
    expect(writes).toEqual([expect.stringContaining(begin)]);
  });
});

describe('fault codes', () => {
  const alarmsOf = (words: Readonly<Record<number, number>>): Alarms => {
    const space = new Uint8Array(2 * 0x80);
    for (const [register, word] of Object.entries(words))
      putNumber(space, 2 * Number(register), 'u16be', word);
    const request = readRegisters(0x81, 0x41, 0x3e);
    const { alarms = {} } = dalyP81.decode(request, answerRead(request, space, 0x51));
    return Object.fromEntries(Object.entries(alarms).filter(([, level]) => level > 0));
  };

  it.each([
    [{ 109: 0x0001 }, { highCellVoltage: 1 }],
    [{ 109: 0x0018 }, { lowCellVoltage: 2 }],
    [{ 109: 0x0200 }, { cellImbalance: 2 }],
    [{ 110: 0x0008 }, { highTemperature: 1 }],
    [{ 110: 0x0040 }, { highInternalTemperature: 1 }],
    [{ 110: 0x8000 }, { internalFailure: 2 }],
    [{ 111: 0x0040 }, { shortCircuit: 2 }],
    [{ 112: 0x0002 }, { lowSoc: 2 }],
    [{ 112: 0x00c0 }, {}],
    [{ 112: 0x0100 }, { highInternalTemperature: 1 }],
    [{ 114: 0x8000 }, { internalFailure: 2 }],
    [{ 115: 0x0080 }, { internalFailure: 1 }],
    [{ 115: 0xff00 }, {}],
  ])('%o say %o', (words, alarms) => {
    expect(alarmsOf(words)).toEqual(alarms);
  });
});
