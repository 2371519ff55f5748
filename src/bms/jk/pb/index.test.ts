import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { casesOf } from '../../../../test/contract/vectors.ts';
import { BATTERY } from '../../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { hex, ImplausibleError } from '../../../errors.ts';
import type { PackReading } from '../../../model/reading.ts';
import { bytesOf } from '../../../protocol/bytes.ts';
import { decodeLog, findFrame } from '../../decode.ts';
import type { Responder } from '../../driver.ts';
import { FLOATING, PHASE_AT, SETTINGS_AT } from './fields.ts';
import { acceptReply, acknowledgementOf, recordAskedBy, sealed, switchOf, triggerOf } from './frame.ts';
import { jkPb } from './index.ts';
import { responder } from './responder.ts';

const STATUS = triggerOf(1, 'status');
const asked = ({ requests }: Line): string[] => requests.map((request) => hex(request));
const record = (name: 'status' | 'settings' | 'about', battery: PackReading = BATTERY): Uint8Array =>
  responder.reply(triggerOf(1, name), battery)?.bytes.subarray(0, 300) ?? new Uint8Array();

function captured(name: string) {
  const found = casesOf('jk').find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no capture ${name}`);
  return found.exchanges;
}

/** The responder with one record changed on its way. */
function changing(name: 'status' | 'settings', change: (record: Uint8Array) => void): Responder {
  return {
    ...responder,
    reply: (request, battery) => {
      const answer = responder.reply(request, battery);
      if (answer === undefined || recordAskedBy(request) !== name) return answer;
      const changed = answer.bytes.slice(0, 300);
      change(changed);
      return { bytes: bytesOf(sealed(changed, name), acknowledgementOf(request)) };
    },
  };
}

async function polls(line: Line, cycles: readonly number[], known: PackReading = {}): Promise<PackReading[]> {
  const readings: PackReading[] = [];
  for (const cycle of cycles)
    readings.push(await line.until(readAt(jkPb, line.link, 1, { cycle, known: readings.at(-1) ?? known })));
  return readings;
}

describe('requests to a PB', () => {
  it.each([
    [triggerOf(1, 'status'), '011016200001020000d6f1'],
    [triggerOf(1, 'settings'), '0110161e0001020000d22f'],
    [triggerOf(1, 'about'), '0110161c0001020000d3cd'],
    [switchOf(2, 'balancer', false), '021010780002040000000037a9'],
    [switchOf(2, 'balancer', true), '0210107800020400000001f669'],
  ])('are byte for byte those of captures (%#)', (request, expected) => {
    expect(hex(request)).toBe(expected);
  });

  it('touch no other register than the three triggers and the three switches', async () => {
    const line = batteryLine(responder, BATTERY);
    await line.until(sessionOn(jkPb, line.link, 1).probe());
    await polls(line, [0, 1, 60]);
    for (const turn of Object.values(sessionOn(jkPb, line.link, 1).switches)) await line.until(turn(false));
    const registers = new Set(line.requests.map((request) => hex(request.subarray(2, 4))));
    expect([...registers].sort()).toEqual(['1070', '1074', '1078', '161c', '161e', '1620']);
  });
});

describe('the answer on the wire', () => {
  const status = record('status');
  const acknowledged = acknowledgementOf(STATUS);

  it.each([
    ['record and acknowledgement', bytesOf(status, acknowledged), 308],
    ['a filler between them', bytesOf(status, 0, acknowledged), 309],
    ['fillers on both sides', bytesOf(status, 0, acknowledged, 0), 309],
  ])('is taken with %s', (_, bytes, length) => {
    expect(acceptReply(STATUS)(bytes)).toBe(length);
  });

  it.each([
    ['no acknowledgement', status, 'more'],
    ['half an acknowledgement', bytesOf(status, acknowledged.subarray(0, 5)), 'more'],
    ['another address', bytesOf(status, acknowledgementOf(triggerOf(2, 'status'))), { refused: 'address' }],
    [
      'another address behind a filler',
      bytesOf(status, 0, acknowledgementOf(triggerOf(2, 'status'))),
      { refused: 'address' },
    ],
    ['another record', bytesOf(record('settings'), acknowledged), { refused: 'command' }],
    ['a wrong sum', bytesOf(status.with(20, 99), acknowledged), { refused: 'checksum' }],
    ['a wrong CRC', bytesOf(status, acknowledged.with(7, 0)), { refused: 'checksum' }],
  ])('is not taken with %s', (_, bytes, verdict) => {
    const got = acceptReply(STATUS)(bytes);
    if (typeof verdict === 'string') expect(got).toBe(verdict);
    else expect(got).toMatchObject(verdict);
  });

  it('of address 0 is told from a filler', () => {
    const request = triggerOf(0, 'status');
    const acknowledgement = acknowledgementOf(request);
    expect(acceptReply(request)(bytesOf(status, acknowledgement))).toBe(308);
    expect(acceptReply(request)(bytesOf(status, 0, acknowledgement))).toBe(309);
    expect(acceptReply(request)(bytesOf(status, 0))).toBe('more');
  });

  it('is found behind noise and an echo', () => {
    const reply = bytesOf(0x55, 0xaa, 0x41, STATUS, 0x55, status, acknowledged);
    expect(findFrame(jkPb, { request: STATUS, reply })).toEqual(bytesOf(status, acknowledged));
  });

  it('is not taken to a request outside of the allow-list', () => {
    const preset = Uint8Array.from(STATUS).with(3, 0x0a);
    expect(acceptReply(preset)(bytesOf(record('settings'), acknowledged))).toMatchObject({
      refused: 'command',
    });
  });

  it('is not taken out of noise', () => {
    const numRuns = 500 * Number(process.env['FUZZ_FACTOR'] ?? 1);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 295, maxLength: 320 }), (noise) => {
        const verdict = acceptReply(STATUS)(bytesOf(0x55, 0xaa, 0xeb, 0x90, 2, noise));
        expect(typeof verdict).not.toBe('number');
      }),
      { numRuns },
    );
  });
});

describe('what a PB tells', () => {
  it('is the requested charge voltage and the voltage of an empty cell, for the whole pack', () => {
    const { reading } = decodeLog([jkPb], captured('pb-addr3-fw15.41-all-records'));
    expect(reading).toMatchObject({
      maxChargeVoltage: 55.2,
      minDischargeVoltage: 46.4,
      maxChargeCurrent: 60,
    });
  });

  it('takes the empty voltage from the cell protection when the firmware has none, and no charge voltage at all', () => {
    const settings = record('settings');
    for (const at of [SETTINGS_AT.emptyCell, SETTINGS_AT.requestedCharge]) settings.fill(0, at, at + 4);
    settings.set([0xc4, 0x09, 0, 0], SETTINGS_AT.cellUndervoltage);
    const reading = jkPb.decode(triggerOf(1, 'settings'), settings);
    expect(reading.minDischargeVoltage).toBe(32.5);
    expect(reading).not.toHaveProperty('maxChargeVoltage');
  });

  it('leaves out passwords', () => {
    const { reading } = decodeLog([jkPb], captured('pb-about-fw15.30'));
    expect(JSON.stringify(reading)).not.toMatch(/1234/);
  });

  it('counts measured cells, not configured ones', () => {
    expect(jkPb.finish?.({ cellCount: 16, cellVoltages: [3.3, 3.3, 3.3] }).cellCount).toBe(3);
  });

  it('reads two packs of one log as modules', () => {
    const exchanges = ['pb-addr3-fw15.41-all-records', 'pb-addr1-8s-fw15.10-all-records'].flatMap(captured);
    const { modules = [] } = decodeLog([jkPb], exchanges).reading;
    expect(modules.map(({ address, cellCount }) => [address, cellCount])).toEqual([
      [3, 16],
      [1, 8],
    ]);
  });
});

describe('the bit that means full or over-voltage', () => {
  const setFull = (status: Uint8Array): void => {
    status[166] = (status[166] ?? 0) | 0x10;
  };

  it('is no alarm by itself, and no all-clear either', () => {
    const status = record('status');
    setFull(status);
    expect(jkPb.decode(STATUS, status).alarms).not.toHaveProperty('highCellVoltage');
    expect(jkPb.decode(STATUS, record('status')).alarms).toMatchObject({ highCellVoltage: 0 });
  });

  it('makes the poll ask for the settings, which show a full battery', async () => {
    const line = batteryLine(changing('status', setFull), BATTERY);
    const [reading] = await polls(line, [7]);
    expect(asked(line)).toEqual([hex(STATUS), hex(triggerOf(1, 'settings'))]);
    expect(reading?.alarms).toMatchObject({ highCellVoltage: 0 });
  });

  it('is an alarm when a cell is at its protection', async () => {
    const line = batteryLine(responder, { ...BATTERY, alarms: { highCellVoltage: 2 } });
    expect((await polls(line, [7]))[0]?.alarms).toMatchObject({ highCellVoltage: 2 });
  });
});

describe('the conversation with a PB', () => {
  it('asks settings every 60 polls, twice each time, and identity once', async () => {
    const line = batteryLine(responder, BATTERY);
    const readings = await polls(line, [0, 1, 59, 60]);
    const count = (name: 'status' | 'settings' | 'about'): number =>
      asked(line).filter((request) => request === hex(triggerOf(1, name))).length;
    expect([count('status'), count('settings'), count('about')]).toEqual([4, 4, 1]);
    for (const reading of readings)
      expect(reading).toMatchObject({ serialNumber: 'S1234567', maxChargeCurrent: 120, capacityDesign: 280 });
  });

  it('goes on with the settings that it knew when it is told two different ones', async () => {
    let answers = 0;
    const unsure: Responder = {
      ...responder,
      reply(request, battery) {
        if (recordAskedBy(request) !== 'settings') return responder.reply(request, battery);
        answers += 1;
        return responder.reply(request, { ...battery, maxChargeCurrent: 100 + answers });
      },
    };
    const { link, until } = batteryLine(unsure, BATTERY);
    const known: PackReading = { maxChargeCurrent: 90 };
    expect(await until(readAt(jkPb, link, 1, { cycle: 60, known }))).toMatchObject(known);
  });

  it('goes on without identity when it is never answered', async () => {
    const mute: Responder = {
      ...responder,
      reply: (request, battery) =>
        recordAskedBy(request) === 'about' ? undefined : responder.reply(request, battery),
    };
    const line = batteryLine(mute, BATTERY);
    expect(await line.until(sessionOn(jkPb, line.link, 1).probe())).toMatchObject({ soc: 64 });
    expect((await polls(line, [0]))[0]).toMatchObject({ soc: 64, maxChargeCurrent: 120 });
  });

  it('reads each pack at its own address', async () => {
    const modules = [
      { ...BATTERY, address: 1, soc: 20 },
      { ...BATTERY, address: 5, soc: 70 },
    ];
    const { link, until } = batteryLine(responder, { modules });
    const poll = (address: number): Promise<PackReading> =>
      until(readAt(jkPb, link, address, { cycle: 1, known: {} }));
    expect([(await poll(1)).soc, (await poll(5)).soc]).toEqual([20, 70]);
    await expect(poll(2)).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
  });

  it('takes the float voltage while the pack floats', async () => {
    const floating = changing('status', (status) => {
      status[PHASE_AT] = FLOATING;
    });
    const lower: Responder = {
      ...floating,
      reply: (request, battery) =>
        recordAskedBy(request) === 'settings'
          ? changing('settings', (settings) => settings.set([0x16, 0x0d], SETTINGS_AT.requestedFloat)).reply(
              request,
              battery,
            )
          : floating.reply(request, battery),
    };
    const [reading] = await polls(batteryLine(lower, BATTERY), [0]);
    expect(reading?.maxChargeVoltage).toBeCloseTo(3.35 * 13, 3);
  });

  it('is not found when the mask of cells has holes', async () => {
    const holes = changing('status', (status) => {
      status[70] = 0xfe;
    });
    const line = batteryLine(holes, BATTERY);
    await expect(line.until(sessionOn(jkPb, line.link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('judges a switch by the settings it reads back, acknowledged or not', async () => {
    let on = true;
    const silent: Responder = {
      ...responder,
      reply: (request, battery) => {
        if (recordAskedBy(request) === undefined) {
          on = false;
          return undefined;
        }
        return responder.reply(request, { ...battery, chargeEnabled: on });
      },
    };
    const line = batteryLine(silent, BATTERY);
    await line.until(
      sessionOn(jkPb, line.link, 1).switches.charge?.(false) ?? Promise.reject(new Error('no switch')),
    );
    expect(asked(line).filter((request) => request === hex(switchOf(1, 'charge', false)))).toHaveLength(1);
  });
});

describe('the simulated PB', () => {
  it.each([
    ['nothing', [], 'more'],
    ['an address', [1], 'more'],
    ['the beginning', [1, 0x10, 0x16], 'more'],
    ['an impossible address', [16], { refused: 'start' }],
    ['a read', [1, 3], { refused: 'command' }],
    ['a count that does not fit', [1, 0x10, 0x16, 0x20, 0, 1, 4], { refused: 'length' }],
    ['a wrong CRC', [...STATUS.with(10, 0)], { refused: 'checksum' }],
    ['a trigger', [...STATUS], 11],
  ])('judges %s', (_, bytes, verdict) => {
    const got = responder.accept(Uint8Array.from(bytes));
    if (typeof verdict === 'object') expect(got).toMatchObject(verdict);
    else expect(got).toBe(verdict);
  });

  it('is silent to registers that are not its own, and to addresses where no pack is', () => {
    expect(responder.reply(STATUS.with(3, 0x04), BATTERY)).toBeUndefined();
    expect(responder.reply(triggerOf(2, 'status'), BATTERY)).toBeUndefined();
  });
});
