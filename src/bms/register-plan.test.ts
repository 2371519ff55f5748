import { describe, expect, it } from 'vitest';
import { BATTERY } from '../../test/support/batteries.ts';
import { RefusedError } from '../errors.ts';
import type { BankReading } from '../model/reading.ts';
import { bytesOf } from '../protocol/bytes.ts';
import { readRegisters, withCrc } from '../protocol/modbus.ts';
import { places, reg } from '../protocol/register-map.ts';
import { asksFor, asksForOneOf, cutToCells, readsMaps } from './register-plan.ts';
import { registerResponder } from './register-responder.ts';

const MAPS = {
  1: { balancing: { at: 0x40, type: 'u16le', cells: 16 } },
  3: {
    fields: [{ key: 'voltage', at: reg(8), type: 'u16be', scale: 0.01 }],
    cells: places(reg(9), 13, { type: 'u16be', scale: 0.001 }),
  },
} as const;
const BLOCK = { start: 8, count: 14 } as const;
const COILS = { code: 1, start: 0x200, count: 16 } as const;
const { accept, addressOf, decode } = readsMaps(MAPS);
const responder = registerResponder({
  maps: MAPS,
  blocks: [BLOCK, COILS],
  addresses: [1, 2],
  usual: 1,
  also: (put, pack) => {
    if (pack.soc === 0) put({ at: reg(8), type: 'u16be' }, 0xff00);
    put({ at: 0, type: 'u8' }, 1);
  },
});
const answer = (request: Uint8Array, battery: BankReading = BATTERY): Uint8Array =>
  responder.reply(request, battery)?.bytes ?? new Uint8Array();

describe('a driver with maps of registers', () => {
  it('asks for a block, believes the answer to it and reads what it holds', () => {
    const request = asksFor(BLOCK)(1);
    const reply = answer(request);
    expect(accept(request)(reply)).toBe(reply.length);
    expect(decode(request, reply)).toEqual({
      voltage: BATTERY.voltage,
      cellCount: 13,
      cellVoltages: BATTERY.cellVoltages,
    });
    expect(addressOf?.(request)).toBe(1);
  });

  it('reads coils by their own map', () => {
    const request = asksFor(COILS)(1);
    const reply = answer(request);
    expect(accept(request)(reply)).toBe(3 + 2 + 2);
    expect(cutToCells({ ...decode(request, reply), cellVoltages: BATTERY.cellVoltages ?? [] })).toMatchObject(
      {
        balancing: true,
        cellBalancing: BATTERY.cellBalancing,
      },
    );
  });

  it('leaves a reading without cells, or without flags of cells, as it is', () => {
    expect(cutToCells({ cellBalancing: [true] })).toEqual({ cellBalancing: [true] });
    expect(cutToCells({ cellVoltages: [3.3] })).toEqual({ cellVoltages: [3.3] });
  });

  it('reads nothing of a function or a coil that has no map', () => {
    const data = Uint8Array.of(1, 2);
    for (const request of [readRegisters(1, 8, 1, 4), readRegisters(1, 0x203, 16, 1), new Uint8Array()])
      expect(decode(request, withCrc(bytesOf(1, request[1] ?? 3, data.length, data)))).toEqual({});
  });

  it('asks in several forms where a device may refuse the larger block', () => {
    const forms = asksForOneOf([BLOCK, { start: 8, count: 1 }])(1);
    expect(forms.map(({ id }) => id)).toEqual(['8 14', '8 1']);
    expect(forms[1]?.request).toEqual(readRegisters(1, 8, 1));
  });

  it('is refused what does not exist', () => {
    const request = readRegisters(1, 8, 15);
    const reply = answer(request);
    expect(accept(request)(reply)).toBe(5);
    expect(() => decode(request, reply)).toThrow(RefusedError);
  });
});

describe('its simulated side', () => {
  it('is silent at an address without a pack, and to a write', () => {
    expect(responder.reply(asksFor(BLOCK)(2), BATTERY)).toBeUndefined();
    expect(responder.accept(Uint8Array.of(1, 6))).toEqual({ refused: 'command' });
    expect(responder.reply(Uint8Array.of(1, 6), BATTERY)).toBeUndefined();
  });

  it('answers for each of several packs, and puts in what the maps do not say', () => {
    const modules = [{ ...BATTERY, address: 2, voltage: 40, soc: 0 }];
    const request = asksFor(BLOCK)(2);
    expect(decode(request, answer(request, { modules })).voltage).toBeGreaterThan(600);
  });
});
