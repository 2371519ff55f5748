import type { PackReading } from '../../model/reading.ts';
import type { ControlSettings } from '../law.ts';

/** What the filter remembers of the readings that it let through. */
export interface FilterState {
  /** Cells in series, from the first reading that told; one that later readings do not confirm gives way. */
  readonly count: number | undefined;
  /** Readings that told this number, and readings in a row that told one and the same other number. */
  readonly counted: number;
  readonly rival: { readonly count: number; readonly run: number } | undefined;
  readonly cells: readonly number[] | undefined;
  readonly measuresCells: boolean;
  /** The previous reading was held back as an outlier: a second one in a row is believed. */
  readonly heldBack: boolean;
}

/** A reading that may be used, and what the law takes from it. */
export interface Sample {
  /** Cleaned: numbers that are not numbers, sentinels of missing sensors and impossible SoC are left out. */
  readonly reading: PackReading;
  readonly count: number;
  /** V; where pack and cells contradict each other the worse of both. */
  readonly vmax: number;
  readonly vmin: number;
  readonly vsum: number;
  /** V between the highest and the lowest cell. */
  readonly spread: number;
  /** False: the BMS tells no cell voltages, vmax and vmin are the mean. */
  readonly measuresCells: boolean;
  /** A, positive = charging; 0 where the BMS does not tell. */
  readonly current: number;
  /** Pack voltage and the sum of the cells contradict each other. */
  readonly suspect: boolean;
}

/** What can be gathered from a reading that is not believed: it may lower limits, never raise one. */
export interface RejectedReading {
  readonly reading: PackReading;
  readonly vmax: number | undefined;
}

export interface FilterResult {
  readonly state: FilterState;
  readonly sample?: Sample;
  /** Why the reading was refused, in plain words. */
  readonly rejected?: string;
  readonly rejectedReading?: RejectedReading;
  /** The reading is fine, but what it says must be confirmed before any current may flow. */
  readonly blocked?: string;
}

const CELL_MIN = 0.5;
const CELL_MAX = 5;
const CURRENT_MAX = 1000;
const TEMPERATURE_MAX = 120;
/** Also what many sensors say when they are not fitted. */
const TEMPERATURE_MIN = -40;
const CELL_JUMP = 0.3;
const MOST_CELLS = 64;
/** Readings that make a number of cells a fact. */
const CONFIRMED = 10;
/** BMSs run a little over 100 % when they count on at the top. */
const SOC_OVERRUN = 110;

export function initialFilter(): FilterState {
  return {
    count: undefined,
    counted: 0,
    rival: undefined,
    cells: undefined,
    measuresCells: false,
    heldBack: false,
  };
}

/** Lets a reading through, or says why not. `sign` -1 turns the measured current. */
export function filterReading(
  settings: ControlSettings,
  state: FilterState,
  raw: PackReading,
  sign: 1 | -1 = 1,
): FilterResult {
  const reading = clean(raw, sign);
  const cells = raw.cellVoltages;
  const count = reading.cellCount ?? cells?.length ?? state.count ?? settings.cellCount;
  const refuse = (rejected: string, heldBack = false): FilterResult => ({
    state: heldBack === state.heldBack ? state : { ...state, heldBack },
    rejected,
    rejectedReading: { reading, vmax: highest(cells) },
  });

  if (count === undefined) return refuse('the number of cells is unknown: the BMS does not tell it');
  if (!Number.isInteger(count) || count < 1 || count > MOST_CELLS) {
    return refuse(`${count} cells cannot be`);
  }
  if (raw.voltage !== undefined && !Number.isFinite(raw.voltage))
    return refuse('the pack voltage is no number');
  if (raw.current !== undefined && !(Math.abs(raw.current) <= CURRENT_MAX)) {
    return refuse(`a current of ${raw.current} A cannot be`);
  }
  if (cells === undefined || cells.length === 0) {
    if (state.measuresCells) return refuse('the cell voltages are missing');
    if (reading.voltage === undefined) return refuse('neither pack nor cell voltages are told');
  } else {
    if (cells.length !== count) return refuse(`${cells.length} cell voltages for ${count} cells`);
    const bad = cells.findIndex((cell) => !(cell >= CELL_MIN && cell <= CELL_MAX));
    if (bad >= 0) return refuse(`cell ${bad + 1} reads ${cells[bad]} V`);
  }

  const measuresCells = cells !== undefined && cells.length > 0;
  const believed = measuresCells ? cells : [(reading.voltage ?? 0) / count];
  if (!measuresCells && !((believed[0] ?? 0) >= CELL_MIN && (believed[0] ?? 0) <= CELL_MAX)) {
    return refuse(`a pack voltage of ${reading.voltage} V cannot be of ${count} cells`);
  }
  const jump = state.heldBack ? undefined : outlier(state, believed);
  if (jump !== undefined) return refuse(jump, true);

  const blocked = contradiction(settings, state, count);
  return {
    state: {
      ...countOn(settings, state, count),
      cells: believed,
      measuresCells,
      heldBack: false,
    },
    sample: take(reading, count, believed, measuresCells),
    ...(blocked === undefined ? {} : { blocked }),
  };
}

