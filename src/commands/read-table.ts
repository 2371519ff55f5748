import type { BankReading } from '../model/reading.ts';

/** One reading with where it was found, as `read --json` prints it. */
export type ReadDocument = BankReading & { readonly bms: string; readonly address: number };

/** What one wants to know first, in this order, with the unit; what is not in the list follows as it comes. */
const ROWS: readonly (readonly [key: string, unit?: string])[] = [
  ['bms'],
  ['address'],
  ['voltage', 'V'],
  ['current', 'A'],
  ['soc', '%'],
  ['alarms'],
  ['power', 'W'],
  ['temperatures', 'degC'],
  ['mosfetTemperature', 'degC'],
  ['ambientTemperature', 'degC'],
  ['chargeEnabled'],
  ['dischargeEnabled'],
  ['balancing'],
  ['maxChargeCurrent', 'A'],
  ['maxDischargeCurrent', 'A'],
  ['maxChargeVoltage', 'V'],
  ['minDischargeVoltage', 'V'],
  ['capacityRemaining', 'Ah'],
  ['capacityFull', 'Ah'],
  ['capacityDesign', 'Ah'],
  ['soh', '%'],
  ['cycles'],
  ['cellCount'],
];
/** Shown with the cells, at the end. */
const WITH_CELLS = ['cellVoltages', 'cellBalancing', 'modules'];
const NAME_WIDTH = 22;
const CELLS_A_ROW = 4;

/** A reading for people. */
export function readTable(document: ReadDocument): string {
  return `${tableLines(document).join('\n')}\n`;
}

function tableLines(document: BankReading): string[] {
  const values = new Map<string, unknown>(Object.entries(document));
  const known = ROWS.map(([key]) => key);
  const rest = [...values.keys()].filter((key) => !known.includes(key) && !WITH_CELLS.includes(key));
  const units = new Map(ROWS.map(([key, unit = '']) => [key, unit]));
  const { current } = document;
  if (current !== undefined) units.set('current', `A (${directionOf(current)})`);
  const lines = [...known, ...rest]
    .filter((key) => values.get(key) !== undefined)
    .map((key) => row(key, text(values.get(key)), units.get(key)));
  for (const { address, ...pack } of document.modules ?? []) {
    lines.push('', `pack ${address}`, ...tableLines(pack).map((line) => (line === '' ? '' : `  ${line}`)));
  }
  return [...lines, ...cellLines(document)];
}

function row(name: string, value: string, unit = ''): string {
  return `${name.padEnd(NAME_WIDTH)} ${value} ${unit}`.trimEnd();
}

function directionOf(current: number): string {
  if (current === 0) return 'at rest';
  return current > 0 ? 'charging' : 'discharging';
}

function text(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.map(String).join(' ');
  if (typeof value !== 'object' || value === null) return String(value);
  const set = Object.entries(value).filter(([, level]) => level !== 0 && level !== false);
  return set.length === 0 ? 'none' : set.map(([name, level]) => `${name} ${levelOf(level)}`).join(', ');
}

function levelOf(level: unknown): string {
  return level === 1 ? '(warning)' : level === 2 ? '(alarm)' : String(level);
}

/** Every cell by its number, 1 at the negative end, with those that are balanced; then the extremes. */
function cellLines({ cellVoltages = [], cellBalancing = [] }: BankReading): string[] {
  if (cellVoltages.length === 0) return [];
  const lowest = Math.min(...cellVoltages);
  const highest = Math.max(...cellVoltages);
  const numberOf = (volts: number): string => `cell ${cellVoltages.indexOf(volts) + 1}`;
  const cells = cellVoltages.map((volts, index) => {
    const mark = cellBalancing[index] === true ? '*' : '';
    return `${String(index + 1).padStart(2)} ${volts.toFixed(3)}${mark.padEnd(1)}`;
  });
  const rows: string[] = [];
  for (let at = 0; at < cells.length; at += CELLS_A_ROW) {
    rows.push(row(at === 0 ? 'cells (V)' : '', cells.slice(at, at + CELLS_A_ROW).join('  ')));
  }
  return [
    row('lowest cell', `${lowest.toFixed(3)} V (${numberOf(lowest)})`),
    row('highest cell', `${highest.toFixed(3)} V (${numberOf(highest)})`),
    row('spread', `${Math.round((highest - lowest) * 1000)} mV`),
    ...rows,
    ...(cellBalancing.includes(true) ? [row('', '* is balanced')] : []),
  ];
}
