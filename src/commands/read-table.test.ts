import { describe, expect, it } from 'vitest';
import { readTable } from './read-table.ts';

const READING = {
  bms: 'jbd',
  address: 0,
  cellVoltages: [3.31, 3.305, 3.322, 3.31, 3.309],
  cellBalancing: [false, false, true, false, false],
  alarms: { cellOvervoltage: 0, highTemperature: 2, lowSoc: 1 },
  serialNumber: 'X1',
  soc: 60,
  current: -12.3,
  voltage: 16.56,
  chargeEnabled: true,
} as const;

describe('a reading for people', () => {
  it('begins with voltage, current, state of charge and the alarms that are set', () => {
    const lines = readTable(READING).split('\n');
    expect(lines.slice(0, 6).map((line) => line.replace(/\s+/, ' '))).toEqual([
      'bms jbd',
      'address 0',
      'voltage 16.56 V',
      'current -12.3 A (discharging)',
      'soc 60 %',
      'alarms highTemperature (alarm), lowSoc (warning)',
    ]);
  });

  it('numbers the cells, marks those that are balanced, and tells lowest, highest and spread', () => {
    const text = readTable(READING);
    expect(text).toMatch(
      /lowest cell +3\.305 V \(cell 2\)\nhighest cell +3\.322 V \(cell 3\)\nspread +17 mV\n/,
    );
    expect(text).toMatch(/cells \(V\) +1 3\.310 +2 3\.305 +3 3\.322\* +4 3\.310\n +5 3\.309\n/);
  });

  it('says that no alarm is set, and shows nothing that was not told', () => {
    const text = readTable({ bms: 'jk', address: 1, alarms: { lowSoc: 0 } });
    expect(text).toMatch(/^bms +jk\naddress +1\nalarms +none\n$/);
  });

  it('shows what it has no row for, and every pack of a line by its address', () => {
    const text = readTable({
      ...READING,
      modules: [{ address: 2, voltage: 51.2, cellVoltages: [3.2, 3.3] }],
    });
    expect(text).toMatch(/serialNumber +X1\n/);
    expect(text).toMatch(/pack 2\n {2}voltage +51\.2 V\n {2}lowest cell/);
  });
});
