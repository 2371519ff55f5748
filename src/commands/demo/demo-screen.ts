import { clockText } from '../../battery/battery.ts';
import type { BatteryView } from '../../battery/battery-view.ts';
import { power, soc, temperature } from '../../battery/derived-values.ts';
import { ALARM_NAMES } from '../../model/alarms.ts';
import type { SeenBattery } from '../../venus/battery-reader.ts';
import { amps, celsius, NO_TEXT, percent, plain, type TextOf, volts, watts } from '../../venus/path-line.ts';
import { type Line, type Span, type Style, wrap } from './terminal.ts';

export interface Shown {
  readonly service: string;
  /** Absent until the driver has put it on the bus. */
  readonly battery?: SeenBattery;
  readonly bms: string;
  readonly speed: number;
  /** Time of the house since the start, ms. */
  readonly elapsedMs: number;
  /** Hour of the day at the start. */
  readonly hour: number;
  /** A that really flow into the pack. */
  readonly current: number;
  readonly log: readonly string[];
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Cell voltages between which the bars grow, V. */
const BAR_FROM = 3.3;
const BAR_TO = 3.6;
/** A row for a cell: number, voltage, bar, mark. */
const CELL_WIDTH = 38;
const NARROW_CELL_WIDTH = 19;
/** Below this a reason has rows of its own. */
const NARROW = 60;

/**
 * What the demo shows, at most `rows` lines: everything but the current itself comes back from D-Bus through a second
 * client. What has no room is left out from below, the log first.
 */
export function demoScreen(shown: Shown, size: Size): Line[] {
  const { battery, elapsedMs, hour, bms, service, speed } = shown;
  const clock = clockText(Math.floor(hour * 3600 + elapsedMs / 1000) % 86_400);
  const head = [
    line({ text: 'dbus-bms demo', style: 'head' }, { text: `  ${clock}  ${bms}, ${speed}x as fast` }),
  ];
  const top =
    battery === undefined
      ? [...head, [], line({ text: `waiting for ${service} on the bus` })]
      : [...head, ...values(battery, shown, size)];
  const room = size.rows - top.length;
  return [...top, ...(room >= 3 ? logLines(shown.log, room) : [])].slice(0, size.rows);
}

function values(
  { view, signals, service }: SeenBattery,
  { current }: Shown,
  { columns, rows }: Size,
): Line[] {
  const { control = {}, identity, link, reading = {} } = view;
  const isRoomy = rows >= 30;
  const gap: Line[] = isRoomy ? [[]] : [];
  return [
    line({ text: `${identity.productName}: ` }, { text: link.text, style: link.online ? 'good' : 'bad' }),
    ...(isRoomy
      ? [
          line({
            text: `${service}, ${signals} updates; ${current.toFixed(1)} A into the pack`,
            style: 'dim',
          }),
        ]
      : []),
    ...gap,
    line(
      { text: `SoC ${text(percent, soc(view))}  `, style: 'head' },
      { text: `${text(volts(2), reading.voltage)}  ` },
      { text: `${text(amps(1), reading.current)}  `, style: 'head' },
      { text: `${text(watts, power(view))}  ${text(celsius, temperature(view))}` },
    ),
    ...gap,
    ...limit('CVL', text(volts(2), control.cvl), text(plain, control.chargeMode), columns),
    ...limit('CCL', text(amps(1), control.ccl), text(plain, control.chargeReason), columns),
    ...limit('DCL', text(amps(1), control.dcl), text(plain, control.dischargeReason), columns),
    line({ text: 'alarms: ' }, alarms(view)),
    ...gap,
    ...cells(view, columns),
    ...gap,
  ];
}

function line(...spans: readonly Span[]): Line {
  return spans;
}

function text(shownAs: TextOf, value: number | string | undefined): string {
  return value === undefined ? NO_TEXT : shownAs(value);
}

/** "CCL 48.0A  why", or the reason below it where there is no room beside. */
function limit(name: string, value: string, reason: string, columns: number): Line[] {
  const head: Span = { text: `${name} ${value.padEnd(8)}`, style: 'head' };
  if (columns >= NARROW) return [line(head, { text: reason })];
  return [line(head), ...wrap(reason, columns - 1, 2).map((part) => line({ text: ` ${part}` }))];
}

function alarms({ control, reading }: BatteryView): Span {
  const levels = control?.alarms ?? reading?.alarms ?? {};
  const set = ALARM_NAMES.filter((name) => (levels[name] ?? 0) > 0);
  if (set.length === 0) return { text: 'none', style: 'good' };
  const style: Style = set.some((name) => levels[name] === 2) ? 'bad' : 'warn';
  return { text: set.map((name) => `${capitalised(name)} ${levels[name]}`).join(', '), style };
}

function capitalised(name: string): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}

/** Cells in as many columns as there is room for, numbered downwards, over one scale. */
function cells({ reading }: BatteryView, columns: number): Line[] {
  const voltages = reading?.cellVoltages ?? [];
  if (voltages.length === 0) return [line({ text: 'no cell voltages now', style: 'warn' })];
  const width = columns >= 2 * CELL_WIDTH ? CELL_WIDTH : NARROW_CELL_WIDTH;
  const across = Math.max(1, Math.min(Math.floor(columns / width), Math.ceil(voltages.length / 4)));
  const down = Math.ceil(voltages.length / across);
  const [least, most] = [Math.min(...voltages), Math.max(...voltages)];
  const cell = (index: number): Span[] => {
    const voltage = voltages[index];
    if (voltage === undefined) return [];
    const balancing = reading?.cellBalancing?.[index] === true;
    const bar = barOf(voltage, width - 14);
    return [
      { text: `${String(index + 1).padStart(2)} ${voltage.toFixed(3)} V ` },
      { text: bar, style: voltage === most ? 'warn' : balancing ? 'dim' : 'good' },
      { text: balancing ? 'b ' : '  ' },
    ];
  };
  const spread = `cells: bars ${BAR_FROM.toFixed(1)} to ${BAR_TO.toFixed(1)} V, spread ${Math.round((most - least) * 1000)} mV, b balancing`;
  return [
    line({ text: spread, style: 'dim' }),
    ...Array.from({ length: down }, (_, row) =>
      Array.from({ length: across }, (__, column) => cell(column * down + row)).flat(),
    ),
  ];
}

function barOf(voltage: number, width: number): string {
  const share = Math.max(0, Math.min(1, (voltage - BAR_FROM) / (BAR_TO - BAR_FROM)));
  const length = Math.round(share * width);
  return '█'.repeat(length) + '·'.repeat(width - length);
}

function logLines(log: readonly string[], room: number): Line[] {
  const styleOf = (text: string): Style =>
    text.startsWith('error') ? 'bad' : text.startsWith('warn') ? 'warn' : 'plain';
  return [
    line({ text: 'log of the driver:', style: 'dim' }),
    ...log.slice(-(room - 1)).map((text) => line({ text, style: styleOf(text) })),
  ];
}
