import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { FrameError, ImplausibleError, RefusedError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { buildFrame, buildRequest, parseFrame } from '../../protocol/ascii-frame.ts';
import type { Responder } from '../driver.ts';
import { pylontech } from './index.ts';
import { responder } from './responder.ts';

/** The first poll of a battery. */
const FIRST = { cycle: 0, known: {} };

const MANAGEMENT = 0x92;

/** The same battery, but silent to one command. */
const without = (command: number): Responder => ({
  ...responder,
  reply: (request, battery) =>
    parseFrame(request).code === command ? undefined : responder.reply(request, battery),
});

const commandsOf = (requests: readonly Uint8Array[]): string[] =>
  requests.map((request) => parseFrame(request).code.toString(16));

const ascii = (text: string): Uint8Array => Uint8Array.from(`${text}\r`, (char) => char.charCodeAt(0));

describe('polling a Pylontech module', () => {
  it('asks what never changes once, and the limits at every fifth poll', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    let known: PackReading = {};
    const asked: string[][] = [];
    for (let cycle = 0; cycle < 6; cycle += 1) {
      const before = requests.length;
      known = await until(readAt(pylontech, link, 2, { cycle, known }));
      asked.push(commandsOf(requests.slice(before)));
      expect(known).toMatchObject({ maxChargeCurrent: 120, serialNumber: 'S1234567', chargeEnabled: true });
    }
    expect(asked).toEqual([
      ['42', '44', '51', '93', '92'],
      ...new Array(4).fill(['42', '44']),
      ['42', '44', '92'],
    ]);
  });

  it('goes on without limits when the module never told any', async () => {
    const { link, until } = batteryLine(without(MANAGEMENT), BATTERY);
    const reading = await until(readAt(pylontech, link, 2, FIRST));
    expect(reading.voltage).toBe(BATTERY.voltage);
    expect(reading).not.toHaveProperty('maxChargeCurrent');
  });

  it('fails the poll when a module that told its limits stops telling them', async () => {
    const { link, until } = batteryLine(without(MANAGEMENT), BATTERY);
    const known = { maxChargeVoltage: 53.25, maxChargeCurrent: 0 };
    await expect(until(readAt(pylontech, link, 2, { cycle: 5, known }))).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
  });

  it('keeps a limit of zero, and charging off, in the polls between', async () => {
    const { link, until } = batteryLine(responder, { ...BATTERY, chargeEnabled: true });
    const known = { maxChargeVoltage: 53.25, maxChargeCurrent: 0, maxDischargeCurrent: 80 };
    expect(await until(readAt(pylontech, link, 2, { cycle: 1, known }))).toMatchObject({
      maxChargeCurrent: 0,
      chargeEnabled: false,
      dischargeEnabled: true,
    });
  });

  it('remembers the call for charge with the limits', async () => {
    const { link, until } = batteryLine(responder, { ...BATTERY, soc: 8, alarms: { lowSoc: 2 } });
    const first = await until(readAt(pylontech, link, 2, FIRST));
    const second = await until(readAt(pylontech, link, 2, { cycle: 1, known: first }));
    expect([first.alarms?.lowSoc, second.alarms?.lowSoc]).toEqual([2, 2]);
  });

  it('reads every module of a group at its own address', async () => {
    const modules = [2, 3, 4].map((address) => ({ ...BATTERY, address, cycles: 100 + address }));
    const { link, until } = batteryLine(responder, { modules });
    for (const address of [2, 3, 4]) {
      expect(await until(readAt(pylontech, link, address, FIRST))).toMatchObject({ cycles: 100 + address });
    }
    await expect(until(sessionOn(pylontech, link, 5).probe())).rejects.toMatchObject({
      code: 'REPLY_TIMEOUT',
    });
  });
});

