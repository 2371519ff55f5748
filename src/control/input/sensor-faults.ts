import {
  believed,
  FAR,
  isSound,
  othersOf,
  type Sensor,
  type Sensors,
  type Span,
  spanOf,
  valueNow,
} from './sensors.ts';

/** far: from all others; apart: two sensors contradict each other; leap: a value that is not believed yet. */
export type FaultKind = 'far' | 'apart' | 'leap' | 'frozen' | 'missing';

export interface SensorFault {
  readonly kind: FaultKind;
  /** Counted from 0 in wire order. */
  readonly index: number;
  /** degC that it tells, or told last. */
  readonly value: number;
  /** What is wrong, for the reason of a limit. */
  readonly text: string;
  /** The same as a whole, with what follows and what to do. */
  readonly notice: string;
  /** Worth an alarm, and not only a line in the log. */
  readonly alarming: boolean;
}

/** What the sensors of the cells say together, degC. */
export interface Heat {
  /** Over everything that any sensor says: charging follows these, and discharging the warmest. */
  readonly coldest: number | undefined;
  readonly hottest: number | undefined;
  /** What discharging follows: a sensor in which nobody can believe counts as no colder than `LONE_COLD`. */
  readonly dischargeColdest: number | undefined;
  /** Sensors that were ever told. */
  readonly count: number;
  /** The sensors have not told anything yet that charging could rely on. */
  readonly unproven: boolean;
  readonly faults: readonly SensorFault[];
}

/** degC that one faulty sensor alone can say at most against discharging: about 0.1 C goes on. */
const LONE_COLD = -15;
/** K; boards with a sensor beside the power switches are that much warmer under load. */
const FAR_HOT = 30;
/** K between the only two sensors beyond which one of them must be wrong. */
const APART = 25;
/** K that all others move, in one direction, while a sound sensor would not stay at one and the same value. */
const MOVED = 8;
/** The same with one other sensor, which may sit in the box and not at the cells. */
const MOVED_ALONE = 20;
const MISSING_S = 60;
/** K within which it cannot be told which of two sensors is missing. */
const ALIKE = 2;
/** K/s at which a pack may cool or warm unseen, when every sensor has been missing for an hour. */
const UNSEEN_RATE = 2 / 3600;
const UNSEEN_S = 3600;

const NONE: readonly SensorFault[] = [];
const CHECK = 'Check the sensor, its plug and its wire';

export function heatOf({ list, t = 0 }: Sensors): Heat {
  const calm = calmHeat(list);
  if (calm !== undefined) return calm;
  const spans = list.map((sensor) => unseen(sensor, list, t));
  const far = list.map((_, index) => farFrom(list, index));
  const frozen = list.map((_, index) => isFrozen(list, index));
  const faults = list.flatMap((sensor, index): SensorFault[] => {
    const fault = faultOf(list, sensor, index, far[index], frozen[index] ?? false, t);
    return fault === undefined ? [] : [fault];
  });
  // The last value of a missing sensor counts as before: that it is missing must not raise a limit.
  const trusted = list.map(
    ({ claim, suspect }, index) =>
      claim === undefined && !suspect && far[index] !== 'cold' && frozen[index] !== true,
  );
  return {
    coldest: least(spans.map(({ low }) => low)),
    hottest: most(spans.map(({ high }) => high)),
    dischargeColdest: dischargeColdest(list, trusted),
    count: list.length,
    unproven: list.some(({ unproven }) => unproven),
    faults: [...faults, ...apart(list)],
  };
}

/** The same for sensors without any fault, which is nearly always so; undefined where one may have one. */
function calmHeat(list: readonly Sensor[]): Heat | undefined {
  if (list.length === 0) return undefined;
  let coldest = Number.POSITIVE_INFINITY;
  let hottest = Number.NEGATIVE_INFINITY;
  for (const [index, sensor] of list.entries()) {
    if (!isSound(sensor) || sensor.unproven || isFrozen(list, index)) return undefined;
    coldest = Math.min(coldest, sensor.low);
    hottest = Math.max(hottest, sensor.high);
  }
  if (!(hottest - coldest <= FAR)) return undefined;
  return { coldest, hottest, dischargeColdest: coldest, count: list.length, unproven: false, faults: NONE };
}

/** The fault by which charging or discharging is limited, or no sensor at all. */
export function faultBehind({ faults }: Heat, degrees: number | undefined): SensorFault | undefined {
  return faults.find(({ value }) => value === degrees);
}

/** Without any sensor left the cells may have left the last value in either direction. */
function unseen(sensor: Sensor, list: readonly Sensor[], t: number): Span {
  const { low, high } = spanOf(sensor);
  if (list.some(({ missingFrom }) => missingFrom === undefined)) return { low, high };
  const drift = UNSEEN_RATE * Math.max(0, t - (sensor.missingFrom ?? t) - UNSEEN_S);
  return { low: low - drift, high: high + drift };
}

/**
 * The sound sensors decide, and what a faulty one says counts down to `LONE_COLD`. Of two that contradict each other, and
 * of a single one that leapt, nobody knows which is right: a contact that fails reads cold, and discharging cold cells a
 * little does them no harm, so that this holds for them too. Without any fault the coldest decides, whatever it says.
 */
function dischargeColdest(list: readonly Sensor[], trusted: readonly boolean[]): number | undefined {
  const sound = least(list.filter((_, index) => trusted[index]).map(({ low }) => low));
  const bound = Math.min(LONE_COLD, sound ?? LONE_COLD);
  const degrees = list.map((sensor, index) => {
    const { low } = spanOf(sensor);
    return trusted[index] ? low : Math.max(low, bound);
  });
  return least(degrees);
}

