import type { ControlLaw, ControlOutput, ControlSettings } from '../../control/law.ts';
import { CELL_LIMITS } from '../../model/chemistry.ts';
import type { PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import { Turns } from '../line/turns.ts';
import { capacityOf, chargeIdeally, FULL_BAND, type IdealCharge, meanCharge } from '../plant/ideal-charge.ts';
import { Plant } from '../plant/plant.ts';
import { parseScenario, type Scenario } from './scenario.ts';

/** One trial of a charge control law in a closed loop with plant, chargers and DVCC. */
export interface Trial {
  readonly name: string;
  /** The plant, as in a scenario file. */
  readonly plant: Readonly<Record<string, unknown>>;
  readonly hours: number;
  /** Seconds from poll to poll; default 1. */
  readonly pollSeconds?: number;
  /** The BMS stops answering when its highest cell first passes `atCell` V, for so many seconds. */
  readonly loss?: { readonly atCell: number; readonly seconds: number };
  /** Every so many seconds one sample shows the first cell 155 mV too high. */
  readonly glitchEvery?: number;
  /** The BMS reports charging as discharging. */
  readonly wrongSign?: boolean;
  /** Float is not demanded, because the pack cannot be full within the trial. */
  readonly withoutFloat?: boolean;
  readonly balancing?: boolean;
  readonly settings?: Partial<ControlSettings>;
  /** Marks that are loosened here, with the reason in the table of trials. */
  readonly marks?: Partial<Marks>;
}

/** What must not be exceeded. Turns are counted in the worst ten minutes. */
export interface Marks {
  readonly trips: number;
  /** V. */
  readonly highestCell: number;
  /** Seconds from the moment at which an ideal controller has filled the pack. */
  readonly floatWithin: number;
  readonly cvlTurns: number;
  readonly cclTurns: number;
  /** A that an ESS drew out of the pack before float. */
  readonly pulled: number;
}

export interface Measurements {
  /** Highest true voltage of any cell, V. */
  readonly highestCell: number;
  readonly trips: number;
  /** When the pack was as full as an ideal controller gets it, less 1 %; s. */
  readonly fullAt?: number;
  /** When the law first went towards float, s. */
  readonly floatAt?: number;
  readonly cvlTurns: number;
  readonly cclTurns: number;
  readonly pulled: number;
  /** Energy that an ideal controller would have stored beyond what was stored, Wh. */
  readonly unchargedWh: number;
  /** How often charging began anew after float. */
  readonly rebulks: number;
}

export interface Verdict {
  readonly trial: string;
  readonly measured: Measurements;
  readonly ideal: IdealCharge;
  /** Which marks were missed and by what: "cclTurns 5 > 3". */
  readonly missed: readonly string[];
}

/** A change of CVL that counts as a turn, V; of CCL, as a part of the user's maximum. */
const CVL_BAND = 0.03;
const CCL_BAND = 0.05;
/** C-rate of the user's maximum current in every trial. */
const USER_RATE = 0.5;
/** V. */
const GLITCH = 0.155;
const FLOAT_WITHIN = 2.5 * 3600;
const FLOAT_WITHIN_BALANCING = 6.5 * 3600;

/** A trial made ready: the same plant can be built for every law. */
export interface Prepared {
  readonly trial: Trial;
  readonly scenario: Scenario;
  readonly settings: Omit<ControlSettings, 'profile'>;
  readonly ideal: IdealCharge;
  readonly marks: Marks;
}

/** Builds the plant of a trial, lets the ideal controller charge it, and works out the marks. */
export function prepare(trial: Trial): Prepared {
  const scenario = parseScenario({ chargeCurrent: 0, name: trial.name, ...trial.plant });
  const plant = new Plant(scenario);
  const capacity = capacityOf(plant);
  const limits = CELL_LIMITS[scenario.chemistry];
  const maxCurrent = USER_RATE * capacity;
  return {
    trial,
    scenario,
    settings: {
      chemistry: scenario.chemistry,
      maxChargeCurrent: maxCurrent,
      maxDischargeCurrent: maxCurrent,
      rebulkSoc: 90,
      fullChargeDays: 14,
      topBalanceDays: 0,
      dailySocMax: 100,
      socSource: 'bms',
      voltageDrop: 0,
      blockOnDisconnect: false,
      graceMinutes: 10,
      honourBmsLimits: true,
      bmsLimits: 'operating',
      invertCurrent: false,
      ...trial.settings,
    },
    ideal: chargeIdeally(plant, trial.hours * 3600, limits.absorb, maxCurrent),
    marks: {
      trips: 0,
      highestCell: limits.ceiling - 0.03,
      floatWithin: trial.balancing === true ? FLOAT_WITHIN_BALANCING : FLOAT_WITHIN,
      cvlTurns: 2,
      cclTurns: 3,
      pulled: 0.05 * capacity,
      ...trial.marks,
    },
  };
}

/** Runs one law through one trial and measures it. */
export function judge<State>(
  prepared: Prepared,
  law: ControlLaw<State>,
  profile: ControlSettings['profile'],
): Verdict {
  const { trial, ideal } = prepared;
  const measured = run(prepared, law, { ...prepared.settings, profile });
  return { trial: trial.name, measured, ideal, missed: misses(prepared, measured) };
}

function run<State>(
  { trial, scenario, ideal }: Prepared,
  law: ControlLaw<State>,
  settings: ControlSettings,
): Measurements {
  const plant = new Plant(scenario);
  const meter = new Meter(plant, ideal);
  const line = lossy(trial);
  let state = law.initial(settings);
  for (let t = 0; t <= trial.hours * 3600; t++) {
    if (t % (trial.pollSeconds ?? 1) === 0) {
      const heard = line(t, highestCell(plant));
      const step = law.step(settings, state, heard ? { t, reading: reading(plant, trial, t) } : { t });
      state = step.state;
      if (step.output !== undefined) {
        plant.publish(step.output);
        meter.published(t, step.output);
      }
    }
    plant.step(1);
    meter.passed(t + 1);
  }
  return meter.measurements();
}

/** What the BMS says, with the errors of the trial. */
function reading(plant: Plant, { glitchEvery, wrongSign }: Trial, t: number): PackReading {
  const truth = plant.truth();
  const { current, power, cellVoltages } = truth;
  const glitch = glitchEvery !== undefined && t > 0 && t % glitchEvery === 0;
  return {
    ...truth,
    ...(wrongSign === true && current !== undefined && { current: -current }),
    ...(wrongSign === true && power !== undefined && { power: -power }),
    ...(glitch && cellVoltages !== undefined && { cellVoltages: withGlitch(cellVoltages) }),
  };
}

function withGlitch([first = 0, ...others]: readonly number[]): readonly number[] {
  return [round(first + GLITCH, 3), ...others];
}

/** Whether the BMS answers at `t`. */
function lossy({ loss }: Trial): (t: number, highest: number) => boolean {
  let since: number | undefined;
  return (t, highest) => {
    if (loss === undefined) return true;
    if (since === undefined && highest >= loss.atCell) since = t;
    return since === undefined || t >= since + loss.seconds;
  };
}

function highestCell({ packs }: Plant): number {
  let highest = 0;
  for (const pack of packs) highest = Math.max(highest, pack.highestCell);
  return highest;
}

/** Takes down what a law does to a plant. */
class Meter {
  readonly #plant: Plant;
  readonly #ideal: IdealCharge;
  readonly #cvl = new Turns(CVL_BAND);
  readonly #ccl: Turns;
  #highest = 0;
  #peakAh = 0;
  #pulled = 0;
  #fullAt: number | undefined;
  #floatAt: number | undefined;
  #floating = false;
  #rebulks = 0;

  constructor(plant: Plant, ideal: IdealCharge) {
    this.#plant = plant;
    this.#ideal = ideal;
    this.#ccl = new Turns(CCL_BAND * USER_RATE * capacityOf(plant));
  }

  published(t: number, { cvl, ccl, state }: ControlOutput): void {
    this.#cvl.add(t, cvl);
    this.#ccl.add(t, ccl);
    const floats = state === 'floatDown' || state === 'float';
    if (floats) this.#floatAt ??= t;
    else if (this.#floating && state !== 'hold') this.#rebulks++;
    if (state !== 'hold') this.#floating = floats;
  }

  passed(t: number): void {
    const plant = this.#plant;
    this.#highest = Math.max(this.#highest, highestCell(plant));
    const charge = meanCharge(plant);
    this.#peakAh = Math.max(this.#peakAh, charge);
    if (charge >= this.#ideal.peakAh - FULL_BAND * capacityOf(plant)) this.#fullAt ??= t;
    if (this.#floatAt !== undefined) return;
    let supply = 0;
    for (const source of plant.sources) supply += source.current;
    this.#pulled = Math.max(this.#pulled, -supply);
  }

  measurements(): Measurements {
    const { packs, scenario } = this.#plant;
    const cells = packs.reduce((sum, pack) => sum + pack.string.count, 0);
    const missing = Math.max(0, this.#ideal.peakAh - this.#peakAh);
    return {
      highestCell: this.#highest,
      trips: packs.reduce(
        (sum, { protections }) => sum + protections.chargeTrips + protections.dischargeTrips,
        0,
      ),
      ...(this.#fullAt === undefined ? {} : { fullAt: this.#fullAt }),
      ...(this.#floatAt === undefined ? {} : { floatAt: this.#floatAt }),
      cvlTurns: this.#cvl.worst,
      cclTurns: this.#ccl.worst,
      pulled: this.#pulled,
      unchargedWh: missing * cells * CELL_LIMITS[scenario.chemistry].absorb,
      rebulks: this.#rebulks,
    };
  }
}

function misses({ trial, ideal, marks }: Prepared, measured: Measurements): readonly string[] {
  const missed: string[] = [];
  const atMost = (name: keyof Marks, value: number, digits: number): void => {
    if (value > marks[name]) missed.push(`${name} ${value.toFixed(digits)} > ${marks[name].toFixed(digits)}`);
  };
  atMost('trips', measured.trips, 0);
  atMost('highestCell', measured.highestCell, 3);
  atMost('cvlTurns', measured.cvlTurns, 0);
  atMost('cclTurns', measured.cclTurns, 0);
  atMost('pulled', measured.pulled, 1);
  if (trial.withoutFloat !== true) {
    if (measured.floatAt === undefined) missed.push('float never');
    else atMost('floatWithin', measured.floatAt - ideal.fullAt, 0);
  }
  return missed;
}
