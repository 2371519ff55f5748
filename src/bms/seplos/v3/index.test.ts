import { describe, expect, it } from 'vitest';
import { BATTERY, batteryOf, departures } from '../../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../../test/support/sessions.ts';
import { hex, ImplausibleError } from '../../../errors.ts';
import type { PackReading } from '../../../model/reading.ts';
import { bytesOf } from '../../../protocol/bytes.ts';
import { readRegisters, withCrc } from '../../../protocol/modbus.ts';
import type { Responder } from '../../driver.ts';
import { seplosV3 } from './index.ts';
import { responder } from './responder.ts';

const PACK = batteryOf(16);
const asked = ({ requests }: Line): string[] => requests.map((request) => hex(request.subarray(0, 6)));
const at = (address: number, more: PackReading = {}) => ({ ...PACK, ...more, address });

/** A pack that also answers at address 0, under which it shows itself or another pack. */
function aliased(alias: PackReading): Responder {
  return {
    ...responder,
    reply: (request, battery) =>
      responder.reply(request, { modules: [at(1, battery), { ...alias, address: 0 }] }),
  };
}

/** Every register of every answer holds `word`. */
function filled(word: number): Responder {
  return {
    ...responder,
    reply(request, battery) {
      const bytes = responder.reply(request, battery)?.bytes;
      return (
        bytes && {
          bytes: withCrc(
            bytesOf(
              bytes.subarray(0, 3),
              bytes.subarray(3, -2).map(() => word),
            ),
          ),
        }
      );
    },
  };
}

const probe = (line: Line, address: number): Promise<PackReading> =>
  line.until(sessionOn(seplosV3, line.link, address).probe());

describe('requests to a Seplos V3', () => {
  it('are byte for byte those of captures', async () => {
    const line = batteryLine(responder, PACK);
    await line.until(readAt(seplosV3, line.link, 1, { cycle: 0, known: {} }));
    expect(line.requests.slice(0, 3).map((request) => hex(request))).toEqual([
      '01041000001134c6',
      '01041100001a74fd',
      '010112000090391e',
    ]);
  });

  it('tell the limits at the second poll, and the identity at the first, and not again', async () => {
    const line = batteryLine(responder, PACK);
    let known: PackReading = {};
    const counts: number[] = [];
    for (let cycle = 0; cycle < 3; cycle += 1) {
      const before = line.requests.length;
      known = await line.until(readAt(seplosV3, line.link, 1, { cycle, known }));
      counts.push(line.requests.length - before);
    }
    expect(counts).toEqual([4, 5, 3]);
    expect(asked(line)).toEqual(expect.arrayContaining(['010417000033', '01041300000a', '010413350035']));
    const { capacityDesign, maxChargeVoltage, minDischargeVoltage, serialNumber } = PACK;
    expect(known).toMatchObject({ capacityDesign, maxChargeVoltage, minDischargeVoltage, serialNumber });
  });
});

describe('a Seplos V3 pack', () => {
  it('with fewer cells has no flags for others', async () => {
    const line = batteryLine(responder, BATTERY);
    const reading = await line.until(readAt(seplosV3, line.link, 1, { cycle: 0, known: {} }));
    expect(reading.cellBalancing).toHaveLength(13);
    expect(departures(reading, BATTERY)).toEqual([]);
  });

  it('is read at each address of its own', async () => {
    const modules = [at(1, { soc: 20 }), at(2, { soc: 70 }), at(15, { soc: 90 })];
    const line = batteryLine(responder, { modules });
    const socs: (number | undefined)[] = [];
    for (const address of [1, 2, 15]) socs.push((await probe(line, address)).soc);
    expect(socs).toEqual([20, 70, 90]);
    await expect(probe(line, 3)).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
  });

  it('is not counted twice when it also answers to address 0', async () => {
    const line = batteryLine(aliased(PACK), PACK);
    await expect(probe(line, 0)).rejects.toBeInstanceOf(ImplausibleError);
    expect(await probe(line, 1)).toMatchObject({ soc: 64 });
  });

  it('is found at address 0 where it is the only one, or another than pack 1', async () => {
    const alone = batteryLine(responder, { modules: [at(0)] });
    expect(await probe(alone, 0)).toMatchObject({ soc: 64 });
    const two = batteryLine(aliased({ ...PACK, serialNumber: 'OTHER', soc: 30 }), PACK);
    expect(await probe(two, 0)).toMatchObject({ soc: 30 });
  });

  it('is not counted at address 0 when it does not say who it is there', async () => {
    const shy: Responder = {
      ...responder,
      reply: (request, battery) =>
        request[0] === 0 && request[2] === 0x17 ? undefined : aliased(PACK).reply(request, battery),
    };
    await expect(probe(batteryLine(shy, PACK), 0)).rejects.toBeInstanceOf(ImplausibleError);
  });

  it.each([0, 0xff])('is not found where every byte of the answers is %i', async (byte) => {
    await expect(probe(batteryLine(filled(byte), PACK), 1)).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('is not read as a smaller one when a cell reads nothing', async () => {
    const cellVoltages = (PACK.cellVoltages ?? []).with(9, 0);
    const line = batteryLine(responder, { ...PACK, cellVoltages });
    const read = line.until(readAt(seplosV3, line.link, 1, { cycle: 4, known: {} }));
    await expect(read).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('is told from the switches of its functions, which are no alarms', () => {
    const request = readRegisters(0, 0x1400, 0x50, 1);
    const reply = withCrc(bytesOf(0, 1, 10, new Uint8Array(10).fill(0xff)));
    expect(seplosV3.decode(request, reply)).toEqual({});
  });

  it('shows no rubbish of a model name', async () => {
    const line = batteryLine(responder, { ...PACK, model: 'SP\u0001\u007f16\u0002' });
    const reading = await line.until(readAt(seplosV3, line.link, 1, { cycle: 0, known: {} }));
    expect(reading.model).toBe('SP16');
  });
});
