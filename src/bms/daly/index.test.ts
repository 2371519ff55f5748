import { describe, expect, it } from 'vitest';
import { BATTERY, departures } from '../../../test/support/batteries.ts';
import { batteryLine, type Line } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { hex, ImplausibleError, RefusedError, TimeoutError } from '../../errors.ts';
import type { BankReading, PackReading } from '../../model/reading.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import type { Responder } from '../driver.ts';
import { COMMAND } from './fields.ts';
import { acceptFrames, frame, request } from './frame.ts';
import { daly } from './index.ts';
import { responder } from './responder.ts';

/** Answers like `responder`, but to this command with `answer`, or with silence. */
function differing(command: number, answer?: (usual: Uint8Array) => Uint8Array | undefined): Responder {
  return {
    ...responder,
    reply: (asked, battery) => {
      const usual = responder.reply(asked, battery);
      if (asked[2] !== command || usual === undefined) return usual;
      const bytes = answer?.(usual.bytes);
      return bytes === undefined ? undefined : { ...usual, bytes };
    },
  };
}

async function polls(line: Line, count: number, board = 1): Promise<PackReading[]> {
  const readings: PackReading[] = [];
  for (let cycle = 0; cycle < count; cycle += 1) {
    readings.push(await line.until(readAt(daly, line.link, board, { cycle, known: readings.at(-1) ?? {} })));
  }
  return readings;
}

const commands = ({ requests }: Line): string[] => requests.map((asked) => hex(asked.subarray(2, 3)));
const times = (line: Line, command: string): number =>
  commands(line).filter((asked) => asked === command).length;

describe('the schedule', () => {
  it('asks measurements in every poll, and what counts for an hour twice alike', async () => {
    const line = batteryLine(responder, BATTERY);
    await polls(line, 1);
    expect(commands(line)).toEqual(['90', '94', '97', '93', '98', '95', '96']);
    const later = batteryLine(responder, BATTERY);
    await polls(later, 31);
    expect(['90', '93', '98', '95', '96'].map((command) => times(later, command))).toEqual([
      31, 31, 31, 31, 31,
    ]);
    expect(['94', '97', '50', '57', '5a'].map((command) => times(later, command))).toEqual([2, 7, 2, 2, 2]);
  });

  it('goes on with the capacity that it knew when it is told two different ones', async () => {
    let answers = 0;
    const unsure: Responder = {
      ...responder,
      reply(request, battery) {
        answers += 1;
        return responder.reply(request, { ...battery, capacityDesign: 200 + answers });
      },
    };
    const { link, until } = batteryLine(unsure, BATTERY);
    const known: PackReading = { capacityDesign: 280 };
    expect(await until(readAt(daly, link, 1, { cycle: 3601, known }))).toMatchObject(known);
  });

  it('keeps what is asked slowly', async () => {
    const [, second, third] = await polls(batteryLine(responder, BATTERY), 3);
    const slow = {
      capacityDesign: 280,
      serialNumber: 'S1234567',
      maxChargeVoltage: 47.4,
      minDischargeVoltage: 36.4,
    };
    expect(second).toMatchObject(slow);
    expect(third).toMatchObject({ ...slow, cycles: 123, cellBalancing: BATTERY.cellBalancing });
  });

  it.each([
    [COMMAND.state, '93'],
    [COMMAND.balancing, '97'],
    [COMMAND.faults, '98'],
    [COMMAND.ratings, '50'],
    [COMMAND.batteryCode, '57'],
  ])('stops asking command %s after three silent polls', async (command, name) => {
    const line = batteryLine(differing(command), BATTERY);
    const readings = await polls(line, 8);
    expect(times(line, name)).toBe(3 * 2);
    expect(departures(readings[7] ?? {}, BATTERY)).toEqual([]);
  });

  it('fails when a measurement that the board has told before does not come', async () => {
    const [known = {}] = await polls(batteryLine(responder, BATTERY), 1);
    const silent = batteryLine(differing(COMMAND.cells), BATTERY);
    const poll = readAt(daly, silent.link, 1, { cycle: 1, known });
    await expect(silent.until(poll)).rejects.toBeInstanceOf(TimeoutError);
  });

  it('asks the counts again on a new connection', async () => {
    const [known = {}] = await polls(batteryLine(responder, BATTERY), 1);
    const fresh = batteryLine(responder, BATTERY);
    await fresh.until(readAt(daly, fresh.link, 1, { cycle: 7, known }));
    expect(times(fresh, '94')).toBe(1);
  });
});

