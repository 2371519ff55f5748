import type { Chemistry } from '../../model/chemistry.ts';
import type { Curve } from '../../model/curves.ts';
import type { CellPlan } from './cells.ts';
import { BORDERS, borderAt } from './chemistry-borders.ts';
import type { Known } from './measure.ts';
import type { Sample } from './reading-filter.ts';
import { initialStrain, type Strain, strain, strainVolts } from './strain.ts';

/** Whether the cells contradict the chemistry that is set, or the state of charge that is shown. */
export interface ChemistryCheck {
  /** Seconds for which the samples have contradicted the chemistry without a break. */
  readonly lasting: number;
  /** Samples of that time. */
  readonly run: number;
  /** Monotonic seconds of the last contradiction, while it counts. */
  readonly at: number | undefined;
  /** Seconds for which the cells have contradicted the SoC alone. */
  readonly doubted: number;
  /** The present reason; from the second sample on, or the first one after a start, nothing is charged. */
  readonly reason: string | undefined;
  /** The reason has lasted: nothing flows any more. */
  readonly confirmed: boolean;
  /** What only a drifted SoC can explain. */
  readonly drift: string | undefined;
  /** V at which the pack is kept while there is a reason, and the most that it may become. */
  readonly pin: number | undefined;
  readonly most: number | undefined;
  readonly charging: Strain;
  readonly discharging: Strain;
}

/** What one sample is judged by. */
export interface ChemistryFacts {
  readonly plan: CellPlan;
  readonly sample: Sample;
  readonly known: Known;
  /** SoC that is believed at present, %. */
  readonly soc: number | undefined;
  readonly chemistry: Chemistry;
  /** The sign of the current is proved. */
  readonly signProved: boolean;
  readonly t: number;
  /** Seconds since the sample before; undefined for the first one. */
  readonly dt: number | undefined;
}

/** V beyond the hard limits that no sound cell of the chemistry shows, whatever flows. */
const ABOVE = 0.15;
const BELOW = 0.3;
const BELOW_WITH_SOC = 20;
/** Samples until a cell beyond the hard limits is believed. */
const SAMPLES = 2;
/** Less than the 30 s that a charge current waits for: a wrong chemistry is never charged. */
const CONFIRM_S = 20;
const CLEAR_S = 60;
const DRIFT_S = 60;
/** V by which a contradiction must be gone before it counts as gone. */
const HYSTERESIS = 0.03;
/** Cells by which a pack and its cells differ when one is not counted, or one too many; beyond the most it is no count. */
const LEAST_CELL_AMISS = 0.7;
const MOST_AMISS = 0.25;
/** C-rate below which a pack counts as resting, and A where the capacity is unknown. */
const REST_RATE = 0.02;
const REST_AMPS = 2;
/** V per cell by which a pack may rise by resting alone. */
const RELAXED = 0.06;

export function initialCheck(): ChemistryCheck {
  return {
    lasting: 0,
    run: 0,
    at: undefined,
    doubted: 0,
    reason: undefined,
    confirmed: false,
    drift: undefined,
    pin: undefined,
    most: undefined,
    charging: initialStrain(),
    discharging: initialStrain(),
  };
}

export function checkChemistry(state: ChemistryCheck, facts: ChemistryFacts): ChemistryCheck {
  const { t } = facts;
  const dt = facts.dt ?? 0;
  const seen = strained(state, facts, dt);
  const margin = state.confirmed ? HYSTERESIS : 0;
  const found = contradiction(facts, seen, margin);
  const drifted = found === undefined ? drift(facts, seen) : undefined;
  const doubted = drifted === undefined ? 0 : state.doubted + dt;
  const common = { ...seen, doubted, drift: doubted >= DRIFT_S ? drifted : undefined };
  if (found === undefined) {
    const lasts = state.confirmed && state.at !== undefined && t - state.at < CLEAR_S;
    if (!lasts) return { ...initialCheck(), ...common };
    return { ...state, ...common, lasting: 0, run: 0, ...pinned(state, facts) };
  }
  const run = Math.min(state.run + 1, SAMPLES);
  const lasting = run === 1 ? 0 : state.lasting + dt;
  const confirmed = state.confirmed || (found.beyond === true ? run >= SAMPLES : lasting >= CONFIRM_S);
  const waits = found.waits === true || (run < SAMPLES && facts.dt !== undefined);
  if (!confirmed && waits) return { ...initialCheck(), ...common, run, lasting };
  return { ...common, lasting, run, at: t, reason: found.text, confirmed, ...pinned(state, facts) };
}

function strained(state: Seen, { sample, known, signProved }: ChemistryFacts, dt: number): Seen {
  const { current } = sample.reading;
  const of = (before: Strain, amps: number | undefined): Strain =>
    strain(before, signProved || amps === undefined ? amps : Math.abs(amps), known.capacity, dt);
  return {
    charging: of(state.charging, current),
    discharging: of(state.discharging, current === undefined ? undefined : -current),
  };
}

/**
 * CVL stays with the pack, which else an ESS would drain. It follows the pack down at once, and up only by as much as a
 * pack recovers from a load: following what a charger does would be charging.
 */
function pinned(
  { pin, most }: ChemistryCheck,
  { sample, known }: ChemistryFacts,
): Pick<ChemistryCheck, 'pin' | 'most'> {
  const volts = Math.ceil(100 * Math.max(sample.vsum, sample.reading.voltage ?? 0) - 1e-6) / 100;
  const top = most ?? volts + RELAXED * sample.count;
  const rest = known.capacity === undefined ? REST_AMPS : REST_RATE * known.capacity;
  const before = pin ?? volts;
  return { pin: Math.min(top, sample.current <= rest ? volts : Math.min(before, volts)), most: top };
}

