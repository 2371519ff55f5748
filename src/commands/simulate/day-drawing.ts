import type { ChargeState } from '../../control/law.ts';
import { drawPage } from '../../plot/page.ts';
import type { Axis, Mark, Panel, Span } from '../../plot/panel.ts';
import { HUE_NAMES, type Hue } from '../../plot/theme.ts';
import type { NamedSpan } from './causes.ts';
import type { Day, Extent, Stretch, Trace } from './day.ts';

const STATES: Readonly<Record<ChargeState, readonly [name: string, hue: Hue]>> = {
  bulk: ['bulk', 'blue'],
  absorb: ['absorption', 'orange'],
  floatDown: ['float transition', 'teal'],
  float: ['float', 'green'],
  topBalance: ['top balance', 'violet'],
  hold: ['hold', 'red'],
};
const HEIGHT = 140;
const LOW_HEIGHT = 80;
const STRIP_HEIGHT = 24;
/** Noise of a few mV does not fill the panel. */
const LEAST_SPREAD_MV = 20;

/** A simulated day as an SVG file. */
export function drawDay(day: Day): string {
  const { scenario, settings, hours, stretches, states } = day;
  const x = timeAxis(scenario.hour, hours);
  const hour = (t: number): number => scenario.hour + t / 3600;
  const line = (name: string, hue: Hue, trace: Trace, of: (extent: Extent) => number): Mark => ({
    kind: 'line',
    name,
    hue,
    points: stretches.map(({ t, values }) => [hour(t), of(values[trace])]),
  });
  const band = (name: string, hue: Hue, of: (stretch: Stretch) => Extent): Mark => ({
    kind: 'band',
    name,
    hue,
    points: stretches.map((stretch) => {
      const { low, high } = of(stretch);
      return [hour(stretch.t), low, high];
    }),
  });
  const least = (trace: Trace): number => Math.min(...stretches.map(({ values }) => values[trace].low));
  const most = (trace: Trace): number => Math.max(...stretches.map(({ values }) => values[trace].high));
  const cellName = day.runner === undefined ? 'highest cell' : `highest cell (mostly cell ${day.runner})`;
  const panel = (title: string, height: number, y: Axis, ...marks: readonly Mark[]): Panel => ({
    title,
    x,
    height,
    hasFoot: false,
    content: { y, marks },
  });
  const strip = (title: string, spans: readonly Span[]): Panel => ({
    title,
    x,
    height: STRIP_HEIGHT,
    hasFoot: false,
    content: { spans },
  });
  const all: readonly Panel[] = [
    panel(
      'Cell voltages',
      HEIGHT,
      { label: 'cell, V', from: least('lowestCell'), to: most('highestCell'), least: 0.05 },
      band('lowest to highest cell', 'teal', ({ values }) => ({
        low: values.lowestCell.low,
        high: values.highestCell.high,
      })),
      line(cellName, 'teal', 'highestCell', ({ high }) => high),
    ),
    panel(
      'Spread of the cells',
      LOW_HEIGHT,
      { label: 'mV', from: 0, to: Math.max(LEAST_SPREAD_MV, most('spread')) },
      line('highest less lowest cell', 'grey', 'spread', ({ high }) => high),
    ),
    panel(
      'Pack voltage',
      HEIGHT,
      {
        label: 'pack, V',
        from: Math.min(least('voltage'), least('cvl')),
        to: Math.max(most('voltage'), most('cvl')),
        least: 1,
      },
      line('pack voltage', 'teal', 'voltage', middle),
      line('CVL, charge voltage limit', 'violet', 'cvl', ({ low }) => low),
    ),
    panel(
      'Current (positive charges)',
      HEIGHT,
      {
        label: 'current, A',
        from: Math.min(least('current'), -most('dcl')),
        to: Math.max(most('current'), most('ccl')),
        least: 10,
      },
      band('its range', 'grey', ({ values }) => values.current),
      line('current', 'grey', 'current', middle),
      line('CCL, charge limit', 'blue', 'ccl', ({ low }) => low),
      line('DCL, discharge limit (negative)', 'orange', 'dcl', ({ low }) => -low),
    ),
    strip('What limits the charge', named(day.causes.charge, hour)),
    strip('What limits the discharge', named(day.causes.discharge, hour)),
    strip(
      'Charge state',
      states.map(({ state, from, to }) => {
        const [name, hue] = STATES[state];
        return { name, hue, from: hour(from), to: hour(to) };
      }),
    ),
    ...(day.causes.alarms.length === 0 ? [] : [strip('Alarms', named(day.causes.alarms, hour, ['red']))]),
    panel(
      'State of charge',
      LOW_HEIGHT,
      { label: '%', from: 0, to: 100, ticks: [0, 25, 50, 75, 100] },
      line('as the BMS tells it', 'green', 'soc', middle),
    ),
    panel(
      'Temperature of the pack',
      LOW_HEIGHT,
      { label: '°C', from: least('coldest'), to: most('warmest'), least: 10 },
      band('coldest to warmest sensor', 'orange', ({ values }) => ({
        low: values.coldest.low,
        high: values.warmest.high,
      })),
      line('coldest sensor', 'orange', 'coldest', ({ low }) => low),
    ),
  ];
  // One time axis, below the last panel.
  const panels = all.map(({ hasFoot: _none, ...rest }, index) =>
    index === all.length - 1 ? rest : { ...rest, hasFoot: false as const },
  );
  const [pack] = scenario.packs;
  const size = `${scenario.packs.length > 1 ? `${scenario.packs.length} packs of ` : ''}${pack?.cells} cells, ${pack?.capacity} Ah`;
  return drawPage({
    heading: `A simulated day (scenario ${scenario.name})`,
    notes: [
      `Profile ${settings.profile}, ${scenario.chemistry}, ${size}; chargers follow DVCC, one poll a second.`,
    ],
    columns: 1,
    panels,
  });
}

/** Causes with a colour each, in the order in which they appear; from the last colour on they share it. */
function named(
  spans: readonly NamedSpan[],
  hour: (t: number) => number,
  hues: readonly Hue[] = HUE_NAMES,
): readonly Span[] {
  const names = [...new Set(spans.map(({ name }) => name))];
  return spans.map(({ from, name, to }) => ({
    name,
    hue: hues[Math.min(names.indexOf(name), hues.length - 1)] ?? 'grey',
    from: hour(from),
    to: hour(to),
  }));
}

function middle({ low, high }: Extent): number {
  return (low + high) / 2;
}

/** Hours of the day, beyond midnight and noon as often as it takes. */
function timeAxis(start: number, hours: number): Axis {
  const step = [1 / 12, 0.25, 0.5, 1, 2, 3, 6, 12, 24].find((each) => hours / each <= 14) ?? 48;
  const first = Math.ceil(start / step - 1e-9);
  const last = Math.floor((start + hours) / step + 1e-9);
  return {
    label: 'time of day, h',
    from: start,
    to: start + hours,
    ticks: Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step),
    format: clockTime,
  };
}

/** "7:00", and for 31 "7:00" again. */
function clockTime(hours: number): string {
  const minutes = Math.round(hours * 60);
  return `${Math.floor(minutes / 60) % 24}:${String(minutes % 60).padStart(2, '0')}`;
}