describe('answers of several frames', () => {
  const asked = request(1, COMMAND.cells);
  const cell = (number: number): Uint8Array =>
    frame(1, COMMAND.cells, Uint8Array.of(number, 13, 0, 13, 1, 13, 2));
  const judge = (received: Uint8Array, count?: number, ended?: boolean) =>
    acceptFrames(asked, count)(received, ended);

  it('are complete with the last frame that is due, whatever follows', () => {
    expect(judge(bytesOf(cell(1), cell(2)), 3)).toBe('more');
    expect(judge(bytesOf(cell(1), cell(2), cell(3)), 3)).toBe(39);
    expect(judge(bytesOf(cell(1), cell(2), cell(3), cell(4)), 3)).toBe(39);
  });

  it('begin with frame 1: a stale one of an earlier answer is dropped', () => {
    expect(judge(bytesOf(cell(6), cell(1)), 2)).toMatchObject({ refused: 'incomplete' });
  });

  it.each([
    ['a missing one', bytesOf(cell(1), cell(3), cell(4))],
    ['a repeated one', bytesOf(cell(1), cell(1), cell(2))],
    ['a foreign one', bytesOf(cell(1), frame(1, COMMAND.pack, new Uint8Array(8)))],
  ])('are refused with %s', (_, received) => {
    expect(judge(received, 3)).toMatchObject({ refused: 'incomplete' });
    expect(judge(received, undefined, true)).toMatchObject({ refused: 'incomplete' });
  });

  it('end with the silence when nobody knows how many there are', () => {
    expect(judge(bytesOf(cell(1), cell(2)))).toBe('more');
    expect(judge(bytesOf(cell(1), cell(2)), undefined, true)).toBe(26);
    expect(judge(bytesOf(cell(1), cell(2), 0, 0), undefined, true)).toBe(26);
    expect(judge(bytesOf(cell(1), cell(2), 0xa5, 1), undefined, true)).toMatchObject({
      refused: 'incomplete',
    });
    const all = bytesOf(...Array.from({ length: 16 }, (_, index) => cell(index + 1)));
    expect(judge(all)).toBe(16 * 13);
  });

  it('are taken at the deadline from a board that sends fewer than the document says', async () => {
    const short = differing(COMMAND.batteryCode, (usual) => usual.slice(0, 26));
    const [, second] = await polls(batteryLine(short, BATTERY), 2);
    expect(second).toMatchObject({ serialNumber: 'S1234567' });
  });

  it('do not bring stale sensors or cells into the reading', async () => {
    const stale = differing(COMMAND.temperatures, (usual) => {
      const data = usual.slice(4, 12);
      data.set([0x28, 0xff, 130], 5);
      return frame(1, COMMAND.temperatures, data);
    });
    const [reading] = await polls(batteryLine(stale, BATTERY), 1);
    expect(reading).toMatchObject({ temperatures: [21, 22, 23, 24], cellVoltages: BATTERY.cellVoltages });
  });

  it('leave out a sensor that is broken, not the one after it', async () => {
    const broken = differing(COMMAND.temperatures, (usual) => {
      const data = usual.slice(4, 12);
      data[1] = 0xff;
      return frame(1, COMMAND.temperatures, data);
    });
    const readings = await polls(batteryLine(broken, BATTERY), 3);
    for (const reading of readings) expect(reading.temperatures).toEqual([22, 23, 24]);
  });

  it('are asked as often as the sensors need', async () => {
    const many: PackReading = { ...BATTERY, temperatures: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] };
    const [reading] = await polls(batteryLine(responder, many), 1);
    expect(reading?.temperatures).toEqual(many.temperatures);
  });
});

