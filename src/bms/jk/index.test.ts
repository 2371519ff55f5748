import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../../../test/contract/vectors.ts';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { hex, ImplausibleError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import { decodeLog } from '../decode.ts';
import type { Responder } from '../driver.ts';
import { ACTIVATE, acceptReply, READ_ALL, replyTo, valuesOf } from './frame.ts';
import { jk } from './index.ts';
import { responder } from './responder.ts';

const FIRST = { cycle: 0, known: {} };
const CELLS = bytesOf(0x79, 3, 1, 0x0c, 0xe4);
const asked = ({ requests }: Line): string[] => requests.map((request) => hex(request));
const decoded = (...parts: (number | readonly number[] | Uint8Array)[]): PackReading =>
  jk.decode(READ_ALL, replyTo(READ_ALL, bytesOf(CELLS, ...parts)));

function read(name: string): PackReading {
  const found = casesOf('jk').find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no capture ${name}`);
  return decodeLog([jk], found.exchanges).reading;
}

describe('the NW frame', () => {
  it('asks for everything with the constant 21 bytes of the vendor', () => {
    expect(hex(READ_ALL)).toBe('4e5700130000000006030000000000006800000129');
  });

  it('is refused with another command, as a request, without its end or with a wrong sum', () => {
    const frame = replyTo(READ_ALL, CELLS);
    const accept = acceptReply(READ_ALL);
    const damaged = (at: number, value: number): Uint8Array => frame.with(at, value);
    expect(accept(frame)).toBe(frame.length);
    expect(accept(replyTo(ACTIVATE, CELLS))).toMatchObject({ refused: 'command' });
    expect(accept(READ_ALL)).toMatchObject({ refused: 'command' });
    expect(accept(damaged(frame.length - 5, 0x69))).toMatchObject({ refused: 'end' });
    expect(accept(damaged(12, 6))).toMatchObject({ refused: 'checksum' });
    expect(accept(damaged(frame.length - 4, 1))).toMatchObject({ refused: 'checksum' });
    expect(accept(damaged(2, 0xff))).toMatchObject({ refused: 'length' });
  });

  it('is not taken out of noise', () => {
    const numRuns = 500 * Number(process.env['FUZZ_FACTOR'] ?? 1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 320 }), (noise) => {
        expect(typeof acceptReply(READ_ALL)(bytesOf(0x4e, 0x57, noise))).not.toBe('number');
      }),
      { numRuns },
    );
  });
});

describe('the list of values', () => {
  it('ends at an unknown id and keeps what came before', () => {
    expect(decoded(0x85, 55, 0xee, 1, 2, 3, 0x87, 0, 9)).toMatchObject({ soc: 55 });
    expect(decoded(0x85, 55, 0xee, 1, 2, 3, 0x87, 0, 9)).not.toHaveProperty('cycles');
  });

  it('ends at a value that is cut off', () => {
    expect([...valuesOf(replyTo(READ_ALL, bytesOf(CELLS, 0x85, 55, 0xaa, 0))).keys()]).toEqual([0x79, 0x85]);
  });

  it.each([
    ['charging, new encoding', [0x84, 0x80, 0xd0, 0xc0, 1], 2.08],
    ['discharging, new encoding', [0x84, 0x00, 0x45, 0xc0, 1], -0.69],
    ['charging, old encoding', [0x84, 0x26, 0xac], 1],
    ['discharging, old encoding', [0x84, 0x27, 0x74], -1],
    ['idle, old encoding', [0x84, 0x27, 0x10, 0xc0, 0], 0],
  ])('reads the current by the encoding that C0 tells behind it: %s', (_, bytes, current) => {
    expect(decoded(bytes).current).toBeCloseTo(current, 9);
  });

  it.each([
    [0, 0],
    [99, 99],
    [100, 0],
    [101, -1],
    [140, -40],
  ])('reads the raw temperature %i as %i degC', (raw, degrees) => {
    expect(decoded(0x80, 0, raw).mosfetTemperature).toBe(degrees);
  });

  it('takes cold cells as a charge alarm only while the charge FET is open', () => {
    expect(decoded(0x8b, 0x02, 0x00, 0x8c, 0, 2).alarms).toMatchObject({
      lowTemperature: 2,
      lowChargeTemperature: 2,
    });
    expect(decoded(0x8b, 0x02, 0x00, 0x8c, 0, 3).alarms).toMatchObject({
      lowTemperature: 2,
      lowChargeTemperature: 0,
    });
  });

  it.each([
    ['2304', '2023-04'],
    ['2313', undefined],
    ['\0\0\0\0', undefined],
  ])('reads the date %j as %s', (text, date) => {
    expect(
      decoded(
        0xb5,
        [...text].map((digit) => digit.charCodeAt(0)),
      ).productionDate,
    ).toBe(date);
  });

  it('gives trip points as limits, and never the password', () => {
    const reading = read('nw-16s-discharging');
    expect(reading).toMatchObject({ maxChargeVoltage: 58.4, minDischargeVoltage: 42.4 });
    expect(JSON.stringify(reading)).not.toContain('123456');
  });
});

describe('the conversation with a JK', () => {
  it('asks once per poll', async () => {
    const line = batteryLine(responder, BATTERY);
    await line.until(sessionOn(jk, line.link, 0).probe());
    await line.until(readAt(jk, line.link, 0, FIRST));
    expect(asked(line)).toEqual([hex(READ_ALL), hex(READ_ALL)]);
  });

  it('wakes a sleeping unit in a poll, not in a probe', async () => {
    let awake = false;
    const sleeper: Responder = {
      ...responder,
      reply: (request, battery) => {
        if (hex(request) === hex(ACTIVATE)) awake = true;
        return awake ? responder.reply(request, battery) : undefined;
      },
    };
    const line = batteryLine(sleeper, BATTERY);
    await expect(line.until(sessionOn(jk, line.link, 0).probe())).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
    expect(await line.until(readAt(jk, line.link, 0, FIRST))).toMatchObject({ soc: 64 });
    expect(asked(line).filter((request) => request === hex(ACTIVATE))).toHaveLength(1);
  });

  it('is not found with more cells than such a board can have', async () => {
    const cells = Array.from({ length: 25 }, () => 3.3);
    const line = batteryLine(responder, { ...BATTERY, cellVoltages: cells, voltage: 82.5 });
    await expect(line.until(sessionOn(jk, line.link, 0).probe())).rejects.toThrow(/25 cells/);
  });

  it('takes nothing from the answer to an activation', () => {
    expect(jk.decode(ACTIVATE, replyTo(ACTIVATE, CELLS))).toEqual({});
  });

  it.each([
    ['no pack voltage', bytesOf(0x79, 9, 1, 0x0c, 0xe4, 2, 0x0c, 0xe4, 3, 0x0c, 0xe4)],
    ['cells that do not sum up', bytesOf(0x79, 9, 1, 12, 1, 2, 12, 1, 3, 12, 1, 0x83, 0x20, 0, 0x85, 50)],
  ])('is not found with %s', async (_, payload) => {
    const line = batteryLine(
      { ...responder, reply: (request) => ({ bytes: replyTo(request, payload) }) },
      BATTERY,
    );
    await expect(line.until(sessionOn(jk, line.link, 0).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });
});
