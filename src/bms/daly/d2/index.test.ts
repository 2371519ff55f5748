import { describe, expect, it } from 'vitest';
import { BATTERY, departures } from '../../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { hex, ImplausibleError, RefusedError } from '../../../errors.ts';
import type { PackReading } from '../../../model/reading.ts';
import { bytesOf, fromHex, writeText } from '../../../protocol/bytes.ts';
import { readRegisters, withCrc } from '../../../protocol/modbus.ts';
import { answerRead } from '../../../protocol/registers.ts';
import type { Responder } from '../../driver.ts';
import { dalyD2 } from './index.ts';
import { responder } from './responder.ts';

const MORE = 'd203003e0009f7a3';
const SETTINGS = 'd20300800029965f';

/** Answers FF bytes to one request, as boards do for blocks that they do not have. */
function without(request: string): Responder {
  return {
    ...responder,
    reply: (asked, battery) =>
      hex(asked) === request
        ? { bytes: answerRead(asked, new Uint8Array(), 0xd2) }
        : responder.reply(asked, battery),
  };
}

async function polls(line: Line, count: number): Promise<PackReading[]> {
  const readings: PackReading[] = [];
  for (let cycle = 0; cycle < count; cycle += 1) {
    readings.push(await line.until(readAt(dalyD2, line.link, 1, { cycle, known: readings.at(-1) ?? {} })));
  }
  return readings;
}

const times = ({ requests }: Line, request: string): number =>
  requests.filter((asked) => hex(asked) === request).length;

describe('the conversation with a Daly at D2', () => {
  it('asks the captured requests: status each time, settings and version at the second poll', async () => {
    const line = batteryLine(responder, BATTERY);
    const readings = await polls(line, 3);
    expect(line.requests.map((asked) => hex(asked))).toEqual([
      'd2030000003ed7b9',
      MORE,
      'd2030000003ed7b9',
      MORE,
      SETTINGS,
      'd20300a900208791',
      'd2030000003ed7b9',
      MORE,
    ]);
    expect(departures(readings[2] ?? {}, BATTERY)).toEqual([]);
    expect(readings[2]).toMatchObject({ maxChargeCurrent: 120, capacityDesign: 280, firmwareVersion: '2.1' });
  });

  it.each([MORE, SETTINGS])('stops asking for a block that the board does not have: %s', async (request) => {
    const line = batteryLine(without(request), BATTERY);
    const readings = await polls(line, 8);
    expect(times(line, request)).toBe(3);
    expect(departures(readings[7] ?? {}, BATTERY)).toEqual([]);
  });

  it('does not take what the switches were set to for what the FETs do', async () => {
    const [, second] = await polls(batteryLine(responder, { ...BATTERY, chargeEnabled: false }), 2);
    expect(second).toMatchObject({ chargeEnabled: false, dischargeEnabled: true });
  });

  it('is not found where every register is undefined', async () => {
    const line = batteryLine(without('d2030000003ed7b9'), BATTERY);
    await expect(line.until(sessionOn(dalyD2, line.link, 1).probe())).rejects.toBeInstanceOf(
      ImplausibleError,
    );
  });
});

describe('the version block', () => {
  const request = readRegisters(0xd2, 0xa9, 0x20);
  const read = (hardware: string, spare: string): PackReading => {
    const text = bytesOf(writeText('SW', 16), writeText(hardware, 16), writeText(spare, 32));
    return dalyD2.decode(request, withCrc(bytesOf(0xd2, 3, 64, text)));
  };

  it('has the hardware in its place, or on older boards where newer ones have the date', () => {
    expect(read('HW', '20240229').hardwareVersion).toBe('HW');
    expect(read('', 'BMS').hardwareVersion).toBe('BMS');
    expect(read('', '20240229')).toEqual({ firmwareVersion: 'SW' });
  });
});

describe('the switches', () => {
  it.each([
    ['charge', true, 'd20600a500014b8a'],
    ['charge', false, 'd20600a500008a4a'],
    ['discharge', true, 'd20600a60001bb8a'],
    ['discharge', false, 'd20600a600007a4a'],
    ['balancer', false, 'd20600cf0000aa56'],
    ['balancer', true, 'd20600cf00016b96'],
  ] as const)('%s to %s writes the captured frame', async (name, on, captured) => {
    const line = batteryLine(responder, { ...BATTERY, chargeEnabled: !on, dischargeEnabled: !on });
    await line.until(
      sessionOn(dalyD2, line.link, 1).switches[name]?.(on) ?? Promise.reject(new Error('no switch')),
    );
    expect(line.requests.map((asked) => hex(asked)).filter((asked) => asked.startsWith('d206'))).toEqual([
      captured,
    ]);
  });

  it('repeat a write whose acknowledgement was damaged', async () => {
    let damaged = 0;
    const flaky: Responder = {
      ...responder,
      reply: (asked, battery) => {
        const answer = responder.reply(asked, battery);
        if (asked[1] !== 6 || damaged > 0 || answer === undefined) return answer;
        damaged += 1;
        return { ...answer, bytes: fromHex('d20600cf00011c8a') ?? new Uint8Array() };
      },
    };
    const line = batteryLine(flaky, BATTERY);
    await line.until(
      sessionOn(dalyD2, line.link, 1).switches.balancer?.(true) ?? Promise.reject(new Error('none')),
    );
    expect(times(line, 'd20600cf00016b96')).toBe(2);
  });

  it('an exception is a refusal', () => {
    const refused = withCrc(Uint8Array.of(0xd2, 0x86, 2));
    expect(() => dalyD2.decode(fromHex('d20600cf00016b96') ?? new Uint8Array(), refused)).toThrow(
      RefusedError,
    );
  });
});
