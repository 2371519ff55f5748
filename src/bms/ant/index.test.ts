import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../../../test/contract/vectors.ts';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { hex, RefusedError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { decodeLog, findFrame } from '../decode.ts';
import type { Responder } from '../driver.ts';
import { COMMAND } from './fields.ts';
import { acceptReply, command, DEVICE_REQUEST, frameOf, readSettings, STATUS_REQUEST } from './frame.ts';
import { ant } from './index.ts';
import { responder } from './responder.ts';

const STATUS = '7ea1010000be1855aa55';
const DEVICE = '7ea1026c022058c4aa55';
const SETTINGS = '7ea10200003899b3aa55';

const captured = (name: string) => {
  const found = casesOf('ant').find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no capture ${name}`);
  return found.exchanges;
};
const read = (name: string): PackReading => decodeLog([ant], captured(name)).reading;
const asked = ({ requests }: Line): string[] => requests.map((request) => hex(request));

/** Silent to requests that begin so. */
const silentTo = (begin: string): Responder => ({
  ...responder,
  reply: (request, battery) =>
    hex(request).startsWith(begin) ? undefined : responder.reply(request, battery),
});

async function polls(line: Line, cycles: readonly number[], known: PackReading = {}): Promise<PackReading[]> {
  const readings: PackReading[] = [];
  for (const cycle of cycles)
    readings.push(await line.until(readAt(ant, line.link, 0, { cycle, known: readings.at(-1) ?? known })));
  return readings;
}

describe('requests to an ANT', () => {
  it.each([
    [STATUS_REQUEST, STATUS],
    [DEVICE_REQUEST, DEVICE],
    [readSettings(0, 56), SETTINGS],
    [command(COMMAND.discharge.on), '7ea1510300007925aa55'],
    [command(COMMAND.charge.on), '7ea1510600006924aa55'],
    [command(COMMAND.balancer.off), '7ea1510e0000e8e6aa55'],
  ])('are byte for byte those of the vendor app (%#)', (request, expected) => {
    expect(hex(request)).toBe(expected);
  });
});

describe('a status of the 7E A1 protocol', () => {
  it('has the discharge FET first: a full pack with code 2 in the second byte stopped charging', () => {
    expect(read('new protocol 14S, charge FET stopped by overcharge (code 2)')).toMatchObject({
      chargeEnabled: false,
      dischargeEnabled: true,
      alarms: { highCellVoltage: 2, lowCellVoltage: 0 },
    });
  });

  it('shows the charge FET on and the discharge FET off by hand after command 6', () => {
    const status = read('charge FET on (command 0x0006)');
    expect(status).toMatchObject({ chargeEnabled: true, dischargeEnabled: false });
    expect(Object.values(status.alarms ?? {}).every((level) => level === 0)).toBe(true);
  });

  it('balances all but the four lowest cells: bit 0 of the mask is cell 1', () => {
    const { cellBalancing = [], cellVoltages = [] } = read('new protocol 22S LTO, SoC 0, balancing');
    const resting = cellVoltages.filter((_, index) => cellBalancing[index] === false);
    expect(resting).toHaveLength(4);
    expect([...cellVoltages].sort().slice(0, 4)).toEqual([...resting].sort());
  });

  it.each([
    ['new protocol 20S charging 33.1 A', 33.1, 2432],
    ['new protocol 22S/4T discharging 2.2 A', -2.2, -111],
  ])('turns the sign of current and power: %s', (name, current, power) => {
    expect(read(name)).toMatchObject({ current, power });
  });

  it('leaves out sensors that are not fitted', () => {
    expect(read('new protocol 8S full, charge FET code 2, no cell probes fitted').temperatures).toEqual([]);
  });

  it('is refused when its length does not fit the numbers of cells and probes', () => {
    const data = new Uint8Array(142);
    data[2] = 7;
    data[3] = 16;
    expect(acceptReply(STATUS_REQUEST)(frameOf(0x11, 0, data.length, data))).toMatchObject({
      refused: 'length',
    });
  });

  it('with an unknown FET code means that the FET is off', () => {
    const frame = responder.reply(STATUS_REQUEST, { ...BATTERY, chargeEnabled: false })?.bytes;
    if (frame === undefined) throw new Error('no answer');
    const at = 34 + 2 * (13 + 4) + 13;
    expect(frame[at]).toBe(15);
    frame[at] = 77;
    expect(ant.decode(STATUS_REQUEST, frame)).toMatchObject({ chargeEnabled: false });
  });
});

describe('other replies', () => {
  it('of settings carry the trip voltages of the pack', () => {
    expect(read('new protocol settings 0x00, 56 bytes')).toEqual({
      maxChargeVoltage: 60.8,
      minDischargeVoltage: 20,
    });
  });

  it('leave out settings that read FFFF', () => {
    const request = readSettings(0x68, 2);
    const reply = frameOf(0x12, 0x68, 2, Uint8Array.of(0xff, 0xff));
    expect(ant.decode(request, reply)).toEqual({});
  });

  it('to a command count only when they say 01 00', () => {
    const refused = casesOf('ant').find(({ name }) => name === 'command 0x0F answered with result 3');
    const [exchange] = refused?.exchanges ?? [];
    if (exchange === undefined) throw new Error('no capture');
    expect(() => ant.decode(exchange.request, findFrame(ant, exchange))).toThrow(RefusedError);
    expect(read('commit settings (fn 0x51 address 7) and acknowledgement')).toEqual({});
  });

  it('to another function or address are not taken', () => {
    const [exchange] = captured('new protocol device information');
    if (exchange === undefined) throw new Error('no capture');
    expect(acceptReply(STATUS_REQUEST)(exchange.reply)).toMatchObject({ refused: 'command' });
    expect(acceptReply(readSettings(0, 32))(exchange.reply)).toMatchObject({ refused: 'address' });
  });

  it('are not taken out of noise', () => {
    const requests = fc.constantFrom(STATUS_REQUEST, DEVICE_REQUEST, readSettings(0, 56));
    const numRuns = 500 * Number(process.env['FUZZ_FACTOR'] ?? 1);
    fc.assert(
      fc.property(requests, fc.uint8Array({ maxLength: 250 }), (request, noise) => {
        expect(typeof acceptReply(request)(noise)).not.toBe('number');
      }),
      { numRuns },
    );
  });
});

describe('the conversation with an ANT', () => {
  it('asks identity and trip points at the first poll, then only the status', async () => {
    const line = batteryLine(responder, BATTERY);
    const [first, , third] = await polls(line, [0, 1, 2]);
    expect(asked(line)).toHaveLength(5 + 1 + 1);
    expect(asked(line).slice(-2)).toEqual([STATUS, STATUS]);
    expect(first).toMatchObject({ model: 'SIM13S', maxChargeCurrent: 120, maxDischargeCurrent: 150 });
    expect(third).toEqual(first);
  });

  it('reads the trip points again after 3600 polls', async () => {
    const line = batteryLine(responder, BATTERY);
    const known = { model: 'x', firmwareVersion: 'y', maxChargeVoltage: 60, minDischargeVoltage: 40 };
    await polls(line, [3599, 3600, 3601], { ...known, maxChargeCurrent: 1, maxDischargeCurrent: 1 });
    expect(asked(line).filter((request) => request === SETTINGS)).toHaveLength(1);
  });

  it('goes on without trip points when the unit is silent, and asks for them every 60 polls', async () => {
    const line = batteryLine(silentTo('7ea102'), BATTERY);
    const readings = await polls(line, [0, 1, 59, 60]);
    expect(asked(line).filter((request) => request === SETTINGS)).toHaveLength(2);
    for (const reading of readings) {
      expect(reading).toMatchObject({ soc: 64 });
      expect(reading).not.toHaveProperty('maxChargeVoltage');
    }
  });

  it('sends nothing but its allow-listed frames', async () => {
    const line = batteryLine(responder, BATTERY);
    await line.until(sessionOn(ant, line.link, 0).probe());
    expect(asked(line)).toEqual([STATUS, DEVICE]);
    await polls(line, [0]);
    for (const turn of Object.values(sessionOn(ant, line.link, 0).switches)) {
      for (const on of [false, true]) await line.until(turn(on));
    }
    const commands = line.requests.filter((request) => request[2] === 0x51).map((request) => request[3]);
    expect(commands).toEqual([4, 6, 1, 3, 0x0e, 0x0d]);
    expect([...new Set(line.requests.map((request) => request[2]))].sort()).toEqual([0x01, 0x02, 0x51]);
  });

  it('does not believe a command that the status never shows', async () => {
    const line = batteryLine(responder, BATTERY, { obey: false });
    const turned = line.until(sessionOn(ant, line.link, 0).switches.charge?.(false) ?? Promise.resolve());
    await expect(turned).rejects.toThrow(/chargeEnabled did not become false/);
  });
});

describe('the simulated ANT', () => {
  it.each([
    ['nothing', [], 'more'],
    ['half a request', [0x7e, 0xa1, 1], 'more'],
    ['another start', [0x7f], { refused: 'start' }],
    ['a wrong CRC', [...STATUS_REQUEST.with(6, 0)], { refused: 'checksum' }],
    ['another end', [...STATUS_REQUEST.with(9, 0)], { refused: 'end' }],
    ['a request', [...STATUS_REQUEST], 10],
  ])('judges %s', (_, bytes, verdict) => {
    const got = responder.accept(Uint8Array.from(bytes));
    if (typeof verdict === 'object') expect(got).toMatchObject(verdict);
    else expect(got).toBe(verdict);
  });

  it('refuses a command that is not of the allow-list, and is silent to other functions', () => {
    const shutdown = command(0x000b);
    const bytes = responder.reply(shutdown, BATTERY)?.bytes ?? new Uint8Array();
    expect(acceptReply(shutdown)(bytes)).toBe(bytes.length);
    expect(() => ant.decode(shutdown, bytes)).toThrow(RefusedError);
    expect(responder.reply(frameOf(0x04, 0, 12), BATTERY)).toBeUndefined();
  });
});
