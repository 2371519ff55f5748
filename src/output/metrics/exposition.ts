import { VERSION } from '../../version.ts';
import { type BridgedBattery, type BridgeOutput, isOnline } from '../output.ts';
import { cellName, cellVoltages, told, VALUES } from '../values.ts';

/** A metric in base units; the name says which. */
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type?: 'counter';
  /** From our unit to the base unit. */
  readonly factor?: number;
}

/** By key of the value. What is not here is not told to Prometheus: texts, places. */
const METRICS: Readonly<Record<string, Metric>> = {
  voltage: { name: 'voltage_volts', help: 'Voltage of the battery.' },
  current: { name: 'current_amperes', help: 'Current, positive while it is charged.' },
  power: { name: 'power_watts', help: 'Power, positive while it is charged.' },
  soc: { name: 'soc_ratio', help: 'State of charge, 0 to 1.', factor: 0.01 },
  soh: { name: 'soh_ratio', help: 'State of health, 0 to 1.', factor: 0.01 },
  remaining: { name: 'remaining_coulombs', help: 'Charge that remains.', factor: 3600 },
  full: { name: 'full_coulombs', help: 'Charge of the full battery.', factor: 3600 },
  cycles: { name: 'cycles_total', help: 'Cycles as the battery counts them.', type: 'counter' },
  cell_lowest: { name: 'cell_lowest_volts', help: 'Voltage of the lowest cell.' },
  cell_highest: { name: 'cell_highest_volts', help: 'Voltage of the highest cell.' },
  cell_spread: { name: 'cell_spread_volts', help: 'Difference between them.' },
  temp_fet: { name: 'switch_temperature_celsius', help: 'Temperature of the power switches.' },
  time_left: { name: 'time_left_seconds', help: 'Time until the battery is empty.' },
  charge_limit: { name: 'charge_limit_amperes', help: 'Charge current limit told to the chargers.' },
  discharge_limit: { name: 'discharge_limit_amperes', help: 'Discharge current limit told to the inverter.' },
  voltage_limit: { name: 'voltage_limit_volts', help: 'Charge voltage limit told to the chargers.' },
  problem: { name: 'problem', help: '1 while an alarm or a warning is raised.' },
  charging: { name: 'charging', help: '1 while the battery is charged.' },
  balancing: { name: 'balancing', help: '1 while cells are balanced.' },
  charge_on: { name: 'charge_on', help: '1 while charging is allowed.' },
  discharge_on: { name: 'discharge_on', help: '1 while discharging is allowed.' },
  energy_in: { name: 'energy_charged_joules_total', help: 'Energy charged.', type: 'counter', factor: 3.6e6 },
  energy_out: {
    name: 'energy_discharged_joules_total',
    help: 'Energy discharged.',
    type: 'counter',
    factor: 3.6e6,
  },
  charge_out: { name: 'charge_drawn_coulombs_total', help: 'Charge drawn.', type: 'counter', factor: 3600 },
};
const PREFIX = 'dbus_bms_';
/** All sensors are one metric. */
const SENSOR = /^temp_(\d+)$/;

/** One metric with its samples, as the text format wants them: together. */
class Exposition {
  readonly #families = new Map<string, { readonly head: string; readonly samples: string[] }>();

  add({ help, name, type }: Metric, labels: Readonly<Record<string, string>>, value: number): void {
    const whole = `${PREFIX}${name}`;
    const head = `# HELP ${whole} ${help}\n# TYPE ${whole} ${type ?? 'gauge'}`;
    const family = this.#families.get(whole) ?? { head, samples: [] };
    this.#families.set(whole, family);
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    family.samples.push(
      `${whole}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${Number(value.toPrecision(12))}`,
    );
  }

  get text(): string {
    return [...this.#families.values()]
      .map(({ head, samples }) => `${head}\n${samples.join('\n')}\n`)
      .join('');
  }
}

/** What `GET /metrics` answers. A battery that is silent has `_up 0` and nothing else: never its last value. */
export function exposition(
  batteries: readonly BridgedBattery[],
  outputs: readonly BridgeOutput[],
  tags: Readonly<Record<string, string>>,
): string {
  const page = new Exposition();
  page.add({ name: 'bridge_info', help: 'The bridge itself.' }, { ...tags, version: VERSION }, 1);
  for (const battery of batteries) {
    const labels = { ...tags, id: battery.id };
    page.add({ name: 'up', help: '1 while the battery answers.' }, labels, isOnline(battery) ? 1 : 0);
  }
  for (const battery of batteries.filter(isOnline)) addBattery(page, battery, { ...tags, id: battery.id });
  for (const { figures, name } of outputs) {
    const labels = { ...tags, output: name };
    const { dropped, errors, lastSuccess } = figures;
    page.add(
      { name: 'output_errors_total', help: 'What did not get through.', type: 'counter' },
      labels,
      errors,
    );
    page.add({ name: 'output_dropped_total', help: 'What was left out.', type: 'counter' }, labels, dropped);
    if (lastSuccess !== undefined) {
      page.add(
        { name: 'output_last_success_seconds', help: 'When it last got through.' },
        labels,
        lastSuccess,
      );
    }
  }
  return page.text;
}

function addBattery(
  page: Exposition,
  battery: BridgedBattery,
  labels: Readonly<Record<string, string>>,
): void {
  const { bank, name, view } = battery;
  const { firmwareVersion = '', model = '' } = view.facts;
  page.add(
    { name: 'battery_info', help: 'What the battery is.' },
    { ...labels, name, model: model || view.identity.productName, firmware: firmwareVersion },
    1,
  );
  for (const row of VALUES) {
    if (row.group === 'meters' && bank !== undefined) continue;
    const value = told(row, view);
    if (value === undefined || typeof value === 'string') continue;
    const sensor = SENSOR.exec(row.key)?.[1];
    const metric = METRICS[row.key];
    if (sensor !== undefined) {
      const temperature = { name: 'temperature_celsius', help: 'Temperature of a sensor.' };
      page.add(temperature, { ...labels, sensor }, Number(value));
    } else if (metric !== undefined) page.add(metric, labels, Number(value) * (metric.factor ?? 1));
  }
  cellVoltages(view).forEach((volts, index) => {
    if (volts === undefined) return;
    page.add(
      { name: 'cell_voltage_volts', help: 'Voltage of a cell.' },
      { ...labels, cell: cellName(index) },
      volts,
    );
  });
}

function escaped(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll(/\p{Cc}+/gu, ' ');
}
