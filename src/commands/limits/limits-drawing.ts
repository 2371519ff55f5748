import type { ControlSettings } from '../../control/law.ts';
import { drawPage } from '../../plot/page.ts';
import type { Mark, Panel } from '../../plot/panel.ts';
import type { LimitTables, Row } from './limits-sweep.ts';
import { batteryLine, socNeedsCells } from './limits-table.ts';

type Limit = 'cvl' | 'ccl' | 'dcl';

const HEIGHT = 190;
const SOC_NOTE =
  'The state of charge alone limits only where the BMS tells no cell voltages. Where it does, a state of charge near its ends ' +
  'counts as far as the cells confirm it; cells in the middle of their range do not.';

/** Of a limit, and of the same limit while the cells say something else. */
const HUES = { ccl: ['blue', 'teal'], dcl: ['orange', 'red'] } as const;
/** So many equal values in a row are a level; fewer are the whole amperes of a slope. */
const LEVEL = 6;

/** The settled limits as an SVG file. */
export function drawLimits(settings: ControlSettings, tables: LimitTables): string {
  const { soc, socUnconfirmed, highestCell, lowestCell, temperature } = tables;
  const amps = (rows: readonly Row[], limit: 'ccl' | 'dcl', name?: string, dashed?: 'dashed'): Mark => ({
    kind: 'line',
    name: name ?? (limit === 'ccl' ? 'CCL, charge' : 'DCL, discharge'),
    hue: HUES[limit][dashed === undefined ? 0 : 1],
    points: withoutSteps(rows.map((row) => [row.at, row[limit]])),
    ...(dashed !== undefined && { dashed: true }),
  });
  const most = largest([soc, socUnconfirmed, highestCell, lowestCell, temperature], ['ccl', 'dcl']);
  const current = { label: 'current limit, A', from: 0, to: Math.max(1, most) };
  const socMarks = socNeedsCells(tables)
    ? [
        amps(soc, 'ccl', 'CCL, no cell voltages'),
        amps(soc, 'dcl', 'DCL, no cell voltages'),
        amps(socUnconfirmed, 'ccl', 'CCL, cells in the middle', 'dashed'),
        amps(socUnconfirmed, 'dcl', 'DCL, cells in the middle', 'dashed'),
      ]
    : [amps(soc, 'ccl'), amps(soc, 'dcl')];
  const panels: readonly Panel[] = [
    {
      title: 'Over the state of charge',
      x: axisOf(soc, 'state of charge, %'),
      height: HEIGHT,
      content: { y: current, marks: socMarks },
    },
    {
      title: 'Over the temperature of the cells',
      x: axisOf(temperature, 'cell temperature, °C'),
      height: HEIGHT,
      content: { y: current, marks: [amps(temperature, 'ccl'), amps(temperature, 'dcl')] },
    },
    {
      title: 'Over the voltage of the cells',
      x: { label: 'cell voltage, V', from: lowestCell[0]?.at ?? 0, to: highestCell.at(-1)?.at ?? 1 },
      height: HEIGHT,
      content: {
        y: current,
        marks: [
          amps(highestCell, 'ccl', 'CCL over the highest'),
          amps(lowestCell, 'dcl', 'DCL over the lowest'),
        ],
      },
    },
    {
      title: 'Charge voltage, while 0.1 C flows in',
      x: axisOf(highestCell, 'highest cell, V'),
      height: HEIGHT,
      content: {
        y: {
          label: 'pack voltage, V',
          from: Math.min(...highestCell.map(({ cvl }) => cvl), largest([highestCell], ['cvl']) - 0.5),
          to: largest([highestCell], ['cvl']) + 0.1,
        },
        marks: [
          {
            kind: 'line',
            name: 'CVL, charge voltage limit',
            hue: 'violet',
            points: highestCell.map(({ at, cvl }) => [at, cvl]),
          },
        ],
      },
    },
  ];
  return drawPage({
    heading: 'What the charge control allows',
    notes: [
      `Settled limits: ${batteryLine(settings, tables)}. Each panel varies one thing; the rest is comfortable (50 %, 25 °C).`,
      ...(socNeedsCells(tables) ? [SOC_NOTE] : []),
      ...(settings.configError === undefined ? [] : [`Reduced by an error: ${settings.configError}`]),
    ],
    columns: 2,
    panels,
  });
}

/** A limit without the steps that its rounding to whole amperes makes in a slope: each step is drawn at its first point. */
function withoutSteps(points: readonly (readonly [number, number])[]): [number, number][] {
  const kept: [number, number][] = [];
  let begin = 0;
  for (let end = 1; end <= points.length; end += 1) {
    const [first, last] = [points[begin], points[end - 1]];
    if (first === undefined || last === undefined || points[end]?.[1] === first[1]) continue;
    kept.push([first[0], first[1]]);
    const isEdge = begin === 0 || end === points.length;
    if (end - begin > 1 && (isEdge || end - begin >= LEVEL)) kept.push([last[0], last[1]]);
    begin = end;
  }
  return kept;
}

function axisOf(rows: readonly Row[], label: string): Panel['x'] {
  return { label, from: rows[0]?.at ?? 0, to: rows.at(-1)?.at ?? 1 };
}

function largest(tables: readonly (readonly Row[])[], limits: readonly Limit[]): number {
  return Math.max(0, ...tables.flatMap((rows) => rows.flatMap((row) => limits.map((limit) => row[limit]))));
}