interface Seen {
  readonly charging: Strain;
  readonly discharging: Strain;
}

interface Found {
  readonly text: string;
  /** Beyond what any current could explain: two samples prove it. */
  readonly beyond?: true;
  /** Changes nothing before it is confirmed: the worse of pack and cells counts meanwhile. */
  readonly waits?: true;
}

function contradiction(facts: ChemistryFacts, seen: Seen, margin: number): Found | undefined {
  const { plan, sample, soc, known, chemistry } = facts;
  const { perRate } = BORDERS[chemistry];
  const sag = strainVolts(seen.discharging, perRate, known.coldest);
  const lift = strainVolts(seen.charging, perRate, known.coldest);
  const volts = middleOf(sample);
  const { low, high } = bordersOf(chemistry, sample.measuresCells);
  const above = plan.hardMax + ABOVE - margin;
  const below = plan.hardMin - BELOW - sag + margin;
  const charged = soc !== undefined && soc > BELOW_WITH_SOC;
  if (volts > above) return { beyond: true, text: `${cellsAt(facts, volts)} ${foreign(facts)}` };
  if (charged && volts < below) {
    return { beyond: true, text: `${cellsAt(facts, volts)} and ${soc.toFixed(0)} % ${foreign(facts)}` };
  }
  const miscounted = wrongCount(sample, volts);
  if (miscounted !== undefined) return { waits: true, text: miscounted };
  if (sample.vmax > above) return { beyond: true, text: lone(sample.vmax, volts, chemistry) };
  if (charged && sample.vmin < below) return { beyond: true, text: lone(sample.vmin, volts, chemistry) };
  if (soc === undefined) return undefined;
  const floor = borderAt(low, soc);
  const ceiling = borderAt(high, soc);
  const isLow = floor !== undefined && volts <= floor - sag + margin;
  const isHigh = ceiling !== undefined && volts >= ceiling + lift - margin;
  return isLow || isHigh
    ? { text: `${cellsAt(facts, volts)} and ${soc.toFixed(0)} % ${foreign(facts)}` }
    : undefined;
}

/** A pack that is higher or lower than its cells by whole cells; an open switch would explain any difference. */
function wrongCount({ reading, count, suspect }: Sample, volts: number): string | undefined {
  const { voltage, cellVoltages = [], chargeEnabled, dischargeEnabled } = reading;
  if (!suspect || voltage === undefined || chargeEnabled === false || dischargeEnabled === false)
    return undefined;
  const cells = Math.abs(voltage - cellVoltages.reduce((sum, cell) => sum + cell, 0)) / volts;
  return cells >= LEAST_CELL_AMISS && cells <= MOST_AMISS * count
    ? `${voltage.toFixed(2)} V cannot be ${count} cells of ${volts.toFixed(2)} V: check the cell wires and the number of cells that the BMS is set to`
    : undefined;
}

/** Without cell voltages a wrong number of cells explains what else only a drifted SoC would. */
function bordersOf(
  chemistry: Chemistry,
  measuresCells: boolean,
): { readonly low: Curve | undefined; readonly high: Curve | undefined } {
  const { low, high, doubtLow, doubtHigh } = BORDERS[chemistry];
  return measuresCells ? { low, high } : { low: doubtLow, high: doubtHigh };
}

/** What the state of charge alone explains; a sound pack may rest so when its counter is far off. */
function drift({ sample, soc, known, chemistry }: ChemistryFacts, seen: Seen): string | undefined {
  if (soc === undefined) return undefined;
  const { doubtLow, doubtHigh, perRate } = BORDERS[chemistry];
  const volts = middleOf(sample);
  const floor = borderAt(doubtLow, soc);
  const ceiling = borderAt(doubtHigh, soc);
  const shown = `The BMS shows ${soc.toFixed(0)} %, but cells at ${volts.toFixed(2)} V hold much`;
  if (floor !== undefined && volts <= floor - strainVolts(seen.discharging, perRate, known.coldest)) {
    return `${shown} less: its state of charge has drifted; a full charge puts it right`;
  }
  if (ceiling !== undefined && volts >= ceiling + strainVolts(seen.charging, perRate, known.coldest)) {
    return `${shown} more: its state of charge has drifted; a full charge puts it right`;
  }
  return undefined;
}

/** V of the middle cell: one bad cell says nothing of the kind of all. */
function middleOf({ reading: { cellVoltages }, measuresCells, vsum, count }: Sample): number {
  if (!measuresCells || cellVoltages === undefined) return vsum / count;
  const sorted = cellVoltages.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.ceil(half) - 1] ?? 0) + (sorted[Math.floor(half)] ?? 0)) / 2;
}

function cellsAt({ sample }: ChemistryFacts, volts: number): string {
  return sample.measuresCells
    ? `cells at ${volts.toFixed(2)} V`
    : `${sample.vsum.toFixed(2)} V of ${sample.count} cells (${volts.toFixed(2)} V each)`;
}

function foreign({ chemistry, sample }: ChemistryFacts): string {
  return sample.measuresCells
    ? `cannot be ${chemistry}: set battery.chemistry`
    : `cannot be ${chemistry}: set battery.cellCount or battery.chemistry`;
}

function lone(volts: number, others: number, chemistry: Chemistry): string {
  return `a cell of ${volts.toFixed(2)} V beside others at ${others.toFixed(2)} V is no sound ${chemistry} cell: check this cell and its wires`;
}
