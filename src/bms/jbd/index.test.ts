import { describe, expect, it } from 'vitest';
import { BATTERY, departures } from '../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { FrameError, hex, ImplausibleError, RefusedError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { fromHex } from '../../protocol/bytes.ts';
import type { Responder } from '../driver.ts';
import { reply } from './frame.ts';
import { jbd } from './index.ts';
import { responder } from './responder.ts';

const NAME = 'dda50500fffb77';
const LIMITS = 'dda5fa0300100efee577';
const LEAVE = 'dd5a01020000fffd77';

/** Answers like `responder`, but keeps silent to (or refuses) the requests that begin so. */
function without(begin: string, answer?: Uint8Array): Responder {
  return {
    ...responder,
    reply: (request, battery) => {
      if (!hex(request).startsWith(begin)) return responder.reply(request, battery);
      return answer === undefined ? undefined : { bytes: answer };
    },
  };
}

const asked = ({ requests }: Line): string[] => requests.map((request) => hex(request));

async function polls(line: Line, cycles: readonly number[], known: PackReading = {}): Promise<PackReading[]> {
  const readings: PackReading[] = [];
  for (const cycle of cycles) {
    const context = { cycle, known: readings.at(-1) ?? known };
    readings.push(await line.until(readAt(jbd, line.link, 1, context)));
  }
  return readings;
}

