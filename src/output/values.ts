import type { BatteryView } from '../battery/battery-view.ts';
import {
  balancing,
  cycles,
  difference,
  installedCapacity,
  maxCell,
  maxCellVoltage,
  minCell,
  minCellVoltage,
  power,
  remainingCapacity,
  soc,
  soh,
  timeToGo,
} from '../battery/derived-values.ts';
import { ALARM_NAMES } from '../model/alarms.ts';
import { round } from '../model/round.ts';

/** What a value is, whatever an output makes of it. */
export type Quantity =
  | 'voltage'
  | 'current'
  | 'power'
  | 'charge'
  | 'energy'
  | 'temperature'
  | 'duration'
  | 'soc'
  | 'ratio'
  | 'count'
  | 'flag'
  | 'text'
  | 'choice';

/** What is told together: measurements, meters that only grow. */
export type Group = 'state' | 'meters';

/** One value of a battery under the name that every output uses. Names are final: people build on them. */
export interface ValueRow {
  readonly key: string;
  /** For people; does not repeat the name of the battery. */
  readonly name: string;
  readonly group: Group;
  readonly quantity: Quantity;
  readonly unit?: 'V' | 'A' | 'W' | 'Ah' | 'kWh' | '°C' | 's' | '%';
  /** Decimals that are told. */
  readonly digits?: number;
  /** The words of a choice. */
  readonly options?: readonly string[];
  /** Of interest to whoever looks for a fault. */
  readonly isDiagnostic?: true;
  /** Rarely wanted. */
  readonly isHidden?: true;
  readonly of: (view: BatteryView) => number | string | boolean | undefined;
}

/** A current below is rest: the offset of a shunt is no charge, A. */
const CHARGING_FROM = 0.2;
/** Sensors that a battery service tells one by one. */
const SENSORS = [1, 2, 3, 4];
/** Beginnings of the text of the charge mode, and the word that an automation may compare with. */
const MODES: readonly (readonly [RegExp, string])[] = [
  [/^bulk/i, 'bulk'],
  [/^absor/i, 'absorption'],
  [/^float transition/i, 'float_transition'],
  [/^float/i, 'float'],
  [/balanc/i, 'top_balance'],
  [/^hold/i, 'hold'],
];
const OTHER_MODE = 'other';

const STATE: readonly ValueRow[] = [
  volts('voltage', 'Voltage', 3, ({ reading }) => reading?.voltage),
  amps('current', 'Current', 3, ({ reading }) => reading?.current),
  { ...row('power', 'Power', 'power', power), unit: 'W', digits: 1 },
  { ...row('soc', 'State of charge', 'soc', soc), unit: '%', digits: 1 },
  { ...row('soh', 'State of health', 'ratio', soh), unit: '%', digits: 1, isDiagnostic: true },
  { ...row('remaining', 'Remaining capacity', 'charge', remainingCapacity), unit: 'Ah', digits: 2 },
  { ...row('full', 'Full capacity', 'charge', installedCapacity), unit: 'Ah', digits: 2, isDiagnostic: true },
  { ...row('cycles', 'Cycles', 'count', cycles), digits: 0, isDiagnostic: true },
  volts('cell_lowest', 'Lowest cell', 3, minCellVoltage),
  volts('cell_highest', 'Highest cell', 3, maxCellVoltage),
  volts('cell_spread', 'Cell spread', 3, difference),
  {
    ...row('cell_lowest_at', 'Place of the lowest cell', 'text', minCell),
    isDiagnostic: true,
    isHidden: true,
  },
  {
    ...row('cell_highest_at', 'Place of the highest cell', 'text', maxCell),
    isDiagnostic: true,
    isHidden: true,
  },
  ...SENSORS.map((n) =>
    celsius(`temp_${n}`, `Temperature ${n}`, ({ reading }) => reading?.temperatures?.[n - 1]),
  ),
  celsius('temp_fet', 'Temperature of the switches', ({ reading }) => reading?.mosfetTemperature),
  { ...row('time_left', 'Time to empty', 'duration', timeToGo), unit: 's', digits: 0 },
  amps('charge_limit', 'Charge limit', 1, ({ control }) => control?.ccl),
  amps('discharge_limit', 'Discharge limit', 1, ({ control }) => control?.dcl),
  volts('voltage_limit', 'Voltage limit', 2, ({ control }) => control?.cvl),
  {
    ...row('charge_mode', 'Charge mode', 'choice', ({ control }) => modeOf(control?.chargeMode)),
    options: [...MODES.map(([, word]) => word), OTHER_MODE],
  },
  {
    ...row('charge_reason', 'Charge limited by', 'text', ({ control }) => control?.chargeReason),
    isDiagnostic: true,
  },
  {
    ...row('discharge_reason', 'Discharge limited by', 'text', ({ control }) => control?.dischargeReason),
    isDiagnostic: true,
  },
  row('problem', 'Problem', 'flag', (view) => levelsOf(view) && problems(view).length > 0),
  {
    ...row('problems', 'Problems', 'text', (view) => levelsOf(view) && (problems(view).join(', ') || 'none')),
    isDiagnostic: true,
  },
  {
    ...row('error_code', 'Error code', 'count', ({ link }) => link.errorCode),
    digits: 0,
    isDiagnostic: true,
    isHidden: true,
  },
  row('charging', 'Charging', 'flag', ({ reading }) =>
    reading?.current === undefined ? undefined : reading.current > CHARGING_FROM,
  ),
  row('balancing', 'Balancing', 'flag', (view) => toFlag(balancing(view))),
  row(
    'charge_on',
    'Charge allowed',
    'flag',
    (view) => view.control?.allowToCharge ?? view.reading?.chargeEnabled,
  ),
  row(
    'discharge_on',
    'Discharge allowed',
    'flag',
    (view) => view.control?.allowToDischarge ?? view.reading?.dischargeEnabled,
  ),
];

