/** A value that a sensor leapt to and that is not believed yet. */
export interface Claim {
  readonly value: number;
  /** Coldest and warmest that was told since the leap, recovering as those of the sensor. */
  readonly low: number;
  readonly high: number;
  /** Monotonic seconds since which it has kept near `value`, and since which it has been near another sensor as well. */
  readonly since: number;
  readonly nearFrom: number | undefined;
}

/** One cell sensor, degC. */
export interface Sensor {
  /** What is believed and shown. */
  readonly value: number;
  /** Coldest and warmest that the cells may be by what it told: they part at once and meet no faster than cells change. */
  readonly low: number;
  readonly high: number;
  readonly claim: Claim | undefined;
  /** Monotonic seconds: first told; last leap; since when it has been missing. Undefined: restored, never, not. */
  readonly from: number | undefined;
  readonly leaptAt: number | undefined;
  readonly missingFrom: number | undefined;
  /** It began with leaps, or hotter than a battery begins: nothing is known of the cells until it keeps still. */
  readonly unproven: boolean;
  /** What it tells now was reached by a leap into the cold, so that it is no temperature of cells. */
  readonly suspect: boolean;
  /** The value that it keeps, and coldest and warmest of the others when it began to. */
  readonly still: { readonly value: number; readonly others: Span | undefined };
}

export interface Span {
  readonly low: number;
  readonly high: number;
}

/** The sensors of one pack in wire order. */
export interface Sensors {
  readonly list: readonly Sensor[];
  /** Monotonic seconds of the last reading. */
  readonly t: number | undefined;
}

/** K that a sensor may differ from one sample to the next: noise, the steps of its encoding, a hand on the cable. */
const LEAP = 5;
/** K/s; cells of any size change by less than 1 K a minute unless they burn, and then the warmer value counts at once. */
const RATE = 1 / 60;
/** K that a silence may add to a leap. */
const MOST_GAP = 10;
/** s that a value must keep after a leap to be believed; near a sound sensor, from which the old one was far, the shorter. */
const BELIEVED_S = 900;
const NEAR_S = 120;
/** s without a leap until the coldest and warmest may meet again. */
const CALM_S = 120;
/** s from its first value within which a leap shows that there was never a value to stay with. */
const START_S = 60;
/** A battery that begins above this is rare; an encoding that fails is not. */
const START_MAX = 45;
/** K between one sensor and the others beyond what one pack can be. */
export const FAR = 15;
const STILL = 0.05;

export const NO_SENSORS: Sensors = { list: [], t: undefined };

/** Takes up the temperatures of one reading. Sensors that are left out keep their last value. */
export function watchSensors(before: Sensors, told: readonly number[], t: number): Sensors {
  const { list } = before;
  const dt = before.t === undefined ? MOST_GAP / RATE : Math.max(0, t - before.t);
  const values = told.length === list.length ? told : placed(list.map(valueNow), told);
  const followed = values.map((value, index): Sensor => {
    const sensor = list[index];
    if (sensor === undefined) return begin(value ?? 0, t);
    if (value === undefined) return { ...sensor, missingFrom: sensor.missingFrom ?? t };
    const next = follow(sensor, index, value, { t, dt, list });
    return next.missingFrom === undefined ? next : { ...next, missingFrom: undefined };
  });
  return { t, list: followed.map((sensor, index) => watchStill(sensor, index, followed)) };
}

/** What a sensor tells, believed or not; the last value of one that is missing. */
export function valueNow({ claim, value }: Sensor): number {
  return claim?.value ?? value;
}

export function isSound({ claim, missingFrom, suspect }: Sensor): boolean {
  return claim === undefined && missingFrom === undefined && !suspect;
}

/** Coldest and warmest that limits must reckon with: of the believed value and of one that is not believed. */
export function spanOf({ claim, low, high }: Sensor): Span {
  return claim === undefined
    ? { low, high }
    : { low: Math.min(low, claim.low), high: Math.max(high, claim.high) };
}

/** Coldest and warmest of the sensors beside this one, by what each says. */
export function othersOf(
  list: readonly Sensor[],
  index: number,
  say: (sensor: Sensor) => number,
): Span | undefined {
  if (list.length < 2) return undefined;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  list.forEach((sensor, at) => {
    if (at === index) return;
    low = Math.min(low, say(sensor));
    high = Math.max(high, say(sensor));
  });
  return { low, high };
}

export const believed = ({ value }: Sensor): number => value;

interface Moment {
  readonly t: number;
  /** Seconds since the reading before. */
  readonly dt: number;
  /** The sensors before this reading. */
  readonly list: readonly Sensor[];
}

function begin(value: number, t: number): Sensor {
  return {
    value,
    low: value,
    high: value,
    claim: undefined,
    from: t,
    leaptAt: undefined,
    missingFrom: undefined,
    unproven: false,
    suspect: false,
    still: { value, others: undefined },
  };
}