describe('several boards on one line', () => {
  const STACK: BankReading = {
    modules: [
      { ...BATTERY, address: 1 },
      { ...BATTERY, address: 3, voltage: 44.4, soc: 7 },
    ],
  };

  it('answer under their own numbers', async () => {
    const line = batteryLine(responder, STACK);
    const [third] = await polls(line, 1, 3);
    expect(third).toMatchObject({ voltage: 44.4, soc: 7 });
    await expect(line.until(sessionOn(daly, line.link, 2).probe())).rejects.toBeInstanceOf(TimeoutError);
  });

  it('are not mixed up: the answer of another board is refused', () => {
    const other = frame(2, COMMAND.pack, new Uint8Array(8));
    expect(acceptFrames(request(1, COMMAND.pack))(other)).toMatchObject({ refused: 'address' });
    expect(daly.addressOf?.(request(16, COMMAND.pack))).toBe(16);
    expect(daly.addressOf?.(Uint8Array.of(0xa5, 0x10))).toBeUndefined();
  });
});

describe('the probe', () => {
  it.each([
    ['a voltage that the cells cannot have', { voltage: 5 }],
    ['more cells than a pack has', { cellCount: 40 }],
    ['no cells', { cellCount: 0 }],
  ])('does not believe %s', async (_, change) => {
    const line = batteryLine(responder, { ...BATTERY, ...change });
    await expect(line.until(sessionOn(daly, line.link, 1).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('asks two different commands, because a sum of eight bits proves little', async () => {
    const line = batteryLine(responder, BATTERY);
    await line.until(sessionOn(daly, line.link, 1).probe());
    expect(commands(line)).toEqual(['90', '94']);
  });
});

describe('the switches', () => {
  it.each([
    ['charge', true, 'a540da080100000000000000c8'],
    ['charge', false, 'a540da080000000000000000c7'],
    ['discharge', true, 'a540d9080100000000000000c7'],
    ['discharge', false, 'a540d9080000000000000000c6'],
  ] as const)('%s to %s writes the captured frame and nothing else', async (name, on, captured) => {
    const line = batteryLine(responder, { ...BATTERY, chargeEnabled: !on, dischargeEnabled: !on });
    await line.until(
      sessionOn(daly, line.link, 1).switches[name]?.(on) ?? Promise.reject(new Error('no switch')),
    );
    expect(line.requests.map((asked) => hex(asked)).filter((asked) => !asked.startsWith('a54093'))).toEqual([
      captured,
    ]);
  });

  it('do not take the other state for an acknowledgement', () => {
    const off = frame(1, COMMAND.chargeFet, Uint8Array.of(0));
    expect(() => daly.decode(request(1, COMMAND.chargeFet, [1]), off)).toThrow(RefusedError);
  });
});

describe('the design capacity', () => {
  it.each([
    ['agrees with remaining capacity and state of charge', { soc: 50, capacityRemaining: 140 }, 280],
    ['is that of a worn pack', { soc: 50, capacityRemaining: 90 }, 280],
    ['cannot be judged near empty', { soc: 5, capacityRemaining: 1 }, 280],
    ['cannot be judged without a remaining capacity', { soc: 50 }, 280],
    ['is in another unit', { soc: 50, capacityRemaining: 14 }, undefined],
    ['is too small for what remains', { soc: 50, capacityRemaining: 200 }, undefined],
  ])('counts when it %s: %o', (_, told, expected) => {
    expect(daly.finish?.({ ...told, capacityDesign: 280 }).capacityDesign).toBe(expected);
  });
});