function take(reading: PackReading, count: number, cells: readonly number[], measuresCells: boolean): Sample {
  let vmax = Number.NEGATIVE_INFINITY;
  let vmin = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (const cell of cells) {
    if (cell > vmax) vmax = cell;
    if (cell < vmin) vmin = cell;
    sum += cell;
  }
  const spread = vmax - vmin;
  const pack = reading.voltage;
  let vsum = measuresCells || pack === undefined ? sum : pack;
  const suspect = measuresCells && pack !== undefined && Math.abs(pack - sum) > 0.02 * Math.abs(pack) + 0.1;
  if (suspect) {
    vsum = Math.max(sum, pack);
    vmax = Math.max(vmax, Math.min(pack / count, CELL_MAX));
    vmin = Math.min(vmin, Math.max(pack / count, CELL_MIN));
  }
  return { reading, count, vmax, vmin, vsum, spread, measuresCells, current: reading.current ?? 0, suspect };
}

/** A number of cells that few readings told is no better than another that many told in a row. */
function countOn(
  settings: ControlSettings,
  state: FilterState,
  count: number,
): Pick<FilterState, 'count' | 'counted' | 'rival'> {
  if (settings.cellCount !== undefined || state.count === undefined)
    return { count, counted: 1, rival: undefined };
  if (count === state.count) {
    return { count, counted: Math.min(state.counted + 1, CONFIRMED), rival: undefined };
  }
  const run = state.rival?.count === count ? state.rival.run + 1 : 1;
  return state.counted < CONFIRMED && run >= CONFIRMED
    ? { count, counted: CONFIRMED, rival: undefined }
    : { count: state.count, counted: state.counted, rival: { count, run: Math.min(run, CONFIRMED) } };
}

function contradiction(settings: ControlSettings, state: FilterState, count: number): string | undefined {
  if (settings.cellCount !== undefined) {
    return settings.cellCount === count
      ? undefined
      : `the BMS tells ${count} cells, but the settings say ${settings.cellCount}`;
  }
  if (state.count === undefined || state.count === count) return undefined;
  return `the number of cells changed from ${state.count} to ${count}: set it in the settings or restart to confirm`;
}

/** Temperatures that jump are the business of the sensors (`sensors.ts`); the cells of such a reading are believed. */
function outlier(state: FilterState, cells: readonly number[]): string | undefined {
  const before = state.cells;
  if (before !== undefined && before.length === cells.length) {
    for (const [index, cell] of cells.entries()) {
      const last = before[index] ?? cell;
      if (Math.abs(cell - last) > CELL_JUMP) {
        return `cell ${index + 1} jumped from ${last.toFixed(2)} to ${cell.toFixed(2)} V: waiting for a second reading`;
      }
    }
  }
  return undefined;
}

/** Plain numbers of a reading that are left out when they are no numbers. */
const NUMBERS = [
  'voltage',
  'current',
  'power',
  'soh',
  'capacityRemaining',
  'capacityFull',
  'capacityDesign',
  'cycles',
  'ambientTemperature',
  'maxChargeCurrent',
  'maxDischargeCurrent',
  'maxChargeVoltage',
  'minDischargeVoltage',
] as const;

function clean(raw: PackReading, sign: 1 | -1): PackReading {
  const reading: { -readonly [K in keyof PackReading]: PackReading[K] } = { ...raw };
  for (const key of NUMBERS) {
    const value = reading[key];
    if (value === undefined) continue;
    if (!Number.isFinite(value)) delete reading[key];
    // A scale below zero makes -0 of 0.
    else if (value === 0) reading[key] = 0;
  }
  if (sign < 0 && reading.current !== undefined) reading.current = 0 - reading.current;
  if (sign < 0 && reading.power !== undefined) reading.power = 0 - reading.power;
  const { soc, mosfetTemperature, temperatures } = reading;
  if (soc !== undefined && !(soc >= 0 && soc <= 100)) {
    if (soc > 100 && soc <= SOC_OVERRUN) reading.soc = 100;
    else delete reading.soc;
  } else if (soc === 0) reading.soc = 0;
  if (mosfetTemperature !== undefined && !isTemperature(mosfetTemperature)) delete reading.mosfetTemperature;
  if (temperatures !== undefined && !temperatures.every(isTemperature)) {
    reading.temperatures = temperatures.filter(isTemperature);
  }
  if (reading.temperatures?.length === 0) delete reading.temperatures;
  return reading;
}

function isTemperature(degrees: number): boolean {
  return degrees > TEMPERATURE_MIN && degrees <= TEMPERATURE_MAX;
}

function highest(cells: readonly number[] | undefined): number | undefined {
  let most: number | undefined;
  for (const cell of cells ?? []) {
    if (cell >= CELL_MIN && cell <= CELL_MAX && (most === undefined || cell > most)) most = cell;
  }
  return most;
}
