import { describe, expect, it } from 'vitest';
import { BATTERY, departures } from '../../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { hex, RefusedError, TimeoutError } from '../../../errors.ts';
import type { BankReading, PackReading } from '../../../model/reading.ts';
import { bytesOf, fromHex } from '../../../protocol/bytes.ts';
import { withCrc } from '../../../protocol/modbus.ts';
import { acceptReply, readBlocks } from './frame.ts';
import { jbdUp } from './index.ts';
import { responder } from './responder.ts';

const STATUS = [0x1000, 0x10a0] as const;
const SECOND: PackReading = { ...BATTERY, voltage: 43.2, soc: 12, serialNumber: 'SECOND' };
const STACK: BankReading = { ...BATTERY, modules: [{ ...SECOND, address: 2 }] };

async function polls(line: Line, address: number, count: number): Promise<PackReading[]> {
  const readings: PackReading[] = [];
  for (let cycle = 0; cycle < count; cycle += 1) {
    readings.push(
      await line.until(readAt(jbdUp, line.link, address, { cycle, known: readings.at(-1) ?? {} })),
    );
  }
  return readings;
}

describe('the conversation with a JBD UP stack', () => {
  it('asks the identity of the pack with the cable once, and keeps it', async () => {
    const line = batteryLine(responder, STACK);
    const [first, , third] = await polls(line, 1, 3);
    expect(first).not.toHaveProperty('model');
    expect(third).toMatchObject({ model: 'SIM13S', productionDate: '2024-05-17' });
    expect(
      line.requests.map((request) => hex(request, 6)).filter((begin) => begin.startsWith('01781c')),
    ).toHaveLength(1);
  });

  it('reads the other packs by their status block only, because they are silent to the rest', async () => {
    const line = batteryLine(responder, STACK);
    const readings = await polls(line, 2, 3);
    expect(departures(readings[2] ?? {}, SECOND)).toEqual([]);
    expect(line.requests).toHaveLength(3);
  });

  it('finds nobody at an address without a pack', async () => {
    const line = batteryLine(responder, STACK);
    await expect(line.until(sessionOn(jbdUp, line.link, 3).probe())).rejects.toBeInstanceOf(TimeoutError);
  });

  it('goes on without identity when it is not told', async () => {
    const silent = {
      ...responder,
      reply: (request: Uint8Array, battery: BankReading) =>
        request[2] === 0x1c ? undefined : responder.reply(request, battery),
    };
    const [, , , last] = await polls(batteryLine(silent, BATTERY), 1, 4);
    expect(departures(last ?? {}, BATTERY)).toEqual([]);
  });
});

describe('frames', () => {
  it.each([
    [1, '0178100010a000007fb2'],
    [2, '0278100010a000003fa7'],
  ])('the status request of pack %s has the captured bytes', (address, captured) => {
    expect(hex(readBlocks(address, STATUS))).toBe(captured);
  });

  it.each([
    ['0178100010a000007fb2', 'length', 'the echo of the request, although it is a valid frame'],
    ['0278100010a0', 'start', 'another pack'],
    ['0103', 'command', 'another function'],
    ['01781c00', 'address', 'other blocks'],
    ['0178100010a0ffff', 'length', 'more data than any reply has'],
  ])('%s is refused: %s', (received, fault) => {
    const accept = acceptReply(readBlocks(1, STATUS));
    expect(accept(fromHex(received) ?? new Uint8Array())).toMatchObject({ refused: fault });
  });

  it('a Modbus device that does not know the function is a refusal', () => {
    const request = readBlocks(1, STATUS);
    const exception = withCrc(bytesOf(1, 0xf8, 1));
    expect(acceptReply(request)(exception)).toBe(5);
    expect(() => jbdUp.decode(request, exception)).toThrow(RefusedError);
  });

  it('a status block that ends before its own counts is refused', () => {
    const request = readBlocks(1, STATUS);
    const reply = responder.reply(request, BATTERY)?.bytes ?? new Uint8Array();
    const short = withCrc(bytesOf(reply.subarray(0, 6), 0, 80, reply.subarray(8, 88)));
    expect(acceptReply(request)(short)).toBe(90);
    expect(() => jbdUp.decode(request, short)).toThrow(expect.objectContaining({ code: 'REPLY_LENGTH' }));
  });
});
