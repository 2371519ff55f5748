import type { ControlSettings } from '../../control/law.ts';
import { drawPage } from '../../plot/page.ts';
import type { Mark, Panel } from '../../plot/panel.ts';
import type { LimitTables, Row } from './limits-sweep.ts';
import { batteryLine, socNeedsCells } from './limits-table.ts';

type Limit = 'cvl' | 'ccl' | 'dcl';

const HEIGHT = 190;
const SOC_NOTE =
  'The SoC counts in full where the BMS tells no cell voltages, else as far as the cells confirm it; mid-range cells do not.';

/** The settled limits as an SVG file. */
export function drawLimits(settings: ControlSettings, tables: LimitTables): string {
  const { soc, socUnconfirmed, highestCell, lowestCell, temperature } = tables;
  const amps = (rows: readonly Row[], limit: 'ccl' | 'dcl', name?: string, dashed?: true): Mark => ({
    kind: 'line',
    name: name ?? (limit === 'ccl' ? 'CCL, charge' : 'DCL, discharge'),
    hue: limit === 'ccl' ? 'blue' : 'orange',
    points: rows.map((row) => [row.at, row[limit]]),
    ...(dashed === true && { dashed }),
  });
  const most = largest([soc, socUnconfirmed, highestCell, lowestCell, temperature], ['ccl', 'dcl']);
  const current = { label: 'current limit, A', from: 0, to: Math.max(1, most) };
  const socMarks = socNeedsCells(tables)
    ? [
        amps(socUnconfirmed, 'ccl', 'CCL, mid-range cells', true),
        amps(soc, 'ccl', 'CCL, SoC counts'),
        amps(socUnconfirmed, 'dcl', 'DCL, mid-range cells', true),
        amps(soc, 'dcl', 'DCL, SoC counts'),
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

function axisOf(rows: readonly Row[], label: string): Panel['x'] {
  return { label, from: rows[0]?.at ?? 0, to: rows.at(-1)?.at ?? 1 };
}

function largest(tables: readonly (readonly Row[])[], limits: readonly Limit[]): number {
  return Math.max(0, ...tables.flatMap((rows) => rows.flatMap((row) => limits.map((limit) => row[limit]))));
}