describe('the conversation with a classic JBD', () => {
  it('asks the name at the first poll, the trip points twice at the second, then only measurements', async () => {
    const line = batteryLine(responder, BATTERY);
    const [, second, third] = await polls(line, [0, 1, 2]);
    expect(asked(line).filter((request) => request === NAME)).toHaveLength(1);
    expect(asked(line).filter((request) => request === LIMITS)).toHaveLength(2);
    expect(asked(line)).toHaveLength(3 + 4 + 2);
    expect(second).toMatchObject({ model: 'SIM13S', maxChargeCurrent: 120, maxDischargeCurrent: 150 });
    expect(third).toMatchObject({ model: 'SIM13S', maxChargeVoltage: 47.4, minDischargeVoltage: 36.4 });
  });

  it('reads the trip points again after 3600 polls', async () => {
    const line = batteryLine(responder, BATTERY);
    await polls(line, [3599, 3600, 3601, 3602], { model: 'x' });
    expect(asked(line).filter((request) => request === LIMITS)).toHaveLength(2);
  });

  it.each([
    ['silent', undefined],
    ['refusing', reply(0xfa, new Uint8Array(), 0x80)],
  ])('goes on without trip points when the board is %s, after one request', async (_, answer) => {
    const line = batteryLine(without(LIMITS, answer), BATTERY);
    const [, second] = await polls(line, [0, 1]);
    expect(second).not.toHaveProperty('maxChargeCurrent');
    expect(second).toMatchObject({ soc: 64 });
    expect(asked(line).filter((request) => request === LIMITS)).toHaveLength(1);
  });

  it('keeps the trip points that it knows when a later read of them fails', async () => {
    const [reading] = await polls(batteryLine(without(LIMITS), BATTERY), [3601], {
      model: 'x',
      maxChargeCurrent: 100,
    });
    expect(reading).toMatchObject({ maxChargeCurrent: 100 });
  });

  it('gives up on the name after three polls', async () => {
    const line = batteryLine(without(NAME), BATTERY);
    await polls(line, [0, 1, 2, 3, 4]);
    expect(asked(line).filter((request) => request === NAME)).toHaveLength(3);
  });

  it('wakes a sleeping board by asking again', async () => {
    let first = true;
    const sleepy: Responder = {
      ...responder,
      reply: (request, battery) => {
        const awake = !first;
        first = false;
        return awake ? responder.reply(request, battery) : undefined;
      },
    };
    const line = batteryLine(sleepy, BATTERY);
    expect(departures(await line.until(sessionOn(jbd, line.link, 1).probe()), BATTERY)).toEqual([]);
    expect(asked(line).slice(0, 2)).toEqual(['dda50300fffd77', 'dda50300fffd77']);
  });

  it('reads and never writes while probing and polling', async () => {
    const line = batteryLine(responder, BATTERY);
    await line.until(sessionOn(jbd, line.link, 1).probe());
    await polls(line, [0, 1, 2]);
    expect(asked(line).every((request) => request.startsWith('dda5'))).toBe(true);
  });

  it('does not take cells that do not make up the pack voltage for a JBD', async () => {
    const line = batteryLine(responder, { ...BATTERY, voltage: 30 });
    await expect(line.until(sessionOn(jbd, line.link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('refuses a reply with fewer cells than the pack has', async () => {
    const cut = without('dda504', reply(4, Uint8Array.of(13, 0, 13, 0)));
    const line = batteryLine(cut, BATTERY);
    await expect(polls(line, [0])).rejects.toBeInstanceOf(ImplausibleError);
  });
});

describe('boards that count in 0.1 A and 0.1 Ah', () => {
  const LARGE: PackReading = {
    ...BATTERY,
    current: -412.5,
    capacityDesign: 1200,
    capacityFull: 1180,
    capacityRemaining: 700,
    maxChargeCurrent: 500,
    maxDischargeCurrent: 600,
  };
  /** A board that has only the function bit, not the flag in the FET byte. */
  const withoutFlag: Responder = {
    ...responder,
    reply: (request, battery) => {
      const answer = responder.reply(request, battery);
      if (request[2] !== 3 || answer === undefined) return answer;
      const data = answer.bytes.slice(4, -3);
      data[20] = (data[20] ?? 0) & 0x7f;
      return { bytes: reply(3, data) };
    },
  };

  it('are read right from the flag in the FET byte', async () => {
    for (const reading of await polls(batteryLine(responder, LARGE), [0, 1, 2])) {
      expect(departures(reading, LARGE)).toEqual([]);
    }
  });

  it('are read right from the function bits once these were read, also in later polls', async () => {
    const [first, second, third] = await polls(batteryLine(withoutFlag, LARGE), [0, 1, 2]);
    expect(first).toMatchObject({ capacityDesign: 120, current: -41.25 });
    expect(departures(second ?? {}, LARGE)).toEqual([]);
    expect(departures(third ?? {}, LARGE)).toEqual([]);
  });
});

describe('the switches of a classic JBD', () => {
  const off = async (battery: PackReading, name: 'charge' | 'discharge', on: boolean): Promise<string[]> => {
    const line = batteryLine(responder, battery);
    await line.until(
      sessionOn(jbd, line.link, 1).switches[name]?.(on) ?? Promise.reject(new Error('no switch')),
    );
    return asked(line).filter((request) => request.startsWith('dd5a'));
  };

  it.each([
    ['charge', false, {}, 'dd5ae1020001ff1c77'],
    ['discharge', false, {}, 'dd5ae1020002ff1b77'],
    ['charge', true, { chargeEnabled: false }, 'dd5ae1020000ff1d77'],
    ['discharge', false, { chargeEnabled: false }, 'dd5ae1020003ff1a77'],
  ] as const)('%s to %s with %o sends both FETs and leaves factory mode', async (name, on, change, frame) => {
    expect(await off({ ...BATTERY, ...change }, name, on)).toEqual([frame, LEAVE]);
  });

  it('do not lock the other FET because a protection holds it off for the moment', async () => {
    const full: PackReading = { ...BATTERY, chargeEnabled: false, alarms: { highCellVoltage: 2 } };
    expect(await off(full, 'discharge', false)).toEqual(['dd5ae1020002ff1b77', LEAVE]);
  });

  it('say so when a protection holds the FET off', async () => {
    const full: PackReading = { ...BATTERY, chargeEnabled: false, alarms: { highCellVoltage: 2 } };
    await expect(off(full, 'charge', true)).rejects.toBeInstanceOf(RefusedError);
  });
});

describe('taking replies apart', () => {
  const bytes = (text: string): Uint8Array => fromHex(text) ?? new Uint8Array();

  it('reads warnings from the tail, and only those that are set', () => {
    const battery: PackReading = { ...BATTERY, alarms: { lowSoc: 1, highTemperature: 1, lowVoltage: 2 } };
    const request = bytes('dda50300fffd77');
    const answer = responder.reply(request, battery);
    const { alarms } = jbd.decode(request, answer?.bytes ?? new Uint8Array());
    expect(alarms).toMatchObject({ lowSoc: 1, highTemperature: 1, lowVoltage: 2, highVoltage: 0 });
    expect(alarms).not.toHaveProperty('cellImbalance');
  });

  it('leaves out a probe that is not there and a date that is none', () => {
    const data = new Uint8Array(27);
    data.set([3], 21);
    data.set([2, 0, 0, 0x0b, 0x8b], 22);
    expect(jbd.decode(bytes('dda50300fffd77'), reply(3, data))).toMatchObject({ temperatures: [22.4] });
    expect(jbd.decode(bytes('dda50300fffd77'), reply(3, data))).not.toHaveProperty('productionDate');
  });

  it('does not take parameters from another place for the trip points', () => {
    const answer = reply(0xfa, Uint8Array.of(0, 1, 2, 15, 160, 16, 54));
    expect(jbd.decode(bytes('dda5fa03000102ff0077'), answer)).toEqual({});
    expect(() => jbd.decode(bytes(LIMITS), answer)).toThrow(FrameError);
  });
});
