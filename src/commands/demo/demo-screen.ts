import { clockText } from '../../battery/battery.ts';
import type { BusReader } from '../../dbus/item-reader.ts';
import type { Plant } from '../../simulator/plant/plant.ts';

interface Shown {
  readonly reader: BusReader;
  readonly plant: Plant;
  readonly bms: string;
  readonly speed: number;
  readonly elapsedMs: number;
  readonly log: readonly string[];
}

const BAR_WIDTH = 30;
/** Cell voltages between which the bars grow. */
const BAR_FROM = 3.2;
const BAR_TO = 3.6;

/** What the demo shows: everything but the last line comes back from D-Bus through a second client. */
export function demoScreen({ reader, plant, bms, speed, elapsedMs, log }: Shown): string {
  const text = (path: string): string => reader.text(path) ?? '---';
  const head = `dbus-bms demo  ${clockText(Math.floor(elapsedMs / 1000))}  simulated ${bms}, living ${speed} times faster`;
  if (reader.items.size === 0) {
    return [head, '', `waiting for ${reader.service} to appear on the bus ...`, '', ...logLines(log)].join(
      '\n',
    );
  }
  const rows = [
    head,
    `read back from D-Bus by a second client: ${reader.service}`,
    '',
    `  ${text('/ProductName')}, instance ${text('/DeviceInstance')}, ${text('/ConnectionInformation')}`,
    `  ${text('/Dc/0/Voltage')}  ${text('/Dc/0/Current')}  ${text('/Dc/0/Power')}  SoC ${text('/Soc')}  ${text('/Dc/0/Temperature')}`,
    '',
    `  CVL ${text('/Info/MaxChargeVoltage').padEnd(9)} ${text('/Info/ChargeMode')}`,
    `  CCL ${text('/Info/MaxChargeCurrent').padEnd(9)} ${text('/Info/ChargeLimitation')}`,
    `  DCL ${text('/Info/MaxDischargeCurrent').padEnd(9)} ${text('/Info/DischargeLimitation')}`,
    `  charge ${allowed(text('/Io/AllowToCharge'))}, discharge ${allowed(text('/Io/AllowToDischarge'))}; alarms: ${alarms(reader)}`,
    '',
    ...cells(reader),
    '',
    `  the battery itself: ${plant.current.toFixed(1)} A into the pack; ${reader.signals} ItemsChanged so far`,
    '',
    ...logLines(log),
  ];
  return rows.join('\n');
}

function allowed(text: string): string {
  return text === '1' ? 'allowed' : 'not allowed';
}

function alarms(reader: BusReader): string {
  const set = [...reader.items].filter(
    ([path, { value }]) => path.startsWith('/Alarms/') && Number(value ?? 0) > 0,
  );
  return set.length === 0
    ? 'none'
    : set.map(([path, { text }]) => `${path.slice('/Alarms/'.length)} ${text}`).join(', ');
}

function cells(reader: BusReader): string[] {
  const lines: string[] = [];
  for (let cell = 1; ; cell += 1) {
    const volts = reader.number(`/Voltages/Cell${cell}`);
    if (volts === undefined) break;
    const share = Math.max(0, Math.min(1, (volts - BAR_FROM) / (BAR_TO - BAR_FROM)));
    const bar = '#'.repeat(Math.round(share * BAR_WIDTH));
    const balancing = reader.number(`/Balances/Cell${cell}`) === 1 ? ' balancing' : '';
    lines.push(`  cell ${String(cell).padStart(2)} ${volts.toFixed(3)}V ${bar}${balancing}`);
  }
  return lines;
}

function logLines(log: readonly string[]): string[] {
  return ['log of the driver:', ...log.map((line) => `  ${line.slice(0, 110)}`), ''];
}
