import { clockText } from '../../battery/battery.ts';
import type { BatteryView } from '../../battery/battery-view.ts';
import { power, soc, temperature } from '../../battery/derived-values.ts';
import { ALARM_NAMES } from '../../model/alarms.ts';
import type { Plant } from '../../simulator/plant/plant.ts';
import type { SeenBattery } from '../../venus/battery-reader.ts';
import { amps, celsius, NO_TEXT, percent, plain, type TextOf, volts, watts } from '../../venus/path-line.ts';

interface Shown {
  readonly service: string;
  /** Absent until the driver has put it on the bus. */
  readonly battery?: SeenBattery;
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
export function demoScreen({ service, battery, plant, bms, speed, elapsedMs, log }: Shown): string {
  const head = `dbus-bms demo  ${clockText(Math.floor(elapsedMs / 1000))}  simulated ${bms}, living ${speed} times faster`;
  if (battery === undefined) {
    return [head, '', `waiting for ${service} to appear on the bus ...`, '', ...logLines(log)].join('\n');
  }
  const { view } = battery;
  const { control = {}, identity, link, reading = {} } = view;
  const rows = [
    head,
    `read back from D-Bus by a second client: ${service}`,
    '',
    `  ${identity.productName}, instance ${text(plain, identity.deviceInstance)}, ${link.text}`,
    `  ${text(volts(2), reading.voltage)}  ${text(amps(2), reading.current)}  ${text(watts, power(view))}  SoC ${text(percent, soc(view))}  ${text(celsius, temperature(view))}`,
    '',
    `  CVL ${text(volts(2), control.cvl).padEnd(9)} ${text(plain, control.chargeMode)}`,
    `  CCL ${text(amps(1), control.ccl).padEnd(9)} ${text(plain, control.chargeReason)}`,
    `  DCL ${text(amps(1), control.dcl).padEnd(9)} ${text(plain, control.dischargeReason)}`,
    `  charge ${allowed(control.allowToCharge)}, discharge ${allowed(control.allowToDischarge)}; alarms: ${alarms(view)}`,
    '',
    ...cells(view),
    '',
    `  the battery itself: ${plant.current.toFixed(1)} A into the pack; ${battery.signals} ItemsChanged so far`,
    '',
    ...logLines(log),
  ];
  return rows.join('\n');
}

function text(shownAs: TextOf, value: number | string | undefined): string {
  return value === undefined ? NO_TEXT : shownAs(value);
}

function allowed(isAllowed: boolean | undefined): string {
  return isAllowed === true ? 'allowed' : 'not allowed';
}

function alarms({ control, reading }: BatteryView): string {
  const levels = control?.alarms ?? reading?.alarms ?? {};
  const set = ALARM_NAMES.filter((name) => (levels[name] ?? 0) > 0);
  return set.length === 0 ? 'none' : set.map((name) => `${capitalised(name)} ${levels[name]}`).join(', ');
}

function capitalised(name: string): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

function cells({ reading }: BatteryView): string[] {
  return (reading?.cellVoltages ?? []).map((voltage, index) => {
    const share = Math.max(0, Math.min(1, (voltage - BAR_FROM) / (BAR_TO - BAR_FROM)));
    const bar = '#'.repeat(Math.round(share * BAR_WIDTH));
    const balancing = reading?.cellBalancing?.[index] === true ? ' balancing' : '';
    return `  cell ${String(index + 1).padStart(2)} ${voltage.toFixed(3)}V ${bar}${balancing}`;
  });
}

function logLines(log: readonly string[]): string[] {
  return ['log of the driver:', ...log.map((line) => `  ${line.slice(0, 110)}`), ''];
}