/** One that is told again after a restart: its last value is not forgotten. */
export function resumed(value: number, low: number, high: number): Sensor {
  return { ...begin(value, 0), low, high, from: undefined, leaptAt: undefined, unproven: false };
}

function follow(sensor: Sensor, index: number, value: number, moment: Moment): Sensor {
  const { t, dt } = moment;
  const room = LEAP + Math.min(MOST_GAP, RATE * dt);
  const calm = sensor.leaptAt === undefined || t - sensor.leaptAt >= CALM_S;
  const recovery = calm ? Math.min(MOST_GAP, RATE * dt) : 0;
  const begins = sensor.from !== undefined && t - sensor.from < START_S;
  if (value <= sensor.low + room && value >= sensor.high - room) {
    return {
      ...sensor,
      ...toward(sensor, value, recovery),
      value,
      claim: undefined,
      ...(begins && value > START_MAX
        ? { unproven: true, leaptAt: t }
        : { unproven: sensor.unproven && !calm }),
    };
  }
  const { claim } = sensor;
  if (claim === undefined || Math.abs(value - claim.value) > room) {
    const span = claim ?? { low: value, high: value };
    return {
      ...sensor,
      claim: {
        value,
        low: Math.min(span.low, value),
        high: Math.max(span.high, value),
        since: t,
        nearFrom: undefined,
      },
      leaptAt: t,
      unproven: sensor.unproven || begins,
    };
  }
  const isBack = isBackAmong(moment.list, index, value);
  const nearFrom = isBack ? (claim.nearFrom ?? t) : undefined;
  const isNear = nearFrom !== undefined && t - nearFrom >= NEAR_S;
  const span = toward(claim, value, recovery);
  if (!isNear && t - claim.since < BELIEVED_S) {
    return { ...sensor, claim: { ...claim, ...span, nearFrom } };
  }
  return {
    ...sensor,
    ...(isNear ? { low: value, high: value } : span),
    value,
    claim: undefined,
    unproven: sensor.unproven && !calm,
    suspect: !isNear && value < sensor.low,
  };
}

function toward({ low, high }: Span, value: number, recovery: number): Span {
  return { low: Math.min(value, low + recovery), high: Math.max(value, high - recovery) };
}

/** One that was far from every sound sensor has come back to one of them. */
function isBackAmong(list: readonly Sensor[], index: number, value: number): boolean {
  const was = list[index]?.value ?? value;
  const others = list.filter((other, at) => at !== index && isSound(other)).map(believed);
  return (
    others.some((other) => Math.abs(other - value) <= LEAP) &&
    others.every((other) => Math.abs(other - was) > FAR)
  );
}

function watchStill(sensor: Sensor, index: number, list: readonly Sensor[]): Sensor {
  const { missingFrom, still, value } = sensor;
  const keeps = Math.abs(value - still.value) <= STILL && (still.others !== undefined || list.length < 2);
  if (keeps || missingFrom !== undefined) return sensor;
  return { ...sensor, still: { value, others: othersOf(list, index, believed) } };
}

/**
 * The values by sensor, undefined where one is missing. A BMS leaves a missing sensor out, so that those behind it move up:
 * what is told goes to the places, in their order, with which it fits best.
 */
function placed(known: readonly number[], told: readonly number[]): (number | undefined)[] {
  if (told.length >= known.length) {
    const at = matched(known, told);
    const added = told.filter((_, index) => !at.includes(index));
    return [...at.map((index) => told[index]), ...added];
  }
  const at = matched(told, known);
  return known.map((_, place) => {
    const index = at.indexOf(place);
    return index < 0 ? undefined : told[index];
  });
}

/** For each of the fewer values the index among the more with which, in order, the sum of the differences is least. */
function matched(fewer: readonly number[], more: readonly number[]): number[] {
  if (fewer.length === more.length) return fewer.map((_, index) => index);
  // cost[i][j]: of the first i of the fewer among the first j of the more.
  const cost: number[][] = [Array.from({ length: more.length + 1 }, () => 0)];
  for (const [row, value] of fewer.entries()) {
    const above = cost[row] ?? [];
    const line = [Number.POSITIVE_INFINITY];
    for (const [column, other] of more.entries()) {
      const take = (above[column] ?? Number.POSITIVE_INFINITY) + Math.abs(value - other);
      line.push(Math.min(line[column] ?? Number.POSITIVE_INFINITY, take));
    }
    cost.push(line);
  }
  const at: number[] = [];
  let column = more.length;
  for (let row = fewer.length; row > 0; row--) {
    const line = cost[row] ?? [];
    while (column > row && line[column] === line[column - 1]) column -= 1;
    at.unshift(column - 1);
    column -= 1;
  }
  return at;
}
