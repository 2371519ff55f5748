import { describe, expect, it } from 'vitest';
import { analogReplies } from '../../../test/support/ascii-replies.ts';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { ImplausibleError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { type AsciiFrame, buildFrame, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf, writeText } from '../../protocol/bytes.ts';
import type { Responder } from '../driver.ts';
import { daren } from './index.ts';
import { responder } from './responder.ts';

/** The first poll of a battery. */
const FIRST = { cycle: 0, known: {} };
const request = (pack: number, code: number, info: readonly number[]): Uint8Array =>
  buildFrame({ version: 0x22, address: pack, cid1: 0x4a, code, info: bytesOf(info) });
const ANALOG = request(1, 0x42, [1]);

/** The answer of a battery to the analog request, changed. */
function analog(change: (frame: AsciiFrame) => AsciiFrame, battery: PackReading = BATTERY): Uint8Array {
  return buildFrame(change(parseFrame(responder.reply(ANALOG, battery)?.bytes ?? new Uint8Array())));
}

describe('reading Daren packs', () => {
  it('asks what the note says, in this order', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    const known = await until(readAt(daren, link, 1, FIRST));
    await until(readAt(daren, link, 1, { cycle: 1, known }));
    await until(readAt(daren, link, 1, { cycle: 2, known: { ...known, capacityDesign: 280 } }));
    expect(requests.map((frame) => parseFrame(frame).code)).toEqual([
      ...[0x42, 0x51, 0xb0],
      ...[0x42, 0x47, 0x47, 0xb0],
      0x42,
    ]);
  });

  it('reads every pack by its address, and takes no answer of another', async () => {
    const modules = [0, 1, 15].map((address) => ({ ...BATTERY, address, cycles: address }));
    const { link, until } = batteryLine(responder, { modules });
    for (const address of [1, 15, 0])
      expect(await until(readAt(daren, link, address, FIRST))).toMatchObject({ cycles: address });
    const other = responder.reply(request(15, 0x42, [15]), { modules })?.bytes ?? new Uint8Array();
    expect(daren.accept(ANALOG)(other)).toMatchObject({ refused: 'address' });
  });

  it('tells trip points of a cell as those of the pack', async () => {
    const { link, until } = batteryLine(responder, BATTERY);
    const known = await until(readAt(daren, link, 1, FIRST));
    expect(await until(readAt(daren, link, 1, { cycle: 1, known }))).toMatchObject({
      maxChargeVoltage: 47.398,
      minDischargeVoltage: 36.4,
      maxChargeCurrent: 120,
    });
  });

  it('calls an empty battery empty, and a low one low', async () => {
    for (const [soc, level] of [
      [0, 2],
      [4, 1],
    ] as const) {
      const { link, until } = batteryLine(responder, { ...BATTERY, soc, alarms: { lowSoc: 1 } });
      expect((await until(readAt(daren, link, 1, FIRST))).alarms?.lowSoc).toBe(level);
    }
  });

  it('leaves sensors out that are not fitted', () => {
    const frame = analog((whole) => {
      const info = whole.info.slice();
      const sensors = info.length - 46 - 2 * 4;
      info.set([0x80, 0x00], sensors);
      return { ...whole, info };
    });
    expect(daren.decode(ANALOG, frame).temperatures).toEqual([22, 23, 24]);
  });

  it('does not take a pack without cells for a battery', async () => {
    const empty = { ...BATTERY, voltage: 0, cellVoltages: BATTERY.cellVoltages?.map(() => 0) ?? [] };
    const { link, until } = batteryLine(responder, empty);
    await expect(until(sessionOn(daren, link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it.each([
    [
      'that is longer than its counts say',
      (frame: AsciiFrame) => ({ ...frame, info: bytesOf(frame.info, 0) }),
    ],
    ['of zeros', (frame: AsciiFrame) => ({ ...frame, info: new Uint8Array(93) })],
    ['of FF', (frame: AsciiFrame) => ({ ...frame, info: new Uint8Array(93).fill(0xff) })],
    ['of another class', (frame: AsciiFrame) => ({ ...frame, cid1: 0x46 })],
  ])('refuses an analog reply %s', (_, change) => {
    expect(daren.accept(ANALOG)(analog(change))).toMatchObject({ refused: 'command' });
  });

  it('says whose the answer of a sibling is', () => {
    const sibling = analogReplies().find(({ dialect }) => dialect === 'eg4-lifepower4');
    expect(() => daren.decode(ANALOG, sibling?.reply ?? new Uint8Array())).toThrow(
      'dialect eg4-lifepower4, not daren',
    );
  });

  it('keeps the names that are text, and nothing of rubbish', async () => {
    const rubbish: Responder = {
      ...responder,
      reply(asked, battery) {
        const answer = responder.reply(asked, battery);
        const frame = answer && parseFrame(answer.bytes);
        if (frame === undefined || parseFrame(asked).code !== 0x51) return answer;
        return {
          bytes: buildFrame({
            ...frame,
            info: bytesOf(writeText('\u0001\u0002H1', 10), new Array(27).fill(0xff)),
          }),
        };
      },
    };
    const { link, until } = batteryLine(rubbish, BATTERY);
    const reading = await until(readAt(daren, link, 1, FIRST));
    expect(reading).toMatchObject({ hardwareVersion: 'H1', serialNumber: 'S1234567' });
    expect(reading).not.toHaveProperty('model');
  });

  it('does not take one part of the module for the other, nor names for anything else', () => {
    const serial = request(1, 0xb0, [1, 1, 3, 0xff, 0]);
    const capacity = request(1, 0xb0, [1, 1, 4, 0xff, 0]);
    const answer = responder.reply(capacity, BATTERY)?.bytes ?? new Uint8Array();
    expect(daren.accept(serial)(answer)).toMatchObject({ refused: 'command' });
    expect(daren.accept(request(1, 0x51, []))(answer)).toMatchObject({ refused: 'command' });
  });

  it('names no pack for a request of another protocol', () => {
    expect(daren.addressOf?.(Uint8Array.of(0xdd, 0xa5, 3))).toBeUndefined();
    expect(daren.addressOf?.(ANALOG)).toBe(1);
  });
});
