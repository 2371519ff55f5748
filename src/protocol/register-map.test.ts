import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PackReading } from '../model/reading.ts';
import { decodeMap, encodeMap, places, type RegisterMap, reg } from './register-map.ts';
import { bitsFrom, pairsFrom, statusWord } from './status.ts';

const MAP: RegisterMap = {
  fields: [
    { key: 'voltage', at: reg(0x10), type: 'u16be', scale: 0.01 },
    { key: 'model', at: reg(0x11), type: 'text', length: 4 },
    { key: 'chargeEnabled', at: reg(0x13), type: 'flag', of: 'u16be', bit: 0, inverse: true },
  ],
  cells: places(reg(0x20), 4, { type: 'u16be', scale: 0.001, absent: [0] }),
  temperatures: places(reg(0x24), 3, { type: 's16be', scale: 0.1, absent: [0x7fff] }),
  balancing: { at: reg(0x27), type: 'u16be', cells: 4 },
  alarms: [
    statusWord(reg(0x28), pairsFrom(0, 'highVoltage'), pairsFrom(4, 'lowVoltage')),
    statusWord(reg(0x29), bitsFrom(4, 2, 'lowVoltage', undefined, 'shortCircuit')),
    statusWord(reg(0x2a), bitsFrom(0, 1, 'lowSoc')),
  ],
};
const COUNTED: RegisterMap = {
  cells: places(reg(0x20), 4, { type: 'u16be', scale: 0.001 }),
  cellCount: { at: reg(0x1f), type: 'u16be' },
  temperatures: places(reg(0x24), 3, { type: 's16be', scale: 0.1 }),
  sensorCount: { at: reg(0x27), type: 'u16be' },
};
const BEGIN = reg(0x10);
const LENGTH = reg(0x2b) - BEGIN;

const BATTERY: PackReading = {
  voltage: 13.2,
  model: 'ABCD',
  chargeEnabled: true,
  cellCount: 4,
  cellVoltages: [3.3, 3.301, 3.302, 3.303],
  temperatures: [21.5, -3, 0],
  balancing: true,
  cellBalancing: [false, true, false, true],
};

/** What `map` reads in `length` bytes from `begin` on of the memory of a battery. */
function readBack(map: RegisterMap, battery: PackReading, begin = BEGIN, length = LENGTH): PackReading {
  const block = new Uint8Array(length);
  encodeMap(map, block, begin, battery);
  return decodeMap(map, block, begin);
}

describe('a map of registers', () => {
  it('reads back what the simulated side wrote', () => {
    const alarms = { highVoltage: 1, lowVoltage: 2, shortCircuit: 2, lowSoc: 1 } as const;
    expect(readBack(MAP, { ...BATTERY, alarms })).toEqual({ ...BATTERY, alarms });
    expect(readBack(COUNTED, BATTERY)).toEqual({
      cellCount: 4,
      cellVoltages: BATTERY.cellVoltages,
      temperatures: BATTERY.temperatures,
    });
  });

  it('tells every alarm of a word that is there, with 0 where it is fine, and none of others', () => {
    expect(readBack(MAP, BATTERY).alarms).toEqual({
      highVoltage: 0,
      lowVoltage: 0,
      shortCircuit: 0,
      lowSoc: 0,
    });
    expect(readBack(MAP, BATTERY, reg(0x28), 2).alarms).toEqual({ highVoltage: 0, lowVoltage: 0 });
  });

  it('shows an alarm at the level that there is where it has no bit for its own', () => {
    const alarms = { lowSoc: 2, shortCircuit: 1 } as const;
    expect(readBack(MAP, { ...BATTERY, alarms }).alarms).toMatchObject({ lowSoc: 1, shortCircuit: 2 });
  });

  it.each([
    ['the voltage', 0x10, 1, { voltage: 13.2 }],
    ['nothing of a text that is cut', 0x10, 2, { voltage: 13.2 }],
    ['the first cells', 0x20, 2, { cellCount: 2, cellVoltages: [3.3, 3.301] }],
    ['no cell where the first is missing', 0x21, 3, {}],
    ['some sensors', 0x25, 2, { temperatures: [-3, 0] }],
    ['nothing where nothing is', 0x40, 9, {}],
  ])('tells of a block with %s no more', (_, start, count, expected) => {
    expect(readBack(MAP, BATTERY, reg(start), 2 * count)).toEqual(expected);
  });

  it('ends the cells at the first place that holds none, and leaves out sensors that are not fitted', () => {
    const few = { ...BATTERY, cellVoltages: [3.3, 3.301], temperatures: [20] };
    expect(readBack(MAP, few)).toMatchObject({
      cellCount: 2,
      cellVoltages: [3.3, 3.301],
      temperatures: [20],
    });
    const block = new Uint8Array(LENGTH);
    encodeMap(MAP, block, BEGIN, BATTERY);
    block.fill(0, reg(0x21) - BEGIN, reg(0x22) - BEGIN);
    expect(decodeMap(MAP, block, BEGIN)).toMatchObject({ cellCount: 1, cellVoltages: [3.3] });
  });

  it('counts as many cells and sensors as are told, and tells a count that no places can hold', () => {
    const few = { ...BATTERY, cellVoltages: [3.3, 0], temperatures: [20] };
    expect(readBack(COUNTED, few)).toEqual({ cellCount: 2, cellVoltages: [3.3, 0], temperatures: [20] });
    const many = { ...BATTERY, cellVoltages: new Array<number>(9).fill(3.3) };
    expect(readBack(COUNTED, many)).toMatchObject({ cellCount: 9, cellVoltages: [3.3, 3.3, 3.3, 3.3] });
    expect(readBack(COUNTED, few, reg(0x1f), 2)).toEqual({ cellCount: 2 });
  });

  it('says what tables cannot, its alarms beside theirs', () => {
    const map: RegisterMap = {
      ...MAP,
      also: (number) => {
        const volts = number({ at: reg(0x10), type: 'u16be' });
        return volts === undefined ? {} : { power: volts, alarms: { highVoltage: 2, contactor: 1 } };
      },
    };
    expect(readBack(map, BATTERY)).toMatchObject({
      voltage: 13.2,
      power: 1320,
      alarms: { highVoltage: 2, contactor: 1, lowSoc: 0 },
    });
    expect(readBack(map, BATTERY, reg(0x20), 2)).not.toHaveProperty('power');
  });

  it('never shows a sensor that is fitted as one that is not', () => {
    const map = {
      temperatures: places(0, 2, { type: 'u16be', offset: -2731, scale: 0.1, absent: [2731] }),
    } as const;
    expect(readBack(map, { temperatures: [0, 20] }, 0, 4)).toEqual({ temperatures: [0.1, 20] });
    expect(readBack(map, { temperatures: [20] }, 0, 4)).toEqual({ temperatures: [20] });
  });

  it('reads any bytes from any place without an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 0, max: 0x60 }), (block, begin) => {
        for (const map of [MAP, COUNTED]) {
          const { cellCount = 0, cellVoltages = [], temperatures = [] } = decodeMap(map, block, begin);
          expect(cellVoltages.length).toBeLessThanOrEqual(Math.min(4, cellCount));
          expect(temperatures.length).toBeLessThanOrEqual(3);
        }
      }),
    );
  });
});
