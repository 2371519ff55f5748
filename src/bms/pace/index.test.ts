import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../../test/support/batteries.ts';
import { batteryLine } from '../../../test/support/battery-line.ts';
import { readAt, sessionOn } from '../../../test/support/sessions.ts';
import { FrameError, ImplausibleError, RefusedError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { buildFrame, buildRequest, parseFrame } from '../../protocol/ascii-frame.ts';
import { bytesOf } from '../../protocol/bytes.ts';
import type { Responder } from '../driver.ts';
import { pace } from './index.ts';
import { responder } from './responder.ts';

/** The first poll of a battery. */
const FIRST = { cycle: 0, known: {} };

const ascii = (text: string): Uint8Array => Uint8Array.from(`${text}\r`, (char) => char.charCodeAt(0));
const text = (bytes: Uint8Array | undefined): string => String.fromCharCode(...(bytes ?? [])).trimEnd();
const request = (pack: number, command: number): Uint8Array => buildRequest(0x25, pack, command, [pack]);
const reply = (info: Uint8Array, address = 1): Uint8Array =>
  buildFrame({ version: 0x25, address, cid1: 0x46, code: 0, info });

/** A 16-cell pack at 3.30 V up to the design capacity; the state of charge is 50 % by ratio. */
const BLOCK = bytesOf(
  16,
  new Array<number[]>(16).fill([0x0c, 0xe4]).flat(),
  [6, 0x0b, 0xa0, 0x0b, 0xa0, 0x0b, 0xa0, 0x0b, 0xa0, 0x0b, 0xa0, 0x80, 0x00],
  [0xff, 0x9c, 0xce, 0x40, 0x13, 0x88, 3, 0x27, 0x10, 0, 7, 0x27, 0x10],
);
/** An alarm block without anything wrong. */
const ALARM_BLOCK = bytesOf(
  16,
  new Uint8Array(16),
  6,
  new Uint8Array(6),
  new Uint8Array(5),
  6,
  new Uint8Array(6),
);

describe('reading a PACE pack', () => {
  it.each([
    [0, { soc: 50 }],
    [1, { soc: 41 }],
    [10, { soc: 41, soh: 95 }],
    [14, { soc: 41, soh: 95 }],
    [22, { soc: 41, soh: 95 }],
    [5, { soc: 50 }],
    [30, { soc: 50 }],
  ])('understands a tail of %i bytes, and leaves one of unknown length alone', (length, expected) => {
    const tail = Uint8Array.from({ length }, (_, index) => (index === 0 ? 41 : index === 9 ? 95 : 0xff));
    const read = pace.decode(request(1, 0x42), reply(bytesOf(0, 1, BLOCK, tail)));
    expect(read).toMatchObject({ ...expected, voltage: 52.8, current: -1, cycles: 7 });
    if (!('soh' in expected)) expect(read).not.toHaveProperty('soh');
  });

  it.each([0, 1, 10, 14, 22])('divides a reply of three packs with tails of %i bytes', (length) => {
    const block = bytesOf(BLOCK, new Uint8Array(length).fill(length === 1 ? 16 : 40));
    const all = buildRequest(0x25, 1, 0x42, [0xff]);
    const { modules = [] } = pace.decode(all, reply(bytesOf(0, 3, block, block, block)));
    expect(modules.map(({ address, voltage }) => [address, voltage])).toEqual(
      [1, 2, 3].map((at) => [at, 52.8]),
    );
  });

  it('refuses packs that no known tail divides', () => {
    const all = buildRequest(0x25, 1, 0x42, [0xff]);
    expect(() => pace.decode(all, reply(bytesOf(0, 2, BLOCK, 1, 2, 3, BLOCK, 1, 2, 3)))).toThrow(
      'no known tail',
    );
  });

  it('drops packs that are not there, and keeps the numbers of the others', () => {
    const phantom = BLOCK.slice();
    phantom.fill(0, 1, 33);
    phantom.fill(0, 48, 50);
    const all = buildRequest(0x25, 1, 0x42, [0xff]);
    const { modules = [] } = pace.decode(all, reply(bytesOf(0, 3, BLOCK, phantom, BLOCK)));
    expect(modules.map(({ address }) => address)).toEqual([1, 3]);
    expect(() => pace.decode(request(2, 0x42), reply(bytesOf(0, 2, phantom)))).toThrow(ImplausibleError);
  });

  it('leaves a sensor out that is not fitted', () => {
    expect(pace.decode(request(1, 0x42), reply(bytesOf(0, 1, BLOCK)))).not.toHaveProperty(
      'ambientTemperature',
    );
  });

  it('believes the pack in INFO and not the address in the header', () => {
    const asked = request(3, 0x42);
    expect(pace.decode(asked, reply(bytesOf(0, 3, BLOCK), 1)).voltage).toBe(52.8);
    expect(pace.accept(asked)(reply(bytesOf(0, 2, BLOCK), 3))).toMatchObject({ refused: 'command' });
  });

  it.each([
    ['a single byte behind the warnings is no alarm', [0xff], 0],
    ['the first of several is a fault byte', [0x08, 0], 2],
  ])('%s', (_, tail, contactor) => {
    const read = pace.decode(request(1, 0x44), reply(bytesOf(0, 1, ALARM_BLOCK, tail)));
    expect(read.alarms?.contactor).toBe(contactor);
  });

  it('refuses an alarm reply that ends before its warnings', () => {
    const cut = reply(bytesOf(0, 1, ALARM_BLOCK.subarray(0, -1)));
    expect(() => pace.decode(request(1, 0x44), cut)).toThrow(FrameError);
  });

  it('refuses replies of siblings, and the analog reply in place of the alarms', () => {
    const accept = pace.accept(request(1, 0x44));
    const sibling = buildFrame({ ...parseFrame(reply(bytesOf(0, 1, ALARM_BLOCK))), version: 0x20 });
    expect(accept(sibling)).toMatchObject({ refused: 'command' });
    expect(accept(reply(bytesOf(0, 1, BLOCK)))).toMatchObject({ refused: 'command' });
  });

  it('takes no answer for that to another question', () => {
    const replies = new Map(
      [0x42, 0x44, 0xaf, 0xd7, 0xd9, 0xdb, 0xc1, 0xc2].map((command) => {
        const asked = command < 0x90 ? request(1, command) : buildRequest(0x25, 1, command);
        return [asked, responder.reply(asked, BATTERY)?.bytes ?? new Uint8Array()];
      }),
    );
    for (const [asked, own] of replies) {
      for (const other of replies.values()) {
        const verdict = pace.accept(asked)(other);
        if (other === own) expect(verdict).toBe(own.length);
        else expect(verdict, text(asked) + text(other)).toMatchObject({ refused: 'command' });
      }
    }
  });

  it.each([0xd7, 0xd9, 0xdb])('goes on when the board declines command %i', (command) => {
    const asked = buildRequest(0x25, 1, command);
    expect(() =>
      pace.decode(
        asked,
        buildFrame({ version: 0x25, address: 1, cid1: 0x46, code: 4, info: new Uint8Array() }),
      ),
    ).toThrow(RefusedError);
  });

  it.each<[string, string, PackReading]>([
    ['1812101380309D', '', { serialNumber: '1812101380309D' }],
    ['1B470102170999D', 'Mar 30 2022,18:18:16', { serialNumber: '1B470102170999D' }],
    ['311671452200247Z', 'ESYPP02447R100-420', { serialNumber: '311671452200247Z' }],
    ['P16S100A-18121', '1812101380309D', { model: 'P16S100A-18121', serialNumber: '1812101380309D' }],
    ['P16S100A-18121', '20220330', { serialNumber: 'P16S100A-18121' }],
    ['P16S100A-18121', '', { serialNumber: 'P16S100A-18121' }],
    ['', '1812101380309D', {}],
  ])('finds the number in the halves %j and %j of its product information', (first, second, expected) => {
    const info = Uint8Array.from(`${first.padEnd(20)}${second.padEnd(20)}`, (char) => char.charCodeAt(0));
    expect(pace.decode(buildRequest(0x25, 1, 0xc2), reply(info))).toEqual(expected);
  });

  it('names no pack for a request that is none of this protocol', () => {
    expect(pace.addressOf?.(Uint8Array.of(0xdd, 0xa5, 3, 0, 0xff, 0xfd, 0x77))).toBeUndefined();
  });

  it('shows the balancers that only an active balancing board reports', () => {
    const read = pace.decode(request(1, 0x44), reply(bytesOf(0, 1, ALARM_BLOCK, [0, 0, 0b101, 0, 0])));
    expect(read).toMatchObject({ balancing: true });
    expect(read.cellBalancing?.slice(0, 4)).toEqual([true, false, true, false]);
  });

  it('takes the warnings of a full pack for its end of charge, and protections for what they are', () => {
    const alarms = { highCellVoltage: 1, highVoltage: 2 } as const;
    expect(pace.finish?.({ soc: 100, alarms }).alarms).toEqual({ highCellVoltage: 0, highVoltage: 2 });
    expect(pace.finish?.({ soc: 90, alarms }).alarms).toEqual(alarms);
  });
});

describe('talking to a PACE pack', () => {
  it('asks for limits at the second poll only, twice each, and keeps them', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    let known: PackReading = {};
    const asked: number[][] = [];
    for (let cycle = 0; cycle < 3; cycle += 1) {
      const before = requests.length;
      known = await until(readAt(pace, link, 1, { cycle, known }));
      asked.push(requests.slice(before).map((sent) => parseFrame(sent).code));
    }
    expect(asked).toEqual([
      [0x42, 0x44, 0xc1, 0xc2],
      [0x42, 0x44, 0xaf, 0xaf, 0xd7, 0xd7, 0xd9, 0xd9, 0xdb, 0xdb],
      [0x42, 0x44],
    ]);
    expect(known).toMatchObject({
      maxChargeVoltage: 47.4,
      maxDischargeCurrent: 150,
      serialNumber: 'S1234567',
    });
  });

  it('asks again soon for a limit that was not told', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    const known: PackReading = { maxChargeVoltage: 47.4, minDischargeVoltage: 36.4, maxChargeCurrent: 120 };
    await until(readAt(pace, link, 1, { cycle: 61, known }));
    expect(requests.map((sent) => parseFrame(sent).code)).toContain(0xdb);
  });

  it('does not give the serial number of the master to the packs behind it', async () => {
    const modules = [1, 2].map((address) => ({ ...BATTERY, address }));
    const { link, until } = batteryLine(responder, { modules });
    expect(await until(readAt(pace, link, 2, FIRST))).not.toHaveProperty('serialNumber');
  });

  it('does not take a pack of another address for one that stands alone', async () => {
    const alias: Responder = {
      ...responder,
      reply: (asked) => ({ bytes: reply(bytesOf(0, parseFrame(asked).info, BLOCK), 2) }),
    };
    const { link, until } = batteryLine(alias, BATTERY);
    await expect(until(sessionOn(pace, link, 0).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('does not take address 0 for a second pack when pack 1 answers too', async () => {
    const both: Responder = {
      ...responder,
      reply: (asked) => ({ bytes: reply(bytesOf(0, parseFrame(asked).info, BLOCK), 0) }),
    };
    const { link, until } = batteryLine(both, BATTERY);
    await expect(until(sessionOn(pace, link, 0).probe())).rejects.toBeInstanceOf(ImplausibleError);
  });

  it('finds a pack that stands alone at address 0', async () => {
    const alone: Responder = {
      ...responder,
      reply(asked) {
        const [pack] = parseFrame(asked).info;
        return pack === 0 ? { bytes: reply(bytesOf(0, 0, BLOCK), 0) } : undefined;
      },
    };
    const { link, until } = batteryLine(alone, BATTERY);
    expect(await until(sessionOn(pace, link, 0).probe())).toMatchObject({ voltage: 52.8 });
  });
});

describe('switching a PACE pack', () => {
  it.each([
    ['charge', true, '~2500469AE00200FD1E'],
    ['charge', false, '~2500469AE00201FD1D'],
    ['discharge', true, '~2500469BE00200FD1D'],
    ['discharge', false, '~2500469BE00201FD1C'],
  ] as const)('sends for %s %s exactly the captured frame', async (name, on, frame) => {
    const alone: Responder = {
      ...responder,
      reply(asked, battery) {
        const { code, info } = parseFrame(asked);
        return code === 0x44
          ? responder.reply(request(1, 0x44), battery) && {
              bytes: reply(bytesOf(0, 0, alarmsOf(battery)), 0),
            }
          : responder.reply(buildRequest(0x25, 0, code, [...info]), battery);
      },
    };
    const { link, requests, until } = batteryLine(alone, {
      ...BATTERY,
      chargeEnabled: !on,
      dischargeEnabled: !on,
    });
    await until(sessionOn(pace, link, 0).switches[name]?.(on) ?? Promise.reject(new Error('no such switch')));
    expect(text(requests[0])).toBe(frame);
  });

  it('passes on that the board declines', async () => {
    const declines: Responder = { ...responder, reply: () => ({ bytes: ascii('~25004609E00204FD2B') }) };
    const { link, until } = batteryLine(declines, BATTERY);
    const turned = sessionOn(pace, link, 0).switches.discharge?.(false) ?? Promise.resolve();
    await expect(until(turned)).rejects.toBeInstanceOf(RefusedError);
  });

  it('never switches a pack behind the master, where the master would switch itself', async () => {
    const { link, requests, until } = batteryLine(responder, BATTERY);
    const turned = sessionOn(pace, link, 2).switches.charge?.(false) ?? Promise.resolve();
    await expect(until(turned)).rejects.toBeInstanceOf(RefusedError);
    expect(requests).toEqual([]);
  });
});

/** The alarm block that the simulated battery would send. */
function alarmsOf(battery: PackReading): Uint8Array {
  const { bytes } = responder.reply(request(1, 0x44), battery) ?? { bytes: new Uint8Array() };
  return parseFrame(bytes).info.subarray(2);
}
