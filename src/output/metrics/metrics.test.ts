import { afterEach, describe, expect, it } from 'vitest';
import { STATE } from '../../../test/support/battery-state.ts';
import type { BridgedBattery, BridgeOutput } from '../output.ts';
import { exposition } from './exposition.ts';
import { MetricsOutput } from './metrics-output.ts';

const HOUSE: BridgedBattery = {
  id: 'A100',
  name: 'House "1"\\',
  isOnBus: true,
  view: STATE,
  wishes: new Set(),
};
const MQTT: BridgeOutput = {
  name: 'mqtt',
  hurry: () => {},
  figures: { errors: 3, dropped: 5, lastSuccess: 1767225600 },
  close: async () => {},
};

describe('the metrics of batteries', () => {
  const page = exposition([HOUSE], [MQTT], { site: 'home' });

  it('are in base units, with id and site', () => {
    for (const line of [
      'dbus_bms_voltage_volts{site="home",id="A100"} 53.02',
      'dbus_bms_soc_ratio{site="home",id="A100"} 0.62',
      'dbus_bms_cell_voltage_volts{site="home",id="A100",cell="16"} 3.315',
      'dbus_bms_temperature_celsius{site="home",id="A100",sensor="2"} 27.3',
      'dbus_bms_energy_charged_joules_total{site="home",id="A100"} 719280000',
      'dbus_bms_up{site="home",id="A100"} 1',
      'dbus_bms_output_errors_total{site="home",output="mqtt"} 3',
      'dbus_bms_battery_info{site="home",id="A100",name="House \\"1\\"\\\\",model="SP16S",firmware="2.5"} 1',
    ]) {
      expect(page.split('\n')).toContain(line);
    }
  });

  it('stand together by name, each with its help and type once, and counters end with _total', () => {
    const seen: string[] = [];
    for (const line of page.split('\n')) {
      const name = /^# TYPE (\S+) (\S+)/.exec(line);
      if (name !== null) {
        expect(seen).not.toContain(name[1]);
        seen.push(name[1] ?? '');
        expect(name[1]?.endsWith('_total')).toBe(name[2] === 'counter');
      } else if (line !== '' && !line.startsWith('#')) expect(line.startsWith(seen.at(-1) ?? '?')).toBe(true);
    }
    expect(page).not.toMatch(/NaN|undefined|null/);
  });

  it('of a battery that is silent are only that it is', () => {
    const silent = exposition([{ ...HOUSE, isOnBus: false }], [], {});
    expect(silent).toContain('dbus_bms_up{id="A100"} 0');
    expect(silent).not.toContain('volts');
  });
});

describe('the server of metrics', () => {
  const opened: MetricsOutput[] = [];
  afterEach(async () => {
    for (const output of opened.splice(0)) await output.close();
  });

  function serve(port = 0) {
    const lines: string[] = [];
    const log = {
      error: () => {},
      warn: (text: string) => void lines.push(text),
      info: () => {},
      debug: () => {},
      debugging: false,
    };
    const output = new MetricsOutput(
      { address: '127.0.0.1', port, tags: {} },
      { snapshot: { batteries: [HOUSE] }, log, wall: () => 1_767_225_600_000, outputs: () => [output] },
    );
    opened.push(output);
    output.start();
    return { lines, output };
  }

  it('answers one path, and takes nothing', async () => {
    const { output } = serve();
    while (output.port === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    const at = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${output.port}${path}`, { method });
    const page = await at('/metrics');
    expect(page.headers.get('content-type')).toContain('version=0.0.4');
    expect(await page.text()).toContain('dbus_bms_up{id="A100"} 1');
    expect((await at('/')).status).toBe(404);
    expect((await at('/metrics', 'POST')).status).toBe(405);
    expect(output.figures.lastSuccess).toBe(1_767_225_600);
  });

  it('says in one line that its port is taken, and ends nothing', async () => {
    const { output } = serve();
    while (output.port === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    const second = serve(output.port);
    while (second.lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(second.lines).toEqual([
      `http://127.0.0.1:${output.port}/metrics: another program listens there already`,
    ]);
  });
});