describe('understanding a Pylontech reply', () => {
  it.each([0x42, 0x44])('reads the reply of a whole group to command %i', (command) => {
    const modules = [2, 3].map((address) => ({ ...BATTERY, address, chargeEnabled: address === 2 }));
    const request = buildRequest(0x20, 2, command, [0xff]);
    const answer = responder.reply(request, { modules })?.bytes ?? new Uint8Array();
    const { modules: read = [] } = pylontech.decode(request, answer);
    expect(read.map(({ address }) => address)).toEqual([2, 3]);
    if (command === 0x44) expect(read.map(({ chargeEnabled }) => chargeEnabled)).toEqual([true, false]);
    else expect(read[1]?.cellVoltages).toEqual(BATTERY.cellVoltages);
  });

  it('takes the over-voltage protection of a full module for its end of charge', () => {
    const full = { soc: 100, chargeEnabled: false, alarms: { highVoltage: 2, highCellVoltage: 2 } } as const;
    expect(pylontech.finish?.(full).alarms).toEqual({ highVoltage: 1, highCellVoltage: 1 });
    expect(pylontech.finish?.({ ...full, soc: 60 }).alarms).toEqual(full.alarms);
    expect(pylontech.finish?.({ ...full, chargeEnabled: true }).alarms).toEqual(full.alarms);
  });

  it('does not take a late analog reply for the alarm reply', () => {
    const late = responder.reply(buildRequest(0x20, 2, 0x42, [2]), BATTERY)?.bytes ?? new Uint8Array();
    const verdict = pylontech.accept(buildRequest(0x20, 2, 0x44, [2]))(late);
    expect(verdict).toMatchObject({ refused: 'command' });
  });

  it('takes no answer for that to another question', () => {
    const cells = new Array<number>(15).fill(3.31);
    const pack = { ...BATTERY, cellVoltages: cells, voltage: 49.65, temperatures: [20, 21, 22, 23] };
    const replies = new Map(
      [0x42, 0x44, 0x51, 0x92, 0x93].map((command) => {
        const asked = buildRequest(0x20, 2, command, command === 0x51 ? [] : [2]);
        return [asked, responder.reply(asked, pack)?.bytes ?? new Uint8Array()];
      }),
    );
    for (const [asked, own] of replies) {
      for (const other of replies.values()) {
        const verdict = pylontech.accept(asked)(other);
        if (other === own) expect(verdict).toBe(own.length);
        else expect(verdict).toMatchObject({ refused: 'command' });
      }
    }
  });

  it('names no module for a request that is none of this protocol', () => {
    expect(pylontech.addressOf?.(Uint8Array.of(1, 3, 0, 0, 0, 37, 0x84, 0x11))).toBeUndefined();
  });

  it('says why a module declined', () => {
    const request = ascii('~20034642E00203FD31');
    expect(() => pylontech.decode(request, ascii('~200346900000FDA8'))).toThrow(RefusedError);
  });

  it('refuses an alarm reply that ends before its status', () => {
    const request = buildRequest(0x20, 2, 0x44, [2]);
    const whole = parseFrame(responder.reply(request, BATTERY)?.bytes ?? new Uint8Array());
    const cut = buildFrame({ ...whole, info: whole.info.subarray(0, -1) });
    expect(() => pylontech.decode(request, cut)).toThrow(FrameError);
  });

  it('refuses the alarm reply of a sibling', () => {
    const request = buildRequest(0x20, 2, 0x44, [2]);
    const whole = parseFrame(responder.reply(request, BATTERY)?.bytes ?? new Uint8Array());
    const sibling = buildFrame({ ...whole, version: 0x25 });
    expect(pylontech.accept(request)(sibling)).toMatchObject({ refused: 'command' });
  });

  it('refuses a clone that counts capacity in 10 mAh', () => {
    const request = buildRequest(0x20, 2, 0x42, [2]);
    const cells = new Array<number[]>(16).fill([0x0d, 0x05]).flat();
    const rest = [0, 0, 0xd0, 0x50, 0x27, 0x0a, 0x02, 0x27, 0x0d, 0x01, 0x97];
    const info = Uint8Array.from([0, 2, 16, ...cells, 1, 0x0c, 0x0c, ...rest]);
    const clone = buildFrame({ version: 0x20, address: 2, cid1: 0x46, code: 0, info });
    expect(() => pylontech.decode(request, clone)).toThrow(ImplausibleError);
  });
});
