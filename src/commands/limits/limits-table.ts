import type { ControlSettings } from '../../control/law.ts';
import { fixed } from '../../model/round.ts';
import type { LimitTables, Row } from './limits-sweep.ts';

/** "adaptive, lfp, 16 cells, 280 Ah". */
export function batteryLine(
  { profile, chemistry }: ControlSettings,
  { cells, capacity }: LimitTables,
): string {
  return `profile ${profile}, ${chemistry}, ${cells} cells, ${capacity} Ah`;
}

/** Whether the state of charge limits anything while the cells do not confirm it. */
export function socNeedsCells({ soc, socUnconfirmed }: LimitTables): boolean {
  return soc.some((row, index) => {
    const other = socUnconfirmed[index];
    return row.ccl !== other?.ccl || row.dcl !== other.dcl;
  });
}

/** The tables as one JSON document; rows are {soc | volts | degrees, cvl, ccl, dcl}. */
export function limitsDocument(
  settings: ControlSettings,
  tables: LimitTables,
): Readonly<Record<string, unknown>> {
  const named = (rows: readonly Row[], name: string): readonly Readonly<Record<string, number>>[] =>
    rows.map(({ at, cvl, ccl, dcl }) => ({ [name]: at, cvl, ccl, dcl }));
  return {
    profile: settings.profile,
    chemistry: settings.chemistry,
    cells: tables.cells,
    capacity: tables.capacity,
    ...(settings.configError !== undefined && { configError: settings.configError }),
    soc: named(tables.soc, 'soc'),
    socUnconfirmed: named(tables.socUnconfirmed, 'soc'),
    highestCell: named(tables.highestCell, 'volts'),
    lowestCell: named(tables.lowestCell, 'volts'),
    temperature: named(tables.temperature, 'degrees'),
  };
}

interface Column {
  readonly title: string;
  readonly unit: string;
  readonly width: number;
  readonly text: (row: Row) => string;
}

const CCL: Column = { title: 'CCL', unit: 'A', width: 7, text: ({ ccl }) => String(ccl) };
const DCL: Column = { title: 'DCL', unit: 'A', width: 7, text: ({ dcl }) => String(dcl) };
const CVL: Column = { title: 'CVL', unit: 'V', width: 8, text: ({ cvl }) => cvl.toFixed(2) };
const at = (title: string, unit: string, digits: number): Column => ({
  title,
  unit,
  width: 10,
  text: (row) => fixed(row.at, digits),
});

const BETWEEN = '        ';

/** The tables for a terminal of 80 columns. */
export function limitsText(settings: ControlSettings, tables: LimitTables): string {
  const { soc, socUnconfirmed, highestCell, lowestCell, temperature } = tables;
  const [middle] = socUnconfirmed;
  const confirmed = socNeedsCells(tables)
    ? [
        'SoC counted in full, as with a BMS that tells no cell voltages. With them it',
        'counts as far as the cells confirm it; while they are in the middle of their',
        `range, CCL is ${middle?.ccl} A and DCL ${middle?.dcl} A at any SoC.`,
      ]
    : [];
  return `${[
    `Settled limits: ${batteryLine(settings, tables)}`,
    ...(settings.configError === undefined ? [] : [`Reduced by an error: ${settings.configError}`]),
    '',
    ...beside(
      table([at('SoC', '%', 0), CCL, DCL, CVL], soc),
      table([at('cells', 'degC', 0), CCL, DCL, CVL], temperature),
    ),
    '',
    ...confirmed,
    ...(confirmed.length > 0 ? [''] : []),
    ...beside(
      table([at('highest', 'V', 3), CCL, DCL, CVL], highestCell),
      table([at('lowest', 'V', 3), CCL, DCL, CVL], lowestCell),
    ),
    '',
    'Highest: one cell runs ahead of the others while 0.1 C flows in; lowest: one',
    'lags behind while 0.1 C flows out. CVL is where it comes to rest after minutes.',
  ].join('\n')}\n`;
}

function table(columns: readonly Column[], rows: readonly Row[]): readonly string[] {
  const line = (text: (column: Column) => string): string =>
    columns.map((column) => text(column).padStart(column.width)).join('');
  return [
    line(({ title }) => title),
    line(({ unit }) => unit),
    ...rows.map((row) => line(({ text }) => text(row))),
  ];
}

function beside(left: readonly string[], right: readonly string[]): readonly string[] {
  const width = left[0]?.length ?? 0;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) =>
    `${(left[index] ?? '').padEnd(width)}${BETWEEN}${right[index] ?? ''}`.trimEnd(),
  );
}
