import { describe, expect, it } from 'vitest';
import type { BatteryView } from '../../battery/battery-view.ts';
import { demoScreen, type Shown } from './demo-screen.ts';
import { render } from './terminal.ts';

const VIEW: BatteryView = {
  identity: {
    keys: [],
    traits: { place: 'demo' },
    productName: 'SerialBattery(JBD)',
    connection: 'demo',
    processVersion: '0.0.0',
  },
  facts: {},
  link: { online: true, text: 'answering', errorCode: 0 },
  reading: {
    voltage: 54.6,
    current: 8.4,
    cellVoltages: Array.from({ length: 16 }, (_, index) => 3.4 + index / 1000),
    cellBalancing: Array.from({ length: 16 }, (_, index) => index === 6),
    temperatures: [22],
  },
  control: {
    cvl: 55.2,
    ccl: 6,
    dcl: 50,
    soc: 99,
    chargeMode: 'Absorption: 9 A now, done below 1.4 A',
    chargeReason: 'Charge limited to 6 A: highest cell 3.45 V, nearing 3.55 V',
    dischargeReason: 'Discharge limited to 50 A: the set maximum',
    alarms: { highCellVoltage: 1, bmsCable: 2 },
  },
};

function shown(view: BatteryView | undefined): Shown {
  return {
    service: 'com.victronenergy.battery.demo',
    ...(view !== undefined && {
      battery: { service: 'com.victronenergy.battery.demo', view, signals: 7, wishes: new Set<string>() },
    }),
    bms: 'jbd',
    speed: 120,
    elapsedMs: 600_000,
    hour: 23.9,
    current: 8.4,
    log: Array.from({ length: 100 }, (_, index) => `info control: line ${index} ${'of the log '.repeat(20)}`),
  };
}

const screen = (view: BatteryView | undefined, columns: number, rows: number): string[] =>
  demoScreen(shown(view), { columns, rows }).map((line) => render(line, columns, false));

describe('the screen of the demo', () => {
  it.each([
    [120, 40],
    [80, 24],
    [40, 24],
    [20, 8],
    [1, 1],
  ])('keeps to a terminal of %i by %i', (columns, rows) => {
    for (const view of [VIEW, { ...VIEW, reading: {}, control: {} }, undefined]) {
      const lines = screen(view, columns, rows);
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  it('shows every cell, every limit with its reason, and alarms that are set, at 80 by 24 and at 40 by 24', () => {
    for (const [columns, rows] of [
      [80, 24],
      [40, 24],
    ] as const) {
      const text = screen(VIEW, columns, rows).join('\n');
      expect(text).toMatch(/ 1 3\.400 V/);
      expect(text).toMatch(/16 3\.415 V/);
      expect(text).toMatch(/CVL 55\.20V\s+Absorption/);
      expect(text.replaceAll(/\s+/g, ' ')).toContain('highest cell 3.45 V, nearing 3.55 V');
      expect(text).toContain('HighCellVoltage 1, BmsCable 2');
    }
  });

  it('marks the cells that are balanced, and only those', () => {
    const marked = screen(VIEW, 120, 40).filter((line) => /[█·]b/.test(line));
    expect(marked).toHaveLength(1);
    expect(marked[0]).toContain(' 7 3.406 V');
  });

  it('shows no value where there is none', () => {
    const text = screen({ ...VIEW, reading: {}, control: {} }, 80, 24).join('\n');
    expect(text).toContain('SoC ---');
    expect(text).toContain('no cell voltages now');
    expect(text).not.toMatch(/\b0\.0/);
  });

  it('gives the rows that are left to the latest lines of the log', () => {
    const lines = screen(VIEW, 80, 24);
    expect(lines).toHaveLength(24);
    expect(lines.at(-1)).toMatch(/^info control: line 99 /);
  });

  it('shows the hour of the day beyond midnight', () => {
    expect(screen(VIEW, 80, 24)[0]).toContain('00:04:00');
  });
});