const METERS: readonly ValueRow[] = [
  {
    ...row('energy_in', 'Energy charged', 'energy', ({ history }) => history?.chargedEnergy),
    group: 'meters',
    unit: 'kWh',
    digits: 3,
  },
  {
    ...row('energy_out', 'Energy discharged', 'energy', ({ history }) => history?.dischargedEnergy),
    group: 'meters',
    unit: 'kWh',
    digits: 3,
  },
  {
    ...row('charge_out', 'Charge drawn', 'charge', ({ history }) => magnitude(history?.totalAhDrawn)),
    group: 'meters',
    unit: 'Ah',
    digits: 1,
  },
];

/** Everything that is told of a battery but its cells, in the order in which it is told. */
export const VALUES: readonly ValueRow[] = [...STATE, ...METERS];

/** A value ready to be told: finite, rounded, texts of a bearable length. Undefined: it is not known. */
export function told(value: ValueRow, view: BatteryView): number | string | boolean | undefined {
  const raw = value.of(view);
  if (typeof raw === 'number') return Number.isFinite(raw) ? round(raw, value.digits ?? 3) : undefined;
  return typeof raw === 'string' ? raw.slice(0, LONGEST_TEXT) : raw;
}

/** Home Assistant keeps no longer state. */
const LONGEST_TEXT = 255;

/** "01" of the first cell: names sort as the cells stand. */
export function cellName(index: number): string {
  return String(index + 1).padStart(2, '0');
}

/** V of each cell, undefined where one is not told. */
export function cellVoltages({ reading }: BatteryView): readonly (number | undefined)[] {
  return (reading?.cellVoltages ?? []).map((volts) => (Number.isFinite(volts) ? round(volts, 3) : undefined));
}

/** "highCellVoltage 1": what is raised, with its level. */
export function problems(view: BatteryView): string[] {
  const levels = levelsOf(view) ?? {};
  return ALARM_NAMES.filter((name) => (levels[name] ?? 0) > 0).map((name) => `${name} ${levels[name]}`);
}

function levelsOf({ control, reading }: BatteryView) {
  return control?.alarms ?? reading?.alarms;
}

function modeOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  return MODES.find(([begins]) => begins.test(text))?.[1] ?? OTHER_MODE;
}

function toFlag(value: number | undefined): boolean | undefined {
  return value === undefined ? undefined : value > 0;
}

function magnitude(value: number | undefined): number | undefined {
  return value === undefined ? undefined : Math.abs(value);
}

function row(key: string, name: string, quantity: Quantity, of: ValueRow['of']): ValueRow {
  return { key, name, group: 'state', quantity, of };
}

function volts(key: string, name: string, digits: number, of: ValueRow['of']): ValueRow {
  return { ...row(key, name, 'voltage', of), unit: 'V', digits };
}

function amps(key: string, name: string, digits: number, of: ValueRow['of']): ValueRow {
  return { ...row(key, name, 'current', of), unit: 'A', digits };
}

function celsius(key: string, name: string, of: ValueRow['of']): ValueRow {
  return { ...row(key, name, 'temperature', of), unit: '°C', digits: 1 };
}
