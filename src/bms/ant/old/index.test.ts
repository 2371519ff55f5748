import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../../../../test/contract/vectors.ts';
import { BATTERY } from '../../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { hex, ImplausibleError } from '../../../errors.ts';
import type { PackReading } from '../../../model/reading.ts';
import { decodeLog } from '../../decode.ts';
import type { Responder } from '../../driver.ts';
import { acceptReply, STATUS_REQUESTS, sealed } from './frame.ts';
import { antOld } from './index.ts';
import { responder } from './responder.ts';

const [DB, SA] = STATUS_REQUESTS;
const FIRST = { cycle: 0, known: {} };

function read(name: string): PackReading {
  const found = casesOf('ant').find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no capture ${name}`);
  return decodeLog([antOld], found.exchanges).reading;
}
const asked = ({ requests }: Line): string[] => requests.map((request) => hex(request));

/** Listens to one of the two start bytes only, as real interface boards do. */
const only = (start: number): Responder => ({
  ...responder,
  reply: (request, battery) => (request[0] === start ? responder.reply(request, battery) : undefined),
});

describe('the 140-byte status', () => {
  it.each([
    ['old protocol 14S discharging (1)', -8, -390],
    ['old protocol 8S', 10.7, 285],
  ])('turns the sign of current and power: %s', (name, current, power) => {
    expect(read(name)).toMatchObject({ current, power });
  });

  it('has the charge FET first', () => {
    expect(read('old protocol 16S, charge FET code 2 (overcharge)')).toMatchObject({
      chargeEnabled: false,
      dischargeEnabled: true,
      alarms: { highCellVoltage: 2 },
    });
  });

  it('tells no capacity when the word is 0', () => {
    const reading = read('old protocol 8S');
    expect(reading).not.toHaveProperty('capacityFull');
    expect(reading).not.toHaveProperty('capacityDesign');
  });

  it('is known by header and sum, not by its length', () => {
    const numRuns = 500 * Number(process.env['FUZZ_FACTOR'] ?? 1);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 140, maxLength: 140 }), (noise) => {
        expect(typeof acceptReply(DB)(noise)).not.toBe('number');
      }),
      { numRuns },
    );
    expect(acceptReply(DB)(new Uint8Array(140))).toMatchObject({ refused: 'start' });
    expect(
      acceptReply(Uint8Array.of(0xa5, 0xa5, 0xfa, 0, 1, 0xfb))(sealed(new Uint8Array(140))),
    ).toMatchObject({
      refused: 'command',
    });
  });
});

describe('the conversation with an old ANT', () => {
  it.each([
    [0xdb, ['dbdb00000000', 'dbdb00000000', 'dbdb00000000']],
    [0x5a, ['dbdb00000000', '5a5a00000000', '5a5a00000000', '5a5a00000000']],
  ])('finds the request that a unit listens to (%i) and keeps to it', async (start, requests) => {
    const line = batteryLine(only(start), BATTERY);
    await line.until(sessionOn(antOld, line.link, 0).probe());
    await line.until(readAt(antOld, line.link, 0, FIRST));
    await line.until(readAt(antOld, line.link, 0, FIRST));
    expect(asked(line)).toEqual(requests);
  });

  it('tries both requests again when the one that worked fell silent', async () => {
    let listens = 0x5a;
    const fickle: Responder = {
      ...responder,
      reply: (request, battery) => (request[0] === listens ? responder.reply(request, battery) : undefined),
    };
    const line = batteryLine(fickle, BATTERY);
    await line.until(sessionOn(antOld, line.link, 0).probe());
    listens = 0xdb;
    await expect(line.until(readAt(antOld, line.link, 0, FIRST))).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
    expect(await line.until(readAt(antOld, line.link, 0, FIRST))).toMatchObject({ soc: 64 });
  });

  it('is not found when the extreme cells that the unit names are not those of its list', async () => {
    const lying: Responder = {
      ...responder,
      reply: (request, battery) => {
        const frame = responder.reply(request, battery)?.bytes.slice() ?? new Uint8Array(140);
        frame[115] = 1;
        return { bytes: sealed(frame) };
      },
    };
    const line = batteryLine(lying, BATTERY);
    await expect(line.until(sessionOn(antOld, line.link, 0).probe())).rejects.toBeInstanceOf(
      ImplausibleError,
    );
  });

  it('only ever reads', async () => {
    const line = batteryLine(only(SA[0] ?? 0), BATTERY);
    await line.until(sessionOn(antOld, line.link, 0).probe());
    await line.until(readAt(antOld, line.link, 0, FIRST));
    expect(new Set(asked(line))).toEqual(new Set(['dbdb00000000', '5a5a00000000']));
    expect(antOld.switches).toEqual([]);
  });
});

describe('a list of cells that cannot be', () => {
  it('is refused when it counts more cells than it has places', () => {
    const image = new Uint8Array(140);
    image[123] = 33;
    expect(() => antOld.decode(DB, sealed(image))).toThrow(/33 cells/);
  });
});

describe('the simulated old ANT', () => {
  it.each([
    [[], 'more'],
    [[0x5a], 'more'],
    [[0x5a, 0x5a, 0, 0], 'more'],
    [[0xa5, 0xa5], { refused: 'start' }],
    [[0x5a, 0xdb], { refused: 'start' }],
    [[0x5a, 0x5a, 0, 0, 1, 2], { refused: 'checksum' }],
    [[0x5a, 0x5a, 0, 0, 1, 1], 6],
  ])('judges the request %j', (bytes, verdict) => {
    const got = responder.accept(Uint8Array.from(bytes));
    if (typeof verdict === 'object') expect(got).toMatchObject(verdict);
    else expect(got).toBe(verdict);
  });
});
