import { lawFor } from '../../control/decide.ts';
import { planCells } from '../../control/input/cells.ts';
import { BORDERS, borderAt } from '../../control/input/chemistry-borders.ts';
import type { ControlOutput, ControlSettings, Step } from '../../control/law.ts';
import type { LawState } from '../../control/memory/law-state.ts';
import type { Chemistry } from '../../model/chemistry.ts';
import type { PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';

/** The limits in force when a battery has been in one condition for long enough. V, A. */
export interface Settled {
  readonly cvl: number;
  readonly ccl: number;
  readonly dcl: number;
}

/** Settled limits over something: SoC in %, a cell in V, a temperature in degC. */
export interface Row extends Settled {
  readonly at: number;
}

/** What the control does with a pack of this size. */
export interface LimitTables {
  readonly cells: number;
  /** Ah. */
  readonly capacity: number;
  /** SoC counts in full: as with a BMS that tells no cell voltages. */
  readonly soc: readonly Row[];
  /** The cells stand in the middle of their range, whatever the SoC says. */
  readonly socUnconfirmed: readonly Row[];
  /** One cell runs ahead of the others while a tenth of the capacity per hour flows in. */
  readonly highestCell: readonly Row[];
  /** One cell lags behind the others while as much flows out. */
  readonly lowestCell: readonly Row[];
  readonly temperature: readonly Row[];
}

/** Where the conditions are taken: SoC in %, and distances in V and degC. */
export interface Grid {
  readonly soc: readonly number[];
  readonly volts: number;
  readonly degrees: number;
}

/** For people: denser where something happens. */
export const TABLE_GRID: Grid = {
  soc: [...range(0, 40, 5), 50, 60, 70, 80, 85, ...range(90, 100, 1)],
  volts: 0.025,
  degrees: 5,
};
export const DRAWING_GRID: Grid = { soc: range(0, 100, 0.5), volts: 0.005, degrees: 1 };

const TYPICAL_CELLS: Readonly<Record<Chemistry, number>> = { lfp: 16, nmc: 14, lto: 22, naion: 16 };
const TYPICAL_CAPACITY = 280;
/** C-rate that flows while a cell is at its end: above every tail current, so that the charge goes on. */
const FLOW_RATE = 0.1;
const COMFORT = { soc: 50, degrees: 25 };
/** %: below and above these no voltage contradicts the state of charge. */
const UNBORDERED = { empty: 20, full: 76 };
/** V to stay away from what contradicts the state of charge. */
const WITHIN = 0.06;
/** Until every hold and ramp upwards is over. */
const RISE_S = 600;
/**
 * How fast the conditions change on the way, per s, with how many s from poll to poll, and how long each is held until
 * filters and ramps have settled. A temperature changes slower than 1 K a minute, or it would not be believed.
 */
const PACE = {
  soc: { speed: 0.2, every: 1, settle: 30 },
  volts: { speed: 0.0004, every: 1, settle: 180 },
  degrees: { speed: 0.0125, every: 8, settle: 480 },
} as const;
const DEGREES = [-30, 65] as const;
/** V beyond the hard limits of a cell that are still shown. */
const BEYOND = 0.05;

/** Steps the law itself from a comfortable pack into every condition, until holds, filters and ramps have settled. */
export function sweepLimits(
  chosen: ControlSettings,
  grid: Grid,
  size: { readonly cells?: number; readonly capacity?: number } = {},
): LimitTables {
  const cells = size.cells ?? chosen.cellCount ?? TYPICAL_CELLS[chosen.chemistry];
  const capacity = size.capacity ?? chosen.capacity ?? TYPICAL_CAPACITY;
  const settings: ControlSettings = { ...chosen, cellCount: cells, capacity };
  const plan = planCells(settings);
  const middle = round((plan.dischargeKnee + plan.chargeKnee) / 2, 3);
  /** The middle of the range, or as near to it as cells of this kind can be at that state of charge. */
  const middleAt = (soc: number): number => {
    const { doubtLow, doubtHigh } = BORDERS[settings.chemistry];
    const [least, most] = [borderAt(doubtLow, soc), borderAt(doubtHigh, soc)];
    const raised = least === undefined ? middle : Math.max(middle, least + WITHIN);
    return round(most === undefined ? raised : Math.min(raised, most - WITHIN), 3);
  };
  /** A state of charge at which cells of this kind can have these volts. */
  const socNear = (volts: number): number => {
    const { low, high } = BORDERS[settings.chemistry];
    if (volts <= (borderAt(low, COMFORT.soc) ?? 0) + WITHIN) return UNBORDERED.empty;
    if (volts >= (borderAt(high, COMFORT.soc) ?? Number.POSITIVE_INFINITY) - WITHIN) return UNBORDERED.full;
    return COMFORT.soc;
  };
  const base: PackReading = {
    voltage: round(cells * middle, 2),
    current: 0,
    soc: COMFORT.soc,
    capacityFull: capacity,
    cellCount: cells,
    temperatures: [COMFORT.degrees],
    chargeEnabled: true,
    dischargeEnabled: true,
  };
  const withCells = (odd: number, others: number, reading: PackReading = base): PackReading => {
    const cellVoltages = Array.from({ length: cells }, (_, index) => (index === 0 ? odd : others));
    return {
      ...reading,
      voltage: round(
        cellVoltages.reduce((sum, volts) => sum + volts, 0),
        2,
      ),
      cellVoltages,
    };
  };
  const flow = FLOW_RATE * capacity;
  const soc = { from: COMFORT.soc, stops: grid.soc, ...PACE.soc };
  const volts = { from: middle, ...PACE.volts };
  return {
    cells,
    capacity,
    soc: walk(settings, soc, (at) => ({ ...base, soc: at, voltage: round(cells * middleAt(at), 2) })),
    socUnconfirmed: walk(settings, soc, (at) => withCells(middleAt(at), middleAt(at), { ...base, soc: at })),
    highestCell: walk(
      settings,
      {
        ...volts,
        stops: [middle, ...range(plan.chargeKnee - 2 * BEYOND, plan.hardMax + BEYOND, grid.volts)],
      },
      (at) => ({
        ...withCells(at, Math.min(at, plan.chargeKnee), { ...base, soc: socNear(plan.chargeKnee) }),
        current: flow,
      }),
    ),
    lowestCell: walk(
      settings,
      {
        ...volts,
        stops: [...range(plan.hardMin - BEYOND, plan.dischargeKnee + 2 * BEYOND, grid.volts), middle],
      },
      (at) => ({
        ...withCells(at, Math.max(at, plan.dischargeKnee), { ...base, soc: socNear(plan.dischargeKnee) }),
        current: -flow,
      }),
    ),
    temperature: walk(
      settings,
      { from: COMFORT.degrees, stops: range(...DEGREES, grid.degrees), ...PACE.degrees },
      (at) => withCells(middle, middle, { ...base, temperatures: [at] }),
    ),
  };
}

interface Way {
  /** Where the pack is comfortable. */
  readonly from: number;
  readonly stops: readonly number[];
  readonly speed: number;
  readonly every: number;
  readonly settle: number;
}

/**
 * From comfort slowly outwards to both ends; at each stop the condition is held, on a branch of its own, until the limits
 * have settled. So every limit is met from the side of more current, without the hysteresis of the way back.
 */
function walk(
  settings: ControlSettings,
  { from, stops, speed, every, settle }: Way,
  reading: (at: number) => PackReading,
): readonly Row[] {
  const law = lawFor(settings.profile);
  const comfortable: Course = { state: law.initial(settings), t: 0, output: undefined };
  const change = speed * every;
  const on = ({ state, t }: Course, at: number, seconds = 1): Course => ({
    t: t + seconds,
    ...only(law.step(settings, state, { t, reading: reading(at) })),
  });
  const held = (course: Course, at: number, seconds: number): Course => {
    let now = course;
    for (let second = 0; second < seconds; second++) now = on(now, at);
    return now;
  };
  const start = held(comfortable, from, RISE_S);
  const outwards = (way: readonly number[]): readonly Row[] => {
    let [course, at] = [start, from];
    return way.map((stop) => {
      for (; Math.abs(stop - at) > change; at += Math.sign(stop - at) * change)
        course = on(course, at, every);
      const { output } = held(course, stop, settle);
      // The law answers every believable reading; without one nothing may flow.
      const { cvl, ccl, dcl } = output ?? { cvl: 0, ccl: 0, dcl: 0 };
      return { at: stop, cvl, ccl, dcl };
    });
  };
  return [
    ...outwards(stops.filter((stop) => stop < from).toReversed()).toReversed(),
    ...outwards(stops.filter((stop) => stop >= from)),
  ];
}

interface Course {
  readonly state: LawState;
  readonly t: number;
  readonly output: ControlOutput | undefined;
}

function only({ state, output }: Step<LawState>): Omit<Course, 't'> {
  return { state, output };
}

function range(from: number, to: number, step: number): readonly number[] {
  const first = round(from, 3);
  return Array.from({ length: Math.round((to - first) / step) + 1 }, (_, index) =>
    round(first + index * step, 4),
  );
}
