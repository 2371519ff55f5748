import type { BridgedBattery } from '../output.ts';
import { cellName, cellVoltages, told, VALUES } from '../values.ts';

/** Names and values that sort measurements into series; an empty one is left out. */
export type Tags = Readonly<Record<string, string>>;

/** Sensors have a series of their own. */
const SENSOR = /^temp_(\d+)$/;

/**
 * One battery at one time, in the line protocol of InfluxDB: one line for the battery, one for each cell, one for each sensor.
 * Fields are numbers throughout, flags are 0 and 1: a store fixes the type of a field by what comes first. What is not
 * known is left out. `ms` is calendar time.
 */
export function linesOf(battery: BridgedBattery, tags: Tags, ms: number): string[] {
  const { bank, id, view } = battery;
  const own = { ...tags, id, type: typeOf(battery) };
  const fields: [string, number][] = [];
  const sensors: string[] = [];
  for (const row of VALUES) {
    if (row.group === 'meters' && bank !== undefined) continue;
    const value = told(row, view);
    if (value === undefined || typeof value === 'string') continue;
    const sensor = SENSOR.exec(row.key)?.[1];
    if (sensor === undefined) fields.push([row.key, Number(value)]);
    else sensors.push(line('battery_temp', { ...own, sensor }, [['value', Number(value)]], ms));
  }
  const cells = cellVoltages(view).flatMap((volts, index) =>
    volts === undefined
      ? []
      : [line('battery_cell', { ...own, cell: cellName(index) }, [['voltage', volts]], ms)],
  );
  return [...(fields.length === 0 ? [] : [line('battery', own, fields, ms)]), ...cells, ...sensors];
}

function line(
  measurement: string,
  tags: Tags,
  fields: readonly (readonly [string, number])[],
  ms: number,
): string {
  const head = Object.entries(tags)
    .filter(([, value]) => value.trim() !== '')
    // A store reads tags that are sorted faster.
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `,${escaped(name)}=${escaped(value)}`)
    .join('');
  const body = fields.map(([name, value]) => `${escaped(name)}=${value}`).join(',');
  return `${measurement}${head} ${body} ${Math.round(ms)}`;
}

/** "jbd" of "SerialBattery(JBD)": what kind of battery it is, which outlives its name. */
function typeOf({ view }: BridgedBattery): string {
  const { productName } = view.identity;
  return (/\(([^)]+)\)/.exec(productName)?.[1] ?? productName).toLowerCase();
}

/** A name or the value of a tag. There is no way to write a line feed, and a backslash at the end would escape what follows. */
function escaped(text: string): string {
  return text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .replaceAll(/\\+(?=$|[ ,=])/g, '')
    .replaceAll(/[ ,=]/g, (sign) => `\\${sign}`);
}