/** Further from the middle of the others than a pack can be; never more than half of the sensors. */
function farFrom(list: readonly Sensor[], index: number): 'cold' | 'hot' | undefined {
  const sensor = list[index];
  if (sensor === undefined || list.length < 2) return undefined;
  const { low, high } = spanOf(sensor);
  if (list.length === 2) {
    const other = list[1 - index];
    return other !== undefined && spanOf(other).low - low > FAR ? 'cold' : undefined;
  }
  const lows = list.map((other) => spanOf(other).low).toSorted(ascending);
  const highs = list.map((other) => spanOf(other).high).toSorted(ascending);
  // Of an even number the colder middle for the cold and the warmer for the hot: two against two is no majority.
  const cold = lows[Math.floor((lows.length - 1) / 2)];
  const hot = highs[Math.floor(highs.length / 2)];
  if (cold !== undefined && cold - low > FAR) return 'cold';
  return hot !== undefined && high - hot > FAR_HOT ? 'hot' : undefined;
}

function isFrozen(list: readonly Sensor[], index: number): boolean {
  const sensor = list[index];
  const then = sensor?.still.others;
  const now = othersOf(list, index, believed);
  if (sensor === undefined || then === undefined || now === undefined) return false;
  const moved = list.length > 2 ? MOVED : MOVED_ALONE;
  const [low, high] = [now.low - then.low, now.high - then.high];
  return Math.min(low, high) >= moved || Math.max(low, high) <= -moved;
}

function faultOf(
  list: readonly Sensor[],
  sensor: Sensor,
  index: number,
  far: 'cold' | 'hot' | undefined,
  frozen: boolean,
  t: number,
): SensorFault | undefined {
  const number = index + 1;
  const { low, high } = spanOf(sensor);
  const others = othersOf(list, index, valueNow);
  if (sensor.missingFrom !== undefined) {
    const alike = list.some((other, at) => at !== index && Math.abs(other.value - sensor.value) <= ALIKE);
    const which = alike ? `one of ${list.length}` : `number ${number}`;
    const text = `temperature sensor is missing (${which}, last ${round(sensor.value)} degC)`;
    return {
      kind: 'missing',
      index,
      value: low,
      text: `a ${text}`,
      notice: `A ${text}; its last value goes on to limit the currents. ${CHECK}, then restart the driver if it was taken out`,
      alarming: t - sensor.missingFrom >= MISSING_S,
    };
  }
  if (far !== undefined && others !== undefined && list.length > 2) {
    const value = far === 'cold' ? low : high;
    const text = `temperature sensor ${number} reads ${round(value)} degC, the others ${span(others)}`;
    const follows =
      far === 'cold'
        ? 'It stops or limits charging; discharging goes on, limited'
        : 'The warmer counts for charging and discharging';
    return {
      kind: 'far',
      index,
      value,
      text,
      notice: `${sentence(text)}: further apart than one pack can be. ${follows}. ${CHECK}`,
      alarming: true,
    };
  }
  if (sensor.claim !== undefined) {
    const from = round(sensor.value);
    const to = round(sensor.claim.value);
    const text = `temperature ${number} jumped from ${from} to ${to} degC`;
    return {
      kind: 'leap',
      index,
      value: low < sensor.low ? low : sensor.claim.value,
      text,
      notice: `Not believed yet: ${text}, faster than cells can change: ${from} degC is shown, and limits follow the worse of both for up to 15 min. If it comes again: ${CHECK.toLowerCase()}`,
      alarming: false,
    };
  }
  if (frozen && others !== undefined) {
    const text = `temperature sensor ${number} stays at ${round(sensor.value)} degC, the others went to ${span(others)}`;
    return {
      kind: 'frozen',
      index,
      value: low,
      text,
      notice: `${sentence(text)}: it does not measure any more. Its value goes on to limit the currents. ${CHECK}`,
      alarming: true,
    };
  }
  if (sensor.suspect) {
    const text = `temperature ${number} jumped to ${round(sensor.value)} degC and stayed there`;
    return {
      kind: 'leap',
      index,
      value: low,
      text,
      notice: `${sentence(text)}. It stops or limits charging; discharging goes on, limited. ${CHECK}`,
      alarming: true,
    };
  }
  return undefined;
}

/** Of two sensors nobody can say which is wrong. */
function apart(list: readonly Sensor[]): SensorFault[] {
  const [first, second] = list;
  if (first === undefined || second === undefined || list.length !== 2) return [];
  const [a, b] = [spanOf(first).low, spanOf(second).low];
  if (Math.abs(a - b) <= APART || !isSound(first) || !isSound(second)) return [];
  const text = `temperature sensors 1 and 2 read ${round(a)} and ${round(b)} degC`;
  return [
    {
      kind: 'apart',
      index: a < b ? 0 : 1,
      value: Math.min(a, b),
      text,
      notice: `${sentence(text)}: one of them is wrong, and nothing tells which. Charging follows both; discharging goes on, limited. Check both sensors, their plugs and wires`,
      alarming: true,
    },
  ];
}

const ascending = (a: number, b: number): number => a - b;
const least = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.min(...values);
const most = (values: readonly number[]): number | undefined =>
  values.length === 0 ? undefined : Math.max(...values);
const round = (degrees: number): string => `${Math.round(degrees) + 0}`;
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function span({ low, high }: Span): string {
  const [from, to] = [round(low), round(high)];
  return from === to ? `${from} degC` : `${from} to ${to} degC`;
}
