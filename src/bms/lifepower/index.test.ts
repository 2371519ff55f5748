import { describe, expect, it } from 'vitest';
import { casesOf } from '../../../test/contract/vectors.ts';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { BmsError, hex, ImplausibleError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import type { Responder } from '../driver.ts';
import { acceptWhole, dataOf, frameOf } from './frame.ts';
import { lifePower } from './index.ts';
import { responder } from './responder.ts';
import { revov } from './revov/index.ts';

/** The first poll of a battery. */
const FIRST = { cycle: 0, known: {} };
const VALUES = frameOf(0x7e, 1, 0x01);
const values = (battery: PackReading): Uint8Array =>
  responder.reply(VALUES, battery)?.bytes ?? new Uint8Array();
const withData = (data: Uint8Array): Uint8Array => frameOf(0x7e, 1, 0x01, data);

/** A device that gives these answers to the request for values, one after the other. */
function telling(...answers: readonly Uint8Array[]): Responder {
  let turn = 0;
  return {
    accept: acceptWhole(0x7e),
    reply(request) {
      if (request[2] !== 0x01) return undefined;
      const bytes = answers[Math.min(turn, answers.length - 1)] ?? new Uint8Array();
      turn += 1;
      return { bytes };
    },
  };
}

describe('requests', () => {
  it.each([
    [0x7e, 1, 0x01, '7e010100fe0d'],
    [0x7e, 2, 0x01, '7e020100fc0d'],
    [0x7e, 4, 0x01, '7e040100f80d'],
    [0x7e, 15, 0x33, '7e0f3300820d'],
    [0x7e, 1, 0x42, '7e014200fc0d'],
    [0x7c, 1, 0x01, '7c010100020d'],
    [0x7c, 1, 0x42, '7c014200800d'],
    [0x7c, 1, 0x33, '7c013300fe0d'],
  ])('behind %i, at %i, of command %i has the published bytes', (start, address, command, bytes) => {
    expect(hex(frameOf(start, address, command))).toBe(bytes);
  });
});

describe('reading LifePower units', () => {
  it('asks for the values twice, and once told twice for the texts', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    const known = await until(readAt(lifePower, link, 1, FIRST));
    expect(known).toMatchObject({ firmwareVersion: '2.1', serialNumber: 'S1234567' });
    await until(readAt(lifePower, link, 1, { cycle: 1, known }));
    expect(requests.map((request) => request[2])).toEqual([1, 1, 0x33, 0x33, 0x42, 0x42, 1, 1]);
  });

  it('never shows a value of a damaged answer, whatever bit of the first one is turned', async () => {
    const truth = await (async () => {
      const { link, until } = batteryLine(telling(values(BATTERY)), BATTERY);
      return until(readAt(lifePower, link, 1, { cycle: 9, known: {} }));
    })();
    const sound = values(BATTERY);
    let passed = 0;
    for (let bit = 0; bit < 8 * sound.length; bit += 1) {
      const damaged = sound.slice();
      damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      if (acceptWhole(0x7e)(damaged) === sound.length) passed += 1;
      const { link, until } = batteryLine(telling(damaged, sound), BATTERY);
      const outcome = await until(
        readAt(lifePower, link, 1, { cycle: 9, known: {} }).catch((error: unknown) => error),
      );
      if (!(outcome instanceof BmsError)) expect(outcome, `bit ${bit}`).toEqual(truth);
    }
    expect(passed).toBeGreaterThan(100);
  });

  it('does not take a board for a battery whose answers do not agree', async () => {
    const other = values({ ...BATTERY, current: 60 });
    const { link, until } = batteryLine(telling(values(BATTERY), other, values(BATTERY)), BATTERY);
    await expect(until(sessionOn(lifePower, link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('reads every unit at its address, and no answer of another', async () => {
    const modules = [1, 2, 15].map((address) => ({ ...BATTERY, address, cycles: address }));
    const { link, until } = batteryLine(responder, { modules });
    for (const address of [1, 2, 15])
      expect(await until(readAt(lifePower, link, address, FIRST))).toMatchObject({ cycles: address });
    const two = responder.reply(frameOf(0x7e, 2, 1), { modules })?.bytes ?? new Uint8Array();
    expect(lifePower.accept(VALUES)(two)).toMatchObject({ refused: 'address' });
  });

  it('is no Revov, and a Revov is none of these', () => {
    const own = values(BATTERY);
    expect(revov.accept(VALUES)(own)).toMatchObject({ refused: 'command' });
    expect(revov.accept(frameOf(0x7c, 1, 1))(own)).toMatchObject({ refused: 'start' });
    expect(revov.addressOf?.(VALUES)).toBeUndefined();
    expect(lifePower.addressOf?.(VALUES)).toBe(1);
  });

  it('takes groups in any order, and fewer sensors', () => {
    const groups = bytesOf(
      [8, 1, 0x14, 0xb9],
      [1, 4],
      [0x0c, 0xf3, 0x0c, 0xf3, 0x0c, 0xf3, 0x0c, 0xf3],
      [5, 2, 0, 65, 0x80, 66],
    );
    expect(lifePower.decode(VALUES, withData(groups))).toMatchObject({
      voltage: 53.05,
      cellVoltages: [3.315, 3.315, 3.315, 3.315],
      temperatures: [15],
      mosfetTemperature: 16,
    });
  });

  it.each([
    [
      'a group that is there twice',
      [
        [2, 1, 0x75, 0x30],
        [2, 1, 0x75, 0x30],
      ],
    ],
    ['a group that goes beyond the end', [[1, 16, 0x0c, 0xf3]]],
    ['a value of two words', [[2, 2, 0x75, 0x30, 0x75, 0x30]]],
    ['two cells', [[1, 2, 0x0c, 0xf3, 0x0c, 0xf3]]],
    ['nothing but zeros', [new Array<number>(40).fill(0)]],
    ['nothing but FF', [new Array<number>(40).fill(0xff)]],
  ])('refuses an answer with %s', (_, groups) => {
    expect(lifePower.accept(VALUES)(withData(bytesOf(...groups)))).toMatchObject({ refused: 'length' });
  });

  it('calls a unit without cells none', () => {
    const empty = withData(bytesOf(1, 4, new Uint8Array(8)));
    expect(() => lifePower.decode(VALUES, empty)).toThrow(ImplausibleError);
  });

  it.each([
    [12, { highChargeCurrent: 2, highDischargeCurrent: 0 }],
    [-12, { highDischargeCurrent: 2 }],
    [0, { highChargeCurrent: 2, highDischargeCurrent: 2 }],
  ] as const)('counts too much current at %i A for the direction in which it flows', (current, alarms) => {
    const frame = values({ ...BATTERY, current, alarms: { highChargeCurrent: 2 } });
    expect(lifePower.decode(VALUES, frame).alarms).toMatchObject(alarms);
  });

  it('shows no switches, and takes the bits above a cell voltage off', () => {
    const [, , , alarm] = casesOf('lifepower').map(({ exchanges }) => exchanges[0]);
    const reading = lifePower.decode(VALUES, alarm?.reply ?? new Uint8Array());
    expect(reading.cellVoltages?.[0]).toBe(3.655);
    expect(reading).not.toHaveProperty('chargeEnabled');
  });

  it.each([
    ['HY0123456789012', { serialNumber: 'HY0123456789012' }],
    ['B', { hardwareVersion: 'B' }],
    ['\u0001\u0002', {}],
  ])('tells of the text %j what it is', (text, told) => {
    const asked = frameOf(0x7e, 1, 0x42);
    const frame = frameOf(0x7e, 1, 0x42, new TextEncoder().encode(text));
    expect(lifePower.decode(asked, frame)).toEqual(told);
    expect(dataOf(frame).length).toBe(text.length);
  });
});
